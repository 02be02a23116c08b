# Each command does the set-up that it needs; "make" alone lists the commands.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help
.NOTPARALLEL:
# Most commands start many Python processes, each of which would compile all modules anew: those of TensorFlow in 4 seconds.
unexport PYTHONDONTWRITEBYTECODE

# Prefix of commands on the local stack: local.env names it, and defines the function pulumi, which asks no questions there.
# Your own stacks, and endpoints on another machine, are refused: by _local before the set-up, and again after it.
STACK ?= $(or $(PULUMI_STACK),local)
LOCAL := export PULUMI_STACK=$(STACK) && tools/check_stack.sh && source ./local.env
# Tests and benchmarks keep state of their own: from this folder they take the programs alone.
VENV := export PATH="$(CURDIR)/.venv/bin:$$PATH" &&
# Tests that run at the same time; each may hold a TensorFlow of 0.5 GB. One more than processors, since tests also wait.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

.PHONY: help
help: ## list the commands
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1|\2/p' Makefile | column -t -s '|'

.PHONY: setup
setup: ## create the virtual environment, the pulumi command and the local stack's state (PYTHON=... names a Python)
	@PULUMI_STACK=$(STACK) tools/setup.sh

.PHONY: _local
_local:
	@PULUMI_STACK=$(STACK) tools/check_stack.sh

.PHONY: build
build: _local setup ## train and export the models of the local stack
	@$(LOCAL) && python -m models build --stack $(STACK)

.PHONY: emulator
emulator: _local setup ## start the emulator
	@$(LOCAL) && python -m emulator up --restart

.PHONY: up
up: _local setup ## start the emulator, build the models, deploy the local stack, show a prediction of each model (STACK=vertex: on Vertex AI)
	@$(LOCAL) && tools/up.sh

.PHONY: preview
preview: _local setup ## show what "make up" would change
	@$(LOCAL) && pulumi preview

.PHONY: refresh
refresh: _local setup ## update the state with changes made outside of Pulumi
	@$(LOCAL) && pulumi refresh

.PHONY: down
down: _local ## destroy the local stacks and stop the emulator
	@$(LOCAL) && tools/down.sh

.PHONY: clean
clean: _local ## stop the emulator, remove everything that make created in this folder
	@$(LOCAL) && tools/clean.sh

.PHONY: clean-cache
clean-cache: ## remove the files of setup, bench and test-faults from the user's cache folder: pulumi, other servers and clients
	@rm -rf "$${XDG_CACHE_HOME:-$$HOME/.cache}/tf2-models"

.PHONY: test
test: setup ## run the tests (ARGS='-k name' chooses)
	@$(VENV) python -m pytest -n $(WORKERS) --maxprocesses 8 -m "not faults" $(ARGS)

.PHONY: test-faults
test-faults: setup ## run what make test leaves out: every API call gone wrong in every way, every kill, scenarios, other clients, thousands of made-up inputs
	@$(VENV) python -m pytest -n $(WORKERS) --maxprocesses 8 -m "faults or hypothesis" --hypothesis-profile=thorough $(ARGS)

.PHONY: lint
lint: setup ## check style, types and generated docs
	@$(VENV) ruff check . && ruff format --check . && mypy . && tools/check_scripts.sh && python -m tools.docs --check

.PHONY: format
format: setup ## bring the code into style
	@$(VENV) ruff check --fix . && ruff format .

.PHONY: docs
docs: setup ## write the parts of docs/ that are generated from the code
	@$(VENV) python -m tools.docs

.PHONY: bench
bench: setup ## measure every figure of docs/figures.md
	@$(VENV) python -m benchmarks

.PHONY: plugins
plugins: setup ## install the gcp plugin, which stacks with pulumi_gcp resources of their own need
	@$(VENV) pulumi plugin install resource gcp "$$(sed -nE 's/^pulumi-gcp==([^; ]+).*/\1/p' requirements.txt)"

.PHONY: lock
lock: setup ## write constraints.txt after a change of the requirements
	@tools/lock.sh
