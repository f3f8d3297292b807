"""The app on moto: the data half of the project's own template, in process and empty for each test."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode import cfn_yaml
from moto import mock_aws
from moto.backends import get_backend

from chalicelib import people, settings
from chalicelib.aws import client
from tests.gateway import Gateway

TEMPLATE = Path(__file__).resolve().parents[2] / "infra" / "template.yaml"
ACCOUNT = "123456789012"


@pytest.fixture(scope="session", autouse=True)
def environment() -> Iterator[None]:
    """An AWS that is nobody's: no endpoint, no credentials of the person who runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("EGRESS_ALLOWED_HOSTS", "127.0.0.1,localhost")
        yield


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    """The resources of the project's own template, for the stage ``local``."""
    loaded = json.dumps(cfn_yaml.load(str(TEMPLATE))["Resources"])
    resources: dict[str, Any] = json.loads(loaded.replace("${Stage}", "local"))
    return resources


@pytest.fixture(scope="session")
def mocked(environment: None) -> Iterator[None]:
    with mock_aws():
        yield


@pytest.fixture
def aws(mocked: None, template: dict[str, Any]) -> None:
    """The stage ``local``, empty: what the template says that holds data."""
    for name in ("dynamodb", "s3", "sqs", "kms", "secretsmanager"):
        for account in get_backend(name).values():
            for backend in account.values():
                backend.reset()
    for resource in template.values():
        match resource["Type"]:
            case "AWS::DynamoDB::Table":
                _make_table(resource["Properties"])
            case "AWS::SQS::Queue":
                client("sqs").create_queue(QueueName=resource["Properties"]["QueueName"]["Fn::Sub"])
    client("s3").create_bucket(Bucket=settings.name(ACCOUNT))
    key = client("kms").create_key()["KeyMetadata"]["KeyId"]
    client("kms").create_alias(AliasName="alias/heliograph-local", TargetKeyId=key)
    client("secretsmanager").create_secret(Name=settings.name("secret"), SecretString="s3cret" * 8)


def _make_table(properties: dict[str, Any]) -> None:
    wanted = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")
    given = {name: properties[name] for name in wanted if name in properties}
    client("dynamodb").create_table(TableName=properties["TableName"]["Fn::Sub"], **given)


@pytest.fixture
def admin(aws: None) -> Gateway:
    """The app, spoken to as the first administrator."""
    from app import app

    return Gateway(app, people.ensure_administrator("admin"))
