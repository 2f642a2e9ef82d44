# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Every target sets up what it needs: Python, the virtual environment, the engine. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory

RUN := tools/run.sh
DEV := $(RUN) dev
COLLECTION := .cache/ansible_collections/stowage/docker
# More arguments for the tool behind a target, for example: make unit ARGS="-k planner -x"
ARGS ?=

# The parts of lint run by themselves too.
.PHONY: lint-python lint-layers lint-shell lint-ansible lint-changelog
.PHONY: help demo demo-down test check lint types unit unit-quick unit-oldest sanity integration molecule demo-test bench \
	engine build clean collection command engines

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: collection ## Install an engine here, run a small web application, change it by hand, and have it repaired
	@$(RUN) run python tools/demo.py up

demo-down: collection ## Remove everything the demo made, and nothing else
	@$(RUN) run python tools/demo.py down

test: ## Run all checks and tests; the exit status is honest, a summary comes last
	@tools/test.sh unit lint+types+unit-oldest+sanity demo-test engines molecule integration

check: ## What to run before every commit: lint, types, and unit tests with fewer examples
	@tools/test.sh lint types unit-quick

lint: lint-python lint-layers lint-shell lint-ansible lint-changelog ## Style, layers, playbooks and roles, changelog

lint-python:
	$(DEV) ruff check .
	$(DEV) ruff format --check .

lint-layers:
	$(DEV) env PYTHONPATH=plugins/module_utils lint-imports --cache-dir .cache/import-linter

lint-shell:
	$(DEV) shellcheck .ci/run $$(git ls-files '*.sh' '*.cgi' tests/hosts/recipes/test-host-init)

lint-ansible: collection
	cd $(COLLECTION) && $(CURDIR)/$(DEV) ansible-lint

lint-changelog:
	$(DEV) antsibull-changelog lint

types: ## mypy, strict on the runtime
	$(DEV) mypy

unit: ## Unit tests on the newest Python
	$(DEV) pytest tests/unit -n 2 $(ARGS)

unit-quick: ## Unit tests without the slow ones, properties with a tenth of their examples
	STOWAGE_QUICK=1 $(DEV) pytest tests/unit -n 2 -m "not slow" $(ARGS)

unit-oldest: ## What hosts run, on the oldest Python there is (3.9 is the oldest a host may have), with fewer examples
	STOWAGE_QUICK=1 $(RUN) oldest python -m pytest tests/unit/stowage tests/unit/provision --confcutdir=tests/unit $(ARGS)

sanity: collection ## ansible-test sanity, without an ignore file, on the oldest and the newest Python
	$(DEV) python tools/sanity.py $(ARGS)

integration: collection ## The modules on real test hosts with all engines (containers on the local engine)
	$(DEV) pytest tests/integration -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

engines: ## The engine client and the table of container fields on real engines (this machine's and test hosts')
	$(DEV) pytest tests/engine --flavour trixie-containerd --flavour sid $(ARGS)

molecule: collection ## Each role's scenario on test hosts
	$(DEV) tools/molecule.sh $(ARGS)

demo-test: collection ## The demo on this machine, and its removal where it was not there before
	@$(RUN) run python tools/demo.py test

bench: collection ## Measure against community.docker, docker compose and the raw Engine API
	$(RUN) bench python -m bench $(ARGS)

engine: collection ## See to it that a container engine answers on this machine
	$(RUN) run ansible localhost -m ansible.builtin.include_role -a name=stowage.docker.engine \
		--extra-vars '{"engine_configure": false, "engine_hold": false}' --connection local --become

command: ## Pack the runtime into one executable file, ./stowage, to run by hand on a host
	$(RUN) run python tools/command.py stowage

build: ## Build the collection's tarball
	$(RUN) run ansible-galaxy collection build --force

clean: ## Remove what the tools made in this tree
	rm -rf .cache .hypothesis stowage-docker-*.tar.gz
	find . -name __pycache__ -prune -exec rm -rf {} +

collection:
	@$(RUN) run python tools/collection.py >/dev/null
