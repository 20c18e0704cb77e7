# make demo: see it work, with no account.  make test: everything that must hold.
PYTHON ?= python3
VENV := .venv
UV_VERSION := 0.13.9
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

.PHONY: setup install demo test check run pictures bench faults soak fmt lock clean

setup: $(STAMP)

$(STAMP): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; '$(PYTHON)' is older. Name another: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import venv, pip' 2>/dev/null || \
	  { echo "Python's venv and pip are needed. On Debian: apt-get install python3-venv python3-pip"; exit 1; }
	@echo "Setting up $(VENV) …"
	@$(PYTHON) -m venv --clear --without-pip $(VENV)
	@if $(PYTHON) -m pip --python $(BIN)/python install -q uv==$(UV_VERSION) 2>/dev/null; then \
	  $(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements-dev.lock && \
	  $(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation --offline -e .; \
	else \
	  $(PYTHON) -m pip --python $(BIN)/python install -q --require-hashes -r requirements-dev.lock && \
	  $(PYTHON) -m pip --python $(BIN)/python install -q --no-deps --no-build-isolation -e .; \
	fi || { echo "The set-up did not finish: packages could not be fetched. Check the network and run make setup again."; exit 1; }
	@touch $@

# What runs, and nothing for tests: for a machine in earnest.
install:
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/pip install -q --require-hashes -r requirements.lock
	@$(BIN)/pip install -q --require-hashes -r requirements-build.lock
	@$(BIN)/pip install -q --no-deps --no-build-isolation -e .

demo: setup
	@$(BIN)/sdp-bot demo $(if $(SCENARIO),--scenario $(SCENARIO))

run: setup
	@$(BIN)/sdp-bot run

check: setup
	@$(BIN)/ruff format --check -q . || { echo "make fmt puts this right"; exit 1; }
	@$(BIN)/ruff check -q .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

test: check
	@$(BIN)/pytest -q -n 2 --dist loadgroup

faults: setup
	@$(BIN)/python -m tests.faults $(if $(KILLS),--kills $(KILLS)) $(if $(SEED),--seed $(SEED))

pictures: setup
	@$(BIN)/python -m tests.browser.pictures

soak: setup
	@$(BIN)/python -m tests.faults.soak $(if $(MINUTES),--minutes $(MINUTES)) $(if $(PER_SECOND),--per-second $(PER_SECOND))

bench: setup
	@$(BIN)/python -m bench

fmt: setup
	@$(BIN)/ruff format -q . && $(BIN)/ruff check -q --fix .

lock:
	@$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q -o requirements.lock
	@$(BIN)/uv pip compile pyproject.toml -c requirements.lock --group dev --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q -o requirements-dev.lock
	@$(BIN)/uv pip compile -c requirements-dev.lock --group build --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q -o requirements-build.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
