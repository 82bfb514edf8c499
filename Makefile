# Everything a checkout needs: Python >= 3.11 as python3, make, and a network for packages the first time.
PYTHON ?= python3
VENV ?= .venv
ARGS ?=
# For two cores: a third test process works while another one waits for a server or a program it started.
WORKERS ?= 3
# Real servers and the browser are busy themselves.
REAL_WORKERS ?= 2

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet
# What `make lock` resolves with; it is no dependency of the project.
UV := uv==0.13.8
# Where an image turns it off, each of the many processes that are started and killed would compile everything anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help demo test test-real bench lint fmt lock clean
.DEFAULT_GOAL := help

help:
	@echo "make demo       the whole main job on this machine, in a browser (ARGS=--headless for a scripted run)"
	@echo "make test       linters, types, import rules and the test suite on SQLite and PostgreSQL"
	@echo "make test-real  tests against real servers and a real browser (.ci/run lists the system packages)"
	@echo "make lint       only the linters, types and import rules"
	@echo "make fmt        format and fix what can be fixed by machine"
	@echo "make bench      measure"
	@echo "make lock       resolve the dependencies anew (ARGS=--upgrade for the newest releases)"
	@echo "make clean      remove the environment and everything generated"

demo: $(VENV)/.runtime $(VENV)/.project
	@$(BIN)/muster demo $(ARGS)

test: lint
	$(BIN)/python -m pytest -m "not real" -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

test-real: $(VENV)/.dev $(VENV)/.project
	$(BIN)/python -m tests.real.environments
	$(BIN)/python -m pytest -m real -n $(REAL_WORKERS) --dist loadfile $(ARGS)

bench: $(VENV)/.dev $(VENV)/.project
	$(BIN)/python -m tests.bench $(ARGS)

lint: $(VENV)/.dev $(VENV)/.project
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

fmt: $(VENV)/.dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# An environment that was interrupted while being made has no stamp and is made again.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Muster needs Python 3.11 or newer; name one with: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "This Python cannot make environments; install its venv package (Debian: python3-venv)" >&2; exit 1; }
	@echo "Making $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# With -r on a file of hashes pip refuses whatever has none or another.
$(VENV)/.runtime: constraints.txt | $(VENV)/.made
	@echo "Installing the pinned dependencies"
	@$(PIP) install --require-hashes -r constraints.txt
	@touch $@

$(VENV)/.dev: constraints-dev.txt | $(VENV)/.made
	@echo "Installing the pinned development dependencies"
	@$(PIP) install --require-hashes -r constraints-dev.txt
	@touch $(VENV)/.runtime $@

# The checkout itself: setuptools is in both locks, so that nothing unpinned is fetched to build with.
$(VENV)/.project: pyproject.toml | $(VENV)/.made
	@[ -e $(VENV)/.runtime ] || $(MAKE) --no-print-directory $(VENV)/.runtime
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

LOCKED := --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet $(ARGS)

lock: $(VENV)/.made
	@set -e; tools=$$(mktemp -d); trap 'rm -rf "$$tools"' EXIT; \
	$(PYTHON) -m venv "$$tools" && "$$tools/bin/pip" --quiet install "$(UV)"; \
	"$$tools/bin/uv" pip compile pyproject.toml --extra build $(LOCKED) --output-file constraints.txt; \
	"$$tools/bin/uv" pip compile pyproject.toml --extra dev --constraint constraints.txt $(LOCKED) --output-file constraints-dev.txt; \
	for name in airflow flagd mlflow mlserver moto vendors; do \
		"$$tools/bin/uv" pip compile tests/real/locks/$$name.in --python-version 3.11 $(LOCKED) --output-file tests/real/locks/$$name.txt; \
	done
	@$(MAKE) --no-print-directory $(VENV)/.dev
	@$(BIN)/python -m tests.real.environments --lock

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
