"""All that depends on moto's version: its private backends, its evaluation of policies, its pace.

Written for moto 5.2.5. A test compares `MOTO_VERSION` with the version that is pinned; check this module
when you change the pin.
"""

import copy
import functools
import threading
from collections import defaultdict
from typing import Any

from moto import mock_aws
from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID, responses, serialize
from moto.dynamodb import models
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import Table
from moto.iam.access_control import IAMPolicyStatement, PermissionResult

__all__ = [
    "MOTO_VERSION",
    "copy_tables",
    "empty_queues",
    "empty_tables",
    "fast_mock_aws",
    "list_message_bodies",
    "permits",
    "reset_services",
    "restore_tables",
]

MOTO_VERSION = "5.2.5"


class _ItemSerializer(serialize.SERIALIZERS["json"]):  # type: ignore[misc]
    """Looks members of plain dicts up by their own name.

    The original tries several spellings of each of an attribute's ten types: a third of the time of these tests.
    """

    def get_value(self, value: Any, key: str, shape: Any) -> Any:
        return value.get(key) if type(value) is dict else super().get_value(value, key, shape)


class _TransactionCopies(threading.local):
    """Stands in for `copy` where moto copies whole tables before a transaction, for each of its writes anew.

    Items are shared with the copy. An update copies the item that it is about to change: if the transaction fails,
    `undo` gives the item what it had.
    """

    def __init__(self) -> None:
        self._tables: dict[int, Table] = {}
        self._changed: list[tuple[Item, Item]] = []

    def deepcopy(self, value: Any) -> Any:
        if isinstance(value, Table):
            if id(value) not in self._tables:
                self._tables[id(value)] = _copy_table(value)
            return self._tables[id(value)]
        copied = copy.deepcopy(value)
        if isinstance(value, Item):
            self._changed.append((value, copied))
        return copied

    def begin(self) -> None:
        self._tables = {}
        self._changed = []

    def undo(self) -> None:
        for item, before in reversed(self._changed):
            vars(item).update(vars(before))


def _copy_table(original: Table) -> Table:
    copied = copy.copy(original)
    copied.items = defaultdict(dict)
    for key, entry in original.items.items():
        copied.items[key] = dict(entry) if original.has_range_key else entry
    return copied


def _write_in_transaction(backend: DynamoDBBackend, writes: list[dict[str, Any]]) -> None:
    _copies.begin()
    try:
        _transact_write_items(backend, writes)
    except Exception:
        _copies.undo()
        raise


_copies = _TransactionCopies()
_transact_write_items = DynamoDBBackend.transact_write_items
_list_methods = functools.cache(responses.method_names_from_class)


def fast_mock_aws() -> Any:
    """Return moto's mocked AWS, whose DynamoDB searches for no names in answers and copies what changes alone."""
    serialize.SERVICE_SPECIFIC_SERIALIZERS["dynamodb"] = {"json": _ItemSerializer}
    responses.method_names_from_class = _list_methods
    models.copy = _copies  # type: ignore[assignment]
    DynamoDBBackend.transact_write_items = _write_in_transaction  # type: ignore[method-assign]
    return mock_aws()


def reset_services(*names: str) -> None:
    """Delete everything that the mocked AWS holds in these services."""
    for name in names:
        for account in get_backend(name).values():
            for backend in account.values():
                backend.reset()


def empty_tables(names: set[str]) -> bool:
    """Delete all items if these are the tables that there are; return whether they are."""
    tables = _get_tables()
    if set(tables) != names:
        return False
    for backend in tables.values():
        backend.items.clear()
    return True


def empty_queues(names: set[str]) -> bool:
    """Delete all messages if these are the queues that there are; return whether they are."""
    queues = _get_backend("sqs").queues
    if set(queues) != names:
        return False
    for queue in queues.values():
        queue._messages = []
        queue._pending_messages = set()
        queue.deleted_messages = set()
    return True


def copy_tables() -> dict[str, Any]:
    """Return the items of all tables."""
    return {name: copy.deepcopy(backend.items) for name, backend in _get_tables().items()}


def restore_tables(items: dict[str, Any]) -> None:
    """Give all tables the items that `copy_tables` returned."""
    for name, backend in _get_tables().items():
        backend.items = copy.deepcopy(items[name])


def _get_tables() -> dict[str, Any]:
    tables: dict[str, Any] = _get_backend("dynamodb").tables
    return tables


def _get_backend(service: str) -> Any:
    """Return what moto holds of a service in the one account and region of the tests."""
    return get_backend(service)[DEFAULT_ACCOUNT_ID]["us-east-1"]


def list_message_bodies(queue: str) -> list[str]:
    """Return the bodies of all messages of a queue, those included that are not due."""
    return [message.body for message in _get_backend("sqs").queues[queue]._messages]


def permits(statement: dict[str, Any], action: str, resource: str) -> bool:
    """Return whether a statement of a policy allows an action on a resource."""
    return bool(IAMPolicyStatement(statement).is_action_permitted(action, resource) == PermissionResult.PERMITTED)
