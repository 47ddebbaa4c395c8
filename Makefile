# `make` analyses, `make test` checks, `make help` lists the rest.
# Needs python3 (3.11 or newer, with venv), make, git and which (Snakemake calls it); all else goes into .venv, from locks with hashes.

PYTHON ?= python3

# Given after `make`; what happens to stand in the environment under these names is not meant.
# another configuration, in place of config/config.yaml
CONFIG :=
# what `make figure` and `make experiment` make
NAME :=
# where jobs run: default is this machine, slurm a cluster (profiles/)
PROFILE :=
# more options for snakemake and for pytest
ARGS :=
PYTEST_ARGS :=
# UPGRADE=1 lets `make lock` take the newest versions
UPGRADE :=

VENV := .venv
BIN := $(VENV)/bin

# One thread per numerical library: jobs run side by side, and sums do not depend on the number of cores.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
export PYTHONHASHSEED := 0
export MPLBACKEND := Agg
export PATH := $(CURDIR)/$(BIN):$(PATH)
unexport PYTHONDONTWRITEBYTECODE

# A stamp carries the content of its lock in its name: a touched lock installs nothing, a changed one does.
# The development lock holds the runtime lock, so an environment made for the tests also serves the analysis.
RUNTIME_READY := $(VENV)/.ready-runtime-$(shell cksum < requirements.lock | tr ' ' '-')
DEV_READY := $(VENV)/.ready-dev-$(shell cat requirements.lock requirements-dev.lock | cksum | tr ' ' '-')
READY := $(firstword $(wildcard $(DEV_READY)) $(RUNTIME_READY))

ifneq ($(PROFILE),$(notdir $(wildcard profiles/$(PROFILE))))
$(error PROFILE=$(PROFILE): there is no folder profiles/$(PROFILE))
endif
ifneq ($(CONFIG),$(wildcard $(CONFIG)))
$(error CONFIG=$(CONFIG): there is no such file)
endif

# Targets stand before --configfile, which would swallow them.
snakemake = $(BIN)/snakemake $(1) $(ARGS) $(if $(PROFILE),--workflow-profile profiles/$(PROFILE)) $(if $(CONFIG),--configfile '$(CONFIG)')
SETTINGS := $(or $(CONFIG),config/config.yaml)
ifeq ($(shell grep -c '^[^\#]' '$(SETTINGS)' 2>/dev/null),0)
$(error $(SETTINGS) is empty; config/schema/config.schema.yaml explains its keys)
endif
# Only a plain path is taken: whatever else YAML could say there is Snakemake's to read, not make's to delete.
PLAIN_RESULTS = sed -n -E "s:^results\:[ ]+[\"']?([A-Za-z0-9_./-]+)[\"']?[ ]*(\#.*)?$$:\1:p" '$(SETTINGS)'
RESULTS = $(or $(patsubst ./%,%,$(patsubst %/,%,$(shell $(PLAIN_RESULTS)))),$(error $(SETTINGS) says no "results: <folder>" on a line of its own with a plain path))
known = $(notdir $(basename $(wildcard config/$@s/*.yaml)))
name = $(if $(NAME),$(if $(filter $(NAME),$(known)),$(NAME),$(error there is no config/$@s/$(NAME).yaml; there are: $(known))),$(error say which: make $@ NAME=<a file of config/$@s, without .yaml>))

.PHONY: all dry-run figure experiment report audit crate unlock clean test test-slow lint format lock help

all: $(READY)  ## analyse: everything the configuration names (the default; CONFIG=other.yaml for another one)
	@$(call snakemake)

dry-run: $(READY)  ## show what would be made, and why
	@$(call snakemake,--quiet host --dry-run)

figure: $(READY)  ## make one figure: NAME=fig2b_lagp_vep
	@$(call snakemake,'$(RESULTS)/figures/$(name).pdf')

experiment: $(READY)  ## make one experiment's tables: NAME=lagp_vep
	@$(call snakemake,$(foreach table,kinetics.parquet energy_checks.parquet composition.parquet areas.csv,'$(RESULTS)/$(name)/$(table)'))

report: all  ## all figures with their captions in one page, <results>/report.html
	@$(call snakemake,--report '$(RESULTS)/report.html')

audit: $(READY)  ## is anything changed since? ARGS='trace FILE', 'reproduce FIGURE', 'diff A B', 'impact PATH_OR_SETTING' ask more
	@$(BIN)/python scripts/audit.py $(or $(ARGS),verify) $(if $(CONFIG),$(if $(filter diff,$(ARGS)),,--config '$(CONFIG)'))

crate: $(READY)  ## results, raw files, code and run records as one RO-Crate archive, for Zenodo or WorkflowHub
	@$(BIN)/python scripts/audit.py crate $(if $(CONFIG),--config '$(CONFIG)') $(ARGS)

unlock: $(READY)  ## after a run was killed: end what it left running, here or on the cluster, and free the folder
	@$(BIN)/python scripts/unlock.py
	@$(call snakemake,--unlock)

# Only a folder inside the project that holds nothing committed is ever emptied.
clean:  ## remove the results, keep the records of past runs (results/runs)
	@root='$(RESULTS)'; \
	case "/$$root/" in //*|*/../*|*/./*) echo "make clean: results folder '$$root' is not a plain path inside the project: remove it by hand" >&2; exit 2;; esac; \
	if [ -n "$$(git ls-files -- "$$root" 2>/dev/null | head -n 1)" ]; then echo "make clean: '$$root' holds committed files: nothing removed" >&2; exit 2; fi; \
	if [ -d "$$root" ] && [ ! -d "$$root/runs" ]; then echo "make clean: '$$root' holds no runs/, so no run made it: nothing removed" >&2; exit 2; fi; \
	if [ -d "$$root" ]; then find "$$root/" -mindepth 1 -maxdepth 1 ! -name runs -exec rm -rf {} +; fi; \
	echo "$$root is clean"

test: lint  ## check: linters, then the quick tests on all cores
	@$(BIN)/pytest -n logical --maxprocesses 8 --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

test-slow: $(DEV_READY)  ## the tests that take minutes, one after the other
	@$(BIN)/pytest -m slow $(PYTEST_ARGS)

lint: $(DEV_READY)  ## form only: ruff, mypy, snakefmt, snakemake --lint, codespell
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict scripts/xps
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/snakemake --lint
	$(BIN)/codespell

format: $(DEV_READY)  ## bring code and rules into form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile rules

LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes $(if $(UPGRADE),--upgrade) --custom-compile-command 'make lock'

lock: | $(BIN)/uv  ## write both locks anew from requirements*.in (UPGRADE=1 takes the newest versions)
	$(LOCK) --output-file requirements.lock requirements.in > /dev/null
	$(LOCK) --output-file requirements-dev.lock requirements-dev.in > /dev/null

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

# The installer itself comes from the lock, with hashes; it is the last thing made, so that a half-made .venv is made anew.
$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, found " + sys.version)'
	@echo 'Making $(VENV)'
	@$(PYTHON) -m venv --clear $(VENV)
	@sed -n '/^uv==/,/[^\\]$$/p' requirements-dev.lock > $(VENV)/uv.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(VENV)/uv.lock

# Bytecode is compiled here, once: where Python may not write it later, every job would pay for it.
define install
	@echo 'Installing $(1) into $(VENV)'
	@rm -f $(VENV)/.ready-*
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes --compile-bytecode --build-constraints requirements-dev.lock $(1)
	@touch $@
endef

$(RUNTIME_READY): | $(BIN)/uv
	$(call install,requirements.lock)

$(DEV_READY): | $(BIN)/uv
	$(call install,requirements-dev.lock)
