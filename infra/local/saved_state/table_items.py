"""Items of MiniStack's tables: each is written to the state's file as it changes."""

import json
from collections import defaultdict
from functools import partial
from typing import Any

from ministack.services import dynamodb

from infra.local.saved_state.run_record import ITEM_STORES
from infra.local.saved_state.state_changes import StateChanges
from infra.local.saved_state.state_file import StateFile


def watch_items(changes: StateChanges) -> None:
    """Have MiniStack mark every item that it changes; all its operations do that by these three functions."""
    set_item = dynamodb._set_item
    remove_item = dynamodb._remove_item
    replace_items = dynamodb._items_replaced

    def set_and_mark(record: Any, partition: str, sort: str, item: Any) -> Any:
        old_item = set_item(record, partition, sort, item)
        _mark_item(changes, record, partition, sort)
        return old_item

    def remove_and_mark(record: Any, partition: str, sort: str) -> Any:
        old_item = remove_item(record, partition, sort)
        _mark_item(changes, record, partition, sort)
        return old_item

    def replace_and_mark(record: Any) -> None:
        replace_items(record)
        _mark_items(changes, record)

    dynamodb._set_item = set_and_mark
    dynamodb._remove_item = remove_and_mark
    dynamodb._items_replaced = replace_and_mark


def _get_store(record: Any) -> str:
    return ITEM_STORES + str(record["TableId"])


def _mark_item(changes: StateChanges, record: Any, partition: str, sort: str) -> None:
    # As JSON in ASCII: a key may have characters that SQLite does not store.
    key = json.dumps([partition, sort])
    changes.mark(_get_store(record), key, partial(_get_item, record, partition, sort))


def _get_item(record: Any, partition: str, sort: str) -> Any:
    return record["items"].get(partition, {}).get(sort)


def _mark_items(changes: StateChanges, record: Any) -> None:
    changes.mark_emptied(_get_store(record))
    for partition, items in record["items"].items():
        for sort in items:
            _mark_item(changes, record, partition, sort)


def mark_all_items(changes: StateChanges) -> None:
    """Mark the items of all tables."""
    for record in dynamodb._tables.all_values():
        _mark_items(changes, record)


def load_items(file: StateFile, changes: StateChanges) -> None:
    """Fill all tables from the file; mark those of the file that do not exist any more as emptied."""
    tables = {_get_store(record): record for record in dynamodb._tables.all_values()}
    for store in file.count_records():
        if store.startswith(ITEM_STORES) and store not in tables:
            changes.mark_emptied(store)
    for store, record in tables.items():
        items: defaultdict[str, dict[str, Any]] = defaultdict(dict)
        for key, text in file.iterate(store):
            partition, sort = json.loads(key)
            items[partition][sort] = json.loads(text)
        record["items"] = items
        dynamodb._update_counts(record)
