"""All that depends on Chalice's version: its command, the names in its templates, its private classes.

Written for Chalice 1.34.0. A test compares `CHALICE_VERSION` with the version that is pinned; check this
module when you change the pin.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from chalice.package import TemplateDeepMerger, YAMLTemplateSerializer

from infra import PROJECT
from infra.gateway_responses import make_gateway_responses

CHALICE_VERSION = "1.34.0"

ADDITIONS = PROJECT / "infra" / "templates" / "api.yaml"
"""What is laid over Chalice's template of a stage on AWS."""

_LOG_DAYS = 30
_API_FUNCTION = "APIHandler"
_API_ALIAS = "APIHandlerAliaslive"


def run_chalice(*arguments: str, cwd: Path = PROJECT, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run Chalice's command; `options` are those of `subprocess.run`."""
    command = [str(Path(sys.executable).with_name("chalice")), *arguments]
    return subprocess.run(command, check=False, cwd=cwd, text=True, **options)


def parse_template(text: str) -> dict[str, Any]:
    """Parse a CloudFormation template in YAML; ``!Ref`` and its like become what they stand for in JSON."""
    template: dict[str, Any] = YAMLTemplateSerializer().load_template(text)
    return template


def complete_template(file: Path, stage: str) -> None:
    """Add to a template of ``chalice package`` what Chalice has no setting for, in every stage.

    Parameters
    ----------
    file
        The template, which is written again.
    stage
        The Chalice stage.
    """
    template = json.loads(file.read_text())
    resources = template["Resources"]
    for name, function in _list_functions(template):
        _name_function(resources, name, function, stage)
    _forbid_log_groups(resources)
    document = resources["RestAPI"]["Properties"]["DefinitionBody"]
    # The document says so, too, but MiniStack does not read it there.
    resources["RestAPI"]["Properties"]["BinaryMediaTypes"] = document["x-amazon-apigateway-binary-media-types"]
    document["x-amazon-apigateway-gateway-responses"] = make_gateway_responses()
    # Metrics of API Gateway are those of a name.
    resources["RestAPI"]["Properties"]["Name"] = f"heliograph-{stage}"
    document["info"]["title"] = f"heliograph-{stage}"
    file.write_text(json.dumps(template, indent=2) + "\n")


def complete_template_for_lambda(file: Path, python: str, architecture: str) -> None:
    """Add what a stage on AWS needs besides: the runtime, and `ADDITIONS`.

    Parameters
    ----------
    file
        The template, which is written again.
    python
        The version of Python, such as ``3.13``.
    architecture
        Lambda's name of the processor: ``arm64`` or ``x86_64``.
    """
    template = json.loads(file.read_text())
    for _, function in _list_functions(template):
        function["Properties"]["Runtime"] = f"python{python}"
        function["Properties"]["Architectures"] = [architecture]
    merged = TemplateDeepMerger().merge(parse_template(ADDITIONS.read_text()), template)
    text = json.dumps(merged, indent=2)
    # The API document names the function, of which it would call what was not published.
    text = text.replace(f"functions/${{{_API_FUNCTION}.Arn}}/invocations", f"functions/${{{_API_ALIAS}}}/invocations")
    file.write_text(text + "\n")


def set_version_digest(template: dict[str, Any], digest: str) -> None:
    """Have a new version of the API function published whenever a digest changes.

    AWS publishes one only if the code's address changes: a parameter alone would change the function, but not the
    version that the API calls.
    """
    function = template["Resources"][_API_FUNCTION]["Properties"]
    if "AutoPublishAlias" in function:
        function["AutoPublishCodeSha256"] = digest


def set_code_location(template: dict[str, Any], bucket: str, key: str) -> None:
    """Point every function of a packaged template to its zip in S3."""
    for _, function in _list_functions(template):
        function["Properties"]["CodeUri"] = {"Bucket": bucket, "Key": key}


def _list_functions(template: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    items = template["Resources"].items()
    return [(name, item) for name, item in items if item["Type"] == "AWS::Serverless::Function"]


def _name_function(resources: dict[str, Any], name: str, function: dict[str, Any], stage: str) -> None:
    """Give a function its name and a log group of the template: Lambda's own would be kept for ever."""
    handler = function["Properties"]["Handler"].removeprefix("app.")
    function_name = f"heliograph-{stage}-{'api_handler' if name == _API_FUNCTION else handler}"
    function["Properties"]["FunctionName"] = function_name
    function["Properties"]["LoggingConfig"] = {
        "LogFormat": "JSON",
        "ApplicationLogLevel": "INFO",
        "SystemLogLevel": "INFO",
        "LogGroup": {"Ref": f"{name}Logs"},
    }
    resources[f"{name}Logs"] = {
        "Type": "AWS::Logs::LogGroup",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {"LogGroupName": f"/aws/lambda/{function_name}", "RetentionInDays": _LOG_DAYS},
    }


def _forbid_log_groups(resources: dict[str, Any]) -> None:
    """Take the permission to make log groups from the roles.

    A function that runs while its stack is deleted would make its log group again, and the next creation of the
    stack would find the name taken.
    """
    for resource in resources.values():
        if resource["Type"] != "AWS::IAM::Role":
            continue
        for policy in resource["Properties"]["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                if "logs:CreateLogGroup" in statement["Action"]:
                    statement["Action"].remove("logs:CreateLogGroup")


def generate_api_document(app: Any, function_arn: str) -> dict[str, Any]:
    """Return the OpenAPI document that ``chalice deploy`` sends to API Gateway."""
    from chalice.deploy.swagger import SwaggerGenerator

    generator = SwaggerGenerator(function_arn.split(":")[3], {"api_handler_arn": function_arn})
    document: dict[str, Any] = generator.generate_swagger(app)
    return document
