"""Both halves of Heliograph, deployed to the emulator by CloudFormation as on AWS."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from infra.cloudformation import deploy_stack, find_stack
from infra.local.api_completion import complete, is_complete
from infra.local.settings import REGION, STAGE, Settings

__all__ = ["deploy", "resume_triggers"]

_TEMPLATE = Path(__file__).parent.parent / "template.yaml"
_INFRASTRUCTURE = f"heliograph-{STAGE}"
_APP = f"heliograph-{STAGE}-api"
_ARTIFACTS = f"heliograph-{STAGE}-artifacts"
_APP_TEMPLATE = "heliograph-api.json"
_DIGEST = "heliograph-digest"
_PAUSE = 0.05


def deploy(settings: Settings) -> str:
    """Bring the emulator to this clone's state, and return the id of the REST API.

    What did not change since the last deployment is not touched.

    Parameters
    ----------
    settings
        The stack's settings; the package must be in its folder.
    """
    cloudformation = _client(settings, "cloudformation")
    _deploy_infrastructure(cloudformation, settings)
    template = json.loads((settings.package_dir / "sam.json").read_text())
    _deploy_app(cloudformation, settings, template)
    api_id = _api_id(cloudformation)
    apigateway = _client(settings, "apigateway")
    if not is_complete(apigateway, api_id):
        complete(apigateway, api_id, "api", template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"])
    return api_id


def resume_triggers(settings: Settings) -> None:
    """Switch on the triggers that :func:`infra.local.saved_state.pause_triggers` switched off."""
    functions = _client(settings, "lambda")
    for page in functions.get_paginator("list_event_source_mappings").paginate():
        for mapping in page["EventSourceMappings"]:
            if mapping["State"] == "Disabled":
                functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


def _client(settings: Settings, service: str) -> Any:
    """Return a client that never sees the user's own AWS configuration."""
    return boto3.session.Session().client(
        service,
        endpoint_url=settings.emulator_url,
        region_name=REGION,
        **dict.fromkeys(("aws_access_key_id", "aws_secret_access_key"), "local"),
        config=Config(
            retries={"total_max_attempts": 2}, read_timeout=60, proxies={}, s3={"addressing_style": "path"}
        ),
    )


def _deploy_infrastructure(cloudformation: Any, settings: Settings) -> None:
    parameters = {
        "Stage": STAGE,
        "FitterImage": f"000000000000.dkr.ecr.{REGION}.amazonaws.com/heliograph-{STAGE}:local",
        "EgressAllowedHosts": "localhost,127.0.0.1,::1",
        "ContainersUrl": settings.containers_url,
    }
    body = _TEMPLATE.read_text()
    _deploy_if_new(cloudformation, _INFRASTRUCTURE, {"TemplateBody": body}, parameters, body)


def _deploy_app(cloudformation: Any, settings: Settings, template: dict[str, Any]) -> None:
    code = (settings.package_dir / "deployment.zip").read_bytes()
    key = f"{hashlib.sha256(code).hexdigest()}.zip"
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = {"Bucket": _ARTIFACTS, "Key": key}
    body = json.dumps(template)
    if _is_deployed(cloudformation, _APP, {}, body):
        return
    # A template of this size is taken from S3 only.
    _upload(_client(settings, "s3"), {key: code, _APP_TEMPLATE: body.encode()})
    url = f"{settings.emulator_url}/{_ARTIFACTS}/{_APP_TEMPLATE}"
    _deploy_if_new(cloudformation, _APP, {"TemplateURL": url}, {}, body)


def _upload(s3: Any, artifacts: dict[str, bytes]) -> None:
    s3.create_bucket(Bucket=_ARTIFACTS)
    for old in s3.list_objects_v2(Bucket=_ARTIFACTS).get("Contents", []):
        s3.delete_object(Bucket=_ARTIFACTS, Key=old["Key"])
    for key, data in artifacts.items():
        s3.put_object(Bucket=_ARTIFACTS, Key=key, Body=data)


def _digest(parameters: dict[str, str], made_from: str) -> str:
    return hashlib.sha256((json.dumps(parameters) + made_from).encode()).hexdigest()


def _is_deployed(cloudformation: Any, name: str, parameters: dict[str, str], made_from: str) -> bool:
    stack = find_stack(cloudformation, name)
    if stack is None or stack["StackStatus"] not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        return False
    tags = {tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])}
    return tags.get(_DIGEST) == _digest(parameters, made_from)


def _deploy_if_new(
    cloudformation: Any, name: str, template: dict[str, str], parameters: dict[str, str], made_from: str
) -> None:
    if _is_deployed(cloudformation, name, parameters, made_from):
        return
    # The digest is kept with the stack, so that it is as old or new as the emulator's state is.
    tags = {_DIGEST: _digest(parameters, made_from)}
    deploy_stack(cloudformation, name, template, parameters, tags=tags, pause=_PAUSE)


def _api_id(cloudformation: Any) -> str:
    stack = find_stack(cloudformation, _APP)
    outputs = {output["OutputKey"]: output["OutputValue"] for output in (stack or {}).get("Outputs", [])}
    return str(outputs["RestAPIId"])
