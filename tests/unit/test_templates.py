"""The two templates and the policies are what AWS takes, and give no more than they must."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from chalice.cli.factory import CLIFactory
from chalice.deploy.swagger import SwaggerGenerator

from infra import packaging
from infra.gateway_responses import as_openapi

PROJECT = Path(__file__).resolve().parents[2]
TEMPLATE = PROJECT / "infra" / "template.yaml"
POLICIES = sorted((PROJECT / ".chalice").glob("policy-*.json"))


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    packaging.build("prod", folder)
    return folder


def lint(*arguments: str) -> str:
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--format", "parseable", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=PROJECT).stdout


def test_the_template_is_valid() -> None:
    assert lint("infra/template.yaml") == ""


def test_the_packaged_app_is_valid(package: Path) -> None:
    assert lint(str(package / "sam.json")) == ""


def test_gateway_errors_carry_the_envelope(package: Path) -> None:
    api = json.loads((package / "sam.json").read_text())["Resources"]["RestAPI"]["Properties"]
    responses = api["DefinitionBody"]["x-amazon-apigateway-gateway-responses"]
    assert {"DEFAULT_4XX", "DEFAULT_5XX", "REQUEST_TOO_LARGE"} <= responses.keys()
    for response in responses.values():
        body = response["responseTemplates"]["application/json"]
        filled = json.loads(body.replace("$context.error.messageString", '"what went wrong"'))
        assert filled.keys() == {"status", "message"}
        assert filled["status"] == "error"
        assert response["responseParameters"]["gatewayresponse.header.Access-Control-Allow-Origin"] == "'*'"


def test_every_route_of_the_api_document_reaches_the_app() -> None:
    # What `chalice deploy` sends: no emulator takes it, so it is looked at here.
    app = CLIFactory(str(PROJECT)).load_chalice_app()
    arn = "arn:aws:lambda:us-east-1:000000000000:function:heliograph-prod"
    document = SwaggerGenerator("us-east-1", {"api_handler_arn": arn}).generate_swagger(app)
    assert document["paths"].keys() == app.routes.keys()
    for path, operations in document["paths"].items():
        assert operations.keys() - {"options"} == {method.lower() for method in app.routes[path]}
        for method, operation in operations.items():
            integration = operation["x-amazon-apigateway-integration"]
            assert (integration["type"] == "mock") == (method == "options")
            parameters = {parameter["name"] for parameter in operation.get("parameters", [])}
            assert parameters == set(re.findall(r"{(\w+)}", path)) or method == "options"


def test_an_unknown_route_is_not_found() -> None:
    assert as_openapi()["MISSING_AUTHENTICATION_TOKEN"]["statusCode"] == "404"


def test_every_function_has_a_policy_of_its_own() -> None:
    functions = json.loads((PROJECT / ".chalice" / "config.json").read_text())["lambda_functions"]
    named = {settings["iam_policy_file"] for settings in functions.values()}
    assert named == {path.name for path in POLICIES}


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.name)
def test_a_policy_names_only_what_is_ours(path: Path) -> None:
    policy = json.loads(path.read_text())
    assert policy["Version"] == "2012-10-17"
    for statement in policy["Statement"]:
        assert statement["Effect"] == "Allow"
        actions = as_list(statement["Action"])
        assert not [action for action in actions if action.endswith(":*") or action == "*"]
        for resource in as_list(statement["Resource"]):
            assert is_ours(resource, statement, actions), f"{path.name}: {resource}"


def as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def is_ours(resource: str, statement: dict[str, object], actions: list[str]) -> bool:
    # Log groups are named by Lambda; a key has no name, so the condition has to name its alias; metrics and
    # traces have no resources.
    if all(action.startswith("logs:") for action in actions):
        return True
    if all(action.startswith("kms:") for action in actions):
        return "alias/heliograph-" in json.dumps(statement.get("Condition", {}))
    return "heliograph-" in resource


def test_only_dispatch_opens_credentials() -> None:
    holders = {path.name for path in POLICIES if "kms:Decrypt" in path.read_text()}
    assert holders <= {"policy-dispatch.json"}


def test_a_package_is_made_again_only_when_something_changed(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("packaged again")

    monkeypatch.setattr(packaging, "_chalice_package", refuse)
    packaging.build("prod", package)
    with pytest.raises(AssertionError, match="packaged again"):
        packaging.build("local", package)
