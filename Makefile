# make setup | run | test | lint | gate | eval | peers: everything stays in .venv and in the user's data folder.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed

.PHONY: setup run test lint gate eval peers clean

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

run: setup
	$(BIN)/python app.py $(ARGS)

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

test: lint gate
	$(BIN)/python -m pytest

# The development questions against eval/thresholds.toml; answered anew each time.
gate: setup
	@rm -rf runs/gate
	$(BIN)/python -m eval run --out runs/gate --workers 2
	$(BIN)/python -m eval gate runs/gate

eval: setup
	$(BIN)/python -m eval run --out runs/dev

# The same questions through other systems, in an environment of its own (eval/peers/requirements.txt).
PEERS := .venv-peers

peers: $(PEERS)/installed
	$(PEERS)/bin/python -m eval peers $(ARGS)

$(PEERS)/installed: pyproject.toml constraints.txt eval/peers/requirements.txt
	@test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	@grep -v '^certifi==' constraints.txt > $(PEERS)/constraints.txt  # Haystack wants a newer one
	$(PEERS)/bin/python -m pip install --quiet --constraint $(PEERS)/constraints.txt torch
	$(PEERS)/bin/python -m pip install --quiet --constraint $(PEERS)/constraints.txt \
	    --requirement eval/peers/requirements.txt --editable '.[eval]'
	@touch $@

clean:
	rm -rf $(VENV) $(PEERS) runs build *.egg-info
