"""The policies of the functions and of the deployer, held against the calls that they make in the tests.

While a test runs a function, each of its calls to AWS, and each that it signs for somebody else, is compared with the
function's own policy, by moto's evaluation of statements. Conditions are left out; tests/unit/test_templates.py reads
them. Who deploys the stage ``prod`` is the function ``deployer-prod`` here.
"""

import json
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from chalicelib import aws, workers
from tests.moto_adapter import permits

CHALICE = Path(__file__).resolve().parents[1] / ".chalice"
REGION_AND_ACCOUNT = "us-east-1:123456789012"

WORKERS = {
    "handle_dispatch": "dispatch",
    "handle_dead_letter": "dead_letters",
    "handle_job": "jobs",
    "handle_sweep": "sweep",
    "handle_document": "documents",
}
"""Entry points in chalicelib/workers.py, with the functions that call them."""

DEPLOYER = "deployer"

NEEDS_NO_PERMISSION = {"sts:GetCallerIdentity"}

S3_ACTIONS = {
    "CompleteMultipartUpload": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteObjects": "DeleteObject",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListObjectsV2": "ListBucket",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
}
"""Operations of S3 that need a permission of another name."""

_function: ContextVar[str] = ContextVar("function", default="")


@dataclass
class Permissions:
    """What the functions called in the tests.

    Attributes
    ----------
    denied : list of str
        Calls that no statement allows.
    used : set of tuple
        The function, the action, and the statement (Sid) that allows it, with the one of its resources.
    """

    denied: list[str] = field(default_factory=list)
    used: set[tuple[str, str, str, str]] = field(default_factory=set)

    def note_call(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        """Compare a call with the policy of the function that makes it."""
        function = _function.get()
        if not function:
            return
        for action, resource in list_needs(model.service_model.service_name, model.name, params):
            if action not in NEEDS_NO_PERMISSION:
                self._note(function, action, resource)

    def _note(self, function: str, action: str, resource: str) -> None:
        matches = {
            (function, action, statement["Sid"], pattern)
            for statement in read_statements(function)
            if permits(statement, action, resource)
            for pattern in to_list(statement["Resource"])
            if permits({**statement, "Resource": pattern}, action, resource)
        }
        self.used |= matches
        if not matches:
            self.denied.append(f"{function}: {action} on {resource}")


def to_list(value: str | list[str]) -> list[str]:
    """Return the texts of a part of a statement, which is a list or one text."""
    return [value] if isinstance(value, str) else value


@cache
def read_statements(function: str) -> tuple[dict[str, Any], ...]:
    """Return the statements of a function's policy, without their conditions."""
    kind, _, stage = function.partition("-")
    policies = _build_deployer_policies(stage) if kind == DEPLOYER else [_read_policy(function)]
    statements = [statement for policy in policies for statement in policy["Statement"]]
    return tuple({name: part for name, part in each.items() if name != "Condition"} for each in statements)


def _build_deployer_policies(stage: str) -> list[dict[str, Any]]:
    # Imported lazily: cfn-lint takes a second, and few tests need it.
    from infra.deployer_policy import build_policies, list_templates

    return build_policies(stage, list_templates("prod"))


def _read_policy(function: str) -> dict[str, Any]:
    functions = json.loads((CHALICE / "config.json").read_text())["lambda_functions"]
    policy: dict[str, Any] = json.loads((CHALICE / functions[function]["iam_policy_file"]).read_text())
    return policy


def list_needs(service: str, operation: str, params: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the permissions that a call needs: pairs of an action and a resource."""
    match service:
        case "dynamodb":
            yield from _list_table_needs(operation, params)
        case "s3":
            yield from _list_object_needs(operation, params)
        case "sqs":
            yield (
                f"sqs:{operation.removesuffix('Batch')}",
                f"arn:aws:sqs:{REGION_AND_ACCOUNT}:{params['QueueUrl'].rpartition('/')[2]}",
            )
        case "cloudformation":
            yield from _list_stack_needs(operation, params)
        case "ecr" if "repositoryName" in params or "repositoryNames" in params:
            for name in params.get("repositoryNames") or [params["repositoryName"]]:
                yield f"ecr:{operation}", f"arn:aws:ecr:{REGION_AND_ACCOUNT}:repository/{name}"
        case "lambda" if "FunctionName" in params:
            name = params["FunctionName"].rpartition(":")[2]
            yield "lambda:InvokeFunction", f"arn:aws:lambda:{REGION_AND_ACCOUNT}:function:{name}"
        case "kms":
            yield f"kms:{operation}", f"arn:aws:kms:{REGION_AND_ACCOUNT}:key/1"
        case "secretsmanager":
            arn = f"arn:aws:secretsmanager:{REGION_AND_ACCOUNT}:secret:{params['SecretId']}-a1b2c3"
            yield f"secretsmanager:{operation}", arn
        case _:
            yield f"{service}:{operation}", "*"


def _list_table_needs(operation: str, params: dict[str, Any]) -> Iterator[tuple[str, str]]:
    prefix = f"arn:aws:dynamodb:{REGION_AND_ACCOUNT}:table/"
    if operation == "TransactWriteItems":
        for write in params["TransactItems"]:
            ((kind, part),) = write.items()
            action = "ConditionCheckItem" if kind == "ConditionCheck" else f"{kind}Item"
            yield f"dynamodb:{action}", prefix + part["TableName"]
    elif "RequestItems" in params:
        for name in params["RequestItems"]:
            yield f"dynamodb:{operation}", prefix + name
    else:
        index = f"/index/{params['IndexName']}" if "IndexName" in params else ""
        yield f"dynamodb:{operation}", prefix + params["TableName"] + index


def _list_stack_needs(operation: str, params: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what a call needs, and what CloudFormation reads with the caller's permissions."""
    name = params["StackName"].rpartition("stack/")[2].partition("/")[0]
    yield f"cloudformation:{operation}", f"arn:aws:cloudformation:{REGION_AND_ACCOUNT}:stack/{name}/a1b2c3"
    if "TemplateURL" in params:
        bucket, key = params["TemplateURL"].split("://", 1)[1].split("/", 2)[1:]
        yield "s3:GetObject", f"arn:aws:s3:::{bucket}/{key}"
        # Only the app's template is one of SAM.
        yield f"cloudformation:{operation}", "arn:aws:cloudformation:us-east-1:aws:transform/Serverless-2016-10-31"


def _list_object_needs(operation: str, params: dict[str, Any]) -> Iterator[tuple[str, str]]:
    bucket = f"arn:aws:s3:::{params['Bucket']}"
    if source := params.get("CopySource"):
        names = source if isinstance(source, dict) else dict(zip(("Bucket", "Key"), source.split("/", 1), strict=True))
        yield "s3:GetObject", f"arn:aws:s3:::{names['Bucket']}/{names['Key']}"
    action = f"s3:{S3_ACTIONS.get(operation, operation)}"
    keys = [params["Key"]] if "Key" in params else [each["Key"] for each in params.get("Delete", {}).get("Objects", ())]
    for resource in [f"{bucket}/{key}" for key in keys] or [bucket]:
        yield action, resource


def list_unused(used: Collection[tuple[str, ...]]) -> list[str]:
    """Return the actions of all policies that are not in `used`, besides those that Lambda itself needs."""
    functions = json.loads((CHALICE / "config.json").read_text())["lambda_functions"]
    return [
        f"{function}: {action} of {statement['Sid']} on {pattern}"
        for function in functions
        for statement in read_statements(function)
        for action in to_list(statement["Action"])
        for pattern in to_list(statement["Resource"])
        if (function, action, statement["Sid"], pattern) not in used and not action.startswith("logs:")
    ]


@contextmanager
def run_as(function: str) -> Iterator[None]:
    """Take what is called inside the `with` block for calls of a function."""
    token = _function.set(function)
    try:
        yield
    finally:
        _function.reset(token)


def _wrap(function: str, entry: Callable[..., Any]) -> Callable[..., Any]:
    def run(*arguments: Any) -> Any:
        with run_as(function):
            return entry(*arguments)

    return run


@contextmanager
def record_permissions() -> Iterator[Permissions]:
    """Compare all calls of the functions with their policies inside the `with` block."""
    permissions = Permissions()
    with pytest.MonkeyPatch.context() as patch:
        session = aws.get_session()
        session.register("before-parameter-build", permissions.note_call)
        aws.get_client.cache_clear()  # clients have the handlers that the session had when they were made
        for entry, function in WORKERS.items():
            patch.setattr(workers, entry, _wrap(function, getattr(workers, entry)))
        yield permissions
        session.unregister("before-parameter-build", permissions.note_call)
    aws.get_client.cache_clear()
