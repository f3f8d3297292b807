"""The two templates and the policies are valid for AWS, and grant only what is needed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode import cfn_yaml

from app import app
from infra import PROJECT, packaging
from infra.chalice_adapter import generate_api_document
from infra.gateway_responses import make_gateway_responses
from infra.local.front_door import static

TEMPLATE = PROJECT / "infra" / "template.yaml"
POLICIES = sorted((PROJECT / ".chalice").glob("policy-*.json"))


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    packaging.package_app("prod", folder)
    return folder


def run_cfn_lint(*arguments: str) -> str:
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--format", "parseable", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=PROJECT).stdout


def test_the_template_is_valid() -> None:
    assert run_cfn_lint("infra/template.yaml") == ""


def test_the_packaged_app_is_valid(package: Path) -> None:
    assert run_cfn_lint(str(package / "sam.json")) == ""


def get_resources(*kinds: str) -> dict[str, Any]:
    """Return the template's resources of these kinds."""
    resources = cfn_yaml.load(str(TEMPLATE))["Resources"]
    return {name: resource for name, resource in resources.items() if resource["Type"] in kinds}


def test_the_local_stack_has_no_cloudfront() -> None:
    hosting = get_resources(
        "AWS::CloudFront::Distribution",
        "AWS::CloudFront::OriginAccessControl",
        "AWS::CloudFront::ResponseHeadersPolicy",
    )
    assert len(hosting) == 3
    for resource in (*hosting.values(), get_resources("AWS::S3::Bucket")["WebBucket"]):
        assert resource["Condition"] == "Hosted"


def test_every_bucket_is_private_and_requires_tls() -> None:
    buckets = get_resources("AWS::S3::Bucket")
    policies = {
        policy["Properties"]["Bucket"]["Ref"]: policy for policy in get_resources("AWS::S3::BucketPolicy").values()
    }
    assert buckets.keys() == policies.keys()
    for name, bucket in buckets.items():
        assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
        statements = policies[name]["Properties"]["PolicyDocument"]["Statement"]
        assert statements[0]["Sid"] == "TlsOnly"
        for statement in statements[1:]:
            assert statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
            assert "WebDistribution" in json.dumps(statement["Condition"]["StringEquals"]["AWS:SourceArn"])


def test_pages_have_the_same_security_headers_on_aws_and_locally() -> None:
    (headers,) = get_resources("AWS::CloudFront::ResponseHeadersPolicy").values()
    security = headers["Properties"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    joined = security["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::Join"]
    rules = [rule["Fn::Sub"] if isinstance(rule, dict) else rule for rule in joined[1]]
    local_rules = static.HEADERS["Content-Security-Policy"].split("; ")
    assert [rule for rule in rules if "connect-src" not in rule] == [
        rule for rule in local_rules if "connect-src" not in rule
    ]
    (connect,) = [rule for rule in rules if "connect-src" in rule]
    assert all(target == "'self'" or target.startswith("https://") for target in connect.split()[1:])
    assert security["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 31_536_000
    assert security["ReferrerPolicy"]["ReferrerPolicy"] == static.HEADERS["Referrer-Policy"]


def test_presigned_urls_work_from_pages_of_any_origin() -> None:
    data = get_resources("AWS::S3::Bucket")["Bucket"]["Properties"]
    read_rule, write_rule = data["CorsConfiguration"]["CorsRules"]
    # After a redirect a browser sends "Origin: null".
    assert (read_rule["AllowedOrigins"], read_rule["AllowedMethods"]) == (["*"], ["GET", "HEAD"])
    assert (write_rule["AllowedOrigins"], write_rule["AllowedMethods"]) == ([{"Ref": "WebOrigin"}], ["PUT"])


def test_gateway_errors_carry_the_envelope(package: Path) -> None:
    api = json.loads((package / "sam.json").read_text())["Resources"]["RestAPI"]["Properties"]
    responses = api["DefinitionBody"]["x-amazon-apigateway-gateway-responses"]
    assert {"DEFAULT_4XX", "DEFAULT_5XX", "REQUEST_TOO_LARGE"} <= responses.keys()
    for response in responses.values():
        body = response["responseTemplates"]["application/json"]
        message = json.loads(body.replace("$context.error.messageString", '"what went wrong"'))
        assert message.keys() == {"status", "message", "data", "version"}
        assert message["status"] == "error"
        assert response["responseParameters"]["gatewayresponse.header.Access-Control-Allow-Origin"] == "'*'"


def test_every_route_of_the_api_document_reaches_the_app() -> None:
    # The document of `chalice deploy`, which no emulator accepts.
    document = generate_api_document(app, "arn:aws:lambda:us-east-1:000000000000:function:heliograph-prod")
    assert document["paths"].keys() == app.routes.keys()
    for path, operations in document["paths"].items():
        assert operations.keys() - {"options"} == {method.lower() for method in app.routes[path]}
        for method, operation in operations.items():
            integration = operation["x-amazon-apigateway-integration"]
            assert (integration["type"] == "mock") == (method == "options")
            parameters = {parameter["name"] for parameter in operation.get("parameters", [])}
            assert parameters == set(re.findall(r"{(\w+)}", path)) or method == "options"


def test_an_unknown_route_is_not_found() -> None:
    assert make_gateway_responses()["MISSING_AUTHENTICATION_TOKEN"]["statusCode"] == "404"


def test_every_function_has_its_own_policy() -> None:
    functions = json.loads((PROJECT / ".chalice" / "config.json").read_text())["lambda_functions"]
    files = {function["iam_policy_file"] for function in functions.values()}
    assert files == {path.name for path in POLICIES}


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.name)
def test_a_policy_names_only_resources_of_heliograph(path: Path) -> None:
    policy = json.loads(path.read_text())
    assert policy["Version"] == "2012-10-17"
    for statement in policy["Statement"]:
        assert statement["Effect"] == "Allow"
        actions = to_list(statement["Action"])
        assert not [action for action in actions if action.endswith(":*") or action == "*"]
        for resource in to_list(statement["Resource"]):
            assert is_our_resource(resource, statement, actions), f"{path.name}: {resource}"


def to_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def is_our_resource(resource: str, statement: dict[str, object], actions: list[str]) -> bool:
    # Lambda names log groups. A key has no name, so the condition must name its alias.
    if all(action.startswith("logs:") for action in actions):
        return True
    if all(action.startswith("kms:") for action in actions):
        return "alias/heliograph-" in json.dumps(statement.get("Condition", {}))
    return "heliograph-" in resource


def test_only_dispatch_decrypts_credentials() -> None:
    holders = {path.name for path in POLICIES if "kms:Decrypt" in path.read_text()}
    assert holders <= {"policy-dispatch.json"}


def test_a_package_is_made_again_only_after_a_change(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("packaged again")

    monkeypatch.setattr(packaging, "_run_chalice_package", refuse)
    packaging.package_app("prod", package)
    with pytest.raises(AssertionError, match="packaged again"):
        packaging.package_app("local", package)
