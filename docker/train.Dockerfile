# The training worker: Celery, which runs `python -m training` as a process of its own.
FROM python:3.11-slim-bookworm AS packages
ARG PIP_INDEX_URL=""
# For GPUs torch==2.13.0, for CPUs torch==2.13.0+cpu and the address of the index that has it.
ARG TORCH=torch==2.13.0
ARG TORCH_INDEX=""
COPY docker/requirements-web.lock docker/requirements-train.lock /locks/
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} \
    --constraint /locks/requirements-train.lock "$TORCH" \
 && /venv/bin/pip install --no-cache-dir --no-deps \
    -r /locks/requirements-web.lock -r /locks/requirements-train.lock

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin app \
 && install --directory --owner app --group app /models /data /data/adapters
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DATA_DIR=/data
WORKDIR /app
COPY --from=packages /venv /venv
COPY manage.py ./
COPY inference inference
COPY locale locale
COPY templates templates
COPY training training
COPY webapp webapp
RUN python -c "from pathlib import Path; from webapp.lib.translations import compile_all; compile_all(Path('locale'))"
USER 10001:10001
