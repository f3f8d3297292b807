"""Default analyses, and under which events they are found.

A default analysis stands under its service. For each event that starts it there is a small
*trigger* item, so that an event finds its own default analyses by one Query.
"""

from typing import Any

from pynamodb.attributes import JSONAttribute, NumberAttribute, NumberSetAttribute, UnicodeAttribute
from pynamodb.exceptions import DoesNotExist
from pynamodb.expressions.update import Action

from chalicelib.tables.base import Registry, id_key, next_id, timestamp, transaction

__all__ = [
    "DefaultAnalysisItem",
    "delete_default_item",
    "find_default_analysis",
    "find_of_service",
    "find_triggered_by",
    "insert_default_analysis",
    "update_default_item",
]


class DefaultAnalysisItem(Registry):
    """An analysis that starts by itself (kind ``default_analysis_of_<service>``)."""

    id = NumberAttribute()
    service_id = NumberAttribute()
    author_id = NumberAttribute()
    group_ids = NumberSetAttribute()
    fields = JSONAttribute()
    triggers = JSONAttribute()
    revision = NumberAttribute(default=1)
    created_at = UnicodeAttribute(default_for_new=timestamp)
    modified = UnicodeAttribute(default_for_new=timestamp)


class TriggerItem(Registry):
    """That an event (kind ``trigger#<event>``) starts a default analysis."""

    service_id = NumberAttribute()
    default_id = NumberAttribute()


def _kind(service_id: int) -> str:
    return f"default_analysis_of_{service_id}"


def _trigger(event: str, service_id: int, number: int) -> TriggerItem:
    return TriggerItem(f"trigger#{event}", id_key(number), service_id=service_id, default_id=number)


def insert_default_analysis(service_id: int, events: list[str], values: dict[str, Any]) -> int:
    """Add a default analysis that some events start; return its id."""
    number = next_id("default_analysis")
    item = DefaultAnalysisItem(
        _kind(service_id), id_key(number), id=number, service_id=service_id, triggers=events, **values
    )
    with transaction() as write:
        write.save(item, condition=DefaultAnalysisItem.key.does_not_exist())
        for event in events:
            write.save(_trigger(event, service_id, number))
    return number


def update_default_item(item: DefaultAnalysisItem, events: list[str], values: dict[str, Any]) -> None:
    """Change a default analysis as it was read, and what starts it.

    Raises
    ------
    LostRace
        If it was changed in between.
    """
    service_id, number = int(item.service_id), int(item.id)
    actions: list[Action] = [getattr(DefaultAnalysisItem, name).set(value) for name, value in values.items()]
    actions += [
        DefaultAnalysisItem.triggers.set(events),
        DefaultAnalysisItem.modified.set(timestamp()),
        DefaultAnalysisItem.revision.add(1),
    ]
    unchanged = DefaultAnalysisItem.revision == item.revision
    with transaction() as write:
        for event in set(item.triggers) - set(events):
            write.delete(_trigger(event, service_id, number))
        for event in set(events) - set(item.triggers):
            write.save(_trigger(event, service_id, number))
        write.update(DefaultAnalysisItem(item.kind, item.key), actions=actions, condition=unchanged)


def delete_default_item(item: DefaultAnalysisItem) -> None:
    """Forget a default analysis, whether it is there or not."""
    with transaction() as write:
        for event in item.triggers:
            write.delete(_trigger(event, int(item.service_id), int(item.id)))
        write.delete(DefaultAnalysisItem(item.kind, item.key))


def find_default_analysis(service_id: int, number: int) -> DefaultAnalysisItem | None:
    try:
        return DefaultAnalysisItem.get(_kind(service_id), id_key(number), consistent_read=True)
    except DoesNotExist:
        return None


def find_of_service(service_id: int) -> list[DefaultAnalysisItem]:
    return list(DefaultAnalysisItem.query(_kind(service_id), consistent_read=True))


def find_triggered_by(event: str) -> list[DefaultAnalysisItem]:
    """Return the default analyses that an event starts."""
    keys = [
        (_kind(int(trigger.service_id)), id_key(int(trigger.default_id)))
        for trigger in TriggerItem.query(f"trigger#{event}", consistent_read=True)
    ]
    return list(DefaultAnalysisItem.batch_get(keys, consistent_read=True)) if keys else []
