# One verb per target: `make` lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Processes that the tests are spread over, by module and class, in order: the slow ones come first. More than cores,
# since they often wait.
WORKERS := 3
# Lines and branches of storage/ that the tests must reach, in percent.
COVERAGE := 95
# How many mutants `make mutate` runs, and the seed that draws them.
SAMPLE ?= 300
SEED ?= 1

.DEFAULT_GOAL := help
.PHONY: help run test test-long test-crash check bench bench-quick mutate install mysql screenshots vendor clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/app ## serve the application at http://127.0.0.1:5000 from an SQLite file in instance/
	@$(BIN)/python -m webapp

# What one process compiles the next one reads, whatever the environment says: the tests start hundreds.
test: export PYTHONDONTWRITEBYTECODE :=
test: $(VENV)/dev ## run all tests on all databases that can run here, and show the coverage of storage/
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder --cov --cov-report=term --cov-fail-under=$(COVERAGE)

test-long: export TEST_LONG := 1
test-long: test ## the same with everything that the tests can try: half an hour

test-crash: $(VENV)/dev ## kill copies, restores and backups hundreds of times, and damage 10,000 backups: half an hour or more
	@TRANSFER_KILLS=50 TRANSFER_ROWS=20000 TRANSFER_KILL_STEP=1 TRANSFER_DAMAGES=10000 \
		$(BIN)/python -m pytest -v tests/transfer/test_crashes.py tests/transfer/test_killed.py tests/transfer/test_damage.py

check: $(VENV)/dev ## format, lint and types, without changing a file
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy

bench: $(VENV)/bench ## measure against the drivers and other libraries, for about twenty minutes, and write docs/performance.md
	@$(BIN)/python -m benchmarks --json docs/performance.json
	@$(BIN)/python -m benchmarks.page

bench-quick: $(VENV)/bench ## the same with small sizes, in under a minute: shows that it runs
	@$(BIN)/python -m benchmarks --quick

mutate: $(VENV)/mutate ## mutation testing: run SAMPLE=300 mutants that SEED=1 draws, for half an hour, and list those that survive
	@$(BIN)/python -m tools.mutation --sample $(SAMPLE) --seed $(SEED)

install: $(VENV)/dev ## make the environment for development, in .venv

mysql: ## put a MySQL server under .servers/, for the tests: 400 MB, as root on Debian
	@tools/get-mysql "$(CURDIR)/.servers/mysql"

screenshots: $(VENV)/dev ## take the pictures of docs/tour.md anew, with Chromium
	@$(BIN)/python -m tests.browser.screenshots

vendor: $(VENV)/python ## fetch the vendored style sheets and scripts anew from npm, by their manifests
	@$(BIN)/python tools/vendor.py

clean: ## remove the environment and all that was built; instance/ stays
	@rm -rf $(VENV) dist .coverage* .hypothesis .mutation .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is not there or older than 3.11: install Python 3.11, or say make PYTHON=/path/to/a/newer/one" >&2; \
		exit 1; }
	@echo "making $(VENV): this takes a minute, once"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --upgrade -c constraints.txt pip
	@touch $@

$(VENV)/app: $(VENV)/python pyproject.toml constraints.txt
	@$(PIP) install -c constraints.txt --build-constraint constraints.txt -e '.[app]'
	@touch $@

$(VENV)/dev: $(VENV)/python pyproject.toml constraints.txt
	@$(PIP) install -c constraints.txt --build-constraint constraints.txt -e '.[all]' --group dev
	@touch $@

$(VENV)/bench: $(VENV)/dev
	@$(PIP) install -c constraints.txt --build-constraint constraints.txt --group bench
	@touch $@

$(VENV)/mutate: $(VENV)/dev
	@$(PIP) install -c constraints.txt --build-constraint constraints.txt --group mutate
	@touch $@
