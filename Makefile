# Commands for this clone. `make` lists them.

STAGE ?= prod
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup run stop load_demo_data demo test calibrate screenshots vendor lint package deploy undeploy clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z_]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP)  ## create the environment in .venv (other targets do this when needed)
	@echo "the environment is in $(VENV)"

$(STAMP): requirements.txt requirements-dev.txt constraints.txt fitter_lambda/requirements.txt \
		fitter_lambda/templates.txt infra/setup.sh
	@infra/setup.sh $(VENV)

run: $(STAMP)  ## run the local stack until Ctrl-C (PORT=5000, state in .local/)
	@exec $(PY) -m infra.local run

stop: $(STAMP)  ## stop the local stack, however it was started
	@$(PY) -m infra.local stop

load_demo_data: $(STAMP)  ## load sources and the fitter into the running stack
	@$(PY) -m infra.demo_data

demo: $(STAMP)  ## run one real analysis from start to results; the stack stays up
	@$(PY) -m infra.demo

test: lint  ## run lint and all tests, on separate ports and state
	@$(PY) -m pytest tests --numprocesses auto --dist loadgroup

calibrate: $(STAMP)  ## fit simulated supernovae and draw rank plots (some minutes; calibration/)
	@$(PY) -m tests.fitter.calibration

screenshots: $(STAMP)  ## save a picture of every page of the web app (screenshots/)
	@$(PY) -m tests.browser.screenshots

vendor:  ## copy the browser libraries from npm, at the versions of web/vendor/package.json
	@web/vendor/copy.sh

lint: $(STAMP)  ## run ruff and mypy
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(PY) -m mypy

package: $(STAMP)  ## write the app's template and zip to dist/ (STAGE=prod)
	@$(PY) -m infra.packaging $(STAGE) dist

deploy: $(STAMP)  ## deploy to AWS (STAGE=prod; FITTER_IMAGE=uri skips building the image)
	@$(PY) -m infra.deploy deploy --stage $(STAGE)

undeploy: $(STAMP)  ## delete a deployment; tables, bucket, key and secret stay
	@$(PY) -m infra.deploy undeploy --stage $(STAGE)

clean:  ## delete .venv, dist and the local state with all records
	@if [ -x $(PY) ]; then $(PY) -m infra.local stop; fi
	rm -rf $(VENV) dist .local .chalice/deployments
