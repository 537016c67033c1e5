# The commands of the README. PYTHON may name another interpreter (>= 3.11).
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
OLDEST_TIMM := 1.0.20

.PHONY: run test test-install docs

run: .venv/installed
	$(BIN)/tbench run --metrics all

test: .venv/installed-for-tests
	$(BIN)/mypy --config-file setup.cfg
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	TBENCH_OLDEST_TIMM=$(CURDIR)/.venv/oldest-timm $(BIN)/pytest -n 2 --dist loadfile

# The wheel in environments of its own, with the newest packages and with the oldest that setup.cfg allows.
test-install: .venv/installed-for-tests
	TBENCH_BARE=1 $(BIN)/pytest tests/test_release.py

docs: .venv/installed-for-docs
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "documentation: site/index.html"

.venv/bin/python:
	@$(PYTHON) -m venv .venv

.venv/installed: .venv/bin/python setup.cfg pyproject.toml
	@echo "installing tbench and its packages into .venv (about 5 GB, some minutes) ..."
	@$(PIP) install --editable .
	@touch $@

.venv/installed-for-tests: .venv/installed
	@echo "installing the test tools ..."
	@$(PIP) install --editable '.[dev]'
	@$(PIP) install --no-deps --upgrade --target .venv/oldest-timm timm==$(OLDEST_TIMM)
	@touch $@

.venv/installed-for-docs: .venv/installed
	@echo "installing what builds the documentation ..."
	@$(PIP) install --editable '.[docs]'
	@touch $@
