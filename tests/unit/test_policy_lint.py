"""Parliament, a linter of policies, finds nothing but what is explained here."""

from __future__ import annotations

import json
import warnings
from typing import Any

import pytest

from infra.chalice_adapter import parse_template
from infra.deployer_policy import build_policies, list_templates
from infra.stage_files import TEMPLATES
from tests.unit.test_templates import POLICIES

with warnings.catch_warnings():
    warnings.simplefilter("ignore", UserWarning)  # it uses pkg_resources
    import parliament

KNOWN_OF_FUNCTIONS = {
    # A key has no name. Its alias is in the condition, which parliament does not know.
    "EncryptCredentials": {"RESOURCE_EFFECTIVELY_STAR", "UNKNOWN_CONDITION_FOR_ACTION"},
    "DecryptCredentials": {"RESOURCE_EFFECTIVELY_STAR", "UNKNOWN_CONDITION_FOR_ACTION"},
}
"""What it says of a statement in vain, and why."""

KNOWN_OF_DEPLOYER = {
    # A key has no name: only a template can change one.
    "Kms": {"RESOURCE_EFFECTIVELY_STAR"},
    # Their ids are chosen by AWS.
    "ChangeTriggers": {"RESOURCE_EFFECTIVELY_STAR"},
    "Cloudfront": {"RESOURCE_EFFECTIVELY_STAR"},
    # What is created has no id yet.
    "Nameless": {"RESOURCE_STAR"},
    # The transform of SAM belongs to no account.
    "Cloudformation": {"INVALID_ARN"},
    # cfn-lint's list of actions is newer, by which subscriptions are limited to topics.
    "Sns": {"RESOURCE_MISMATCH"},
    "Lambda": {"UNKNOWN_ACTION"},
    "Logs": {"UNKNOWN_ACTION"},
    "S3": {"UNKNOWN_ACTION"},
}

ARNS = {
    "AWS::Logs::LogGroup": "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/heliograph-prod:*",
    "AWS::SQS::Queue": "arn:aws:sqs:us-east-1:123456789012:heliograph-prod",
}


def lint_statement(statement: dict[str, Any]) -> set[str]:
    """Return what parliament says of a statement."""
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return {finding.issue for finding in parliament.analyze_policy_string(policy).findings}


def list_container_statements() -> list[dict[str, Any]]:
    """Return the statements of the container functions, with names for what CloudFormation fills in."""
    resources = parse_template((TEMPLATES / "backend.yaml").read_text())["Resources"]

    def fill(value: Any) -> Any:
        match value:
            case {"Fn::GetAtt": [name, "Arn"]}:
                return ARNS[resources[name]["Type"]]
            case {"Fn::Sub": str() as text}:
                return text.replace("${AWS::Partition}", "aws").replace("${AWS::AccountId}", "1" * 12)
            case list():
                return [fill(each) for each in value]
        return value

    roles = [item["Properties"] for item in resources.values() if item["Type"] == "AWS::IAM::Role"]
    statements = [each for role in roles for each in role["Policies"][0]["PolicyDocument"]["Statement"]]
    return [{**each, "Resource": fill(each["Resource"])} for each in statements]


@pytest.fixture(scope="module")
def deployer_statements() -> list[dict[str, Any]]:
    policies = build_policies("prod", list_templates("prod"))
    return [statement for policy in policies for statement in policy["Statement"]]


def test_the_policies_of_the_functions_are_sound() -> None:
    statements = [each for path in POLICIES for each in json.loads(path.read_text())["Statement"]]
    containers = list_container_statements()
    assert (len(statements) > 30, len(containers)) == (True, 5)
    for statement in statements + containers:
        assert lint_statement(statement) == KNOWN_OF_FUNCTIONS.get(statement.get("Sid", ""), set()), statement


def test_the_policy_of_the_deployer_is_sound(deployer_statements: list[dict[str, Any]]) -> None:
    for statement in deployer_statements:
        assert lint_statement(statement) == KNOWN_OF_DEPLOYER.get(statement["Sid"], set()), statement


@pytest.mark.parametrize(
    ("change", "issue"),
    [
        ({"Action": "s3:GetObjects"}, "UNKNOWN_ACTION"),
        ({"Resource": "arn:aws:s3:::heliograph-prod"}, "RESOURCE_MISMATCH"),
        ({"Resource": "heliograph-prod"}, "INVALID_ARN"),
        ({"Condition": {"StringEqual": {"s3:prefix": "x"}}}, "UNKNOWN_OPERATOR"),
    ],
)
def test_a_faulty_statement_is_seen(change: dict[str, Any], issue: str) -> None:
    sound = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::heliograph-prod/fits/*"}
    assert lint_statement(sound) == set()
    assert issue in lint_statement({**sound, **change})
