"""Deployment, local stack and demo: what runs Heliograph on AWS and on one machine.

admin              operator's commands: administrator's token, fitter's token
base_image         the digest of the base of the fitter's image
chalice_adapter    Chalice's command line and its private file formats
client             the API calls of the demo
cloudformation     create, update and delete one CloudFormation stack
demo               ``make demo``
demo_data          ``make load_demo_data``
dependency_audit   look up known vulnerabilities of the pinned packages
deploy             ``make deploy`` and ``make undeploy``
deployed_functions the functions and their sizes
deployer_policy    the permissions of whoever deploys a stage
fitter_image       the fitter's container image in ECR
gateway_responses  API Gateway's own errors, in the API's envelope
local              the local stack
migrations         change records of an earlier version
monitoring         alarms and the dashboard, for everything that is deployed
packaging          the Chalice app as a template and a zip
pin_versions       pin every package of an environment
sam_translation    the app's template as plain CloudFormation
secret_scan        look for secrets in the repository
smoke              ``make smoke``
source_digest      digest of source files
stage_files        the parameters of a stage, from its file in ``stages/``
stage_stacks       the CloudFormation stacks of a stage, on AWS and on the local emulator
step_times         tells what a command is doing, and how long each step took
vega_offsets       computes the file of AB − Vega offsets
web_app            the web app in its S3 bucket

`templates/` holds the CloudFormation templates, `stages/` a file for each stage on AWS, `checkov/` how they are
scanned; `setup.sh` makes the virtual environments.
"""

from pathlib import Path

__all__ = ["PROJECT"]

PROJECT = Path(__file__).resolve().parents[1]
"""The folder of the clone."""
