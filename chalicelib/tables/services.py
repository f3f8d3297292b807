"""The registered analysis services."""

from collections.abc import Iterable, Iterator
from typing import Any

from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    NumberSetAttribute,
    UnicodeAttribute,
)
from pynamodb.exceptions import DoesNotExist
from pynamodb.expressions.update import Action

from chalicelib.tables.base import (
    ConditionFailed,
    NameTaken,
    Registry,
    id_key,
    next_id,
    timestamp,
    transaction,
    write_conditionally,
)

__all__ = [
    "ServiceItem",
    "delete_service_item",
    "find_service",
    "find_services",
    "insert_service",
    "iterate_services",
    "next_service_id",
    "save_refusal",
    "update_service_item",
]


class ServiceItem(Registry):
    """An analysis service; ``authinfo`` holds its credentials, encrypted."""

    id = NumberAttribute()
    name = UnicodeAttribute()
    fields = JSONAttribute()
    enabled = BooleanAttribute(default=True)
    group_ids = NumberSetAttribute()
    authinfo = BinaryAttribute(null=True, legacy_encoding=False)
    owner_id = NumberAttribute()
    revision = NumberAttribute(default=1)
    last_refusal = JSONAttribute(null=True)
    created_at = UnicodeAttribute(default_for_new=timestamp)
    modified = UnicodeAttribute(default_for_new=timestamp)


class ServiceName(Registry):
    """That a name is taken, and by which service."""

    owner = NumberAttribute()


def next_service_id() -> int:
    """Return the id of the service that is about to be added (its credentials are bound to it)."""
    return next_id("service")


def insert_service(number: int, name: str, values: dict[str, Any]) -> ServiceItem:
    """Add a service.

    Raises
    ------
    LostRace
        If the name is taken.
    """
    item = ServiceItem("service", id_key(number), id=number, name=name, **values)
    with transaction() as write:
        write.save(
            ServiceName("service_name", name, owner=number),
            condition=ServiceName.key.does_not_exist(),
            refused=NameTaken(),
        )
        write.save(item, condition=ServiceItem.key.does_not_exist())
    return item


def update_service_item(item: ServiceItem, name: str, values: dict[str, Any]) -> None:
    """Change a service as it was read; its name too.

    Raises
    ------
    LostRace
        If the new name is taken, or if the service was changed in between (part 0 is then
        not the one refused).
    """
    actions = [getattr(ServiceItem, key).set(value) for key, value in values.items()]
    actions += [
        ServiceItem.name.set(name),
        ServiceItem.modified.set(timestamp()),
        ServiceItem.revision.add(1),
    ]
    unchanged = ServiceItem.revision == item.revision
    with transaction() as write:
        if name != item.name:
            write.delete(ServiceName("service_name", item.name))
            write.save(
                ServiceName("service_name", name, owner=item.id),
                condition=ServiceName.key.does_not_exist(),
                refused=NameTaken(),
            )
        write.update(ServiceItem(item.kind, item.key), actions=actions, condition=unchanged)


def save_refusal(item: ServiceItem, refusal: dict[str, Any]) -> None:
    """Keep how a service, as it was read, refused an analysis; this is no change of the service.

    Raises
    ------
    LostRace
        If it was changed or removed since: the refusal says nothing of what it is now.
    """
    actions: list[Action] = [ServiceItem.last_refusal.set(refusal)]
    unchanged = ServiceItem.revision == item.revision
    write_conditionally(lambda: ServiceItem(item.kind, item.key).update(actions=actions, condition=unchanged))


def delete_service_item(item: ServiceItem) -> bool:
    """Forget a service; say whether it was still there."""
    try:
        with transaction() as write:
            write.delete(ServiceName("service_name", item.name))
            write.delete(ServiceItem(item.kind, item.key), condition=ServiceItem.key.exists())
    except ConditionFailed:
        return False
    return True


def find_service(number: int) -> ServiceItem | None:
    try:
        return ServiceItem.get("service", id_key(number), consistent_read=True)
    except DoesNotExist:
        return None


def find_services(numbers: Iterable[int]) -> dict[int, ServiceItem]:
    """Return those of the services that exist, by id."""
    keys = [("service", id_key(number)) for number in numbers]
    found = ServiceItem.batch_get(keys, consistent_read=True) if keys else ()
    return {int(item.id): item for item in found}


def iterate_services() -> Iterator[ServiceItem]:
    return iter(ServiceItem.query("service"))
