"""Stopping the stack at any moment and starting it again loses no analysis that was answered with an id."""

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from infra import demo_data
from infra.client import Api
from infra.local.control import RunningStack, running_stack
from tests.e2e.stories import register, wait_for
from tests.service import analysis_service, slow


def api_of(stack: RunningStack) -> Api:
    return Api(f"{stack.url}/api", stack.token)


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_whatever_it_was_doing_each_analysis_still_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyses: list[int] = []
    with analysis_service(slow(2.0), 200) as server:
        with running_stack(tmp_path) as stack:
            monkeypatch.setenv("PORT", str(stack.settings.port))
            monkeypatch.setenv("HELIOGRAPH_LOCAL_DIR", str(tmp_path))
            api = api_of(stack)
            demo_data.load(api, say=lambda line: None)
            service = register(api, server.url)
            fit = {"analysis_parameters": {"source": "auto"}}
            analyses.append(int(api.post("/obj/2019dwz/analysis/1", fit)["id"]))
            until(lambda: "models done" in api.get(f"/obj/analysis/{analyses[0]}/status")["message"])
            analyses.append(int(api.post(f"/obj/2019dwz/analysis/{service}", {})["id"]))
            until(lambda: len(server.received) == 1)
            analyses.append(int(api.post(f"/obj/2019dwz/analysis/{service}", {})["id"]))
            port = stack.settings.port
            stack.process.send_signal(signal.SIGINT)
            assert stack.process.wait(40) == 0
        with running_stack(tmp_path, port) as stack:
            api = api_of(stack)
            answered: set[str] = set()

            def call_back() -> bool:
                for request in list(server.received):
                    url = request.body["callback_url"]
                    if url not in answered:
                        reply = requests.post(url, json={"status": "success", "analysis": {}}, timeout=30)
                        assert reply.status_code == 200, reply.text
                        answered.add(url)
                return len(answered) == 2

            until(call_back, 200)
            for analysis in analyses:
                assert wait_for(api, analysis, seconds=240)["status"] == "completed"
