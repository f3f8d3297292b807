"""What a step of an analysis takes of AWS: its calls, counted and sized on moto.

Units and sizes follow DynamoDB's documentation ("Read and write capacity", "Item sizes and formats"): a write takes a
unit for each begun kilobyte of the larger of the old and the new item, twice in a transaction; as much again in each
index whose entry changes, and there once more if the key changes. A read takes a unit for each begun 4 kB, or half
of that if it need not be consistent.
"""

import io
import math
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
from botocore.client import BaseClient

Item = dict[str, Any]
Place = tuple[str, str]
"""A table or index, and the value of its partition key."""

call_aws = BaseClient._make_api_call


@dataclass
class Consumption:
    """What a step takes.

    Attributes
    ----------
    calls : Counter
        Calls by ``service:Operation``.
    writes : Counter
        Write units of DynamoDB by the place that takes them.
    read_units : float
        Read units of DynamoDB.
    stored_bytes : int
        Bytes written to S3.
    own_seconds : float
        Seconds of computing in the step, outside of its calls to AWS.
    """

    calls: Counter[str] = field(default_factory=Counter)
    writes: Counter[Place] = field(default_factory=Counter)
    read_units: float = 0.0
    stored_bytes: int = 0
    own_seconds: float = 0.0

    @property
    def write_units(self) -> int:
        """Write units of all places."""
        return self.writes.total()

    def call(self, client: Any, operation: str, params: dict[str, Any]) -> Any:
        """Make a call, and add what it takes."""
        service = client.meta.service_model.service_name
        self.calls[f"{service}:{operation}"] += 1
        began = time.thread_time()
        if service == "dynamodb":
            answer = self._call_tables(client, operation, params)
        else:
            answer = call_aws(client, operation, params)
            body = params.get("Body", b"")
            self.stored_bytes += body.getbuffer().nbytes if isinstance(body, io.BytesIO) else len(body)
        self.own_seconds -= time.thread_time() - began
        return answer

    def _call_tables(self, client: Any, operation: str, params: dict[str, Any]) -> Any:
        written = list(_list_written(client, operation, params))
        before = [_read_item(client, name, key) for name, key in written]
        answer = call_aws(client, operation, params)
        times = 2 if operation == "TransactWriteItems" else 1
        for (name, key), old in zip(written, before, strict=True):
            self._add_write(client, name, old, _read_item(client, name, key), times)
        if not written:
            self.read_units += sum(_list_read_units(client, operation, params, answer))
        return answer

    def _add_write(self, client: Any, name: str, old: Item | None, new: Item | None, times: int) -> None:
        shape = describe_tables(client)[name]
        (hash_key, *_), *_ = shape[""]
        self.writes[(name, _get_text(new or old or {}, hash_key))] += times * count_write_units(old, new)
        for index, (keys, projection) in shape.items():
            if index:
                pairs = _pair_entries(_project(old, keys, projection), _project(new, keys, projection), keys)
                for pair in pairs:
                    place = (f"{name}/{index}", _get_text(pair[1] or pair[0] or {}, keys[0]))
                    self.writes[place] += count_write_units(*pair)


@contextmanager
def measure_consumption() -> Iterator[Consumption]:
    """Count what is called inside the `with` block."""
    consumption = Consumption()
    began = time.thread_time()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", lambda *arguments: consumption.call(*arguments))
        yield consumption
    consumption.own_seconds += time.thread_time() - began


def measure_item(item: Item) -> int:
    """Return the bytes that DynamoDB counts of an item in its wire format."""
    return sum(len(name.encode()) + _measure_value(value) for name, value in item.items())


def _measure_value(value: Item) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "B":
            return len(content)
        case "N":
            return len(content.strip("-0.")) // 2 + 2
        case "NS" | "SS":
            return sum(_measure_value({kind[0]: each}) for each in content)
        case "L":
            return 3 + sum(1 + _measure_value(each) for each in content)
        case "M":
            return 3 + len(content) + measure_item(content)
    return 1


def count_write_units(*states: Item | None) -> int:
    """Return the units of a write that leads from one state of an item to another, outside of a transaction."""
    return max(1, *(math.ceil(measure_item(state) / 1024) for state in states if state is not None))


def _count_read_units(items: list[Item]) -> int:
    return max(1, math.ceil(sum(map(measure_item, items)) / 4096))


Shape = dict[str, tuple[list[str], set[str] | None]]
"""By index ("" is the table itself): the keys, and what else it holds; None if all."""


@cache
def describe_tables(client: Any) -> dict[str, Shape]:
    """Return the keys and projections of all tables and their indexes."""
    return {name: _describe_table(client, name) for name in call_aws(client, "ListTables", {})["TableNames"]}


def _describe_table(client: Any, name: str) -> Shape:
    description = call_aws(client, "DescribeTable", {"TableName": name})["Table"]
    keys = [each["AttributeName"] for each in description["KeySchema"]]
    shape: Shape = {"": (keys, None)}
    for index in description.get("GlobalSecondaryIndexes", ()):
        own = [each["AttributeName"] for each in index["KeySchema"]]
        projection = index["Projection"]
        is_whole = projection["ProjectionType"] == "ALL"
        others = None if is_whole else {*own, *keys, *projection.get("NonKeyAttributes", ())}
        shape[index["IndexName"]] = (own, others)
    return shape


def _project(item: Item | None, keys: list[str], projection: set[str] | None) -> Item | None:
    """Return the entry of an item in an index, or None if it has none."""
    if item is None or not all(name in item for name in keys):
        return None
    return {name: value for name, value in item.items() if projection is None or name in projection}


def _pair_entries(old: Item | None, new: Item | None, keys: list[str]) -> list[tuple[Item | None, Item | None]]:
    """Return the writes that an index needs, as pairs of states."""
    if old == new:
        return []
    if old and new and any(old[name] != new[name] for name in keys):
        return [(old, None), (None, new)]
    return [(old, new)]


def _get_text(item: Item, name: str) -> str:
    return str(next(iter(item.get(name, {"": ""}).values())))


def _list_written(client: Any, operation: str, params: dict[str, Any]) -> Iterator[tuple[str, Item]]:
    """Yield the table and key of each item that a call writes."""
    match operation:
        case "TransactWriteItems":
            parts = [part for write in params["TransactItems"] for part in write.values()]
        case "BatchWriteItem":
            requests = [(name, each) for name, entries in params["RequestItems"].items() for each in entries]
            parts = [{"TableName": name, **part} for name, each in requests for part in each.values()]
        case "PutItem" | "UpdateItem" | "DeleteItem":
            parts = [params]
        case _:
            parts = []
    for part in parts:
        keys, _ = describe_tables(client)[part["TableName"]][""]
        source = part.get("Key") or part["Item"]
        yield part["TableName"], {name: source[name] for name in keys}


def _read_item(client: Any, name: str, key: Item) -> Item | None:
    item: Item | None = call_aws(client, "GetItem", {"TableName": name, "Key": key, "ConsistentRead": True}).get("Item")
    return item


def _list_read_units(client: Any, operation: str, params: dict[str, Any], answer: dict[str, Any]) -> Iterator[float]:
    """Yield the units of what a call has read."""
    share = 1.0 if params.get("ConsistentRead") else 0.5
    match operation:
        case "GetItem":
            yield share * _count_read_units([answer.get("Item", {})])
        case "Query":
            yield share * _count_read_units(answer["Items"])
        case "BatchGetItem":
            for name, request in params["RequestItems"].items():
                for key in request["Keys"]:
                    units = _count_read_units([_read_item(client, name, key) or {}])
                    yield units if request.get("ConsistentRead") else 0.5 * units
