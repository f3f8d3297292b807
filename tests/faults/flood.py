"""Thousands of analyses of a slow service beside a hundred of another, in simulated time.

``python -m tests.faults.flood 10000 100`` prints how long the hundred take, alone and beside the thousands.
Invocations overlap as on AWS: each is a thread, of which one runs at a time, and each call to AWS and each request to
a service lets the others run for as long as it takes. The command line can say how many analyses there are.
"""

import heapq
import itertools
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import aws, blobs, egress, queues, workers
from chalicelib.analysis.callback_tokens import derive_callback_token, hash_callback_token
from chalicelib.analysis.dispatch_queue import DispatchMessage, queue_analysis
from chalicelib.blob_keys import inputs_key
from chalicelib.tables.analysis_items import AnalysisItem, choose_watch
from chalicelib.tables.base import now, timestamp
from tests.faults.records import get_client
from tests.faults.simulation import Simulation

__all__ = ["Flood", "FloodResult", "run_flood"]

CALL_SECONDS = 0.008
"""How long a call to AWS takes."""

INVOCATION_SECONDS = 0.01
"""How long an invocation takes besides its calls."""

FUNCTION_SECONDS = 75.0
"""How long an invocation of the function *dispatch* may take."""

POLL_SECONDS = 0.05
"""How long a message waits for its invocation, if one can begin."""

SWEEP_SECONDS = 60.0

BATCH_RATE = 200.0
"""Analyses of a batch that are started in a second."""

SLOW_SECONDS = 20.0
QUICK_SECONDS = 1.0
"""How long the two services take to answer."""


class Schedule:
    """Simulated time, in which threads sleep; one of them runs at a time, and time passes when all sleep."""

    def __init__(self, move_to: Callable[[float], None]) -> None:
        self._move_to = move_to
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._control = threading.Semaphore(0)
        self._workers: set[int | None] = set()
        self.seconds = 0.0

    def call_at(self, seconds: float, function: Callable[[], None]) -> None:
        """Call a function at a time, in the thread of the schedule."""
        heapq.heappush(self._heap, (seconds, next(self._numbers), function))

    def start(self, function: Callable[[], None]) -> None:
        """Run a function in a thread until it first sleeps."""

        def run() -> None:
            self._workers.add(threading.get_ident())
            try:
                function()
            finally:
                self._workers.discard(threading.get_ident())
                self._control.release()

        threading.Thread(target=run, daemon=True).start()
        self._control.acquire()

    def sleep(self, seconds: float) -> None:
        """Let other threads run for some seconds; nothing happens outside of the threads of the schedule."""
        if threading.get_ident() not in self._workers:
            return
        wakes = threading.Semaphore(0)

        def wake() -> None:
            wakes.release()
            self._control.acquire()

        self.call_at(self.seconds + seconds, wake)
        self._control.release()
        wakes.acquire()

    def run_until(self, seconds: float) -> None:
        """Do what happens before a time, or the next thing if that is later."""
        while True:
            self.seconds, _, function = heapq.heappop(self._heap)
            self._move_to(self.seconds)
            function()
            if not self._heap or self._heap[0][0] > seconds:
                return


@dataclass
class FloodResult:
    """What came of a flood.

    Attributes
    ----------
    taken_at : dict
        When each analysis was taken by its service, in seconds, by service and id.
    invocations : Counter
        How many invocations there were, by what they were asked for.
    most_at_once : Counter
        Most requests that were under way at a time, by service.
    requests : int
        How many requests the services were sent.
    neighbours_at : float
        When the neighbour's analyses were started, all at once, amid the batch.
    failures : list of str
        Errors of invocations.
    """

    taken_at: dict[str, dict[str, float]] = field(default_factory=lambda: {"slow": {}, "quick": {}})
    invocations: Counter[str] = field(default_factory=Counter)
    most_at_once: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    neighbours_at: float = 0.0
    failures: list[str] = field(default_factory=list)

    @property
    def neighbour_seconds(self) -> float:
        """How long the neighbour's analyses took, all together."""
        return max(self.taken_at["quick"].values()) - self.neighbours_at


class Flood:
    """The function *dispatch* with its queue, the sweep and two services, in simulated time."""

    def __init__(self, s: Simulation, schedule: Schedule, concurrency: int) -> None:
        self._s = s
        self._schedule = schedule
        self._concurrency = concurrency
        self._running = 0
        self._at_once: Counter[str] = Counter()
        self.result = FloodResult()

    def post(self, url: str, body: bytes, headers: dict[str, str], *_: Any) -> egress.ServiceResponse:
        """Stand in for `egress.post_to_service`."""
        name = url.split("/")[2].partition(".")[0]
        self._at_once[name] += 1
        self.result.most_at_once[name] = max(self.result.most_at_once[name], self._at_once[name])
        self._schedule.sleep(SLOW_SECONDS if name == "slow" else QUICK_SECONDS)
        self._at_once[name] -= 1
        self.result.taken_at[name].setdefault(headers["webhook-id"], self._schedule.seconds)
        self.result.requests += 1
        return egress.ServiceResponse(200, None, b"")

    def deliver(self) -> None:
        """Begin invocations for the messages that are due, as many as may run."""
        while (room := self._concurrency - self._running) and self._s.peek_messages(queues.DISPATCH):
            url = queues._url(queues.DISPATCH)
            answer = get_client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=min(10, room))
            messages = answer.get("Messages", ())
            for message in messages:
                self._running += 1
                self._schedule.start(lambda message=message: self._invoke(message))  # type: ignore[misc]
            if not messages:
                return

    def _invoke(self, message: dict[str, Any]) -> None:
        self.result.invocations["line" if "service_id" in message["Body"] else "analysis"] += 1
        self._schedule.sleep(INVOCATION_SECONDS)
        try:
            event = {"Records": [{"body": message["Body"], "receiptHandle": message["ReceiptHandle"]}]}
            workers.handle_dispatch(event, time.time() + FUNCTION_SECONDS)
        except Exception as error:
            self.result.failures.append(repr(error))
        else:
            url = queues._url(queues.DISPATCH)
            get_client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        finally:
            self._running -= 1

    def sweep(self) -> None:
        """Run the sweep, now and each minute from now on."""
        self._schedule.start(lambda: workers.handle_sweep(time.time() + SWEEP_SECONDS))
        self._schedule.call_at(self._schedule.seconds + SWEEP_SECONDS, self.sweep)


def make_queued(s: Simulation, analysis_id: int, service: int) -> None:
    """Add a queued analysis with its message, past the API, which would take longer."""
    blobs.write_blob(inputs_key(analysis_id), b'{"inputs": {}}')
    created_at = timestamp()
    AnalysisItem(
        f"analysis#{analysis_id}", id=analysis_id, obj_id="SN1", analysis_service_id=service, author_id=s.user,
        group_ids={s.group}, status="queued", analysis_parameters={}, created_at=created_at, timeout=36000.0,
        callback_hash=hash_callback_token(derive_callback_token(analysis_id, created_at)),
        public_url="https://heliograph.test/api", watch=choose_watch("queued", analysis_id),
        check_at=time.time() + 900,
    ).save()  # fmt: skip
    queue_analysis(DispatchMessage(analysis_id), service)


@contextmanager
def open_flood(s: Simulation, concurrency: int) -> Iterator[tuple[Flood, Schedule]]:
    """Let the simulation's time pass by a schedule inside the `with` block."""
    s.reset()
    started_at = now()

    def move_to(seconds: float) -> None:
        s.clock.move_to(started_at + timedelta(seconds=seconds))

    schedule = Schedule(move_to)
    flood = Flood(s, schedule, concurrency)
    session = aws.get_session()

    def let_time_pass(**_: Any) -> None:
        schedule.sleep(CALL_SECONDS)

    session.register("before-call", let_time_pass)
    aws.get_client.cache_clear()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(egress, "post_to_service", flood.post)
            patch.setattr("chalicelib.settings.DISPATCH_CONCURRENCY", concurrency)
            yield flood, schedule
    finally:
        session.unregister("before-call", let_time_pass)
        aws.get_client.cache_clear()
        s.clock.move_to(now(), tick=True)


def run_flood(
    s: Simulation, batch: int, neighbours: int, *, concurrency: int = 100, is_whole: bool = True
) -> FloodResult:
    """Start a batch of the slow service and analyses of the quick one, and run until they are taken.

    Parameters
    ----------
    s : Simulation
        The app.
    batch, neighbours : int
        How many analyses of each.
    concurrency : int
        How many invocations there can be at a time.
    is_whole : bool
        False ends the run when the neighbour's analyses are taken.
    """
    with open_flood(s, concurrency) as (flood, schedule):
        slow, quick = s.register("slow"), s.register("quick")
        for number in range(batch):
            schedule.call_at(number / BATCH_RATE, lambda number=number: make_queued(s, 1 + number, slow))  # type: ignore[misc]
        flood.result.neighbours_at = batch / BATCH_RATE / 2
        for number in range(neighbours):
            schedule.call_at(
                flood.result.neighbours_at,
                lambda number=number: make_queued(s, 1 + batch + number, quick),  # type: ignore[misc]
            )
        schedule.call_at(SWEEP_SECONDS, flood.sweep)
        expected = {"slow": batch if is_whole else 0, "quick": neighbours}
        while any(len(flood.result.taken_at[name]) < count for name, count in expected.items()):
            schedule.run_until(schedule.seconds + POLL_SECONDS)
            flood.deliver()
    return flood.result


def describe(result: FloodResult) -> str:
    """Return what came of a flood in a line."""
    slow_end = max(result.taken_at["slow"].values(), default=0.0)
    invocations = f"{result.invocations.total()} invocations ({dict(result.invocations)})"
    taken = f"{len(result.taken_at['slow'])} of the slow service taken by {slow_end:.0f} s"
    neighbours = f"the neighbour's {len(result.taken_at['quick'])} were taken in {result.neighbour_seconds:.1f} s"
    return f"{neighbours}; {taken}; {invocations}"


def main() -> None:
    """Print how long the neighbour's analyses take alone, and beside the batch."""
    from tests.faults.soak import get_simulation

    batch, neighbours = (int(text) for text in (*sys.argv[1:], "10000", "100")[:2])
    s = get_simulation()
    print("alone:", describe(run_flood(s, 0, neighbours)), flush=True)
    print("beside:", describe(run_flood(s, batch, neighbours, is_whole="whole" in sys.argv)), flush=True)


if __name__ == "__main__":
    main()
