"""The stage ``local`` on moto, in process: what the project's own template says that holds data."""

import json
from pathlib import Path
from typing import Any

from cfnlint.decode import cfn_yaml
from moto.backends import get_backend

from chalicelib import settings
from chalicelib.aws import get_account_id, get_client

__all__ = ["make_stage", "template_resources"]

TEMPLATE = Path(__file__).resolve().parents[1] / "infra" / "template.yaml"


def template_resources() -> dict[str, Any]:
    """Return the resources of the project's template, for the stage ``local``."""
    loaded = json.dumps(cfn_yaml.load(str(TEMPLATE))["Resources"])
    resources: dict[str, Any] = json.loads(loaded.replace("${Stage}", "local"))
    return resources


def make_stage(resources: dict[str, Any]) -> None:
    """Make an empty stage in the mocked AWS, whatever was there before."""
    for name in ("dynamodb", "s3", "sqs", "kms", "secretsmanager"):
        for account in get_backend(name).values():
            for backend in account.values():
                backend.reset()
    for resource in resources.values():
        match resource["Type"]:
            case "AWS::DynamoDB::Table":
                _make_table(resource["Properties"])
            case "AWS::SQS::Queue":
                get_client("sqs").create_queue(QueueName=resource["Properties"]["QueueName"]["Fn::Sub"])
    get_client("s3").create_bucket(Bucket=settings.resource_name(get_account_id()))
    key = get_client("kms").create_key()["KeyMetadata"]["KeyId"]
    get_client("kms").create_alias(AliasName="alias/heliograph-local", TargetKeyId=key)
    get_client("secretsmanager").create_secret(
        Name=settings.resource_name("secret"), SecretString="s3cret" * 8
    )


def _make_table(properties: dict[str, Any]) -> None:
    wanted = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")
    given = {name: properties[name] for name in wanted if name in properties}
    get_client("dynamodb").create_table(TableName=properties["TableName"]["Fn::Sub"], **given)
