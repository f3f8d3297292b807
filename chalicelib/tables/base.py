"""What all tables share: models, sequential ids, conditional writes, transactions, times."""

import json
import random
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Self, TypeVar

import msgspec
from pynamodb.attributes import Attribute, UnicodeAttribute
from pynamodb.connection import Connection, TableConnection
from pynamodb.constants import BINARY, NUMBER, NUMBER_SET, STRING
from pynamodb.exceptions import DoesNotExist, PutError, TransactWriteError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib import settings
from chalicelib.aws import get_client
from chalicelib.deadlines import limit_wait
from chalicelib.errors import BusyError
from chalicelib.json_text import cut_deep_parts, load_stored_json
from chalicelib.tables.pynamodb_adapter import set_client

CONDITION_FAILED = "ConditionalCheckFailed"
TRANSACTION_CONFLICT = "TransactionConflict"

PAUSES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds between attempts of a write that conflicts with another transaction."""

PATIENCE_SECONDS = 15.0
"""For how long an operation is repeated that read records which another write then changed: a request has 29 s."""

LONGEST_PAUSE = 0.4
"""Most seconds between two such attempts."""

BUSY = "Other requests are changing the same records. Try again in a second."

T = TypeVar("T")


class ConditionFailed(Exception):  # noqa: N818 - DynamoDB's own term
    """The condition of a write did not hold; each subclass names one cause."""


class TransactionsCollided(BusyError):  # noqa: N818 - an answer of 429 unless the operation is repeated
    """Other transactions held one of the items during all attempts."""


class StateChanged(ConditionFailed):
    """The record is not in the expected state: another write changed or deleted it."""


class AlreadyExists(ConditionFailed):
    """A record with this key exists."""


class NameTaken(ConditionFailed):
    """Another record has this name."""


class IntegerAttribute(Attribute[int]):
    """A whole number."""

    attr_type = NUMBER

    def serialize(self, value: int) -> str:
        return str(int(value))

    def deserialize(self, value: str) -> int:
        return int(json.loads(value))


class IntegerSetAttribute(Attribute[set[int]]):
    """A set of whole numbers; DynamoDB stores no empty set."""

    attr_type = NUMBER_SET
    null = True

    def serialize(self, value: Iterable[int]) -> list[str] | None:
        return [str(int(number)) for number in value] or None

    def deserialize(self, value: Iterable[str]) -> set[int]:
        return {int(json.loads(number)) for number in value}


class StructAttribute(Attribute[T]):
    """A msgspec struct, as JSON text."""

    attr_type = STRING

    def __init__(self, struct: type[T], **options: Any) -> None:
        super().__init__(**options)
        self.struct = struct

    def serialize(self, value: T) -> str:
        return msgspec.json.encode(value).decode()

    def deserialize(self, value: str) -> T:
        return msgspec.json.decode(cut_deep_parts(value), type=self.struct)


class JsonAttribute(Attribute[Any]):
    """Any JSON, as text."""

    attr_type = STRING

    def serialize(self, value: Any) -> str:
        return json.dumps(value)

    def deserialize(self, value: str) -> Any:
        return load_stored_json(value)


class PackedAttribute(Attribute[Any]):
    """Compressed JSON, for columns of numbers that would not fit an item otherwise."""

    attr_type = BINARY

    def serialize(self, value: Any) -> bytes:
        return zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 6)

    def deserialize(self, value: bytes) -> Any:
        return load_stored_json(zlib.decompress(value))


class Record(Model):
    """A model that uses the process' one DynamoDB client; PynamoDB would make one for each class."""

    @classmethod
    def _get_connection(cls) -> TableConnection:
        connection = super()._get_connection()
        set_client(connection.connection, get_client("dynamodb"))
        return connection

    @classmethod
    def find(cls, hash_key: Any, range_key: Any = None) -> Self | None:
        """Return an item, or None if there is none."""
        try:
            return cls.get(hash_key, range_key, consistent_read=True)
        except DoesNotExist:
            return None

    @classmethod
    def find_many(cls, keys: Iterable[Any], attributes: Iterable[str] | None = None) -> list[Self]:
        """Return the items that exist, in no order.

        Parameters
        ----------
        keys : iterable
            Hash keys, or pairs of hash and range keys.
        attributes : iterable of str, optional
            Read only these attributes.
        """
        keys = list(keys)
        if not keys:
            return []
        names = None if attributes is None else list(attributes)
        return list(cls.batch_get(keys, consistent_read=True, attributes_to_get=names))

    def save_if(self, condition: Condition, refused: ConditionFailed) -> None:
        """Save the item, or raise `refused` if the condition does not hold.

        Raises
        ------
        BusyError
            If transactions held the item during all attempts.
        """
        _write_single(lambda: self.save(condition=condition), refused)

    def update_if(self, actions: list[Action], condition: Condition, refused: ConditionFailed | None = None) -> None:
        """Update the item, or raise `refused` (by default `StateChanged`) if the condition does not hold.

        Raises
        ------
        BusyError
            If transactions held the item during all attempts.
        """
        _write_single(lambda: self.update(actions=actions, condition=condition), refused or StateChanged())


class Registry(Record):
    """An item of the table *registry*: people, services, instruments, names, counters."""

    class Meta:
        table_name = settings.resource_name("registry")

    kind = UnicodeAttribute(hash_key=True)
    key = UnicodeAttribute(range_key=True)
    shape = IntegerAttribute(default=1)


class CounterItem(Registry):
    """The last id that was used for a kind of record."""

    value = IntegerAttribute(default=0)


EVERYONE = "all"
"""The listing that holds every record of a kind; administrators read it."""


def group_listing(group_id: int) -> str:
    """Return the key of the listing that the members of a group read."""
    return f"group#{group_id}"


def id_key(number: int) -> str:
    """Return an id as a range key that sorts like the number."""
    return f"{number:012d}"


def next_id(counter: str) -> int:
    """Return the next id of a kind of record, counted from 1."""
    return reserve_ids(counter, 1)[0]


def reserve_ids(counter: str, count: int) -> range:
    """Return the next `count` ids of a kind of record."""
    item = CounterItem("counter", counter)
    item.update(actions=[CounterItem.value.add(count)])
    return range(item.value - count + 1, item.value + 1)


def changes_to_actions(model: type[Model], changes: dict[str, Any]) -> list[Action]:
    """Return the update actions that set attributes; None removes one."""
    return [
        getattr(model, name).remove() if value is None else getattr(model, name).set(value)
        for name, value in changes.items()
    ]


def retry_on_conflict(operation: Callable[[], T], busy: str) -> T:
    """Repeat an operation while another write changes the records that it has read.

    Parameters
    ----------
    operation : callable
        Reads, then writes on the condition that nothing changed since.
    busy : str
        The message if it never succeeds.

    Raises
    ------
    BusyError
        If a condition still fails after `PATIENCE_SECONDS`.
    """
    deadline = time.monotonic() + limit_wait(PATIENCE_SECONDS)
    pause = PAUSES[0]
    while True:
        try:
            return operation()
        except (ConditionFailed, TransactionsCollided):
            if time.monotonic() > deadline:
                raise BusyError(busy) from None
        _sleep_randomly(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def _write_single(write: Callable[[], Any], refused: ConditionFailed) -> None:
    for pause in PAUSES:
        try:
            write()
            return
        except (PutError, UpdateError) as error:
            if error.cause_response_code == f"{CONDITION_FAILED}Exception":
                raise refused from None
            if error.cause_response_code != f"{TRANSACTION_CONFLICT}Exception":
                raise
        _sleep_randomly(pause)
    raise BusyError(BUSY)


Refusal = ConditionFailed | Callable[[dict[str, Any]], ConditionFailed]
"""What a failed condition means: an exception, or how to make one from the raw item that exists."""


class Transaction:
    """Several writes, all or none; each carries the exception that its failed condition means."""

    def __init__(self) -> None:
        connection = Connection()
        set_client(connection, get_client("dynamodb"))
        self._write = TransactWrite(connection=connection)
        # DynamoDB reports failed conditions in the order in which PynamoDB sends the writes.
        self._refusals: dict[str, list[Refusal]] = {"check": [], "delete": [], "put": [], "update": []}

    def check(self, model: type[Record], hash_key: str, range_key: str, condition: Condition, refused: Refusal) -> None:
        """Require a condition of an item that is not written."""
        self._refusals["check"].append(refused)
        self._write.condition_check(model, hash_key, range_key, condition)

    def delete(self, item: Record, condition: Condition | None = None, refused: Refusal | None = None) -> None:
        """Delete an item."""
        self._refusals["delete"].append(refused or StateChanged())
        self._write.delete(item, condition=condition)

    def save(self, item: Record, condition: Condition | None = None, refused: Refusal | None = None) -> None:
        """Save an item."""
        self._refusals["put"].append(refused or AlreadyExists())
        self._write.save(item, condition=condition, return_values="ALL_OLD" if callable(refused) else None)

    def update(
        self, item: Record, actions: list[Action], condition: Condition | None = None, refused: Refusal | None = None
    ) -> None:
        """Update an item; by default a failed condition is `StateChanged`."""
        self._refusals["update"].append(refused or StateChanged())
        self._write.update(item, actions=actions, condition=condition)

    def commit(self) -> bool:
        """Commit; return False if another transaction holds one of the items."""
        try:
            with self._write:
                return True
        except TransactWriteError as error:
            self._raise_refusal(error)
        return False

    def _raise_refusal(self, error: TransactWriteError) -> None:
        reasons = error.cancellation_reasons
        refusals = [refusal for group in self._refusals.values() for refusal in group]
        for reason, refusal in zip(reasons, refusals, strict=False):
            if reason and reason.code == CONDITION_FAILED:
                raise refusal if isinstance(refusal, Exception) else refusal(reason.raw_item or {})
        if not any(reason and reason.code == TRANSACTION_CONFLICT for reason in reasons):
            raise error


@contextmanager
def transaction() -> Iterator[Transaction]:
    """Collect writes and commit them, all or none, when the block ends.

    Raises
    ------
    ConditionFailed
        The exception of the first write whose condition failed.
    TransactionsCollided
        If other transactions held one of the items during all attempts.
    """
    write = Transaction()
    yield write
    for pause in PAUSES:
        if write.commit():
            return
        _sleep_randomly(pause)
    raise TransactionsCollided(BUSY)


def _sleep_randomly(seconds: float) -> None:
    # Random, so that two writers do not collide again.
    time.sleep(seconds * random.uniform(0.5, 1.5))  # noqa: S311


def now() -> datetime:
    """Return the present time in UTC, without an offset, like every time in this API."""
    return datetime.now(UTC).replace(tzinfo=None)


def to_unix_seconds(time_text: str) -> float:
    """Return a time of this API, which is in UTC, as Unix seconds."""
    return datetime.fromisoformat(time_text).replace(tzinfo=UTC).timestamp()


def timestamp() -> str:
    """Return the present time as ISO 8601, always with microseconds."""
    return now().isoformat(timespec="microseconds")
