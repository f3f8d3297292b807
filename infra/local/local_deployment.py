"""Deploy both halves of Heliograph to the emulator, by CloudFormation as on AWS."""

import hashlib
import json
from typing import Any

import boto3
from botocore.config import Config

from infra import PROJECT
from infra.cloudformation import CloudFormationStack
from infra.local.ministack_adapter import complete_api, is_api_complete
from infra.local.stack_settings import ACCOUNT, EGRESS_ALLOWED_HOSTS, REGION, STAGE, StackSettings

_BUCKET = f"heliograph-{STAGE}-artifacts"
_TEMPLATE_KEY = "heliograph-api.json"
_DIGEST_TAG = "heliograph-digest"
"""Tag of a CloudFormation stack: the digest of what it was deployed from. It is saved with the stack."""


def deploy_to_emulator(settings: StackSettings) -> str:
    """Deploy what has changed since the last deployment, and return the id of the REST API.

    Parameters
    ----------
    settings
        The stack's settings; its package folder must hold the package.
    """
    _deploy_infrastructure(settings)
    template = json.loads((settings.package_dir / "sam.json").read_text())
    api_id = _deploy_app(settings, template)
    apigateway = _make_client(settings, "apigateway")
    if not is_api_complete(apigateway, api_id):
        document = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]
        complete_api(apigateway, api_id, "api", document)
    return api_id


def resume_triggers(settings: StackSettings) -> None:
    """Enable the triggers that :func:`infra.local.ministack_adapter.pause_triggers` disabled."""
    functions = _make_client(settings, "lambda")
    for page in functions.get_paginator("list_event_source_mappings").paginate():
        for mapping in page["EventSourceMappings"]:
            if mapping["State"] == "Disabled":
                functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


def _make_client(settings: StackSettings, service: str) -> Any:
    """Return a client that ignores the user's own AWS configuration."""
    return boto3.session.Session("local", "local", region_name=REGION).client(
        service,
        endpoint_url=settings.emulator_url,
        config=Config(retries={"total_max_attempts": 2}, read_timeout=60, proxies={}, s3={"addressing_style": "path"}),
    )


def _get_stack(settings: StackSettings, name: str) -> CloudFormationStack:
    return CloudFormationStack(_make_client(settings, "cloudformation"), name, pause=0.05)


def _deploy_infrastructure(settings: StackSettings) -> None:
    parameters = {
        "Stage": STAGE,
        "FitterImage": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/heliograph-{STAGE}:local",
        "EgressAllowedHosts": EGRESS_ALLOWED_HOSTS,
        "ContainersUrl": settings.containers_url,
    }
    template = (PROJECT / "infra" / "template.yaml").read_text()
    stack = _get_stack(settings, f"heliograph-{STAGE}")
    digest = _hash_bytes((json.dumps(parameters) + template).encode())
    if not _is_current(stack, digest):
        stack.deploy({"TemplateBody": template}, parameters, tags={_DIGEST_TAG: digest})


def _deploy_app(settings: StackSettings, template: dict[str, Any]) -> str:
    code = (settings.package_dir / "deployment.zip").read_bytes()
    code_key = f"{_hash_bytes(code)}.zip"
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = {"Bucket": _BUCKET, "Key": code_key}
    body = json.dumps(template).encode()
    stack = _get_stack(settings, f"heliograph-{STAGE}-api")
    if not _is_current(stack, _hash_bytes(body)):
        # CloudFormation takes a template of this size from S3 only.
        _replace_artifacts(_make_client(settings, "s3"), {code_key: code, _TEMPLATE_KEY: body})
        url = f"{settings.emulator_url}/{_BUCKET}/{_TEMPLATE_KEY}"
        stack.deploy({"TemplateURL": url}, {}, tags={_DIGEST_TAG: _hash_bytes(body)})
    return stack.get_outputs()["RestAPIId"]


def _replace_artifacts(s3: Any, artifacts: dict[str, bytes]) -> None:
    s3.create_bucket(Bucket=_BUCKET)
    for item in s3.list_objects_v2(Bucket=_BUCKET).get("Contents", []):
        s3.delete_object(Bucket=_BUCKET, Key=item["Key"])
    for key, data in artifacts.items():
        s3.put_object(Bucket=_BUCKET, Key=key, Body=data)


def _hash_bytes(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _is_current(stack: CloudFormationStack, digest: str) -> bool:
    description = stack.describe()
    if description is None or description["StackStatus"] not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        return False
    return {"Key": _DIGEST_TAG, "Value": digest} in description.get("Tags", [])
