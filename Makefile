# `make help` lists what there is. Every target sets up what it needs.
PYTHON ?= python3
WORKERS ?= 2
PORT ?= 8000
CHAPTER ?=

BIN := .venv/bin
READY := .venv/.ready
# One thread a worker: the chapters run in parallel already, and the printed digits stay the same on any number of cores.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1

.DEFAULT_GOAL := help

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "make needs Python 3.11 or newer, got " + sys.version.split()[0] + "; name one with PYTHON=...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet "$$(grep -o '^uv==[0-9.]*' requirements.txt)"
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode -r requirements.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	touch $@

setup: $(READY)  ## install the locked packages into .venv

book: $(READY)  ## validate every chapter, then build the site in _build/html
	$(BIN)/python -m tools.build html

test: $(READY)  ## every test: the package, the chapters, the book's structure
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadscope tests book

record: $(READY)  ## execute chapters anew and write their records (CHAPTER=name for one)
	$(BIN)/python -m tools.record $(CHAPTER)

serve: $(READY)  ## show the built book on http://127.0.0.1:$(PORT)
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

lint: $(READY)  ## ruff and mypy
	$(BIN)/ruff check . && $(BIN)/ruff format --check w2s tools tests && $(BIN)/mypy

lock: $(READY)  ## requirements.in -> requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --upgrade -o requirements.txt requirements.in

clean:  ## remove everything that was built, the environment too
	rm -rf _build .venv .pytest_cache .mypy_cache .ruff_cache

.PHONY: help setup book test record serve lint lock clean
