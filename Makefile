# `make up` runs Colloquy, `make test` passes its tests, `make check` keeps the house in order. All install what they need.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check install --quiet --no-deps
TORCH := 2.13.0
# Where pip finds PyTorch's CPU build, when its usual index has none: make up TORCH_INDEX=address
TORCH_INDEX ?=

export PYTHONUNBUFFERED := 1

.PHONY: up test check bench-train bench-relay bench-page bench-yield bench-adapters chaos install install-dev lock messages clean

up: install
	@exec $(PY) manage.py up

# In two processes, which share the tests as tests/conftest.py says; in one: make test ARGS="-n 0 ..."
test: install-dev
	@$(PY) -m pytest -n 2 --dist loadscope --no-loadscope-reorder $(ARGS)

check: install-dev
	@$(PY) -m tools.check

# What a reply costs beside a bare relay; what a page's first load fetches; fifty kills under load (tests/bench/README.md)
bench-relay: install-dev
	@$(PY) -m tests.bench.relay $(ARGS)

bench-page: install-dev
	@$(PY) -m tests.bench.page

# What a run of training costs those who chat meanwhile
bench-yield: install-dev
	@$(PY) -m tests.bench.yielding $(ARGS)

# What loading adapters costs the replies that are being written
bench-adapters: install-dev
	@$(PY) -m tests.bench.adapters $(ARGS)

chaos: install-dev
	@$(PY) -m tests.bench.chaos $(ARGS)

install: $(VENV)/.installed
install-dev: $(VENV)/.installed-dev

$(VENV)/.installed: requirements.lock requirements-vllm.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Colloquy needs Python 3.11 or later: set PYTHON to one.")'
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@echo "Installing (about 2.3 GB, once) …"
	@$(PIP) $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) "torch==$(TORCH)+cpu" || { \
	  echo "pip finds no CPU build of PyTorch $(TORCH). The address of its package index stands on pytorch.org"; \
	  echo "(Get Started, Pip, CPU: what follows --index-url). Say it once: make up TORCH_INDEX=that-address"; exit 1; }
	@$(PIP) -r requirements.lock
	@$(PIP) --require-hashes -r requirements-vllm.txt
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.lock
	@$(PIP) -r requirements-dev.lock
	@touch $@

# Tokens a second of pretrain against Hugging Face's Trainer
bench-train: install
	@$(PY) -m training.bench $(ARGS)

lock:
	@$(PY) tools/lock.py

# New sentences into the catalogues (needs gettext)
messages:
	@$(PY) tools/extract.py

clean:
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
