# `make` lists the targets. Everything is set up at its first use by
# tools/setup.py into .venv and node_modules; only a browser may come from elsewhere.

PYTHON ?= python3
py := .venv/bin/python
compile := pip compile pyproject.toml --all-extras --group setup --upgrade --quiet \
  --python-version 3.11 --no-annotate --custom-compile-command "make pins"

targets := help serve site check run train claim record claims test lint links \
  lighthouse pins clean

# Who writes `make run attention` is told to write `make run NAME=attention`, and who
# wants the tests of one snippet is told which they are.
goal := $(firstword $(MAKECMDGOALS))
named := $(filter-out $(targets),$(word 2,$(MAKECMDGOALS)))
ifneq (,$(filter run record train claim,$(goal)))
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
	@$(py) -m website.serve $(PORT)

site: setup-site ## build the site into site/, strictly
	@$(py) -m mkdocs build --strict --site-dir site

check: setup-check ## validate the reading list
	@$(py) -m reading_list check

run: setup-snippets ## run a snippet: make run NAME=attention ARGS="--seed 1"
	@MAKE_RUN=1 $(py) -m snippets $(NAME) $(ARGS)

record: setup-snippets ## the same, and record what it shows (without NAME: all of them)
	@$(py) -m snippets $(NAME) --record $(ARGS)

train: setup-snippets ## train one for longer: make train NAME=seq2seq ARGS="--steps 500"
	@MAKE_RUN=1 $(py) -m snippets train $(NAME) $(ARGS)

claim: setup-snippets ## try what a paper claims: make claim NAME=gates ARGS="--seeds 3,4"
	@MAKE_RUN=1 $(py) -m snippets claim $(NAME) $(ARGS)

claims: setup-test ## try the papers' claims again, 15 minutes (ARGS="--seeds 3,4,5")
	@$(py) -m snippets claim --again $(ARGS)

test: setup-test ## run every test (ARGS="-k heads" for some)
	@$(py) -m pytest $(ARGS)

lint: setup-test ## ruff, mypy and import-linter
	@$(py) -m ruff check . && $(py) -m ruff format --check . && $(py) -m mypy
	@.venv/bin/lint-imports --no-logo

links: setup-test ## follow every link of the built site (ARGS=--elsewhere: other hosts too)
	@$(py) -m website.links $(ARGS)

lighthouse: setup-test ## score the built site, into docs/results/lighthouse.json
	@$(py) -m website.lighthouse

pins: setup-test ## write the pins anew from the ranges in pyproject.toml
	@$(py) -m pip install --quiet -c constraints.txt uv
	@$(py) -m uv $(compile) --universal -o constraints.txt
	@$(py) -m uv --no-config $(compile) --group oldest -o .github/constraints-oldest.txt

clean: ## remove all that the other targets made
	rm -rf .venv .cache node_modules site out docs/assets/vendor
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

setup-%:
	@command -v $(PYTHON) >/dev/null || \
	  { echo "set-up: no $(PYTHON) here. Install Python 3.11 or newer."; exit 1; }
	@$(PYTHON) tools/setup.py $*
