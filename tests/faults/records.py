"""What the tables and the bucket hold, read whole, past the app."""

import json
import zlib
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import boto3
from boto3.dynamodb.types import TypeDeserializer

from chalicelib import aws, queues, settings
from tests.stage import load_template_resources

__all__ = ["Records", "get_client", "load_records"]

Item = dict[str, Any]


@cache
def get_client(service: str) -> Any:
    """Return a client whose calls meet no fault."""
    return boto3.client(service)


def get_bucket() -> str:
    """Return the name of the bucket."""
    return settings.resource_name(aws.get_account_id())


@dataclass
class Records:
    """Everything that is stored.

    Attributes
    ----------
    registry, parts : dict
        Items by kind or source, and key or part.
    analyses : dict
        Items by key.
    blobs : set of str
        The keys of all blobs.
    dead_letters : list of str
        The bodies of dead letters.
    """

    registry: dict[tuple[str, str], Item] = field(default_factory=dict)
    parts: dict[tuple[str, str], Item] = field(default_factory=dict)
    analyses: dict[str, Item] = field(default_factory=dict)
    blobs: set[str] = field(default_factory=set)
    dead_letters: list[str] = field(default_factory=list)

    def iterate_kind(self, kind: str) -> list[Item]:
        """Return the items of one kind of the registry."""
        return [item for (name, _), item in self.registry.items() if name == kind]

    def list_analyses(self) -> dict[int, Item]:
        """Return the records of analyses by id, those marked deleted included."""
        return {int(item["id"]): item for key, item in self.analyses.items() if key.startswith("analysis#")}

    def list_sources(self) -> dict[str, Item]:
        """Return the sources by id, hidden ones included."""
        return {source: item for (source, part), item in self.parts.items() if part == "source"}

    def count_tallies(self) -> Counter[str]:
        """Return what a full scan counts for each tally of an author and a source."""
        return Counter(
            f"tally#{item['author_id']}#{item['obj_id']}"
            for item in self.list_analyses().values()
            if item["status"] in ("queued", "pending", "completed")
        )


def load_records() -> Records:
    """Read everything that is stored."""
    return Records(
        {(item["kind"], item["key"]): item for item in _scan("registry")},
        {(item["source_id"], item["part"]): item for item in _scan("sources")},
        {item["key"]: item for item in _scan("analyses")},
        {entry["Key"] for entry in get_client("s3").list_objects_v2(Bucket=get_bucket()).get("Contents", [])},
        [body for queue in (queues.DISPATCH, queues.JOBS) for body in _peek_dead_letters(queue)],
    )


def _scan(name: str) -> list[Item]:
    deserialize = TypeDeserializer().deserialize
    pages = get_client("dynamodb").get_paginator("scan").paginate(TableName=settings.resource_name(name))
    return [{key: deserialize(value) for key, value in item.items()} for page in pages for item in page["Items"]]


def _peek_dead_letters(queue: str) -> list[str]:
    url = f"{get_client('sqs').meta.endpoint_url}/{aws.get_account_id()}/{settings.resource_name(queue)}-dead"
    messages = get_client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
    return [message["Body"] for message in messages.get("Messages", ())]


def unpack(value: Any) -> Any:
    """Return the value of a packed attribute."""
    return json.loads(zlib.decompress(bytes(value)))


@cache
def get_expiring_prefixes() -> tuple[str, ...]:
    """Return the prefixes whose blobs the bucket deletes by itself, as the template says."""
    rules = load_template_resources()["Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    return tuple(rule["Prefix"] for rule in rules if "ExpirationInDays" in rule and rule["Status"] == "Enabled")
