"""The stage ``local`` on moto, in process: the data resources of the project's own template."""

import json
from pathlib import Path
from typing import Any

from cfnlint.decode import cfn_yaml

from chalicelib import settings
from chalicelib.aws import get_account_id, get_client
from tests.moto_adapter import reset_services

__all__ = ["load_template_resources", "make_stage"]

TEMPLATE = Path(__file__).resolve().parents[1] / "infra" / "template.yaml"
TABLE_PROPERTIES = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")


def load_template_resources() -> dict[str, Any]:
    """Return the resources of the project's template, for the stage ``local``."""
    text = json.dumps(cfn_yaml.load(str(TEMPLATE))["Resources"])
    resources: dict[str, Any] = json.loads(text.replace("${Stage}", "local"))
    return resources


def make_stage(resources: dict[str, Any]) -> None:
    """Make an empty stage in the mocked AWS; delete what it held before."""
    reset_services("dynamodb", "s3", "sqs", "kms", "secretsmanager")
    for resource in resources.values():
        match resource["Type"]:
            case "AWS::DynamoDB::Table":
                _create_table(resource["Properties"])
            case "AWS::SQS::Queue":
                get_client("sqs").create_queue(QueueName=resource["Properties"]["QueueName"]["Fn::Sub"])
    get_client("s3").create_bucket(Bucket=settings.resource_name(get_account_id()))
    key = get_client("kms").create_key()["KeyMetadata"]["KeyId"]
    get_client("kms").create_alias(AliasName="alias/heliograph-local", TargetKeyId=key)
    get_client("secretsmanager").create_secret(Name=settings.resource_name("secret"), SecretString="s3cret" * 8)


def _create_table(properties: dict[str, Any]) -> None:
    options = {name: properties[name] for name in TABLE_PROPERTIES if name in properties}
    get_client("dynamodb").create_table(TableName=properties["TableName"]["Fn::Sub"], **options)
