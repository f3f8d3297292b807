"""Killing all processes of the stack at any moment loses nothing that it answered, and unfinished work goes on."""

import os
import random
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from heliograph import Heliograph
from infra import demo_data
from infra.client import Api
from infra.local.stack_control import start_stack
from infra.local.stack_settings import StackSettings
from tests.e2e.analysis_helpers import register_service, wait_for_state
from tests.e2e.kill_load import Answered, KillLoad, find_lost_records
from tests.marked_processes import MARK, kill_marked_processes, wait_for_end
from tests.running_stack import RunningStack, find_free_port, running_stack
from tests.service import Service, analysis_service

KILLS = int(os.environ.get("HELIOGRAPH_KILLS", "1"))
"""How often the stack is killed; every second time of many while it starts. `make kills` sets it."""

BATCH_SOURCES = [f"of-the-batch-{number}" for number in range(100 if KILLS > 1 else 20)]
UNFINISHED = ("queued", "pending")
_CAUGHT_UP_SECONDS = 120.0 + 30.0 * KILLS


@pytest.mark.thorough
def test_kills_lose_nothing_that_was_answered(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, str], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    killed = KilledStack(tmp_path, find_free_port())
    monkeypatch.setenv("PORT", str(killed.port))
    monkeypatch.setenv("HELIOGRAPH_LOCAL_DIR", str(tmp_path))
    rng = random.Random(killed.port)
    with analysis_service() as server:
        for number in range(KILLS):
            with capsys.disabled():
                print(f"\nkill {number + 1} of {KILLS}, after {killed.count_answers()} answers", end="", flush=True)
            if number % 2:
                killed.kill_while_starting(rng.uniform(0.1, 8.0))
            else:
                killed.kill_under_load(server, rng.uniform(1.0, 5.0), has_batch=number % 10 == 0)
        killed.finish(server)
    record_property("counts", f"{KILLS} kills: {killed.count_answers()} answers, none lost")


class KilledStack:
    """A stack that is started and killed again and again, with the same state and port."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self._settings = StackSettings(port=port, state_dir=folder)
        self._mark = uuid.uuid4().hex
        self._environment = {**os.environ, MARK: self._mark}
        self._answered: list[Answered] = []
        self._fits: list[int] = []
        self._service = 0

    def count_answers(self) -> int:
        return sum(answered.count() for answered in self._answered)

    def kill_under_load(self, server: Service, seconds: float, *, has_batch: bool) -> None:
        with self._run() as stack:
            api = Api(f"{stack.url}/api", stack.token)
            if not self._answered:
                self._prepare(stack, api, server)
            self._answered.append(Answered())
            load = KillLoad(stack, self._service, BATCH_SOURCES if has_batch else [], self._answered[-1])
            load.start()
            time.sleep(seconds)
            kill_marked_processes(self._mark)
            load.wait()

    def kill_while_starting(self, seconds: float) -> None:
        process = start_stack(self._settings, self._environment, is_attached=True)
        time.sleep(seconds)
        kill_marked_processes(self._mark)
        process.wait()

    def finish(self, server: Service) -> None:
        """Wait until the fit, and after many kills all analyses, have ended; then kill the first process only."""
        with self._run() as stack:
            api = Api(f"{stack.url}/api", stack.token)
            assert [find_lost_records(stack, answered) for answered in self._answered] == [[]] * len(self._answered)
            if KILLS > 1:
                # Slots of a service that the kill cut short are free again after minutes: too long for one kill.
                wait_until(lambda: self._call_back(api, server) and not self._find_unfinished(api), _CAUGHT_UP_SECONDS)
            for fit in self._fits:
                assert wait_for_state(api, fit)["status"] == "completed"
            stack.process.send_signal(signal.SIGKILL)
            assert wait_for_end(self._mark, 60) == []

    @contextmanager
    def _run(self) -> Iterator[RunningStack]:
        """Run the stack; it has recovered what was answered last."""
        with running_stack(self._settings.state_dir, self.port, self._environment) as stack:
            if self._answered:
                log = (self._settings.log_dir / "stack.log").read_text()
                assert "the last run was killed; recovered all that it answered" in log
                assert find_lost_records(stack, self._answered[-1]) == []
            yield stack

    def _prepare(self, stack: RunningStack, api: Api, server: Service) -> None:
        demo_data.load_demo_data(Heliograph(stack.url, stack.token), report=lambda line: None)
        self._service = register_service(api, server.url)
        for source in BATCH_SOURCES:
            api.post("/sources", {"id": source, "ra": 1.0, "dec": 1.0})
        self._fits.append(int(api.post("/obj/2019dwz/analysis/1", {"analysis_parameters": {"source": "auto"}})["id"]))

    def _call_back(self, api: Api, server: Service) -> bool:
        """Send a result for each new request of the service; return whether there was none."""
        requests_received, server.received = server.received, []
        for url in {request.body["callback_url"] for request in requests_received}:
            reply = requests.post(url, json={"status": "success", "analysis": {}}, timeout=60)
            assert reply.status_code in {200, 403}, reply.text  # An analysis may have been sent twice.
        time.sleep(0.5)
        return not requests_received

    def _find_unfinished(self, api: Api) -> list[Any]:
        pages = (
            f"/obj/analysis?analysisServiceID={self._service}&numPerPage=500&status={state}" for state in UNFINISHED
        )
        batches = [api.get(f"/analysis_batch/{each}") for answered in self._answered for each in answered.batches]
        return [
            *(analysis for page in pages for analysis in api.get(page)),
            *(batch for batch in batches if batch["status"] != "done"),
        ]


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)
