# The two commands of the README. PYTHON may name another interpreter (>= 3.11).
PYTHON ?= python3
BIN := .venv/bin
OLDEST_TIMM := 1.0.20

.PHONY: run test

run: .venv/installed
	$(BIN)/tbench run --metrics all

test: .venv/installed-test
	$(BIN)/python -m mypy --config-file setup.cfg
	$(BIN)/ruff check
	TBENCH_OLDEST_TIMM=$(CURDIR)/.venv/oldest-timm $(BIN)/python -m pytest

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/installed: .venv/bin/python setup.cfg pyproject.toml
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

.venv/installed-test: .venv/installed
	$(BIN)/python -m pip install --quiet --editable '.[dev]' 'setuptools>=77' wheel
	$(BIN)/python -m pip install --quiet --no-deps --upgrade --target .venv/oldest-timm timm==$(OLDEST_TIMM)
	touch $@
