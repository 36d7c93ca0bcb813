# Pages and sockets, the generation worker, migrations, and fetching a model: no torch, no vLLM.
FROM python:3.11-slim-bookworm AS packages
ARG PIP_INDEX_URL=""
COPY docker/requirements-web.lock /locks/
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --no-deps -r /locks/requirements-web.lock

FROM python:3.11-slim-bookworm
# A named volume takes its owner from the directory that it covers the first time.
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin app \
 && install --directory --owner app --group app /models /data /data/adapters
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DATA_DIR=/data
WORKDIR /app
COPY --from=packages /venv /venv
COPY manage.py docker/fetch.py docker/healthy.py ./
COPY inference/*.py inference/
COPY locale locale
COPY static static
COPY templates templates
COPY webapp webapp
# The two variables only keep settings.py from writing a secret into the image.
RUN export SECRET_KEY=none INFERENCE_URL=none \
 && python -c "from pathlib import Path; from webapp.lib.translations import compile_all; compile_all(Path('locale'))" \
 && python manage.py collectstatic --noinput --verbosity 0
USER 10001:10001
EXPOSE 8000
