"""All that depends on Chalice's version: its command, the names in its templates, its private classes.

Written for Chalice 1.34.0. A test compares `CHALICE_VERSION` with the version that is pinned; check this
module when you change the pin.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from infra import PROJECT
from infra.gateway_responses import make_gateway_responses

CHALICE_VERSION = "1.34.0"


class DeployedApi(NamedTuple):
    """A REST API that ``chalice deploy`` made."""

    id: str
    url: str


def run_chalice(*arguments: str, cwd: Path = PROJECT, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run Chalice's command; `options` are those of `subprocess.run`."""
    command = [str(Path(sys.executable).with_name("chalice")), *arguments]
    return subprocess.run(command, check=False, cwd=cwd, text=True, **options)


def get_deployed_api(stage: str) -> DeployedApi:
    """Return the API of a stage, from the record that ``chalice deploy`` writes."""
    record = json.loads((PROJECT / ".chalice" / "deployed" / f"{stage}.json").read_text())
    api = next(item for item in record["resources"] if item["resource_type"] == "rest_api")
    return DeployedApi(api["rest_api_id"], api["rest_api_url"])


def complete_template(file: Path, stage: str) -> None:
    """Add to a template of ``chalice package`` what Chalice has no setting for."""
    template = json.loads(file.read_text())
    resources = template["Resources"]
    # The API invokes this function by the name that `chalice deploy` would give it.
    resources["Documents"]["Properties"]["FunctionName"] = f"heliograph-{stage}-documents"
    document = resources["RestAPI"]["Properties"]["DefinitionBody"]
    # The document says so, too, but MiniStack does not read it there.
    resources["RestAPI"]["Properties"]["BinaryMediaTypes"] = document["x-amazon-apigateway-binary-media-types"]
    document["x-amazon-apigateway-gateway-responses"] = make_gateway_responses()
    file.write_text(json.dumps(template, indent=2) + "\n")


def generate_api_document(app: Any, function_arn: str) -> dict[str, Any]:
    """Return the OpenAPI document that ``chalice deploy`` sends to API Gateway."""
    from chalice.deploy.swagger import SwaggerGenerator

    generator = SwaggerGenerator(function_arn.split(":")[3], {"api_handler_arn": function_arn})
    document: dict[str, Any] = generator.generate_swagger(app)
    return document
