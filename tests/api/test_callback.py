"""Callbacks: early, repeated, late, malformed, and for deleted analyses."""

import base64
from typing import Any

import pytest

from chalicelib import blobs
from tests.api.story import deliver, make_service, make_source, set_overdue, start_analysis
from tests.gateway import Gateway
from tests.service import Received, analysis_service

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


def encode_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


DOCUMENT: dict[str, Any] = {
    "plots": [{"format": "png", "data": encode_base64(PNG)}, encode_base64(b"%PDF-1.7")],
    "inference_data": {"format": "netcdf4", "data": encode_base64(b"\x89HDF\r\n\x1a\n")},
    "results": {"format": "json", "data": {"chi2": 1.5}},
    "posterior_samples": {"z": [0.1, 0.2]},
    "model_lightcurve": {"ztfg": [[1, 2, 3, 4]]},
    "n_detections": 2,
    "anything": {"else": ["is", "kept"]},
}


@pytest.fixture
def pending_analysis(admin: Gateway) -> tuple[int, str]:
    """Return a pending analysis and the path of its callback."""
    make_source(admin)
    with analysis_service() as server:
        analysis = start_analysis(admin, make_service(admin, server.url))
        deliver()
        return analysis, server.received[0].callback_path


def list_files(analysis: int) -> list[str]:
    """Return the keys of an analysis' stored documents."""
    from chalicelib.aws import get_account_id, get_client

    listing = get_client("s3").list_objects_v2(
        Bucket=f"heliograph-local-{get_account_id()}", Prefix=f"analyses/{analysis}/documents/"
    )
    return [blob["Key"] for blob in listing.get("Contents", [])]


def test_document_is_returned_unchanged(admin: Gateway, pending_analysis: tuple[int, str]) -> None:
    analysis, path = pending_analysis
    service = admin.as_user(None)
    reply = service.post(path, {"status": "success", "message": "fine", "analysis": DOCUMENT})
    assert reply.status == 200
    reply = admin.get(f"/obj/analysis/{analysis}?includeAnalysisData=True")
    record = reply.data
    assert (record["status"], record["status_message"], record["num_plots"]) == ("completed", "fine", 2)
    assert record["data"] == reply.json["analysis"]
    same = {name: value for name, value in record["data"].items() if name != "plots"}
    assert same == {name: value for name, value in DOCUMENT.items() if name != "plots"}
    first, second = record["data"]["plots"]
    assert (first["format"], first["type"], second["format"]) == ("png", "png", "pdf")
    assert second["data"] == DOCUMENT["plots"][1]
    assert admin.get(f"/obj/analysis/{analysis}/plots/0").content == PNG
    assert admin.get(f"/obj/analysis/{analysis}/inference_data").content == b"\x89HDF\r\n\x1a\n"
    assert admin.get(f"/obj/analysis/{analysis}/results").data == {"chi2": 1.5}
    assert admin.get(f"/obj/analysis/{analysis}/results?download=true").json == {"chi2": 1.5}
    (listed,) = admin.get("/obj/SN1/analysis").data
    assert listed["model_lightcurve"] == DOCUMENT["model_lightcurve"]
    assert admin.get(f"/obj/analysis/{analysis}/status").data["progress"] == 1.0


def test_the_record_has_skyportals_keys_and_no_token(admin: Gateway, pending_analysis: tuple[int, str]) -> None:
    analysis, path = pending_analysis
    reply = admin.get(f"/obj/SN1/analysis/{analysis}")
    assert set(reply.data) == {
        "id", "obj_id", "analysis_service_id", "analysis_service_name", "analysis_service_description",
        "author_id", "status", "status_message", "analysis_parameters", "input_filters", "show_parameters",
        "show_plots", "show_corner", "created_at", "modified", "last_activity", "duration", "invalid_after",
        "hash", "num_plots", "groups",
    }  # fmt: skip
    assert path.rpartition("/")[2] not in reply.text
    assert path.rpartition("/")[2] not in admin.get(f"/obj/analysis/{analysis}/inputs").text


@pytest.mark.parametrize("status", ["error", "failure", "SUCCESS", ""])
def test_anything_but_success_fails(admin: Gateway, pending_analysis: tuple[int, str], status: str) -> None:
    analysis, path = pending_analysis
    assert admin.post(path, {"status": status, "message": None}).status == 200
    assert admin.get(f"/obj/analysis/{analysis}").data["status"] == "failure"


def test_a_callback_before_the_acknowledgement_wins(admin: Gateway) -> None:
    make_source(admin)

    def call_back_at_once(request: Received) -> tuple[int, dict[str, str]]:
        assert admin.post(request.callback_path, {"status": "success", "analysis": {}}).status == 200
        return 200, {}

    with analysis_service(call_back_at_once) as server:
        analysis = start_analysis(admin, make_service(admin, server.url))
        deliver()
    assert admin.get(f"/obj/analysis/{analysis}").data["status"] == "completed"


def test_second_callback_is_refused_with_the_state(admin: Gateway, pending_analysis: tuple[int, str]) -> None:
    analysis, path = pending_analysis
    assert admin.post(path, {"status": "success", "analysis": {"results": {"data": 1}}}).status == 200
    before = list_files(analysis)
    second = admin.post(path, {"status": "success", "analysis": {"results": {"data": 2}}})
    assert second.status == 403
    assert "completed" in second.message
    assert list_files(analysis) == before
    assert admin.get(f"/obj/analysis/{analysis}/results").data == 1


def test_of_concurrent_callbacks_one_is_stored_completely(
    admin: Gateway, pending_analysis: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    analysis, path = pending_analysis
    real, entered = blobs.write_blob, []

    def write_then_call_back(key: str, data: bytes, content_type: str) -> None:
        real(key, data, content_type)
        if not entered:
            # The second callback comes while the first stores its document.
            entered.append(key)
            assert admin.post(path, {"status": "success", "analysis": {"results": {"data": "b"}}}).status == 200

    monkeypatch.setattr(blobs, "write_blob", write_then_call_back)
    first = admin.post(path, {"status": "success", "analysis": {"results": {"data": "a"}}})
    assert first.status == 403
    assert admin.get(f"/obj/analysis/{analysis}/results").data == "b"
    assert {key.split("/")[3] for key in list_files(analysis)} == {list_files(analysis)[0].split("/")[3]}


def test_a_late_callback_times_the_analysis_out(admin: Gateway, pending_analysis: tuple[int, str]) -> None:
    analysis, path = pending_analysis
    set_overdue(analysis, invalid_after="2001-01-01T00:00:00.000000")
    for _ in range(2):
        assert admin.post(path, {"status": "success", "analysis": {}}).status == 400
        assert admin.get(f"/obj/analysis/{analysis}").data["status"] == "timed_out"


@pytest.mark.parametrize(
    "body",
    [
        "", "{", "[]", "null", '{"analysis": {}}', '{"status": 3}', '{"status": "success", "analysis": []}',
        '{"status": "success", "analysis": {"plots": 3}}',
        '{"status": "success", "analysis": {"plots": [3]}}',
        '{"status": "success", "analysis": {"plots": [{"data": "%%%"}]}}',
        '{"status": "success", "analysis": {"inference_data": {"data": 3}}}',
        '{"status": "success", "analysis": {"results": {"format": "joblib", "data": "%"}}}',
        '{"status": "success", "message": "\\ud800"}',
    ],
)  # fmt: skip
def test_a_malformed_callback_changes_nothing(admin: Gateway, pending_analysis: tuple[int, str], body: str) -> None:
    analysis, path = pending_analysis
    reply = admin.post(path, body)
    assert reply.status == 400
    assert reply.message
    assert admin.get(f"/obj/analysis/{analysis}").data["status"] == "pending"
    assert admin.post(path, {"status": "success", "analysis": {}}).status == 200


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_callbacks_for_unknown_or_ended_analyses(
    admin: Gateway, pending_analysis: tuple[int, str], method: str
) -> None:
    analysis, path = pending_analysis
    body = {"status": "success"} if method == "POST" else {"progress": 0.5}
    for unknown in ("x", "00000000-0000-4000-8000-000000000000"):
        assert admin.request(method, f"/webhook/obj_analysis/{unknown}", body).status == 403
    admin.post(f"/obj/analysis/{analysis}/cancel")
    cancelled = admin.request(method, path, body)
    assert (cancelled.status, "cancelled" in cancelled.message) == (403, True)
    admin.delete(f"/obj/analysis/{analysis}")
    assert admin.request(method, path, body).status == 403


def test_progress_is_shown(admin: Gateway, pending_analysis: tuple[int, str]) -> None:
    analysis, path = pending_analysis
    assert admin.patch(path, {"progress": 0.25, "message": "burning in"}).status == 200
    status = admin.get(f"/obj/analysis/{analysis}/status").data
    assert status == {"id": analysis, "status": "pending", "message": "burning in", "progress": 0.25, "verdict": None}
    for bad in ({"progress": 2}, {"progress": "half"}):
        assert admin.patch(path, bad).status == 400


def test_nan_in_a_document_becomes_null(admin: Gateway, pending_analysis: tuple[int, str]) -> None:
    analysis, path = pending_analysis
    body = '{"status": "success", "analysis": {"results": {"data": {"a": NaN, "b": -Infinity, "c": 1e999}}}}'
    assert admin.post(path, body).status == 200
    assert admin.get(f"/obj/analysis/{analysis}/results").data == {"a": None, "b": None, "c": None}
