"""Adapters of private interfaces: each is written for the version that constraints.txt pins."""

import re
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import boto3
import pytest

from chalicelib.tables import pynamodb_adapter
from infra import PROJECT, chalice_adapter, vega_offsets
from infra.local import ministack_adapter
from tests import moto_adapter

ADAPTERS = {
    "chalice": chalice_adapter.CHALICE_VERSION,
    "ministack": ministack_adapter.MINISTACK_VERSION,
    "moto": moto_adapter.MOTO_VERSION,
    "pynamodb": pynamodb_adapter.PYNAMODB_VERSION,
    "sncosmo": vega_offsets.SNCOSMO_VERSION,
}
"""Package -> the version that its adapter was written for."""


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A mocked DynamoDB with two items."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with moto_adapter.fast_mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        attribute = {"AttributeName": "key", "AttributeType": "S"}
        schema = {"AttributeName": "key", "KeyType": "HASH"}
        client.create_table(
            TableName="t", AttributeDefinitions=[attribute], KeySchema=[schema], BillingMode="PAY_PER_REQUEST"
        )
        for key in ("changed", "deleted"):
            client.put_item(TableName="t", Item={"key": {"S": key}, "numbers": {"L": [{"N": "1"}]}})
        yield client


@pytest.mark.parametrize("is_refused", [True, False])
def test_a_transaction_on_moto_writes_all_or_nothing(dynamodb: Any, is_refused: bool) -> None:
    def name(key: str) -> dict[str, Any]:
        return {"TableName": "t", "Key": {"key": {"S": key}}}

    change = {"UpdateExpression": "SET numbers[0] = :n", "ExpressionAttributeValues": {":n": {"N": "2"}}}
    writes = [
        {"Update": {**name("changed"), **change}},
        {"Delete": name("deleted")},
        {"Put": {"TableName": "t", "Item": {"key": {"S": "new"}}}},
        {"ConditionCheck": {**name("x"), "ConditionExpression": f"attribute_{'' if is_refused else 'not_'}exists(#k)",
                            "ExpressionAttributeNames": {"#k": "key"}}},
    ]  # fmt: skip
    before = dynamodb.scan(TableName="t")["Items"]
    if is_refused:
        with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
            dynamodb.transact_write_items(TransactItems=writes)
        assert dynamodb.scan(TableName="t")["Items"] == before
        return
    dynamodb.transact_write_items(TransactItems=writes)
    assert dynamodb.scan(TableName="t")["Items"] == [
        {"key": {"S": "changed"}, "numbers": {"L": [{"N": "2"}]}},
        {"key": {"S": "new"}},
    ]


@pytest.mark.parametrize("package", ADAPTERS)
def test_an_adapter_is_written_for_the_pinned_version(package: str) -> None:
    pins = dict(re.findall(r"^([\w-]+)==(\S+)$", (PROJECT / "constraints.txt").read_text(), re.MULTILINE))
    assert ADAPTERS[package] == pins[package] == version(package), (
        f"{package} has a new version: check what its adapter uses, then change the adapter's version"
    )
