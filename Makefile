# Everything that CI calls, and everything that a newcomer needs: `make demo` and `make test`.
SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# half-made or of an older Python it is made anew; a folder that somebody else named is not emptied
CLEAR := $(if $(filter .venv,$(VENV)),--clear)
LEGACY_PYTHON ?= python3.11
LEGACY := .venv-tflite-legacy
LEGACY_READY := $(LEGACY)/.ready
SOURCE = synthetic:0:150
OUT = demo-out
IS_NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
quoted = '$(subst ','\'',$(1))'
# two processes of one thread: more threads get in each other's way, more processes take 2 GB each
TESTS := OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder
CODE := profiles runtime train export tests benchmarks

.DEFAULT_GOAL := help
.PHONY: help setup setup-tflite-legacy demo test test-slow test-long test-tflite-legacy contract fmt format-check lint types layers wheel docs bench check clean

help:  ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-19s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# torch goes first and pinned: any other choice of pip's may be another, much larger build
$(READY): pyproject.toml constraints.txt
	@$(BIN)/python -c 'import pip; $(IS_NEW_ENOUGH)' 2>/dev/null || $(PYTHON) -c '$(IS_NEW_ENOUGH)' \
		|| { echo "edgepose needs Python 3.11 or later: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(BIN)/python -c 'import pip; $(IS_NEW_ENOUGH)' 2>/dev/null || $(PYTHON) -m venv $(CLEAR) $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@

setup: $(READY)  ## make the environment in .venv

demo: $(READY)  ## export the shipped network, check it, run it on SOURCE (a clip, a file, 0 for a webcam)
	$(BIN)/edgepose demo --source $(call quoted,$(SOURCE)) --out $(call quoted,$(OUT))

test: $(READY)  ## the default tests
	$(TESTS)

test-slow: $(READY)  ## the tests that take longer
	$(TESTS) -m "slow and not long" --timeout 1200

test-long: $(READY)  ## the tests that take many minutes: the shipped networks in every format, a large network by heart
	$(BIN)/python -m pytest -m long --timeout 1800

# tflite-runtime's last release is for Python 3.11 and numpy 1: no place for it in the environment of the others
$(LEGACY_READY): pyproject.toml tests/legacy/constraints.txt
	$(LEGACY)/bin/python -c 'import pip' 2>/dev/null || $(LEGACY_PYTHON) -m venv --clear $(LEGACY)
	$(LEGACY)/bin/python -m pip install --quiet --constraint tests/legacy/constraints.txt \
		--editable ".[tflite-legacy]" pytest pytest-socket pytest-timeout
	touch $@

setup-tflite-legacy: $(READY) $(LEGACY_READY)  ## make the environment of test-tflite-legacy in .venv-tflite-legacy

test-tflite-legacy: $(READY) $(LEGACY_READY)  ## tflite-runtime 2.14, for old boards, in an environment of its own
	$(BIN)/python tests/legacy/make_models.py $(LEGACY)/models
	EDGEPOSE_LEGACY_MODELS=$(LEGACY)/models $(LEGACY)/bin/python -m pytest tests/legacy

contract: $(READY)  ## the one contract that every backend keeps
	$(BIN)/python -m pytest tests/contract

fmt: $(READY)  ## format the code
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix-only $(CODE)

format-check: $(READY)
	$(BIN)/ruff format --check $(CODE)

lint: $(READY)  ## ruff
	$(BIN)/ruff check $(CODE)

types: $(READY)  ## mypy, strict
	$(BIN)/mypy

layers: $(READY)  ## imports point down only; no torch below train
	$(BIN)/lint-imports

wheel: $(READY)  ## build the wheel into dist/
	$(BIN)/python -m build --wheel --no-isolation --outdir dist .

docs: $(READY)  ## the reference of the Python interface into site/
	$(BIN)/pdoc --output-directory site edgepose.profiles edgepose.runtime edgepose.train edgepose.export

bench: $(READY)  ## measure on this machine and write benchmarks/results/
	$(BIN)/python benchmarks/run_all.py

check: format-check lint types layers test  ## all that must be green before a change lands

clean:  ## remove what the targets made
	rm -rf $(VENV) $(LEGACY) dist site demo-out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
