"""A service that is served: acknowledged at once, one result each, whatever fails."""

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from heliograph.errors import ServiceError
from heliograph.service.analysis_pool import AnalysisPool
from heliograph.service.analysis_run import describe_error
from heliograph.service.json_logs import JsonFormatter
from heliograph.service.portal_requests import PortalRequests
from heliograph.service.spool import Spool
from heliograph.testing import FakePortal, ServedProcess

FILE = Path(__file__).with_name("kit_services.py")


@pytest.fixture(scope="module")
def portal() -> Iterator[FakePortal]:
    with FakePortal() as portal:
        yield portal


@pytest.fixture(scope="module")
def served(portal: FakePortal) -> Iterator[ServedProcess]:
    with ServedProcess(FILE, [portal.url], workers=2) as served:
        yield served


def test_an_analysis_is_acknowledged_at_once_and_called_back(portal: FakePortal, served: ServedProcess) -> None:
    started = time.monotonic()
    analysis = portal.send(served.url, parameters={"seconds": "0.3"})
    assert time.monotonic() - started < 0.3 and analysis.answers == [200]
    analysis.wait()
    assert (analysis.status, analysis.message) == ("completed", "Done.")
    assert analysis.results == {"n_points": 41}
    assert analysis.progress[0] == (0.5, "waiting")


def test_the_same_request_twice_has_one_result(portal: FakePortal, served: ServedProcess, tmp_path: Path) -> None:
    footprint = tmp_path / "footprint"
    analysis = portal.send(served.url, parameters={"seconds": 0.3, "footprint": str(footprint)})
    assert analysis.repeat() == 200
    analysis.wait()
    assert analysis.repeat() == 200
    time.sleep(0.3)
    assert analysis.callbacks == [200]
    assert footprint.read_text() == "began\n"


@pytest.mark.parametrize(
    ("ending", "message"),
    [
        ("author's error", "There are too few points before the peak."),
        ("bug", "The analysis failed unexpectedly: ValueError: cannot open 'file.csv' with [secret]"),
        ("crash", "The process of the analysis was ended by SIGSEGV. Try fewer points or a smaller model."),
        ("exit", "The process of the analysis ended without a result (exit code 3)."),
        ("bad result", "plots[0] is no image; expected PNG, JPEG, GIF, WebP, TIFF, PDF, EPS or SVG."),
    ],
)
def test_a_failure_says_what_happened(portal: FakePortal, served: ServedProcess, ending: str, message: str) -> None:
    analysis = portal.send(served.url, parameters={"ending": ending, "password": "open sesame"}).wait()
    assert analysis.status == "failure"
    assert message in analysis.message
    assert "open sesame" not in served.log and analysis.callback_url not in served.log
    if ending == "bug":
        assert "Traceback" in served.log and "kit_services.py" in served.log


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("no file '/srv/some body/my data/a.csv'", "no file 'a.csv'"),
        ("no file /srv/data/a.csv, nor C:\\data\\b.csv", "no file a.csv, nor b.csv"),
        ("a flux in erg/s/cm/cm/AA at 1/2", "a flux in erg/s/cm/cm/AA at 1/2"),
        ("", ""),
    ],
)
def test_an_unexpected_error_is_told_without_folders(message: str, told: str) -> None:
    text = describe_error(ValueError(message))
    assert text == f"The analysis failed unexpectedly: ValueError{': ' if told else ''}{told}"


def test_a_value_that_does_not_fit_is_a_failure_with_a_sentence(portal: FakePortal, served: ServedProcess) -> None:
    analysis = portal.send(served.url, parameters={"seconds": "soon"}).wait()
    assert (analysis.status, analysis.message) == ("failure", "seconds is 'soon'; expected a number.")


def test_a_large_document_is_uploaded(portal: FakePortal, served: ServedProcess) -> None:
    analysis = portal.send(served.url, parameters={"ending": "large result"}).wait()
    assert analysis.status == "completed" and len(analysis.results["draws"]) == 400_000
    assert portal.uploads[-1] > 4_400_000 and analysis.callbacks == [200]


def test_a_cancelled_analysis_ends(portal: FakePortal, served: ServedProcess) -> None:
    analysis = portal.send(served.url, parameters={"seconds": 60})
    analysis.wait_for(lambda analysis: bool(analysis.progress))
    assert _count(served)["running"] == 1
    analysis.cancel()
    _wait_until_idle(served)
    assert analysis.callbacks == []


def test_a_late_analysis_fails_before_its_deadline(portal: FakePortal, served: ServedProcess) -> None:
    analysis = portal.send(served.url, parameters={"seconds": 60}, timeout=2.5).wait()
    assert analysis.status == "failure" and "took longer than the portal waits" in analysis.message


def test_a_killed_service_goes_on_with_its_work(portal: FakePortal, tmp_path: Path) -> None:
    footprint = tmp_path / "footprint"
    with ServedProcess(FILE, [portal.url], workers=1) as served:
        parameters = {"seconds": 0.8, "footprint": str(footprint)}
        analyses = [portal.send(served.url, parameters=parameters) for _ in range(2)]
        analyses[0].wait_for(lambda analysis: bool(analysis.progress))
        served.kill()
        served.start()
        for analysis in analyses:
            assert analysis.wait().status == "completed"
        _wait_until_idle(served)
    assert [analysis.callbacks for analysis in analyses] == [[200], [200]]
    assert footprint.read_text().count("began") == 3


def test_a_stopped_service_finishes_what_runs_and_keeps_the_rest(portal: FakePortal) -> None:
    with ServedProcess(FILE, [portal.url], workers=1) as served:
        running = portal.send(served.url, parameters={"seconds": 0.5})
        running.wait_for(lambda analysis: bool(analysis.progress))
        waiting = portal.send(served.url)
        assert served.stop() == 0
        assert (running.status, waiting.status) == ("completed", "pending")
        served.start()
        assert waiting.wait().status == "completed"
        assert served.stop(signal.SIGINT) == 0 and "Traceback" not in served.log


def test_a_stop_that_is_signalled_to_all_processes_is_as_gentle(portal: FakePortal) -> None:
    with ServedProcess(FILE, [portal.url], workers=1) as served:
        analysis = portal.send(served.url, parameters={"seconds": 0.5})
        analysis.wait_for(lambda analysis: bool(analysis.progress))
        os.killpg(served.group, signal.SIGTERM)
        assert analysis.wait().status == "completed"


def test_a_service_that_crashes_with_each_attempt_gives_up(portal: FakePortal, tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    analysis = portal.prepare(parameters={"seconds": 60})
    raw = _encode(analysis.payload)
    spool.add_payload("key", raw)
    for _ in range(3):
        spool.count_attempt("key")
    _run_pool(spool, portal, lambda: bool(analysis.callbacks))
    assert analysis.status == "failure" and "ended 3 times" in analysis.message


def test_a_callback_that_fails_nine_times_has_one_result(portal: FakePortal, tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    analysis = portal.prepare()
    spool.add_payload("key", _encode(analysis.payload))
    portal.fail_callbacks(9)
    _run_pool(spool, portal, lambda: 200 in analysis.callbacks)
    assert analysis.callbacks == [503] * 9 + [200]
    assert spool.list_waiting() == [] and spool.is_known("key")


def test_a_stop_waits_for_the_first_callback(portal: FakePortal, tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    analysis = portal.prepare()
    spool.add_payload("key", _encode(analysis.payload))
    soon = time.time() + 2
    os.utime(spool.get_payload_file("key"), (soon, soon))
    _run_pool(spool, portal, lambda: spool.get_document_file("key").exists(), is_delivered=False)
    assert analysis.status == "completed"


def test_a_full_queue_is_told_when_to_come_again(portal: FakePortal) -> None:
    with ServedProcess(FILE, [portal.url], workers=1, queue_size=1) as served:
        analyses = [portal.send(served.url, parameters={"seconds": 20}) for _ in range(2)]
        analyses[0].wait_for(lambda analysis: bool(analysis.progress))
        analyses.append(portal.send(served.url))
        refused = portal.send(served.url)
        assert 429 in refused.answers + analyses[-1].answers
        assert [200] in [analysis.answers for analysis in analyses]


def test_skyportal_sends_a_token_and_takes_results_as_they_are() -> None:
    token = "a token of the service"
    with (
        FakePortal("skyportal", service_token=token.replace(" ", "-")) as portal,
        ServedProcess(FILE, [portal.url], workers=1, token=token.replace(" ", "-")) as served,
    ):
        analysis = portal.send(served.url, parameters={"ending": "large result"})
        assert analysis.repeat() == 200
        analysis.wait()
        assert analysis.status == "completed" and len(analysis.results["draws"]) == 400_000
        assert (analysis.callbacks, portal.uploads) == ([200], [])


def test_a_spool_is_used_by_one_process(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    with pytest.raises(ServiceError, match="used by another process"):
        Spool(tmp_path)
    spool.close()
    Spool(tmp_path).close()


def test_health_says_how_it_goes(served: ServedProcess) -> None:
    assert requests.get(f"{served.url}/health", timeout=5).json()["name"] == "Many ways"
    assert requests.get(served.url, timeout=5).status_code == 200
    assert requests.put(served.url, timeout=5).status_code == 405


def test_a_huge_request_is_refused(served: ServedProcess) -> None:
    def send_zeros() -> Iterator[bytes]:
        for _ in range(70):
            yield b"0" * 1024**2

    try:
        assert requests.post(served.url, data=send_zeros(), timeout=20).status_code == 413
    except requests.ConnectionError:
        # the server need not wait for the rest
        assert requests.get(f"{served.url}/health", timeout=5).status_code == 200


def _encode(payload: dict[str, Any]) -> bytes:
    return json.dumps(payload).encode()


def _run_pool(spool: Spool, portal: FakePortal, is_done: Callable[[], bool], *, is_delivered: bool = True) -> None:
    """Run a pool in this process until something is done, and stop it."""
    send = PortalRequests([portal.url]).send
    pool = AnalysisPool(str(FILE), spool, send, workers=1, queue_size=10, first_pause=0.01)
    pool.start()
    deadline = time.monotonic() + 60
    while not (is_done() and not (is_delivered and sum(pool.count().values()))) and time.monotonic() < deadline:
        time.sleep(0.05)
    pool.stop(5)


def _count(served: ServedProcess) -> dict[str, int]:
    answer = requests.get(f"{served.url}/health", timeout=5).json()
    return {name: answer[name] for name in ("waiting", "running", "deliveries")}


def _wait_until_idle(served: ServedProcess) -> None:
    deadline = time.monotonic() + 30
    while sum(_count(served).values()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not sum(_count(served).values())


def test_a_trickling_request_holds_up_nobody(portal: FakePortal, served: ServedProcess) -> None:
    with socket.create_connection(("127.0.0.1", int(served.url.rpartition(":")[2]))) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        assert portal.send(served.url).wait().status == "completed"


def test_an_analysis_that_was_cancelled_while_it_waited_does_not_begin(portal: FakePortal, tmp_path: Path) -> None:
    footprint = tmp_path / "footprint"
    spool = Spool(tmp_path / "spool")
    analysis = portal.prepare(parameters={"footprint": str(footprint)})
    spool.add_payload("key", _encode(analysis.payload))
    analysis.cancel()
    _run_pool(spool, portal, lambda: not spool.list_waiting())
    assert spool.is_known("key") and not footprint.exists()


def test_logs_hold_no_callback_tokens() -> None:
    record = logging.makeLogRecord({"msg": "POST %s", "args": ("https://a.b/api/webhook/obj_analysis/abc-1?x",)})
    entry = json.loads(JsonFormatter("key").format(record))
    assert entry["message"] == "POST https://a.b/api/webhook/obj_analysis/[secret]?x" and entry["analysis"] == "key"


def test_what_serves_is_imported_when_it_serves() -> None:
    heavy = "astropy, arviz, pandas, matplotlib, numpy, pydantic, starlette, uvicorn, cryptography, boto3, chalice"
    script = f"import heliograph.service, heliograph.testing, sys; print(set('{heavy}'.split(', ')) & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout == "set()\n", done.stderr
