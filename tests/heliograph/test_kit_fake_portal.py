"""The portal for tests of services refuses what a real one refuses."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from heliograph.errors import WaitTimeoutError
from heliograph.testing import FakePortal
from heliograph.testing.fixtures import fake_portal  # noqa: F401
from tests.heliograph.kit_services import service
from tests.heliograph.peak_finder import service as peak_finder


def post(url: str, body: Any) -> int:
    return requests.post(url, json=body, timeout=5).status_code


@pytest.mark.parametrize(
    ("analysis", "words"),
    [
        ({"plots": ["no base64!"]}, "analysis.plots.0.data: not valid base64"),
        ({"plots": ["aGVsbG8="]}, "no image that a portal can show"),
        ({"plots": ["iVBORw0KGgo="] * 101}, "at most 100 plots"),
        ({"plots": {}}, "expected a list"),
        ({"inference_data": "aGVsbG8="}, "analysis.inference_data: expected"),
        ({"inference_data": {"data": "aGVsbG8="}}, "no netCDF4 file"),
        ({"results": {"format": "joblib", "data": "***"}}, "analysis.results.data: not valid base64"),
        ({"annotations": [{"period": 1}]}, "analysis.annotations.0: expected"),
        ({"annotations": [{"data": {}}] * 21}, "at most 20"),
        ({"annotations": [{"data": {"a": "x" * 60_000}}]}, "more than 60000 characters"),
        ({"verdict": {"describes_data": "yes"}}, "analysis.verdict: expected"),
        ({"verdict": {"describes_data": True, "word": "refuted"}}, "analysis.verdict.word: expected good or doubtful"),
        ({"model_name": "x" * 60_001}, "more than 60000 characters together"),
        ([], "analysis: expected an object"),
    ],
)
def test_a_malformed_document_is_refused_and_the_test_fails(analysis: Any, words: str) -> None:
    with pytest.raises(AssertionError, match="A portal would refuse this") as caught, FakePortal() as portal:
        sent = portal.prepare()
        assert post(sent.callback_url, {"status": "success", "analysis": analysis}) == 400
        assert sent.status == "pending"
        assert post(sent.callback_url, {"status": "success"}) == 200
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "send",
    [
        lambda url: post(url, {"status": "a\nb"}),
        lambda url: post(url, {"message": "no status"}),
        lambda url: post(url, {"status": "success", "message": 5}),
        lambda url: requests.post(url, data="{", timeout=5).status_code,
        lambda url: requests.post(url, data='{"status": NaN}', timeout=5).status_code,
        lambda url: requests.patch(url, json={"progress": 25}, timeout=5).status_code,
        lambda url: requests.patch(url, json={"percent": 25}, timeout=5).status_code,
        lambda url: post(f"{url}/upload", {"size": 10**9}),
        lambda url: post(url, {"status": "success", "analysis": {"upload_id": "unknown"}}),
    ],
)
def test_a_malformed_request_is_refused(send: Callable[[str], int]) -> None:
    with FakePortal() as portal:
        assert send(portal.prepare().callback_url) == 400
        assert len(portal.problems) == 1
        portal.problems.clear()


def test_a_document_over_the_limit_is_uploaded_with_its_size() -> None:
    with FakePortal() as portal:
        sent = portal.prepare()
        assert post(sent.callback_url, {"status": "success", "analysis": {"x": "y" * 4_400_000}}) == 413
        ticket = requests.post(f"{sent.callback_url}/upload", json={"size": 3}, timeout=5).json()["data"]
        assert requests.put(ticket["url"], data="[1]]", timeout=5).status_code == 403
        assert portal.problems == ["upload: 4 bytes instead of 3"]
        portal.problems.clear()


def test_callbacks_end_an_analysis_once() -> None:
    with FakePortal() as portal:
        sent = portal.prepare()
        assert post(sent.callback_url, {"status": "failure", "message": "no"}) == 200
        assert post(sent.callback_url, {"status": "success"}) == 403
        assert (sent.status, sent.message, sent.callbacks) == ("failure", "no", [200, 403])
        late = portal.prepare(timeout=-1)
        assert post(late.callback_url, {"status": "success"}) == 400 and late.status == "timed_out"
        assert post(f"{portal.url}/api/webhook/obj_analysis/unknown", {"status": "success"}) == 403
        with pytest.raises(WaitTimeoutError, match="is pending after"):
            portal.prepare().wait(0.1)


def test_skyportal_takes_neither_progress_nor_uploads() -> None:
    with FakePortal("skyportal") as portal:
        sent = portal.prepare(input_types=["photometry", "comments"])
        assert sent.payload["inputs"]["comments"] == "\n" and "resource" not in sent.payload
        assert requests.patch(sent.callback_url, json={"progress": 0.1}, timeout=5).status_code == 405
        assert post(f"{sent.callback_url}/upload", {}) == 405


def test_a_service_is_run_in_the_test(fake_portal: FakePortal) -> None:  # noqa: F811
    analysis = fake_portal.run(peak_finder, parameters={"degree": "5", "n_draws": "20"})
    assert analysis.status == "completed" and abs(analysis.results["t0"] - 58607) < 2
    assert len(analysis.document["posterior_samples"]["t0"]) == 20
    assert [plot["format"] for plot in analysis.document["plots"]] == ["png"]


@pytest.mark.parametrize("kind", ["heliograph", "skyportal"])
def test_a_service_is_run_as_either_portal_sends(kind: Any) -> None:
    with FakePortal(kind) as portal:
        analysis = portal.run(service, parameters={"ending": "result", "seconds": "0.05"})
        assert (analysis.status, analysis.results) == ("completed", {"n_points": 41})
        failed = portal.run(service, parameters={"n": 4})
        assert failed.status == "failure" and "Unknown parameter 'n'" in failed.message
