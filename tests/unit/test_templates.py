"""The two templates and the policies are what AWS takes, and give no more than they must."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode import cfn_yaml
from chalice.cli.factory import CLIFactory
from chalice.deploy.swagger import SwaggerGenerator

from infra import packaging
from infra.gateway_responses import as_openapi
from infra.local.front_door import static

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


def resources(*kinds: str) -> dict[str, Any]:
    """The template's resources of these kinds."""
    everything = cfn_yaml.load(str(TEMPLATE))["Resources"]
    return {name: found for name, found in everything.items() if found["Type"] in kinds}


def test_one_machine_makes_nothing_of_cloudfront() -> None:
    hosting = resources(
        "AWS::CloudFront::Distribution",
        "AWS::CloudFront::OriginAccessControl",
        "AWS::CloudFront::ResponseHeadersPolicy",
    )
    assert len(hosting) == 3
    for found in (*hosting.values(), resources("AWS::S3::Bucket")["WebBucket"]):
        assert found["Condition"] == "Hosted"


def test_every_bucket_is_private_and_takes_tls_only() -> None:
    buckets = resources("AWS::S3::Bucket")
    policies = {
        found["Properties"]["Bucket"]["Ref"]: found for found in resources("AWS::S3::BucketPolicy").values()
    }
    assert buckets.keys() == policies.keys()
    for name, bucket in buckets.items():
        assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
        statements = policies[name]["Properties"]["PolicyDocument"]["Statement"]
        assert statements[0]["Sid"] == "TlsOnly"
        for allowed in statements[1:]:
            assert allowed["Principal"] == {"Service": "cloudfront.amazonaws.com"}
            assert "WebDistribution" in json.dumps(allowed["Condition"]["StringEquals"]["AWS:SourceArn"])


def test_pages_are_as_closed_on_aws_as_on_one_machine() -> None:
    (headers,) = resources("AWS::CloudFront::ResponseHeadersPolicy").values()
    security = headers["Properties"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    joined = security["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::Join"]
    rules = [rule["Fn::Sub"] if isinstance(rule, dict) else rule for rule in joined[1]]
    here = static.HEADERS["Content-Security-Policy"].split("; ")
    assert [rule for rule in rules if "connect-src" not in rule] == [
        r for r in here if "connect-src" not in r
    ]
    (connect,) = [rule for rule in rules if "connect-src" in rule]
    assert all(target == "'self'" or target.startswith("https://") for target in connect.split()[1:])
    assert security["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 31_536_000
    assert security["ReferrerPolicy"]["ReferrerPolicy"] == static.HEADERS["Referrer-Policy"]


def test_presigned_links_are_followed_from_anywhere() -> None:
    data = resources("AWS::S3::Bucket")["Bucket"]["Properties"]
    reading, writing = data["CorsConfiguration"]["CorsRules"]
    # After a redirect a browser does not say where it comes from.
    assert (reading["AllowedOrigins"], reading["AllowedMethods"]) == (["*"], ["GET", "HEAD"])
    assert (writing["AllowedOrigins"], writing["AllowedMethods"]) == ([{"Ref": "WebOrigin"}], ["PUT"])


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
