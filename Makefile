# Commands for this clone. `make` lists them.

STAGE ?= prod
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup choose_python run stop load_demo_data demo test test_thorough soak kills calibrate screenshots vendor lint package \
	deploy undeploy smoke pin_image clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z_]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP)  ## create the environment in .venv (PYTHON=python3.13; other targets do this when needed)
	@echo "the environment is in $(VENV)"

$(STAMP): requirements.txt requirements-dev.txt constraints.txt fitter_lambda/requirements.txt \
		fitter_lambda/templates.txt infra/checkov/requirements.txt infra/setup.sh pyproject.toml
	@infra/setup.sh $(VENV)

# A Python that is named may be another than that of the environment.
ifdef PYTHON
$(STAMP): choose_python
endif

run: $(STAMP)  ## run the local stack until Ctrl-C (PORT=5000, state in .local/)
	@exec $(PY) -m infra.local run

stop: $(STAMP)  ## stop the local stack, however it was started
	@$(PY) -m infra.local stop

load_demo_data: $(STAMP)  ## load sources and the fitter into the running stack
	@$(PY) -m infra.demo_data

demo: $(STAMP)  ## run one real analysis from start to results; the stack stays up
	@$(PY) -m infra.demo

test: lint  ## run lint and the tests, on separate ports and state
	@OMP_NUM_THREADS=1 $(PY) -m pytest tests --numprocesses auto --dist loadgroup  # threads of BLAS would fight for the cores

test_thorough: $(STAMP)  ## run the tests that take minutes each, which make test leaves out
	@OMP_NUM_THREADS=1 $(PY) -m pytest tests --thorough -m thorough --numprocesses auto --dist loadgroup

soak: $(STAMP)  ## try every fault at every place, a storm, load (about an hour; PARTS="faults storm" for some)
	@$(PY) -m tests.faults.soak $(PARTS)

kills: $(STAMP)  ## kill the local stack at fifty random moments; all that it answered must be there (half an hour)
	@HELIOGRAPH_KILLS=50 $(PY) -m pytest -q -n0 --thorough tests/e2e/test_emulator_kills.py tests/e2e/test_interruptions.py

calibrate: $(STAMP)  ## fit simulated supernovae and draw rank plots (some minutes; calibration/)
	@$(PY) -m tests.fitter.calibration

screenshots: $(STAMP)  ## save a picture of every page of the web app (screenshots/)
	@$(PY) -m tests.browser.screenshots

vendor:  ## copy the browser libraries from npm, at the versions of web/vendor/package.json
	@web/vendor/copy.sh

lint: $(STAMP)  ## run ruff, mypy, bandit and checkov; look for secrets and known vulnerabilities
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(PY) -m mypy
	@$(VENV)/bin/bandit --quiet --configfile pyproject.toml --recursive app.py chalicelib fitter_lambda heliograph heliograph_guards infra
	@$(VENV)/checkov/bin/checkov --config-file infra/checkov/config.yaml
	@$(PY) -m infra.secret_scan
	@$(PY) -m infra.dependency_audit

package: $(STAMP)  ## write the app's template and zip for Lambda to dist/ (STAGE=prod)
	@$(PY) -m infra.packaging $(STAGE) dist

deploy: $(STAMP)  ## deploy to AWS (STAGE=prod; FITTER_IMAGE=uri skips building the image)
	@$(PY) -m infra.deploy deploy --stage $(STAGE)

pin_image: $(STAMP)  ## pin the fitter's base image and templates by digests (needs Docker and a network)
	@$(PY) -m infra.base_image
	@env -u SNCOSMO_DATA_DIR -u FITTER_TEMPLATES_DIR $(PY) -m fitter_lambda.entry.image_templates --pin

undeploy: $(STAMP)  ## delete a deployment; tables, bucket, key and secret stay
	@$(PY) -m infra.deploy undeploy --stage $(STAGE)

smoke: $(STAMP)  ## try a stage: the API, a fit, a plot, the web app (STAGE=prod; STAGE=local for the local stack)
	@$(PY) -m infra.smoke $(STAGE)

clean:  ## delete .venv, dist and the local state with all records
	@if [ -x $(PY) ]; then $(PY) -m infra.local stop; fi
	rm -rf $(VENV) dist .local .chalice/deployments
