# vLLM on CPUs, with our launcher and the built-in model. GPUs use vLLM's official image (compose.yml).
FROM python:3.11-slim-bookworm AS packages
ARG PIP_INDEX_URL=""
# The address of the index that has PyTorch's CPU build, where pip's own has none.
ARG TORCH=torch==2.13.0+cpu
ARG TORCH_INDEX=""
COPY docker/requirements-engine.lock requirements-vllm.txt /locks/
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --no-deps ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} "$TORCH" \
 && /venv/bin/pip install --no-cache-dir --no-deps -r /locks/requirements-engine.lock \
 && /venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r /locks/requirements-vllm.txt

FROM python:3.11-slim-bookworm
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends libnuma1 \
 && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin app
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
COPY --from=packages /venv /venv
COPY docker/serve.py ./
COPY inference inference
USER 10001:10001
EXPOSE 8000
