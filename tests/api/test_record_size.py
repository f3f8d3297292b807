"""A document with everything near its told limit fits its record, or is refused: it is never a 5xx."""

import json
from typing import Any

import msgspec
import pytest

from chalicelib.analysis.documents import RECORD_BYTES, parse_document
from tests.api.story import deliver, make_service, make_source, start_analysis
from tests.gateway import Gateway
from tests.service import analysis_service

WIDE = "\U0001f600"
"""A character of four bytes in UTF-8, and of twelve characters in JSON."""


def fill(character: str, length: int) -> dict[str, Any]:
    """Return a document whose parts are just below their limits, in characters of JSON."""
    wide = len(json.dumps(character)) - 2
    value = character * (length // wide)
    return {
        "annotations": [{"origin": f"o{n}", "data": {"a": value[: len(value) // 21]}} for n in range(20)],
        "model_lightcurve": {"x": value},
        "model_name": "x",
        "results": {"summary": character * 5000, **{f"{character * 90}{n}": character * 99 for n in range(200)}},
        "plots": ["iVBORw0KGgo="] * 100,
        "verdict": {"describes_data": True, "message": character * 300},
        "posterior_samples": {character * 200: [1.0, 2.0]},
    }


@pytest.mark.parametrize("character", ["a", WIDE, "\u00e9", '"', "\\"])
def test_a_callback_near_all_limits_is_taken(admin: Gateway, character: str) -> None:
    make_source(admin)
    parameters = {"a": ["x"], "b": {"type": "string"}}
    with analysis_service(200) as server:
        service = make_service(admin, server.url, optional_analysis_parameters=parameters)
        values = {"a": "x", "b": character * (45_000 // (len(json.dumps(character)) - 2))}
        filters = {"photometry": {"filters": ["ztfg", "ztfr"]}}
        analysis = start_analysis(admin, service, {"analysis_parameters": values, "input_filters": filters})
        deliver()
        callback = server.received[0].callback_path
    message = {"status": "success", "message": character * 5000}
    reply = admin.post(callback, {**message, "analysis": fill(character, 59_800)})
    assert reply.status == 200, reply.text
    assert admin.get(f"/obj/analysis/{analysis}").data["status"] == "completed"
    assert admin.get(f"/obj/analysis/{analysis}/results").data["summary"] == character * 5000
    assert admin.get("/sources/SN1?includeAnalyses=true").status == 200


@pytest.mark.parametrize("character", ["a", WIDE, "\u00e9"])
def test_what_a_record_keeps_of_a_document_is_bounded(character: str) -> None:
    products = parse_document(fill(character, 59_800)).products
    assert len(msgspec.json.encode(products)) <= RECORD_BYTES


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe{}", b"{", b"[]", b'"success"', b"null", b"", "{\"status\": \"\u00e9\"}".encode("latin-1"),
        '{"status": "success"}'.encode("utf-16"), b'{"status": 5}', b'{"status": null}',
        b'{"status": ["success"]}', b'{"status": "a: b"}', b'{"status": "' + b"x" * 41 + b'"}', b'{"status": "a\\nb"}',
        b'{"status": "success", "analysis": ' + b"[" * 200 + b"]" * 200 + b"}", b'{"status": "success", "analysis": 3}',
        b'{"status": "<b>success</b>"}', b'{"message": "no status"}',
    ],
)  # fmt: skip
def test_a_malformed_callback_changes_nothing_and_its_address_still_works(admin: Gateway, body: bytes) -> None:
    make_source(admin)
    with analysis_service(200) as server:
        analysis = start_analysis(admin, make_service(admin, server.url))
        deliver()
        callback = server.received[0].callback_path
    before = admin.get(f"/obj/analysis/{analysis}").json
    reply = admin.post(callback, body)
    assert reply.status == 400 and reply.message
    assert admin.get(f"/obj/analysis/{analysis}").json == before
    assert admin.post(callback, {"status": "success", "analysis": {"results": {"a": 1}}}).status == 200


@pytest.mark.parametrize("status", ["success", "error", "failure", "timed out", "Fehler", "not_converged", "v1.2-x"])
def test_short_words_are_taken_as_a_status(admin: Gateway, status: str) -> None:
    make_source(admin)
    with analysis_service(200) as server:
        analysis = start_analysis(admin, make_service(admin, server.url))
        deliver()
        assert admin.post(server.received[0].callback_path, {"status": status}).status == 200
    expected = "completed" if status == "success" else "failure"
    assert admin.get(f"/obj/analysis/{analysis}").data["status"] == expected
