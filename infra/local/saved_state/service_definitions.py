"""What MiniStack holds besides items, messages and objects: functions, APIs, tables, queues, keys, secrets, stacks.

It is small and seldom changes, so that it is written whole.
"""

import json
from collections.abc import Callable
from typing import Any

from ministack import app
from ministack.core import persistence
from ministack.core.responses import AccountRegionScopedDict
from ministack.services import cloudformation, dynamodb, lambda_svc

from infra.local.local_errors import SavedStateError
from infra.local.saved_state.sqs_messages import get_queue_definitions

TABLE_SETTINGS = (
    "tags", "ttl_settings", "pitr_settings", "kinesis_destinations", "contributor_insights", "backups",
    "resource_policies", "exports", "imports",
)  # fmt: skip
"""What MiniStack saves of DynamoDB besides the tables."""

SERVICE_NAMES: tuple[str, ...] = tuple(app._state_map)
"""Its names of all services."""

_SERIALIZE_ATTEMPTS = 10

_prune_code = lambda_svc._prune_orphan_code_blobs
_referenced_code: set[str] = set()


def keep_replaced_code() -> None:
    """Keep the code of functions that was replaced, until the new definitions are written."""

    def note_references(references: set[str]) -> None:
        _referenced_code.clear()
        _referenced_code.update(references)

    lambda_svc._prune_orphan_code_blobs = note_references


def delete_replaced_code() -> None:
    """Delete the code of functions that the definitions do not name any more; call it when they are written."""
    if _referenced_code:
        _prune_code(_referenced_code)


def is_deploying() -> bool:
    """Return whether CloudFormation changes a stack: half a deployment would be taken up by no later one."""
    states = [stack.get("StackStatus", "") for stack in cloudformation._stacks.all_values()]
    return any(state.endswith("_IN_PROGRESS") and not state.startswith("REVIEW_") for state in states)


def serialize_services() -> dict[str, str]:
    """Return the definitions of each service that has any, as JSON in MiniStack's own format."""
    readers = app._build_persistence_save_dict()
    readers |= {"dynamodb": get_table_definitions, "sqs": get_queue_definitions}
    texts = {name: _serialize(name, reader) for name, reader in readers.items()}
    return {name: text for name, text in texts.items() if text}


def _serialize(name: str, reader: Callable[[], Any]) -> str:
    for _ in range(_SERIALIZE_ATTEMPTS - 1):
        try:
            return _serialize_once(name, reader)
        except RuntimeError:
            continue  # A thread of MiniStack changed a dictionary meanwhile.
    return _serialize_once(name, reader)


def _serialize_once(name: str, reader: Callable[[], Any]) -> str:
    state = reader()
    if state is None:
        return ""
    document = {"__ministack_format__": persistence._state_format_version(name), "payload": state}
    return json.dumps(document, default=persistence._json_default)


def get_table_definitions() -> dict[str, Any]:
    """Return what MiniStack saves of tables, without their items."""
    tables = AccountRegionScopedDict()
    for (account, region, name), record in dynamodb._tables.all_items():
        definition = {key: value for key, value in record.items() if key != dynamodb._INDEX_MEMBERS}
        tables.set_scoped(account, region, name, {**definition, "items": {}})
    return {"tables": tables, **{name: getattr(dynamodb, f"_{name}") for name in TABLE_SETTINGS}}


def load_service(name: str, text: str, origin: str) -> None:
    """Have a service take over its definitions.

    Parameters
    ----------
    name
        MiniStack's name of the service.
    text
        The definitions.
    origin
        Where they are from, for the error message.

    Raises
    ------
    SavedStateError
        If they cannot be read.
    """
    try:
        document = json.loads(text, object_hook=persistence._json_object_hook)
        version = document["__ministack_format__"]
        state = document["payload"]
    except (ValueError, LookupError, TypeError) as error:
        raise SavedStateError(_explain_unreadable(origin, repr(error))) from error
    if version > persistence._state_format_version(name):
        raise SavedStateError(_explain_unreadable(origin, f"format {version} of a newer MiniStack"))
    if name == "lambda":
        _pause_triggers(state)
    app._get_module(app._state_map[name]).load_persisted_state(state)


def _explain_unreadable(origin: str, reason: str) -> str:
    return (
        f"{origin} cannot be read ({reason}). Restore it from a backup, or use another HELIOGRAPH_LOCAL_DIR. "
        "`make clean` deletes it, with all records."
    )


def _pause_triggers(state: dict[str, Any]) -> None:
    """Disable every event source mapping: they would start at once, with the functions of the last run."""
    for _, mapping in state["esms"].all_items():
        mapping.update(Enabled=False, State="Disabled")
