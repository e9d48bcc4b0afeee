# Each target does all the set-up it needs, in .venv; nothing is installed outside this directory.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PLOTS := $(VENV)/.installed-for-bench
ROUNDS ?= 300
SEEDS ?= 1000-3000
WORKERS ?= 2
SCOPE ?=
WHAT ?=

SUITABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c '$(SUITABLE)' >/dev/null 2>&1 && { echo "$$p"; break; }; done)
PIP := $(BIN)/python -m pip --disable-pip-version-check
RUFF := $(BIN)/ruff

.DEFAULT_GOAL := help
.PHONY: help setup run test check format lint types contracts fix bench check-long sim sharpness explore soak clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): pyproject.toml constraints.txt
	@if [ -z "$(PYTHON)" ]; then \
		echo "error: no Python 3.11 or later with venv was found" >&2; \
		echo "  fix: install one, or name it: make PYTHON=/path/to/python3" >&2; \
		exit 1; \
	fi
	@"$(PYTHON)" -c '$(SUITABLE)' || { \
		echo "error: $(PYTHON) is not Python 3.11 or later with venv and ensurepip" >&2; exit 1; }
	@echo "setting up $(VENV) (once)"
	@"$(PYTHON)" -m venv $(VENV)
	@$(PIP) install --quiet --require-hashes --no-deps -r constraints.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

setup: $(STAMP) ## make .venv with the pinned versions

run: $(STAMP) ## show the whole of it on homes of its own, in about a minute
	@$(BIN)/python -m cli.demo

test: $(STAMP) ## run the tests
	$(BIN)/python -m pytest -n $(WORKERS) -m "not long"

check: format lint types contracts test ## run what a change must pass: format, lint, types, import contracts, tests

format: $(STAMP)
	$(RUFF) format --check .

lint: $(STAMP)
	$(RUFF) check .

types: $(STAMP)
	$(BIN)/mypy

contracts: $(STAMP)
	$(BIN)/lint-imports

fix: $(STAMP) ## format, and repair what lint can repair
	$(RUFF) format .
	$(RUFF) check --fix .

$(PLOTS): tests/bench/constraints.txt $(STAMP)
	@$(PIP) install --quiet --require-hashes --no-deps -r tests/bench/constraints.txt \
		&& touch $@ || echo "going on without pictures, and without a peer on PostgreSQL" >&2

bench: $(PLOTS) ## measure: ratios to peers and to what the machine could do; WHAT="--peers" for a part
	@$(BIN)/python -m tests.bench $(WHAT)

sim: $(STAMP) ## simulate the lives of clusters: SEEDS=1000-3000; one seed with its story, or "1234 --shrink"
	@$(BIN)/python -m tests.simulation $(SEEDS)

sharpness: $(STAMP) ## plant a bug at a time into the core, and record in which life each is noticed
	@$(BIN)/python -m tests.simulation.sharpness --write

explore: $(STAMP) ## exhaust small scopes of the cluster core, all interleavings; SCOPE=word picks some
	@$(BIN)/python -m tests.exploration "$(SCOPE)"

check-long: $(STAMP) ## run the long tests: 20 rounds of kill -9 and of nemeses on three nodes under load, 2,000 simulated lives, all scopes
	KILL_ROUNDS=20 $(BIN)/python -m pytest -m long

soak: $(STAMP) ## run ROUNDS (300) rounds of kill -9, and of nemeses on three nodes, under load
	KILL_ROUNDS=$(ROUNDS) $(BIN)/python -m pytest -m "long and integration" -s --timeout 0

clean: ## remove .venv and every cache
	rm -rf $(VENV) build dist *.egg-info .hypothesis .import_linter_cache .mypy_cache \
		.pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
