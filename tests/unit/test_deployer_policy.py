"""The policy of whoever deploys: valid for AWS, complete for the templates, limited to one stage."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from infra import deployer_policy
from infra.deployer_policy import MOST_CHARACTERS, DeployerPolicyError, build_policies, list_templates, main
from tests.moto_adapter import permits

ACCOUNT = "123456789012"


@pytest.fixture(scope="module")
def templates() -> list[dict[str, Any]]:
    return list_templates("prod")


@pytest.fixture(scope="module")
def statements(templates: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [statement for policy in build_policies("prod", templates) for statement in policy["Statement"]]


def allows(statements: list[dict[str, Any]], action: str, resource: str) -> bool:
    bare = [{name: part for name, part in each.items() if name != "Condition"} for each in statements]
    return any(permits(statement, action, resource) for statement in bare)


def get_statement(statements: list[dict[str, Any]], sid: str) -> dict[str, Any]:
    (statement,) = [each for each in statements if each["Sid"] == sid]
    return statement


def test_the_printed_template_is_valid_for_aws(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["prod"]) == 0
    file = tmp_path / "deployer.json"
    file.write_text(capsys.readouterr().out)
    resources = json.loads(file.read_text())["Resources"].values()
    assert len(resources) >= 2 and {each["Type"] for each in resources} == {"AWS::IAM::ManagedPolicy"}
    for number, resource in enumerate(resources, 1):
        policy = resource["Properties"]["PolicyDocument"]
        assert len(json.dumps(policy, separators=(",", ":"))) <= MOST_CHARACTERS
        assert resource["Properties"]["ManagedPolicyName"] == f"deployer-heliograph-prod-{number}"
    # It knows IAM's actions, of which a policy with a misspelt one would be refused.
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--format", "parseable", str(file)]
    assert subprocess.run(command, check=False, capture_output=True, text=True).stdout == ""


def list_needs(templates: list[dict[str, Any]]) -> Iterator[str]:
    for name in {resource["Type"] for template in templates for resource in template["Resources"].values()}:
        handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", name).schema["handlers"]
        yield from (action for handler in handlers.values() for action in handler["permissions"])


def test_services_that_are_granted_nothing_are_no_part_of_heliograph(
    templates: list[dict[str, Any]], statements: list[dict[str, Any]]
) -> None:
    needs = {action.partition(":")[0] for action in list_needs(templates)}
    granted = {action.partition(":")[0] for statement in statements for action in statement["Action"]}
    assert needs - granted == {
        "amplify", "apprunner", "appsync", "bedrock-agentcore", "cognito-idp", "ec2", "elasticfilesystem",
        "elasticloadbalancing", "firehose", "kinesis", "s3files", "s3tables",
    }  # fmt: skip
    assert granted - needs == {"cloudformation"}


def test_every_statement_is_limited_to_the_stage_or_known_not_to_be(statements: list[dict[str, Any]]) -> None:
    for statement in statements:
        text = json.dumps([statement["Resource"], statement.get("Condition", {})])
        if "heliograph-prod" not in text and "cloudformation.amazonaws.com" not in text:
            # These have ids that AWS chooses.
            assert statement["Sid"] in {"Nameless", "Apigateway", "Cloudfront", "Wafv2"}
        assert not [action for action in statement["Action"] if "*" in action]
    changes = {action for action in get_statement(statements, "Nameless")["Action"] if is_change(action)}
    assert changes == {
        "cloudfront:CreateDistribution", "cloudfront:CreateOriginAccessControl",
        "cloudfront:CreateResponseHeadersPolicy", "codedeploy:StopDeployment", "logs:DeleteIndexPolicy",
        "logs:PutIndexPolicy",
    }  # fmt: skip


def is_change(action: str) -> bool:
    return not action.partition(":")[2].startswith(("Get", "List", "Describe"))


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("dynamodb:DeleteTable", f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/heliograph-prod2-registry"),
        ("cloudformation:DeleteStack", f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/heliograph-prod2/a1"),
        ("cloudformation:DeleteStack", f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/heliograph-dev-api/a1"),
        ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/administrator"),
        ("iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/heliograph-dev-api-SweepRole"),
        ("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/mallory"),
        ("lambda:UpdateFunctionCode", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:heliograph-dev-fit"),
        ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:heliograph-dev-secret-a"),
        ("ecr:PutImage", f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/heliograph-dev"),
        # records of the stage itself
        ("dynamodb:GetItem", f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/heliograph-prod-sources"),
        ("dynamodb:Query", f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/heliograph-prod-analyses"),
        ("s3:GetObject", f"arn:aws:s3:::heliograph-prod-{ACCOUNT}/analyses/1"),
        ("kms:Decrypt", f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1"),
    ],
)
def test_other_stages_and_records_are_out_of_reach(
    statements: list[dict[str, Any]], action: str, resource: str
) -> None:
    assert not allows(statements, action, resource)


def test_roles_are_passed_only_to_what_takes_them(statements: list[dict[str, Any]]) -> None:
    passing = get_statement(statements, "PassRoles")
    assert passing["Condition"] == {
        "StringEquals": {"iam:PassedToService": ["codedeploy.amazonaws.com", "lambda.amazonaws.com"]}
    }
    assert passing["Resource"] == ["arn:*:iam::*:role/heliograph-prod-*"]
    assert sum("iam:PassRole" in statement["Action"] for statement in statements) == 1
    (managed,) = get_statement(statements, "AttachPolicies")["Condition"]["ArnLike"]["iam:PolicyARN"]
    assert managed == "arn:*:iam::aws:policy/service-role/AWSCodeDeployRoleForLambda"


def test_keys_are_changed_by_templates_only(statements: list[dict[str, Any]]) -> None:
    for statement in statements:
        if any(action.startswith("kms:") and is_change(action) for action in statement["Action"]):
            is_by_template = statement.get("Condition") == {
                "ForAnyValue:StringEquals": {"aws:CalledVia": "cloudformation.amazonaws.com"}
            }
            assert is_by_template or statement["Sid"] == "NameKey"


def test_a_policy_that_is_too_long_is_split(
    templates: list[dict[str, Any]], statements: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deployer_policy, "MOST_CHARACTERS", 2500)
    policies = build_policies("prod", templates)
    assert len(policies) > 5
    assert [statement for policy in policies for statement in policy["Statement"]] == statements
    monkeypatch.setattr(deployer_policy, "MOST_CHARACTERS", 400)
    with pytest.raises(DeployerPolicyError, match=r"the statement .* alone is longer than the 400 characters"):
        build_policies("prod", templates)


@pytest.mark.parametrize("arguments", [[], ["nosuch"], ["local"], ["prod", "dev"]])
def test_a_wrong_command_line_is_told(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert main(arguments) > 0
    output = capsys.readouterr()
    assert output.out == "" and ("usage: " in output.err or "is not a stage that can be deployed" in output.err)
