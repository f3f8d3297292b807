"""The registered analysis services."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from msgspec import Struct
from pynamodb.attributes import BinaryAttribute, BooleanAttribute, UnicodeAttribute

from chalicelib.schemas.services import Authentication
from chalicelib.tables import base
from chalicelib.tables.names import change_name, claim_name, release_name


class ServiceFields(Struct, kw_only=True):
    """What a service tells of itself."""

    url: str
    authentication_type: Authentication
    analysis_type: str
    display_name: str | None = None
    description: str | None = None
    version: str | None = None
    contact_name: str | None = None
    contact_email: str | None = None
    optional_analysis_parameters: str | dict[str, Any] | None = {}
    input_data_types: list[str] = []
    timeout: float = 3600
    requests_at_once: int = 10
    upload_only: bool = False
    display_on_resource_dropdown: bool = True
    is_summary: bool = False


class ServiceItem(base.Registry):
    """An analysis service; ``authinfo`` holds its credentials, encrypted."""

    id = base.IntegerAttribute()
    name = UnicodeAttribute()
    fields = base.StructAttribute(ServiceFields)
    enabled = BooleanAttribute(default=True)
    group_ids = base.IntegerSetAttribute()
    authinfo = BinaryAttribute(null=True, legacy_encoding=False)
    owner_id = base.IntegerAttribute()
    revision = base.IntegerAttribute(default=1)
    last_refusal = base.JsonAttribute(null=True)
    created_at = UnicodeAttribute(default_for_new=base.timestamp)
    modified = UnicodeAttribute(default_for_new=base.timestamp)


def next_service_id() -> int:
    """Return the id of the service that is added next (its credentials are bound to it)."""
    return base.next_id("service")


def insert_service(service_id: int, name: str, values: dict[str, Any]) -> ServiceItem:
    """Add a service.

    Raises
    ------
    NameTaken
        If another service has the name.
    """
    service = ServiceItem("service", base.id_key(service_id), id=service_id, name=name, **values)
    with base.transaction() as write:
        claim_name(write, "service", name, service_id)
        write.save(service, ServiceItem.key.does_not_exist())
    return service


def update_service_item(service: ServiceItem, name: str, values: dict[str, Any]) -> None:
    """Change a service and its name.

    Raises
    ------
    NameTaken
        If another service has the new name.
    StateChanged
        If the service was changed or deleted since it was read.
    """
    changes = {**values, "name": name, "modified": base.timestamp()}
    actions = [*base.changes_to_actions(ServiceItem, changes), ServiceItem.revision.add(1)]
    with base.transaction() as write:
        change_name(write, "service", service.name, name, service.id)
        is_unchanged = ServiceItem.revision == service.revision
        write.update(ServiceItem(service.kind, service.key), actions, is_unchanged)


def save_refusal(service: ServiceItem, refusal: dict[str, Any]) -> None:
    """Save how a service refused an analysis; its revision stays.

    Raises
    ------
    StateChanged
        If the service was changed or deleted since it was read: the refusal is of an older state.
    """
    is_unchanged = ServiceItem.revision == service.revision
    actions = base.changes_to_actions(ServiceItem, {"last_refusal": refusal})
    ServiceItem(service.kind, service.key).update_if(actions, is_unchanged)


def delete_service_item(service: ServiceItem) -> None:
    """Delete a service; do nothing if it was deleted already."""
    with suppress(base.StateChanged), base.transaction() as write:
        release_name(write, "service", service.name)
        write.delete(ServiceItem(service.kind, service.key), ServiceItem.key.exists())


def find_service(service_id: int) -> ServiceItem | None:
    """Return a service."""
    return ServiceItem.find("service", base.id_key(service_id))


def find_services(service_ids: Iterable[int]) -> dict[int, ServiceItem]:
    """Return those of the services that exist, by id."""
    items = ServiceItem.find_many(("service", base.id_key(service_id)) for service_id in service_ids)
    return {item.id: item for item in items}


def iterate_services() -> Iterator[ServiceItem]:
    """Return all services, by id."""
    return iter(ServiceItem.query("service"))
