"""Stopping and restarting the stack loses no analysis that was answered with an id."""

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from infra import demo_data
from infra.client import Api
from tests.e2e.analysis_helpers import register_service, wait_for_state
from tests.running_stack import RunningStack, running_stack
from tests.service import analysis_service, answer_after


def make_api(stack: RunningStack) -> Api:
    return Api(f"{stack.url}/api", stack.token)


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_every_analysis_ends_after_an_interruption(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    analyses: list[int] = []
    with analysis_service(answer_after(2.0), 200) as server:
        with running_stack(tmp_path) as stack:
            monkeypatch.setenv("PORT", str(stack.settings.port))
            monkeypatch.setenv("HELIOGRAPH_LOCAL_DIR", str(tmp_path))
            api = make_api(stack)
            demo_data.load_demo_data(api, report=lambda line: None)
            service = register_service(api, server.url)
            fit = {"analysis_parameters": {"source": "auto"}}
            analyses.append(int(api.post("/obj/2019dwz/analysis/1", fit)["id"]))
            wait_until(lambda: "models done" in api.get(f"/obj/analysis/{analyses[0]}/status")["message"])
            analyses.append(int(api.post(f"/obj/2019dwz/analysis/{service}", {})["id"]))
            wait_until(lambda: len(server.received) == 1)
            analyses.append(int(api.post(f"/obj/2019dwz/analysis/{service}", {})["id"]))
            port = stack.settings.port
            stack.process.send_signal(signal.SIGINT)
            assert stack.process.wait(40) == 0
        with running_stack(tmp_path, port) as stack:
            api = make_api(stack)
            callback_urls: set[str] = set()

            def answer_callbacks() -> bool:
                for request in list(server.received):
                    url = request.body["callback_url"]
                    if url not in callback_urls:
                        reply = requests.post(url, json={"status": "success", "analysis": {}}, timeout=30)
                        assert reply.status_code == 200, reply.text
                        callback_urls.add(url)
                return len(callback_urls) == 2

            wait_until(answer_callbacks, 200)
            for analysis in analyses:
                assert wait_for_state(api, analysis, seconds=240)["status"] == "completed"
