# Everything works from a fresh clone with Python >= 3.11 and make: `make setup` prepares .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint bench clean lock

help:
	@echo "make demo   the whole system on its own Kafka, against a demo market (ARGS=\"--seconds 90\" ends by itself)"
	@echo "make test   all tests, with a real Kafka (ARGS=\"-k detector\" narrows)"
	@echo "make lint   ruff, mypy strict, import-linter"
	@echo "make bench  throughput ratios, measured side by side"
	@echo "make setup  .venv with the priceradar command (the others call it)"

setup: $(STAMP)

$(STAMP): requirements.txt requirements-bootstrap.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "PriceRadar needs Python 3.11 or newer, was $$($(PYTHON) --version); say which with PYTHON=..."; exit 2; }
	@test -x $(BIN)/python || { echo "Creating $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@echo "Installing the locked requirements"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bootstrap.txt
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) UV_COMPILE_BYTECODE_TIMEOUT=600 $(BIN)/uv pip sync --compile-bytecode --require-hashes requirements.txt requirements-bootstrap.txt
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@echo "Compiling the rules"
	@$(BIN)/python -m streams
	@touch $(STAMP)

demo: setup
	@$(BIN)/priceradar demo $(ARGS)

test: setup
	@$(BIN)/python -m pytest $(ARGS)

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: setup
	@$(BIN)/python -m benchmarks $(ARGS)

COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url

lock:
	$(COMPILE) --group dev pyproject.toml --output-file requirements.txt
	$(COMPILE) --constraint requirements.txt pyproject.toml --output-file requirements-runtime.txt
	echo "hatchling" | $(COMPILE) --constraint requirements.txt - --output-file deploy/requirements-build.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
