# Thin over ansible-playbook, which stays the interface. `make help` lists what there is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

REGION ?= lab
LIMIT ?=
TAGS ?=
ARGS ?=
VENV ?= .venv
BIN := $(VENV)/bin
LINK := collections/ansible_collections/ull/metal
STAMP := $(VENV)/.installed-
export PATH := $(abspath $(VENV))/bin:$(PATH)
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg

PLAYBOOK = ansible-playbook -i inventories/$(REGION) $(if $(LIMIT),--limit '$(LIMIT)') $(if $(TAGS),--tags '$(TAGS)') $(ARGS)

.PHONY: help
help:  ## list the targets
	@echo "make TARGET [REGION=lab] [LIMIT=host] [TAGS=role] [ARGS='--check --diff']"
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | awk -F'\t' '{printf "  %-14s %s\n", $$1, $$2}'

##── set-up ──────────────────────────────────────────────────────────────────
.PHONY: setup
setup: $(STAMP)run  ## virtual environment with the newest Python found, and the link that makes ull.metal resolve

$(STAMP)%: pyproject.toml tools/setup
	@tools/setup $(VENV) $*
	@touch $@

##── the main job ────────────────────────────────────────────────────────────
.PHONY: lab lab-start lab-stop lab-status lab-reset
lab: setup  ## the whole main job on two virtual machines: boot, plan, tune with one reboot each, again, validate
	@tools/lab-run

lab-start lab-stop lab-status lab-reset: setup  ## start, stop, show, or renew (fresh disks) the lab's machines
	@ansible-playbook -i inventories/lab playbooks/lab.yml -e lab_state=$(@:lab-%=%) $(ARGS)

.PHONY: plan tune validate undo site topology
plan tune validate undo site topology: setup  ## run that playbook on REGION
	@$(PLAYBOOK) playbooks/$@.yml

##── tests ───────────────────────────────────────────────────────────────────
.PHONY: test test-fast test-setup lint unit units sanity artefact browser molecule acceptance
test: test-setup  ## everything, on a fresh machine too: lint, unit, sanity, artefact, browser, molecule, and the lab with its reboot
	@tools/test all

test-fast: test-setup  ## lint and unit tests (about a minute)
	@tools/test fast

test-setup: $(STAMP)test

lint: test-setup  ## ansible-lint (production), ruff, mypy, yamllint
	@tools/test lint

unit: test-setup  ## unit tests, on the controller's Python and the oldest target Python found
	@tools/test unit

sanity: test-setup  ## ansible-test sanity and units, on a copy at the path it wants
	@tools/test sanity

artefact: test-setup  ## build the collection, install it in an empty environment, plan with it
	@tools/test artefact

browser: test-setup  ## the reports in a real browser, at the width of a phone and of a desk; installs chromium if missing
	@tools/test browser

molecule: test-setup  ## ROLE=name runs that role's scenario; without ROLE all of them
	@tools/test molecule $(ROLE)

acceptance: test-setup  ## the lab from a fresh disk: check mode predicts, one reboot, second run unchanged, bad input
	@tools/test acceptance

.PHONY: golden bench docs clean
golden: test-setup  ## regenerate the golden plans; look at the diff before you commit
	@ULL_GOLDEN=write $(BIN)/python -m pytest -q tests/unit -k golden

bench: test-setup  ## read a topology beside setup and lstopo; plan 10,000 hosts
	@$(BIN)/python benchmarks/topology.py
	@$(BIN)/python benchmarks/plan.py

docs: test-setup  ## write the generated pages: profile language and its schema, findings, kernel parameters
	@$(BIN)/python tools/docs.py

clean:  ## stop the lab, remove what set-up, lab and tests made
	@[ ! -d .lab ] || [ ! -d $(VENV) ] || $(MAKE) lab-stop
	[ ! -d .lab/molecule ] || $(BIN)/molecule destroy --all
	rm -rf .venv .cache .lab reports $(LINK)
