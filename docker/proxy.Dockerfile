# Caddy with our configuration, as nobody in particular: TLS for BASE_URL, pages and sockets from `web`.
FROM caddy:2.11.4-alpine
# With all capabilities dropped Linux refuses to start a program whose file asks for one; our ports need none.
RUN setcap -r /usr/bin/caddy \
 && install -d -o 10001 -g 10001 /var/lib/caddy
ENV XDG_DATA_HOME=/var/lib/caddy XDG_CONFIG_HOME=/tmp
COPY docker/Caddyfile /etc/caddy/Caddyfile
USER 10001:10001
EXPOSE 8080 8443
