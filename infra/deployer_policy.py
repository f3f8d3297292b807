"""The permissions of whoever deploys a stage: ``python -m infra.deployer_policy STAGE``.

Prints a CloudFormation template of managed policies, for ``make deploy``, ``make undeploy`` and ``make smoke``. What
CloudFormation needs for a type of resource is in the type's schema, of which cfn-lint has a copy, as it has of IAM's
list of actions; what :mod:`infra` calls itself is listed here. Each statement is limited to the names of the stage,
where AWS has names.
"""

import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from cfnlint.data import AdditionalSpecs
from cfnlint.helpers import load_resource
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from infra.chalice_adapter import parse_template
from infra.monitoring import build_monitoring_template
from infra.packaging import PackagingError, package_app
from infra.sam_translation import translate_template
from infra.stage_files import TEMPLATES, StageFileError, read_stage_file

MOST_CHARACTERS = 6144
"""Length of a managed policy, white space not counted (IAM's quota)."""

_REGION = "us-east-1"
"""Of the schemas; they say the same everywhere."""

_ALL_FEATURES = {"CanaryReleases": "true"}
"""What adds types of resources: the policy stays the same when the stage's file turns it on."""

OWN_CALLS = {
    "cloudformation:ContinueUpdateRollback",
    "cloudformation:CreateChangeSet",
    "cloudformation:DeleteChangeSet",
    "cloudformation:DeleteStack",
    "cloudformation:DescribeChangeSet",
    "cloudformation:DescribeStackEvents",
    "cloudformation:DescribeStacks",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:GetTemplate",
    "cloudformation:ListStackResources",
    "cloudformation:TagResource",
    "cloudformation:UpdateTerminationProtection",
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:DescribeImages",
    "ecr:DescribeRepositories",
    "ecr:GetAuthorizationToken",
    "ecr:GetDownloadUrlForLayer",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
    "lambda:GetAccountSettings",
    "s3:DeleteObject",
    "s3:GetObject",
    "s3:ListBucket",
    "s3:PutObject",
    "secretsmanager:DescribeSecret",
    "secretsmanager:GetSecretValue",
}
"""Calls of :mod:`infra` and of ``docker push``, besides those for records."""

UNUSED = (
    # records, of which a table's schema needs some for replicas
    "dynamodb:*Item", "dynamodb:Query", "dynamodb:Scan",
    # replicas, imports, exports, streams to other services
    "dynamodb:*TableReplica", "dynamodb:*Import*", "dynamodb:*ableKinesisStreamingDestination",
    "dynamodb:UpdateKinesisStreamingDestination", "s3:*Replication*", "secretsmanager:*Replicat*",
    "logs:CreateLogDelivery", "logs:CreateLogStream", "logs:PutLogEvents",
    # data under the key, and grants; tables and functions are under keys of AWS
    "kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:*Grant",
    # features of functions, buckets and logs that no template has
    "lambda:*CodeSigningConfig", "lambda:PassCapacityProvider", "lambda:GetLayerVersion", "s3:Put*Acl",
    "s3:*MetadataTable*", "s3:*Metadata*TableConfiguration", "logs:*KmsKey", "logs:PutResourcePolicy",
    "logs:DeleteResourcePolicy", "cloudfront:*ConnectionGroup", "cloudfront:GetVpcOrigin",
    "codedeploy:RegisterOnPremisesInstance", "iam:CreateServiceLinkedRole", "iam:*RolePermissionsBoundary",
    "apigateway:UpdateRestApiPolicy", "logs:PutBearerTokenAuthentication", "dynamodb:PutResourcePolicy",
    "dynamodb:DeleteResourcePolicy",
)  # fmt: skip
"""Permissions that schemas name for what no template does."""

_NAMES: dict[str, tuple[str, ...]] = {
    "apigateway": ("apigateway:*::/restapis", "apigateway:*::/restapis/*", "apigateway:*::/tags/*"),
    "cloudformation": (
        "cloudformation:*:*:stack/heliograph-STAGE/*",
        "cloudformation:*:*:stack/heliograph-STAGE-*/*",
        "cloudformation:*:aws:transform/Serverless-2016-10-31",
    ),
    "cloudfront": (
        "cloudfront::*:distribution/*",
        "cloudfront::*:origin-access-control/*",
        "cloudfront::*:response-headers-policy/*",
    ),
    "cloudwatch": ("cloudwatch:*:*:alarm:heliograph-STAGE-*", "cloudwatch::*:dashboard/heliograph-STAGE"),
    "codedeploy": (
        "codedeploy:*:*:application:heliograph-STAGE-*",
        "codedeploy:*:*:deploymentgroup:heliograph-STAGE-*",
        "codedeploy:*:*:deploymentconfig:*",
    ),
    "dynamodb": ("dynamodb:*:*:table/heliograph-STAGE-*",),
    "ecr": ("ecr:*:*:repository/heliograph-STAGE",),
    "events": ("events:*:*:rule/heliograph-STAGE-*",),
    "iam": ("iam::*:role/heliograph-STAGE-*",),
    "kms": ("kms:*:*:key/*",),
    "lambda": ("lambda:*:*:function:heliograph-STAGE-*",),
    "logs": ("logs:*:*:log-group:/aws/lambda/heliograph-STAGE-*",),
    "s3": ("s3:::heliograph-STAGE-*",),
    "secretsmanager": ("secretsmanager:*:*:secret:heliograph-STAGE-*",),
    "sns": ("sns:*:*:heliograph-STAGE-*",),
    "sqs": ("sqs:*:*:heliograph-STAGE-*",),
    "wafv2": ("wafv2:*:*:*/webacl/*/*",),
}
"""What belongs to a stage, by service; other services are not granted anything."""

_OBJECTS = ("s3:::heliograph-STAGE-artifacts-*/*", "s3:::heliograph-STAGE-web-*/*")
_MAPPINGS = "lambda:*:*:event-source-mapping:*"
_OF_FUNCTION = {"ArnLike": {"lambda:FunctionArn": "arn:*:lambda:*:*:function:heliograph-STAGE-*"}}
_BY_CLOUDFORMATION = {"ForAnyValue:StringEquals": {"aws:CalledVia": "cloudformation.amazonaws.com"}}
"""Keys have no names: only a template can change one."""


class DeployerPolicyError(RuntimeError):
    """A permission fits into no policy; the message names it."""


@dataclass(frozen=True)
class Statement:
    """A statement of a policy.

    Attributes
    ----------
    sid : str
        Its name.
    resources : tuple of str
        What it is limited to, without ``arn:*:``; ``STAGE`` stands for the stage.
    actions : set of str
        What it allows.
    condition : dict
        Under which condition.
    """

    sid: str
    resources: tuple[str, ...]
    actions: set[str]
    condition: Mapping[str, Any] = field(default_factory=dict)

    def describe(self, stage: str) -> dict[str, Any]:
        """Return the statement as IAM takes it."""
        resources = ["*" if name == "*" else f"arn:*:{name.replace('STAGE', stage)}" for name in self.resources]
        document = {"Sid": self.sid, "Effect": "Allow", "Action": sorted(self.actions), "Resource": resources}
        if self.condition:
            document["Condition"] = json.loads(json.dumps(self.condition).replace("STAGE", stage))
        return document


def build_policies(stage: str, templates: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the policies of whoever deploys a stage, each as long as IAM allows.

    Parameters
    ----------
    stage : str
        The stage.
    templates : iterable of dict
        The templates of its stacks, without SAM's types.

    Raises
    ------
    DeployerPolicyError
        If a statement is longer than a policy may be.
    """
    resources = [resource for template in templates for resource in template["Resources"].values()]
    actions = _list_actions({resource["Type"] for resource in resources})
    special = _list_special_statements(resources)
    rest = actions - {action for statement in special for action in statement.actions}
    statements = [*_list_record_statements(), *special, *_limit_to_names(rest)]
    return _split_policies([statement.describe(stage) for statement in statements])


def _list_actions(types: Iterable[str]) -> set[str]:
    """Return what CloudFormation needs for these types of resources, and :data:`OWN_CALLS`."""
    actions = set(OWN_CALLS)
    for name in types:
        handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema(_REGION, name).schema["handlers"]
        needs = {action for handler in handlers.values() for action in handler["permissions"]}
        actions |= {action for action in needs if _is_granted(action)}
    return actions


def _is_granted(action: str) -> bool:
    is_known = action.partition(":")[0] in _NAMES and _get_iam_action(action) is not None
    return is_known and not any(fnmatchcase(action, pattern) for pattern in UNUSED)


def _list_record_statements() -> list[Statement]:
    """Return what ``infra.admin`` needs for ``migrate``, ``ensure`` and ``fitter-token``."""
    actions = {f"dynamodb:{name}Item" for name in ("Get", "Put", "Update", "ConditionCheck")}
    return [
        Statement("Administrator", ("dynamodb:*:*:table/heliograph-STAGE-registry",), actions),
        Statement(
            "Migrations", ("dynamodb:*:*:table/heliograph-STAGE-analyses",), {"dynamodb:Scan", "dynamodb:UpdateItem"}
        ),
    ]


def _list_special_statements(resources: Iterable[Mapping[str, Any]]) -> list[Statement]:
    """Return the statements whose limits are others than the names of a service."""
    roles = [resource["Properties"] for resource in resources if resource["Type"] == "AWS::IAM::Role"]
    pass_condition = {"StringEquals": {"iam:PassedToService": _list_principals(roles)}}
    managed = sorted({arn.replace("arn:aws:", "arn:*:") for role in roles for arn in role.get("ManagedPolicyArns", ())})
    attach = {"iam:AttachRolePolicy", "iam:DetachRolePolicy"}
    change_triggers = {f"lambda:{verb}EventSourceMapping" for verb in ("Get", "Update", "Delete")}
    tag = {"lambda:ListTags", "lambda:TagResource", "lambda:UntagResource"}
    touch_objects = {f"s3:{verb}" for verb in ("GetObject", "GetObjectVersion", "PutObject", "DeleteObject")}
    name_key = {f"kms:{verb}Alias" for verb in ("Create", "Update", "Delete")}
    return [
        Statement("PassRoles", _NAMES["iam"], {"iam:PassRole"}, pass_condition),
        Statement("AttachPolicies", _NAMES["iam"], attach, {"ArnLike": {"iam:PolicyARN": managed}}),
        Statement("MakeTriggers", ("*",), {"lambda:CreateEventSourceMapping"}, _OF_FUNCTION),
        Statement("ChangeTriggers", (_MAPPINGS,), change_triggers, _OF_FUNCTION),
        Statement("TagFunctions", (*_NAMES["lambda"], _MAPPINGS), tag),
        Statement("Objects", _OBJECTS, touch_objects),
        Statement("MakeKey", ("*",), {"kms:CreateKey"}, _BY_CLOUDFORMATION),
        Statement("NameKey", ("kms:*:*:alias/heliograph-STAGE", *_NAMES["kms"]), name_key),
    ]


def _list_principals(roles: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the services that take these roles."""
    principals: set[str] = set()
    for role in roles:
        for statement in role["AssumeRolePolicyDocument"]["Statement"]:
            service = statement["Principal"]["Service"]
            principals |= {service} if isinstance(service, str) else set(service)
    return sorted(principals)


def _limit_to_names(actions: Iterable[str]) -> list[Statement]:
    """Return a statement for each service, and one for all actions that IAM limits to no resource."""
    nameless = {action for action in actions if "Resources" not in (_get_iam_action(action) or {})}
    by_service: dict[str, set[str]] = defaultdict(set)
    for action in set(actions) - nameless:
        by_service[action.partition(":")[0]].add(action)
    return [
        Statement("Nameless", ("*",), nameless),
        *(
            Statement(
                service.capitalize(),
                _NAMES[service],
                by_service[service],
                _BY_CLOUDFORMATION if service == "kms" else {},
            )
            for service in sorted(by_service)
        ),
    ]


def _get_iam_action(action: str) -> dict[str, Any] | None:
    """Return what IAM knows of an action; schemas name some that are none."""
    service, _, name = action.partition(":")
    result: dict[str, Any] | None = _read_iam_actions().get(service, {}).get("Actions", {}).get(name.lower())
    return result


@cache
def _read_iam_actions() -> dict[str, Any]:
    return dict(load_resource(AdditionalSpecs, "Policies.json"))


def _split_policies(statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    policies: list[dict[str, Any]] = []
    for statement in statements:
        if policies and _count_characters([*policies[-1]["Statement"], statement]) <= MOST_CHARACTERS:
            policies[-1]["Statement"].append(statement)
        elif _count_characters([statement]) <= MOST_CHARACTERS:
            policies.append(_make_policy([statement]))
        else:
            raise DeployerPolicyError(
                f"the statement {statement['Sid']} alone is longer than the {MOST_CHARACTERS} characters of a policy. "
                "Split it in infra/deployer_policy.py."
            )
    return policies


def _make_policy(statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": statements}


def _count_characters(statements: list[dict[str, Any]]) -> int:
    return len(json.dumps(_make_policy(statements), separators=(",", ":")))


def list_templates(stage: str) -> list[dict[str, Any]]:
    """Package the app, and return the templates of all stacks of a stage, without SAM's types.

    Raises
    ------
    PackagingError
        If the app cannot be packaged.
    """
    with tempfile.TemporaryDirectory() as folder:
        package_app(stage, Path(folder))
        app = json.loads((Path(folder) / "sam.json").read_text())
    files = [parse_template((TEMPLATES / f"{name}.yaml").read_text()) for name in ("data", "backend", "web")]
    return [*files, translate_template(app, _ALL_FEATURES), build_monitoring_template(stage, 1)]


def build_deployer_template(stage: str) -> dict[str, Any]:
    """Return a CloudFormation template of the managed policies of whoever deploys a stage."""
    policies = build_policies(stage, list_templates(stage))
    resources = {
        f"Deployer{number}": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {"ManagedPolicyName": f"deployer-heliograph-{stage}-{number}", "PolicyDocument": policy},
        }
        for number, policy in enumerate(policies, 1)
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"What whoever deploys the stage {stage} of Heliograph may do. All policies belong together.",
        "Resources": resources,
        "Outputs": {name: {"Value": {"Ref": name}} for name in resources},
    }


def main(arguments: list[str]) -> int:
    """Print the template for the stage of the command line, and return the exit code."""
    if len(arguments) != 1:
        print("usage: python -m infra.deployer_policy STAGE", file=sys.stderr)
        return 2
    try:
        read_stage_file(arguments[0])
        print(json.dumps(build_deployer_template(arguments[0]), indent=1))
    except (DeployerPolicyError, PackagingError, StageFileError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
