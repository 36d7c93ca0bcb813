"""The health check of the generation worker: whether the one in this container was seen in Redis a moment ago."""

import os
import socket
import sys

from redis import Redis

from webapp.lib import presence


def main() -> None:
    store = Redis.from_url(os.environ["REDIS_URL"], socket_connect_timeout=3, socket_timeout=3)
    marks = store.scan_iter(f"worker:{presence.GENERATION}:{socket.gethostname()}:*", count=1000)
    sys.exit(0 if any(marks) else "This container's generation worker has not been seen for a while.")


if __name__ == "__main__":
    main()
