# Each target makes the virtual environment that it needs.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
READY = $(VENV)/.ready
TESTS ?= tests

.PHONY: serve test slow check docs relying-parties benchmark format clean

serve: $(READY)  ## start the mock on https://localhost:8443
	$(BIN)/mockpsc serve

test: $(READY)  ## the default suite
	$(BIN)/pytest -n auto -m "not slow and not third_party" $(TESTS)

slow: $(READY) tests/node/node_modules/.ready  ## the slow tests, and those that drive clients in other languages
	$(BIN)/pytest -n auto -m "slow or third_party" $(TESTS)

check: $(READY)  ## formatting, lint, types, layers, generated pages
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python docs/generate.py --check

docs: $(READY)  ## write the generated pages
	$(BIN)/python docs/generate.py

relying-parties: $(READY) tests/node/node_modules/.ready  ## measure what two libraries detect, and write the page
	PYTHONPATH=tests $(BIN)/python -m relying_parties.against_faults
	$(BIN)/python docs/generate.py

benchmark: $(READY)  ## what a login costs
	$(BIN)/python benchmarks/login.py

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) tests/node/node_modules

$(READY): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/pip install --quiet --editable . --group test --group check
	touch $@

tests/node/node_modules/.ready: tests/node/package.json tests/node/package-lock.json
	npm ci --prefix tests/node --no-audit --no-fund
	touch $@
