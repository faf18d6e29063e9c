# Each target sets up what it needs, on a machine that has Python >= 3.11 and make.
# `make -C any/where demo` works too: every path below is relative to this file.

VENV ?= .venv
BIN := $(VENV)/bin
FRESH_ENOUGH := import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13 python; do \
	$$p -c "$(FRESH_ENOUGH)" 2>/dev/null && echo $$p && break; done)
DEMO ?= --out demo
# Files of tests are shared out among the cores; the slow tests are better off with all of them, one by one.
TESTS ?= -m "not slow" -n auto --maxprocesses 4 --dist loadfile
# Left out: parts of others, what runs in an environment of verl's own (docs/verl.md), and what asks for a model.
BENCHES := $(filter-out benchmarks/verl_%.py benchmarks/assistant_size.py benchmarks/train_step_side.py benchmarks/gradient_noise.py, $(sort $(wildcard benchmarks/*.py)))

.PHONY: setup check fix test demo bench docs

setup: $(BIN)/.installed

# torch first: asked for by another package alone, it comes as a CUDA build of several GB.
$(BIN)/.installed: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "make: needs Python >= 3.11 with venv; name it: make PYTHON=..."; exit 2; }
	"$(PYTHON)" -m venv "$(VENV)"
	"$(BIN)/python" -m pip install --quiet --no-compile -c constraints.txt torch
	"$(BIN)/python" -m pip install --quiet --no-compile -c constraints.txt --editable '.[test]'
	@# pip compiles on one core, and the tests of every package too; what cannot be compiled is not ours.
	@# Other models of transformers, a quarter of all there is, are compiled once somebody asks for them.
	@"$(BIN)/python" -m compileall -qq -j 0 -x '/tests?/|/transformers/models/(?!auto/|llama/)[^/]*/' "$(VENV)" || true
	@touch "$@"

check: setup
	"$(BIN)/python" -m ruff format --check .
	"$(BIN)/python" -m ruff check .
	"$(BIN)/ty" check --python "$(VENV)"
	"$(BIN)/lint-imports" --no-logo

fix: setup
	"$(BIN)/python" -m ruff check --fix .
	"$(BIN)/python" -m ruff format .

test: setup
	"$(BIN)/python" -m pytest -q $(TESTS)

demo: setup
	"$(BIN)/python" -m rerec demo $(DEMO)

bench: setup
	@for file in $(BENCHES); do "$(BIN)/python" "$$file" || exit 1; done

docs: setup
	"$(BIN)/python" -m rerec.cli.reference docs/cli.md
