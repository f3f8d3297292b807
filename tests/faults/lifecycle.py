"""A state machine of the lifecycle: any order of operations, each of which may interrupt another at an AWS call."""

from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.faults.edges import encode_png
from tests.faults.invariants import find_lasting_breaches
from tests.faults.records import load_records
from tests.faults.simulation import Simulation
from tests.gateway import Reply

__all__ = ["OPERATIONS", "Lifecycle"]

SOURCES = ("SN1", "SN2")

DOCUMENT = {
    "results": {"format": "json", "data": {"chi2": 1.5, "summary": "Bright."}},
    "posterior_samples": {"a": [1.0, 2.0, 3.0], "b": [1.0, 2.0, 2.5]},
    "annotations": [{"origin": "salt", "data": {"x1": 1}}],
    "plots": [encode_png()],
}
"""What services and uploads hold: a bit of everything."""

JOBLIB = {"results": {"format": "joblib", "data": "aGVsbG8="}}

MOST_CALLS = 12
"""Calls of an operation at which another may interrupt it."""


class World:
    """What the operations act on, by small numbers: they pick one of what exists."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.services: list[int] = []
        self.uploads: list[int] = []
        self.groups: list[int] = []
        self.analyses: list[int] = []
        self.keys = 0

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """Send a request of the user; any refusal is fine, a fault of the app is not."""
        reply = self.simulation.ada.gateway.request(method, path, body, **headers)
        assert reply.status < 500, f"{method} {path} answered {reply.status}: {reply.text[:300]}"
        return reply

    def call_back(self, number: int, method: str, body: Any) -> None:
        """Send something to the callback address of a request that a service took."""
        accepted = self.simulation.services.accepted
        if accepted:
            nobody = self.simulation.admin.as_user(None)
            reply = nobody.request(method, accepted[number % len(accepted)].callback, body)
            assert reply.status < 500, f"a callback was answered by {reply.status}: {reply.text[:300]}"


def pick(values: list[int], number: int) -> int:
    """Return one of some ids; one that never existed if there is none."""
    return values[number % len(values)] if values else 9999


def start(w: World, n: int) -> None:
    w.keys += n % 2
    path = f"/obj/{SOURCES[n % 2]}/analysis/{pick(w.services, n)}"
    reply = w.ask("POST", path, None, **{"idempotency-key": f"key {w.keys}"})
    if reply.status == 200:
        w.analyses.append(int(reply.data["id"]))


def upload(w: World, n: int) -> None:
    body = {"status": "success", "analysis": DOCUMENT}
    reply = w.ask("POST", f"/obj/{SOURCES[n % 2]}/analysis_upload/{pick(w.uploads, n)}", body)
    if reply.status == 200:
        w.analyses.append(int(reply.data["id"]))


def dispatch(w: World, n: int) -> None:
    w.simulation._deliver("dispatch")


def run_jobs(w: World, n: int) -> None:
    w.simulation._deliver("jobs")


def sweep(w: World, n: int) -> None:
    w.simulation.sweep()


def wait(w: World, n: int) -> None:
    w.simulation.clock.advance((5.0, 65.0, 125.0)[n % 3])


def report_progress(w: World, n: int) -> None:
    w.call_back(n, "PATCH", {"progress": 0.5, "message": "half"})


def call_back(w: World, n: int) -> None:
    w.call_back(n, "POST", {"status": "success", "analysis": JOBLIB if n % 3 == 0 else DOCUMENT})


def fail(w: World, n: int) -> None:
    w.call_back(n, "POST", {"status": "failure", "message": "no convergence", "analysis": DOCUMENT})


def render(w: World, n: int) -> None:
    w.ask("GET", f"/obj/analysis/{pick(w.analyses, n)}/corner")


def classify(w: World, n: int) -> None:
    body = {"obj_id": SOURCES[n % 2], "classification": "Ia", "group_ids": [w.simulation.group]}
    w.ask("POST", "/classification", body)


def save_source(w: World, n: int) -> None:
    group = pick(w.groups, n) if w.groups else w.simulation.group
    w.ask("POST", "/sources", {"id": SOURCES[n % 2], "ra": 1, "dec": 2, "group_ids": [w.simulation.group, group]})


def share(w: World, n: int) -> None:
    group = pick(w.groups, n) if w.groups else w.simulation.group
    w.ask("PATCH", f"/obj/analysis/{pick(w.analyses, n)}", {"group_ids": [group]})


def cancel(w: World, n: int) -> None:
    w.ask("POST", f"/obj/analysis/{pick(w.analyses, n)}/cancel")


def rerun(w: World, n: int) -> None:
    reply = w.ask("POST", f"/obj/analysis/{pick(w.analyses, n)}/rerun", {})
    if reply.status == 200:
        w.analyses.append(int(reply.data["id"]))


def start_batch(w: World, n: int) -> None:
    w.ask("POST", "/analysis_batch", {"service_id": pick(w.services, n), "obj_ids": list(SOURCES)})


def comment(w: World, n: int) -> None:
    attachment = {"name": "a.txt", "body": "aGVsbG8="}
    w.ask("POST", f"/sources/{SOURCES[n % 2]}/comments", {"text": "a", "attachment": attachment})


def delete_analysis(w: World, n: int) -> None:
    w.ask("DELETE", f"/obj/analysis/{pick(w.analyses, n)}")


def delete_service(w: World, n: int) -> None:
    w.ask("DELETE", f"/analysis_service/{pick(w.services + w.uploads, n)}")


def delete_source(w: World, n: int) -> None:
    w.ask("DELETE", f"/sources/{SOURCES[n % 2]}")


def delete_group(w: World, n: int) -> None:
    w.ask("DELETE", f"/groups/{pick(w.groups, n)}")


def add_service(w: World, n: int) -> None:
    number = w.simulation.register(f"service-{len(w.services)}", is_summary=n % 2 == 0)
    w.services.append(number)
    for source_filter in ({"classifications": [{"name": "Ia"}]}, {"group_id": pick(w.groups, n)}):
        w.ask("POST", f"/analysis_service/{number}/default_analysis", {"source_filter": source_filter})


def add_upload_service(w: World, n: int) -> None:
    name = f"uploads-{len(w.uploads)}"
    w.uploads.append(w.simulation.register(name, upload_only=True, input_data_types=[], is_summary=n % 2 == 0))


def add_group(w: World, n: int) -> None:
    reply = w.ask("POST", "/groups", {"name": f"group {len(w.groups)}"})
    if reply.status == 200:
        w.groups.append(int(reply.data["id"]))


OPERATIONS: dict[str, Callable[[World, int], None]] = {
    operation.__name__: operation
    for operation in (
        start, upload, dispatch, run_jobs, sweep, wait, report_progress, call_back, fail, render, classify,
        save_source, share, cancel, rerun, start_batch, comment, delete_analysis, delete_service, delete_source,
        delete_group, add_service, add_upload_service, add_group,
    )
}  # fmt: skip
"""The operations by name; each takes the world and a small number that picks what it acts on."""


class Lifecycle(RuleBasedStateMachine):
    """Runs operations one after the other, or one inside another, and checks all records in the end."""

    simulation: ClassVar[Simulation]
    counts: ClassVar[Counter[str]] = Counter()

    @initialize()
    def begin(self) -> None:
        self.simulation.reset()
        self.world = World(self.simulation)
        for name in ("add_group", "add_service", "add_upload_service", "start", "dispatch", "upload"):
            OPERATIONS[name](self.world, 0)
        OPERATIONS["start"](self.world, 1)
        self.counts["runs"] += 1

    @rule(name=st.sampled_from(list(OPERATIONS)), number=st.integers(0, 5))
    def do(self, name: str, number: int) -> None:
        OPERATIONS[name](self.world, number)
        self.counts["steps"] += 1

    @rule(
        name=st.sampled_from(list(OPERATIONS)),
        inner=st.sampled_from(list(OPERATIONS)),
        number=st.integers(0, 5),
        call=st.integers(0, MOST_CALLS),
    )
    def interrupt(self, name: str, inner: str, number: int, call: int) -> None:
        """Do an operation, and before one of its calls to AWS another one."""
        injector = self.simulation.injector
        first = len(injector.calls)

        def interrupt(_: str) -> None:
            if len(injector.calls) - first == call:
                injector.on_call = None
                OPERATIONS[inner](self.world, number)
                self.counts["interruptions"] += 1

        injector.on_call = interrupt
        try:
            with injector.invocation():
                OPERATIONS[name](self.world, number)
        finally:
            injector.on_call = None
        self.counts["steps"] += 1

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        self.simulation.settle()
        issued = load_records().registry.get(("counter", "analysis"), {"value": 0})["value"]
        self.simulation.deleted.update(range(1, int(issued) + 1))
        breaches = find_lasting_breaches(self.simulation)
        assert not breaches, breaches
