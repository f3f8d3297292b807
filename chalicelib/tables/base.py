"""What all tables share: where they are, sequential ids, transactions, times."""

import json
import random
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from pynamodb.attributes import Attribute, NumberAttribute, UnicodeAttribute
from pynamodb.connection import Connection, TableConnection
from pynamodb.constants import BINARY
from pynamodb.exceptions import PutError, TransactWriteError, UpdateError
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib import settings
from chalicelib.aws import get_client
from chalicelib.errors import BusyError

__all__ = [
    "EVERYONE",
    "ConditionFailed",
    "PackedAttribute",
    "Record",
    "Registry",
    "group_listing",
    "id_key",
    "next_id",
    "now",
    "reserve_ids",
    "timestamp",
    "transaction",
    "write_conditionally",
]

REFUSED = "ConditionalCheckFailed"
HELD = "TransactionConflict"

PAUSES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds between tries of a write that another transaction got in the way of."""

BUSY = "Others are changing the same records at this moment. Try again in a second."


class ConditionFailed(Exception):  # noqa: N818 - not an error: somebody else was first
    """A condition of a write did not hold: the record was not in the expected state.

    Attributes
    ----------
    refused : list of int
        Which parts of a transaction were refused, counted from 0 in the order deletes, puts,
        updates.
    """

    def __init__(self, refused: list[int] | None = None) -> None:
        super().__init__("the record was not in the expected state")
        self.refused = refused or []


class PackedAttribute(Attribute[Any]):
    """JSON, compressed: columns of numbers would not fit an item otherwise."""

    attr_type = BINARY

    def serialize(self, value: Any) -> bytes:
        return zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 6)

    def deserialize(self, value: bytes) -> Any:
        return json.loads(zlib.decompress(value))


class Record(Model):
    """A model that talks over the one client of this process; PynamoDB would make one for each class."""

    @classmethod
    def _get_connection(cls) -> TableConnection:
        table = super()._get_connection()
        table.connection._client = get_client("dynamodb")
        return table


class Registry(Record):
    """An item of the table *registry*: people, services, instruments, names, counters."""

    class Meta:
        table_name = settings.resource_name("registry")

    kind = UnicodeAttribute(hash_key=True)
    key = UnicodeAttribute(range_key=True)
    shape = NumberAttribute(default=1)


class Counter(Registry):
    """The last id that was given out."""

    value = NumberAttribute(default=0)


EVERYONE = "all"
"""The listing in which every record of a kind stands; administrators read it."""


def group_listing(group_id: int) -> str:
    """Return the listing of what the members of a group see."""
    return f"group#{group_id}"


def id_key(number: int) -> str:
    """Return an id as a range key that sorts as the number does."""
    return f"{number:012d}"


def next_id(counter: str) -> int:
    """Return the next id of a kind of record, counted from 1."""
    return reserve_ids(counter, 1)[0]


def reserve_ids(counter: str, count: int) -> range:
    """Return the next `count` ids of a kind of record."""
    item = Counter("counter", counter)
    item.update(actions=[Counter.value.add(count)])
    last = int(item.value)
    return range(last - count + 1, last + 1)


def write_conditionally(write: Callable[[], Any]) -> None:
    """Do a single write that has a condition.

    Raises
    ------
    LostRace
        If the condition did not hold.
    BusyError
        If transactions held the item all the time.
    """
    for pause in PAUSES:
        try:
            write()
            return
        except (PutError, UpdateError) as error:
            if error.cause_response_code == f"{REFUSED}Exception":
                raise ConditionFailed([0]) from None
            if error.cause_response_code != f"{HELD}Exception":
                raise
        _wait(pause)
    raise BusyError(BUSY)


@contextmanager
def transaction() -> Iterator[TransactWrite]:
    """Write several items, all or none.

    Raises
    ------
    LostRace
        If a condition did not hold.
    BusyError
        If other transactions held one of the items all the time.
    """
    connection = Connection()
    connection._client = get_client("dynamodb")
    write = TransactWrite(connection=connection)
    yield write
    for pause in PAUSES:
        if _committed(write):
            return
        _wait(pause)
    raise BusyError(BUSY)


def _committed(write: TransactWrite) -> bool:
    """Commit; say whether it is done, or held up by another transaction on the same items."""
    try:
        with write:
            return True
    except TransactWriteError as error:
        codes = [reason.code if reason else "" for reason in error.cancellation_reasons]
        refused = [number for number, code in enumerate(codes) if code == REFUSED]
        if refused:
            raise ConditionFailed(refused) from None
        if HELD not in codes:
            raise
    return False


def _wait(seconds: float) -> None:
    time.sleep(seconds * random.uniform(0.5, 1.5))  # noqa: S311 - so that two do not meet again


def now() -> datetime:
    """Return the present time in UTC, without an offset (as every time in this API)."""
    return datetime.now(UTC).replace(tzinfo=None)


def timestamp() -> str:
    """Return the present time as ISO 8601, always with its microseconds."""
    return now().isoformat(timespec="microseconds")
