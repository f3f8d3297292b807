"""Deployment, local stack and demo: what runs Heliograph on AWS and on one machine.

admin              operator's commands: administrator's token, fitter's token
chalice_adapter    Chalice's command line and its private file formats
client             the API calls of the demo
cloudformation     create, update and delete one CloudFormation stack
demo               ``make demo``
demo_data          ``make load_demo_data``
deploy             ``make deploy`` and ``make undeploy``
fitter_image       the fitter's container image in ECR
gateway_responses  API Gateway's own errors, in the API's envelope
local              the local stack
packaging          the Chalice app as a template and a zip
source_digest      digest of source files
vega_offsets       computes the file of AB − Vega offsets
web_app            the web app in its S3 bucket

`template.yaml` is the CloudFormation template; `setup.sh` makes the virtual environment.
"""

from pathlib import Path

__all__ = ["PROJECT"]

PROJECT = Path(__file__).resolve().parents[1]
"""The folder of the clone."""
