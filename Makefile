# `make help` lists what there is. Every target sets up what it needs.
PYTHON ?= python3
WORKERS ?= 2
PORT ?= 8000
CHAPTER ?=
FAST ?=
PACKAGE ?=

BIN := .venv/bin
READY := .venv/.ready
# One thread a worker: the chapters run in parallel already, and the printed digits stay the same on any number of cores.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
# SymPy would calculate with FLINT, which decides its statements a second time.
export SYMPY_GROUND_TYPES := python
export WORKERS

.DEFAULT_GOAL := help

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Half an installation leaves no .ready, so the next call begins again; what the lock no longer lists is removed.
$(READY): requirements.txt pyproject.toml
	@rm -f $@
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "make needs Python 3.11 or newer, got " + sys.version.split()[0] + "; name one with PYTHON=...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet "$$(grep -o '^uv==[0-9.]*' requirements.txt)"
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --compile-bytecode requirements.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	touch $@

setup: $(READY)  ## install the locked packages into .venv

book: $(READY)  ## validate every chapter, then build the site in _build/html
	$(BIN)/python -m tools.build html

draft: $(READY)  ## what has changed, quickly, in _build/draft/_build/html; every page says it is a draft
	$(BIN)/python -m tools.build draft

pdf: $(READY)  ## print the book: _build/when-the-student-beats-the-teacher.pdf (needs Chromium)
	$(BIN)/python -m tools.print.pdf

# The longest come first, so that no worker is left with one at the end: chapters, builds, browser, package.
test: $(READY)  ## every test: the package, the chapters, the book's structure (FAST=1: the quick ones)
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadscope --no-loadscope-reorder -p tools.validate.nbval_chapters --doctest-modules $(if $(FAST),-m "not slow and not browser",book) tests/book tests/package w2s
	$(if $(FAST),,$(BIN)/python -m tools.checks.second_kernel)

look: $(READY)  ## the built book in a real browser: links, maths, widths, accessibility (needs Chromium)
	@test -f _build/html/index.html || { echo "there is no built book yet; run: make book"; exit 1; }
	$(BIN)/python -m pytest -q -n $(WORKERS) tests/site

record: $(READY)  ## execute chapters anew and write their records (CHAPTER=name for one)
	$(BIN)/python -m tools.validate.record $(CHAPTER)

bench: $(READY)  ## time the samplers and the theory, table here and _build/bench.json
	$(BIN)/python -m benchmarks

links: $(READY)  ## ask every outside link whether it is still there (needs a network)
	$(BIN)/python -m tools.checks.links

binder: $(READY)  ## Binder's environment and JupyterLab on this machine (minutes, needs a network)
	$(BIN)/python -m tools.checks.binder $(CHAPTER)

serve: $(READY)  ## show the built book on http://127.0.0.1:8000 (or PORT=...)
	@test -f _build/html/index.html || { echo "there is no built book yet; run: make book"; exit 1; }
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

lint: $(READY)  ## ruff, mypy, the chapters' style, JavaScript
	$(BIN)/ruff check .
	$(BIN)/ruff format --check w2s tools tests benchmarks
	$(BIN)/mypy
	$(BIN)/python -m tools.checks.style
	$(BIN)/oxlint --config tools/checks/oxlint.json --deny-warnings tools/explorers assets/reachable.js

lock: $(READY)  ## requirements.in -> requirements.txt, everything at its newest (PACKAGE=name moves one)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header $(if $(PACKAGE),--upgrade-package $(PACKAGE),--upgrade) -o requirements.txt requirements.in

addresses: $(READY)  ## after a change of `Repository` in pyproject.toml: write it to every other file
	$(BIN)/python -m tools.addresses

clean:  ## remove everything that was built, the environment too
	rm -rf _build .venv .pytest_cache .mypy_cache .ruff_cache

.PHONY: help setup book draft pdf look links binder test record bench serve lint lock addresses clean
