"""The stage ``local`` on moto, in process: the resources of the project's own templates."""

import json
from pathlib import Path
from typing import Any

from cfnlint.decode import cfn_yaml

from chalicelib import settings
from chalicelib.aws import get_account_id, get_client
from tests.moto_adapter import empty_queues, empty_tables, reset_services

__all__ = ["load_template_resources", "make_stage"]

TEMPLATES = Path(__file__).resolve().parents[1] / "infra" / "templates"
_KEY_ALIAS = "alias/heliograph-local"
TABLE_PROPERTIES = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")


def load_template_resources() -> dict[str, Any]:
    """Return the resources of the project's templates, for the stage ``local``."""
    resources: dict[str, Any] = {}
    for name in ("data", "backend"):
        text = json.dumps(cfn_yaml.load(str(TEMPLATES / f"{name}.yaml"))["Resources"])
        resources |= json.loads(text.replace("${Stage}", "local"))
    return resources


def make_stage(resources: dict[str, Any]) -> None:
    """Make an empty stage in the mocked AWS; delete what it held before.

    Tables and queues are emptied if they are those of the stage: to make them takes longer than most tests.
    """
    tables = {properties["TableName"]["Fn::Sub"]: properties for properties in _select(resources, "DynamoDB::Table")}
    if not empty_tables(set(tables)):
        reset_services("dynamodb")
        for name, properties in tables.items():
            _create_table(name, properties)
    queues = {properties["QueueName"]["Fn::Sub"] for properties in _select(resources, "SQS::Queue")}
    if not empty_queues(queues):
        reset_services("sqs")
        for name in queues:
            get_client("sqs").create_queue(QueueName=name)
    reset_services("s3", "secretsmanager")
    get_client("s3").create_bucket(Bucket=settings.resource_name(get_account_id()))
    _ensure_key()
    get_client("secretsmanager").create_secret(Name=settings.resource_name("secret"), SecretString="s3cret" * 8)


def _ensure_key() -> None:
    """Make the key once: it is not changed by a test, and moto takes as long for it as for all the rest."""
    kms = get_client("kms")
    try:
        kms.describe_key(KeyId=_KEY_ALIAS)
    except kms.exceptions.NotFoundException:
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName=_KEY_ALIAS, TargetKeyId=key)


def _select(resources: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [resource["Properties"] for resource in resources.values() if resource["Type"] == f"AWS::{kind}"]


def _create_table(name: str, properties: dict[str, Any]) -> None:
    options = {name: properties[name] for name in TABLE_PROPERTIES if name in properties}
    get_client("dynamodb").create_table(TableName=name, **options)
