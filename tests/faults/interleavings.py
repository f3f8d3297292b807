"""Two operations at once: the second runs whole before a call of the first, for every call of the first."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chalicelib import queues
from tests.faults.edges import encode_png
from tests.faults.invariants import find_lasting_breaches
from tests.faults.simulation import Breach, Simulation

__all__ = ["PAIRS", "Pair", "count_calls", "try_pair"]

DOCUMENT = {
    "results": {"format": "json", "data": {"chi2": 1.5, "summary": "Bright."}},
    "posterior_samples": {"a": [1.0, 2.0, 3.0], "b": [1.0, 2.0, 2.5]},
    "annotations": [{"origin": "salt", "data": {"x1": 1}}],
    "plots": [encode_png()],
}
JOBLIB = {"results": {"format": "joblib", "data": base64.b64encode(b"any bytes").decode()}}
IA = {"classifications": [{"name": "Ia"}]}

Action = Callable[[Simulation], Any]


@dataclass(frozen=True)
class Pair:
    """Two operations on what `begin` made, and how many analyses there must be in the end (None: any)."""

    begin: Action
    first: Action
    second: Action
    analyses: int | None = None


def ask(method: str, path: str, body: Any = None, key: str | None = None) -> Action:
    """Return a request whose answer may be anything but a fault of the app."""

    def act(s: Simulation) -> Any:
        headers = {"idempotency-key": key} if key else {}
        reply = s.ada.gateway.request(method, path, body, **headers)
        if reply.status >= 500:
            raise Breach(f"{method} {path} answered {reply.status}: {reply.text[:300]}")

    return act


def call_back(document: Any) -> Action:
    """Return the callback of the request that the service took first."""

    def act(s: Simulation) -> None:
        path = s.services.accepted[0].callback
        reply = s.admin.as_user(None).post(path, {"status": "success", "analysis": document})
        if reply.status >= 500:
            raise Breach(f"a callback was answered by {reply.status}: {reply.text[:300]}")

    return act


def deliver(queue: str) -> Action:
    """Return the delivery of what is due in a queue."""
    return lambda s: s._deliver(queue)


def make_service(s: Simulation) -> None:
    s.documents["fit"] = None
    s.register(is_summary=True)


def make_upload_service(s: Simulation) -> None:
    s.register(upload_only=True, input_data_types=[], is_summary=True)


def make_queued(s: Simulation) -> None:
    make_service(s)
    ask("POST", "/obj/SN1/analysis/1")(s)


def make_queued_for_one_slot(s: Simulation) -> None:
    s.documents["fit"] = None
    s.register(requests_at_once=1)
    ask("POST", "/obj/SN1/analysis/1")(s)


def send_another(s: Simulation) -> None:
    """Start another analysis of the service, and deliver its message: it joins the line if the slot is taken."""
    ask("POST", "/obj/SN2/analysis/1")(s)
    s._deliver(queues.DISPATCH)


def make_pending(s: Simulation) -> None:
    make_queued(s)
    s._deliver(queues.DISPATCH)


def make_completed(s: Simulation) -> None:
    make_pending(s)
    call_back(DOCUMENT)(s)


def make_unread(s: Simulation) -> None:
    """Complete an analysis whose joblib results a job will read."""
    make_pending(s)
    call_back(JOBLIB)(s)


def make_default(source_filter: dict[str, Any]) -> Action:
    """Return what adds a default analysis."""

    def act(s: Simulation) -> None:
        make_service(s)
        body = {"source_filter": source_filter, "group_ids": [s.group]}
        ask("POST", "/analysis_service/1/default_analysis", body)(s)

    return act


GROUP = 3
"""The group of the user; see `Simulation.group`."""

START = ask("POST", "/obj/SN1/analysis/1", None, "once")
UPLOAD = ask("POST", "/obj/SN1/analysis_upload/1", {"status": "success", "analysis": DOCUMENT}, "once")
CLASSIFY = ask("POST", "/classification", {"obj_id": "SN1", "classification": "Ia", "group_ids": [GROUP]})
SAVE = ask("POST", "/sources", {"id": "SN9", "ra": 1, "dec": 2, "group_ids": [GROUP]})
EDIT = ask("POST", "/sources", {"id": "SN9", "redshift": 0.2, "group_ids": [GROUP]})
COMMENT = ask("POST", "/sources/SN1/comments", {"text": "a", "attachment": {"name": "a.txt", "body": "aGVsbG8="}})
DELETE_ANALYSIS = ask("DELETE", "/obj/analysis/1")
DELETE_SERVICE = ask("DELETE", "/analysis_service/1")
DELETE_SOURCE = ask("DELETE", "/sources/SN1")
DELETE_GROUP = ask("DELETE", f"/groups/{GROUP}")
CANCEL = ask("POST", "/obj/analysis/1/cancel")
CORNER = ask("GET", "/obj/analysis/1/corner")
SHARE = ask("PATCH", "/obj/analysis/1", {"group_ids": [1]})
SEND = deliver(queues.DISPATCH)
RUN_JOBS = deliver(queues.JOBS)


def sweep(s: Simulation) -> None:
    s.sweep()


PAIRS: dict[str, Pair] = {
    "start, start with the same key": Pair(make_service, START, START, 1),
    "start, delete the service": Pair(make_service, START, DELETE_SERVICE, 0),
    "start, delete the source": Pair(make_service, START, DELETE_SOURCE, 0),
    "start, delete the group": Pair(make_service, START, DELETE_GROUP),
    "upload, upload with the same key": Pair(make_upload_service, UPLOAD, UPLOAD, 1),
    "upload, delete the service": Pair(make_upload_service, UPLOAD, DELETE_SERVICE, 0),
    "upload, delete the source": Pair(make_upload_service, UPLOAD, DELETE_SOURCE, 0),
    "send, send": Pair(make_queued, SEND, SEND, 1),
    "send, send another": Pair(make_queued_for_one_slot, SEND, send_another, 2),
    "send, sweep": Pair(make_queued, SEND, sweep, 1),
    "send, cancel": Pair(make_queued, SEND, CANCEL, 1),
    "send, delete the analysis": Pair(make_queued, SEND, DELETE_ANALYSIS, 0),
    "send, delete the service": Pair(make_queued, SEND, DELETE_SERVICE, 0),
    "callback, callback": Pair(make_pending, call_back(DOCUMENT), call_back(JOBLIB), 1),
    "callback, cancel": Pair(make_pending, call_back(DOCUMENT), CANCEL, 1),
    "callback, delete the analysis": Pair(make_pending, call_back(DOCUMENT), DELETE_ANALYSIS, 0),
    "callback, delete the service": Pair(make_pending, call_back(DOCUMENT), DELETE_SERVICE, 0),
    "callback, delete the source": Pair(make_pending, call_back(DOCUMENT), DELETE_SOURCE, 0),
    "callback, delete the group": Pair(make_pending, call_back(DOCUMENT), DELETE_GROUP),
    "callback, share": Pair(make_pending, call_back(DOCUMENT), SHARE, 1),
    "cancel, callback": Pair(make_pending, CANCEL, call_back(DOCUMENT), 1),
    "read joblib results, delete the analysis": Pair(make_unread, RUN_JOBS, DELETE_ANALYSIS, 0),
    "read joblib results, delete the source": Pair(make_unread, RUN_JOBS, DELETE_SOURCE, 0),
    "draw, delete the analysis": Pair(make_completed, CORNER, DELETE_ANALYSIS, 0),
    "draw, delete the service": Pair(make_completed, CORNER, DELETE_SERVICE, 0),
    "share, delete the analysis": Pair(make_completed, SHARE, DELETE_ANALYSIS, 0),
    "share, share": Pair(make_completed, SHARE, ask("PATCH", "/obj/analysis/1", {"group_ids": [GROUP]}), 1),
    "delete the analysis, delete the service": Pair(make_completed, DELETE_ANALYSIS, DELETE_SERVICE, 0),
    "delete the service, delete the source": Pair(make_completed, DELETE_SERVICE, DELETE_SOURCE, 0),
    "save, save to the same group": Pair(make_default({"group_id": GROUP}), SAVE, SAVE, 1),
    "save, edit": Pair(make_default({"group_id": GROUP}), SAVE, EDIT, 1),
    "save, run the jobs": Pair(make_default({"group_id": GROUP}), SAVE, RUN_JOBS, 1),
    "save, delete the service": Pair(make_default({"group_id": GROUP}), SAVE, DELETE_SERVICE, 0),
    "classify, classify the same": Pair(make_default(IA), CLASSIFY, CLASSIFY, 1),
    "classify, run the jobs": Pair(make_default(IA), CLASSIFY, RUN_JOBS, 1),
    "classify, delete the source": Pair(make_default(IA), CLASSIFY, DELETE_SOURCE, 0),
    "classify, delete the service": Pair(make_default(IA), CLASSIFY, DELETE_SERVICE, 0),
    "comment, delete the source": Pair(make_service, COMMENT, DELETE_SOURCE),
}
"""The pairs by name."""


def count_calls(s: Simulation, name: str) -> int:
    """Return how many calls the first operation of a pair makes when it is alone."""
    numbers = []
    # The first time, a process also reads what it then keeps (the secret).
    for _ in range(2):
        s.reset()
        PAIRS[name].begin(s)
        with s.injector.invocation():
            first = len(s.injector.calls)
            PAIRS[name].first(s)
        numbers.append(len(s.injector.calls) - first)
    return numbers[-1]


def try_pair(s: Simulation, name: str, call: int) -> list[str]:
    """Run the second operation before a call of the first; return the breaches."""
    pair = PAIRS[name]
    s.reset()
    try:
        pair.begin(s)
        _interleave(s, pair, call)
        s.settle()
    except Exception as error:  # whatever an interleaving leads to is reported with it
        return [f"{type(error).__name__}: {error}"]
    s.deleted.update(range(1, 10))
    breaches = find_lasting_breaches(s)
    number = len(s.admin.get("/obj/analysis").data)
    if pair.analyses is not None and number != pair.analyses:
        breaches.append(f"there are {number} analyses instead of {pair.analyses}")
    return breaches


def _interleave(s: Simulation, pair: Pair, call: int) -> None:
    first = len(s.injector.calls)

    def interrupt(_: str) -> None:
        if len(s.injector.calls) - first == call:
            s.injector.on_call = None
            pair.second(s)

    s.injector.on_call = interrupt
    try:
        with s.injector.invocation():
            pair.first(s)
    finally:
        s.injector.on_call = None
