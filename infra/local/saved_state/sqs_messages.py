"""Messages of MiniStack's queues: each is written to the state's file as it comes, is received, and goes."""

import json
import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from ministack.core.responses import AccountRegionScopedDict
from ministack.services import sqs

from infra.local.saved_state.run_record import MESSAGE_STORES, release_message
from infra.local.saved_state.state_changes import StateChanges
from infra.local.saved_state.state_file import StateFile

_LIST_FUNCTIONS = (
    "_act_send_message", "_act_delete_message", "_act_delete_message_batch", "_act_change_visibility",
    "_act_purge_queue", "_expire_retained", "_dlq_sweep",
)  # fmt: skip
"""Functions that change or replace a list of messages."""


def watch_messages(changes: StateChanges) -> None:
    """Have MiniStack mark every message that it changes.

    It changes lists of messages in several threads, mostly without its lock: a message that is sent while another
    thread replaces the list would be lost. So all these functions hold the lock, which becomes a reentrant one.
    """
    lock = threading.RLock()
    sqs._queues_lock = lock
    for name in _LIST_FUNCTIONS:
        _lock_function(name, lock)
    collect = sqs._collect_msgs

    def collect_and_mark(queue: Any, *arguments: Any) -> Any:
        with lock:
            messages = collect(queue, *arguments)
            for message in messages:
                _mark_message(changes, queue["url"], message)
        return messages

    sqs._collect_msgs = collect_and_mark
    sqs._queues = _WatchedQueues(changes)


def _lock_function(name: str, lock: threading.RLock) -> None:
    function = getattr(sqs, name)

    def call_locked(*arguments: Any) -> Any:
        with lock:
            return function(*arguments)

    setattr(sqs, name, call_locked)
    sqs._HANDLERS.update({action: call_locked for action, other in sqs._HANDLERS.items() if other is function})


def _get_store(url: str) -> str:
    return MESSAGE_STORES + url


def _mark_message(changes: StateChanges, url: str, message: dict[str, Any]) -> None:
    # A copy is read when it is written: other threads change messages that are received.
    changes.mark(_get_store(url), message["id"], partial(dict, message))


def _mark_deleted(changes: StateChanges, url: str, messages: Iterable[dict[str, Any]]) -> None:
    for message in messages:
        changes.mark(_get_store(url), message["id"], _get_nothing)


def _get_nothing() -> None:
    """Return the content of a record that is deleted."""


def mark_all_messages(changes: StateChanges) -> None:
    """Mark the messages of all queues."""
    for queue in sqs._queues.all_values():
        for message in queue["messages"]:
            _mark_message(changes, queue["url"], message)


def load_messages(file: StateFile, changes: StateChanges) -> None:
    """Fill all queues from the file; mark those of the file that do not exist any more as emptied."""
    queues = {_get_store(queue["url"]): queue for queue in sqs._queues.all_values()}
    for store in file.count_records():
        if store.startswith(MESSAGE_STORES) and store not in queues:
            changes.mark_emptied(store)
    for store, queue in queues.items():
        messages = [json.loads(text) for _, text in file.iterate(store)]
        queue["messages"] = sorted(messages, key=lambda message: message.get("sent_at", 0))


def release_messages(now: float) -> None:
    """Make messages visible that functions of the last run held."""
    for queue in sqs._queues.all_values():
        for message in queue["messages"]:
            release_message(message, now)


def watch_loaded_queues(changes: StateChanges) -> None:
    """Have the queues that were loaded mark their changes, as those do that are created."""
    queues = sqs._queues._data
    queues.update({scope: _WatchedQueue(changes, queue) for scope, queue in queues.items()})


def get_queue_definitions() -> dict[str, Any]:
    """Return what MiniStack saves of queues, without their messages."""
    queues = AccountRegionScopedDict()
    for (account, region, url), queue in sqs._queues.all_items():
        queues.set_scoped(account, region, url, {**queue, "messages": []})
    return {"queues": queues, "queue_name_to_url": sqs._queue_name_to_url}


class _WatchedQueues(AccountRegionScopedDict):
    """MiniStack's queues; a new one begins without messages."""

    __slots__ = ("_changes",)

    def __init__(self, changes: StateChanges) -> None:
        super().__init__()
        self._changes = changes

    def __setitem__(self, url: str, queue: dict[str, Any]) -> None:
        self._changes.mark_emptied(_get_store(url))
        super().__setitem__(url, _WatchedQueue(self._changes, queue))


class _WatchedQueue(dict[str, Any]):
    """A queue of MiniStack, whose list of messages is changed in place or replaced."""

    def __init__(self, changes: StateChanges, queue: dict[str, Any]) -> None:
        super().__init__(queue)
        self._changes = changes
        super().__setitem__("messages", self._watch(queue["messages"]))

    def __setitem__(self, key: str, value: Any) -> None:
        if key == "messages":
            self._mark_missing(value)
            value = self._watch(value)
        super().__setitem__(key, value)

    def _watch(self, messages: Iterable[Any]) -> "_WatchedMessages":
        return _WatchedMessages(messages, partial(_mark_message, self._changes, self["url"]), self._mark_deleted)

    def _mark_missing(self, messages: list[Any]) -> None:
        # MiniStack replaces a list by one without some of its messages, mostly without none.
        if len(messages) != len(self["messages"]):
            kept = {message["id"] for message in messages}
            self._mark_deleted(message for message in self["messages"] if message["id"] not in kept)

    def _mark_deleted(self, messages: Iterable[Any]) -> None:
        _mark_deleted(self._changes, self["url"], messages)


class _WatchedMessages(list[Any]):
    """A list of messages, with the methods by which MiniStack changes it in place.

    It also removes messages that the filter of a trigger refuses. No trigger of Heliograph has one.
    """

    def __init__(
        self, messages: Iterable[Any], mark: Callable[[Any], None], mark_deleted: Callable[[Iterable[Any]], None]
    ) -> None:
        super().__init__(messages)
        self._mark = mark
        self._mark_deleted = mark_deleted

    def append(self, message: Any) -> None:
        super().append(message)
        self._mark(message)

    def clear(self) -> None:
        self._mark_deleted(self)
        super().clear()
