"""Default analyses, and the events that start them.

A default analysis is stored under its service. For each event that starts it there is a small
*trigger* item, so that one Query finds all default analyses that an event starts.
"""

from typing import Any

from msgspec import Struct
from pynamodb.attributes import UnicodeAttribute

from chalicelib.schemas.default_analyses import SourceFilter
from chalicelib.tables import base


class DefaultAnalysisFields(Struct, kw_only=True):
    """When a default analysis starts, and how."""

    source_filter: SourceFilter
    default_analysis_parameters: dict[str, Any] = {}
    sealed_parameters: dict[str, str] = {}
    daily_limit: int = 10
    show_parameters: bool = True
    show_plots: bool = True
    show_corner: bool = True


class DefaultAnalysisItem(base.Registry):
    """An analysis that starts by itself (kind ``default_analysis_of_<service>``)."""

    id = base.IntegerAttribute()
    service_id = base.IntegerAttribute()
    author_id = base.IntegerAttribute()
    group_ids = base.IntegerSetAttribute()
    fields = base.StructAttribute(DefaultAnalysisFields)
    triggers = base.JsonAttribute()
    revision = base.IntegerAttribute(default=1)
    created_at = UnicodeAttribute(default_for_new=base.timestamp)
    modified = UnicodeAttribute(default_for_new=base.timestamp)


class TriggerItem(base.Registry):
    """A default analysis that an event (kind ``trigger#<event>``) starts."""

    service_id = base.IntegerAttribute()
    default_id = base.IntegerAttribute()


def _kind(service_id: int) -> str:
    return f"default_analysis_of_{service_id}"


def _trigger(event: str, service_id: int, default_id: int) -> TriggerItem:
    return TriggerItem(f"trigger#{event}", base.id_key(default_id), service_id=service_id, default_id=default_id)


def insert_default_analysis(service_id: int, events: list[str], values: dict[str, Any]) -> int:
    """Add a default analysis that `events` start; return its id."""
    default_id = base.next_id("default_analysis")
    item = DefaultAnalysisItem(
        _kind(service_id), base.id_key(default_id), id=default_id, service_id=service_id, triggers=events, **values
    )
    with base.transaction() as write:
        write.save(item, DefaultAnalysisItem.key.does_not_exist())
        for event in events:
            write.save(_trigger(event, service_id, default_id))
    return default_id


def update_default_item(item: DefaultAnalysisItem, events: list[str], values: dict[str, Any]) -> None:
    """Change a default analysis, and the events that start it.

    Raises
    ------
    StateChanged
        If it changed since it was read.
    """
    changes = {**values, "triggers": events, "modified": base.timestamp()}
    actions = [*base.changes_to_actions(DefaultAnalysisItem, changes), DefaultAnalysisItem.revision.add(1)]
    is_unchanged = DefaultAnalysisItem.revision == item.revision
    with base.transaction() as write:
        for event in set(item.triggers) - set(events):
            write.delete(_trigger(event, item.service_id, item.id))
        for event in set(events) - set(item.triggers):
            write.save(_trigger(event, item.service_id, item.id))
        write.update(DefaultAnalysisItem(item.kind, item.key), actions, is_unchanged)


def delete_default_item(item: DefaultAnalysisItem) -> None:
    """Delete a default analysis, if it still exists."""
    with base.transaction() as write:
        for event in item.triggers:
            write.delete(_trigger(event, item.service_id, item.id))
        write.delete(DefaultAnalysisItem(item.kind, item.key))


def find_default_analysis(service_id: int, default_id: int) -> DefaultAnalysisItem | None:
    """Return a default analysis of a service, or None if there is none."""
    return DefaultAnalysisItem.find(_kind(service_id), base.id_key(default_id))


def find_of_service(service_id: int) -> list[DefaultAnalysisItem]:
    """Return the default analyses of a service, by id."""
    return list(DefaultAnalysisItem.query(_kind(service_id), consistent_read=True))


def find_triggered_by(event: str) -> list[DefaultAnalysisItem]:
    """Return the default analyses that an event starts."""
    triggers = TriggerItem.query(f"trigger#{event}", consistent_read=True)
    return DefaultAnalysisItem.find_many(
        (_kind(trigger.service_id), base.id_key(trigger.default_id)) for trigger in triggers
    )
