.DEFAULT_GOAL := help
.PHONY: help setup run test check bench bench-compare profile chaos fuzz safety worlds load pictures lock
SHELL := /bin/bash

VENV := .venv
BIN := $(VENV)/bin
# The first of these that is 3.11 or 3.12: bytewax has wheels for no other.
PYTHON ?= $(shell for p in python3.12 python3.11 python3 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' 2>/dev/null && echo "$$p" && break; done)

help: ## List these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

$(VENV)/.ready: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "winnow needs Python 3.11 or 3.12 on the path (or: make PYTHON=/path/to/python3.12)"; exit 1; }
	@echo "setting up $(VENV) from requirements.lock with $(PYTHON)"
	@"$(PYTHON)" -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

setup: $(VENV)/.ready ## Make .venv from the pinned lock file

run: setup ## Run gateway, flow, a broker in memory and a receiver that shows what arrives (LLM=fake: and a fake model; RECEIVER=HOST:PORT)
	@$(BIN)/winnow run $(if $(LLM),--llm $(LLM)) $(if $(RECEIVER),--receiver $(RECEIVER))

test: setup ## Run the tests (on a real Kafka, if one can be had)
	@$(BIN)/python -m pytest $(if $(CI),--cov --cov-fail-under=90)

check: setup ## Check format, lint, types and import rules
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: setup ## Measure Winnow beside the limits of this machine (ONLY="flow replay" OUT=result.json ALERTS=1000000 to replay and explain)
	@$(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY)) --alerts $(or $(ALERTS),1000000) $(if $(OUT),--out "$(OUT)")

bench-compare: setup ## Say what became faster or slower, and how sure that is (A=one.json B=two.json FAIL_ON_SLOWER=10)
	@$(if $(and $(A),$(B)),,echo "expected two results: make bench-compare A=one.json B=two.json" >&2; exit 2;) $(BIN)/python -m benchmarks.compare "$(A)" "$(B)" $(if $(FAIL_ON_SLOWER),--fail-on-slower $(FAIL_ON_SLOWER))

profile: setup ## Draw a flame graph of the process that a benchmark starts, in profiles/ (WHAT=flow SECONDS=10 OF= NATIVE=1)
	@$(BIN)/python -m benchmarks.profile $(WHAT) --seconds $(or $(SECONDS),10) $(if $(OF),--of $(OF)) $(if $(NATIVE),--native)

chaos: setup ## Break everything around Winnow, count what became of each alert (SECONDS=600 SEED=1 RATE=2000 DROP= SCENARIO=chaos)
	@$(BIN)/python -m tests.chaos --seconds $(or $(SECONDS),600) --seed $(or $(SEED),1) --rate $(or $(RATE),2000) --drop "$(DROP)" --scenario $(or $(SCENARIO),chaos)

fuzz: setup ## Send what nobody should to every format and to a gateway (SECONDS=60 SEED=1 SAMPLES=)
	@$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),60) --seed $(or $(SEED),1) $(if $(SAMPLES),--samples "$(SAMPLES)")

safety: setup ## Look for an answer of a model that takes a page from somebody (EXAMPLES=100000)
	@WINNOW_EXAMPLES=$(or $(EXAMPLES),100000) $(BIN)/python -m pytest -q --timeout=0 tests/flows/test_monotone.py

worlds: setup ## Replay random histories, by the same configuration and by another beside an oracle (WORLDS=1000)
	@WINNOW_WORLDS=$(or $(WORLDS),1000) $(BIN)/python -m pytest -q --timeout=0 tests/winnow/test_replay_worlds.py tests/winnow/test_replay_oracle.py

load: setup ## Load Winnow with k6, check who was told and when (SCENARIO=baseline|stress|spike|soak|storm|flood SCALE=0.1 RATE_SCALE= URL= OUT=)
	@$(BIN)/python -m benchmarks.load $(or $(SCENARIO),baseline) --scale $(or $(SCALE),1) $(if $(RATE_SCALE),--rate-scale $(RATE_SCALE)) $(if $(URL),--url $(URL)) $(if $(OUT),--out $(OUT))

pictures: setup ## Play the story of README.md on a real Winnow, and draw each answer (FOLDER=pictures)
	@$(BIN)/python -m docs.record $(FOLDER)

lock: ## Pin the newest versions that pyproject.toml allows (needs uv)
	uv pip compile --universal --generate-hashes --no-strip-extras --no-header --python-version 3.11 --extra dev pyproject.toml -o requirements.lock
	uv pip compile --universal --generate-hashes --no-strip-extras --python-version 3.11 --constraint requirements.lock pyproject.toml -o requirements-run.lock
