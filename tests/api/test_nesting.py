"""JSON of many levels: refused where it comes in; a record that has it already takes nothing down."""

import json
import zlib
from typing import Any

import pytest
from hypothesis import given, settings as hypothesis_settings, strategies as st

from chalicelib import settings
from chalicelib.aws import get_client
from chalicelib.errors import HeliographError, InvalidError, TooLargeError
from chalicelib.json_text import DEEPEST_NESTING, LEFT_OUT, cut_deep_parts, load_stored_json, parse_json
from tests.api.story import LIGHT_CURVE, deliver, get_sent_body, make_service, make_source, start_analysis
from tests.gateway import Gateway
from tests.service import analysis_service

DEPTHS = (DEEPEST_NESTING + 1, 200, 600, 940, 968, 990, 1500, 5000, 100_000)

SPECTRUM = {
    "obj_id": "SN1", "instrument_id": 1, "observed_at": "2020-01-01T00:00:00",
    "wavelengths": [4000.0, 5000.0], "fluxes": [1.0, 2.0],
}  # fmt: skip

BODIES: list[tuple[str, str, dict[str, Any], str]] = [
    ("POST", "/sources", {"id": "SN2", "ra": 1, "dec": 1}, "altdata"),
    ("PATCH", "/sources/SN1", {}, "altdata"),
    ("POST", "/photometry", LIGHT_CURVE, "altdata"),
    ("POST", "/spectrum", SPECTRUM, "altdata"),
    ("POST", "/sources/SN1/comments", {"text": "a"}, "attachment"),
    ("POST", "/sources/SN1/annotations", {"origin": "a"}, "data"),
    ("POST", "/classification", {"obj_id": "SN1", "classification": "Ia"}, "taxonomy_id"),
    ("POST", "/taxonomy", {"name": "a", "version": "1"}, "hierarchy"),
    ("POST", "/obj/SN1/analysis/1", {}, "analysis_parameters"),
    ("POST", "/obj/SN1/analysis_upload/2", {}, "analysis"),
    ("POST", "/obj/SN1/analysis_upload/2", {}, "analysis_parameters"),
    ("POST", "/analysis_service", {"name": "c", "url": "https://c.org"}, "optional_analysis_parameters"),
    ("POST", "/analysis_service", {"name": "c", "url": "https://c.org"}, "_authinfo"),
    ("PATCH", "/internal/profile", {}, "preferences"),
    ("POST", "/instrument", {"name": "X"}, "filters"),
    ("POST", "/analysis_batch", {"service_id": 1, "obj_ids": ["SN1"]}, "analysis_parameters"),
]


def nest(depth: int, kind: str) -> str:
    """Return JSON of so many levels, of lists, objects or both."""
    opening, closing = {"list": ("[", "]"), "object": ('{"a":', "}"), "both": ('[{"a":', "}]")}[kind]
    times = depth if kind != "both" else depth // 2
    return opening * times + "1" + closing * times


def write_body(fields: dict[str, Any], name: str, text: str) -> str:
    return json.dumps({**fields, name: "HERE"}).replace('"HERE"', text)


@pytest.mark.parametrize(("method", "path", "fields", "name"), BODIES, ids=lambda value: str(value)[:30])
def test_deep_values_are_refused_everywhere(
    admin: Gateway, method: str, path: str, fields: dict[str, Any], name: str
) -> None:
    make_source(admin)
    make_service(admin)
    make_service(admin, name="b", upload_only=True, input_data_types=[])
    for depth in DEPTHS:
        for kind in ("list", "object", "both"):
            text = nest(depth, kind)
            for value in (text, json.dumps(text)):
                reply = admin.request(method, path, write_body(fields, name, value))
                assert reply.status < 500, (depth, kind, reply.text)
                assert reply.status != 200 or value != text, (depth, kind)
    assert admin.get("/sources/SN1?includePhotometry=true&includeSpectra=true").status == 200


def test_results_that_encode_deep_json_are_refused(admin: Gateway) -> None:
    make_source(admin)
    upload = make_service(admin, upload_only=True, input_data_types=[])
    for depth in (DEEPEST_NESTING + 1, 968, 20_000):
        results = {"format": "json", "data": nest(depth, "list")}
        reply = admin.post(f"/obj/SN1/analysis_upload/{upload}", {"analysis": {"results": results}})
        assert (reply.status, "nested deeper" in reply.message) == (400, True)
    text = {"format": "json", "data": "[plain text"}
    assert admin.post(f"/obj/SN1/analysis_upload/{upload}", {"analysis": {"results": text}}).status == 200


def store_deep_parts(depth: int) -> None:
    """Write what earlier versions took: a source and a spectrum with deep `altdata`."""
    deep = nest(depth, "object")
    client = get_client("dynamodb")
    table_name = settings.resource_name("sources")
    for item in client.scan(TableName=table_name)["Items"]:
        part = item["part"]["S"]
        if part == "source":
            fields = json.loads(item["fields"]["S"])
            item["fields"] = {"S": write_body(fields, "altdata", deep)}
        elif part.startswith("spectrum#"):
            fields = json.loads(zlib.decompress(item["fields"]["B"]))
            item["fields"] = {"B": zlib.compress(write_body(fields, "altdata", deep).encode())}
        else:
            continue
        client.put_item(TableName=table_name, Item=item)


@pytest.mark.parametrize("depth", [150, 600, 940, 968, 990, 3000])
def test_deep_records_take_no_source_down(admin: Gateway, depth: int) -> None:
    make_source(admin)
    assert admin.post("/spectrum", SPECTRUM).status == 200
    store_deep_parts(depth)
    source = admin.get("/sources/SN1?includePhotometry=true&includeSpectra=true").data
    assert LEFT_OUT in json.dumps(source["altdata"])
    assert LEFT_OUT in json.dumps(source["spectra"][0]["altdata"])
    assert admin.get("/sources").status == 200
    assert admin.post("/photometry", {**LIGHT_CURVE, "mjd": [59000.0, 59001.0, 59002.0]}).status == 200
    with analysis_service(200) as server:
        inputs = ["photometry", "redshift", "spectra"]
        start_analysis(admin, make_service(admin, server.url, input_data_types=inputs))
        deliver()
        assert "4000.0" in get_sent_body(server)["inputs"]["spectra"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=30,
)


@given(JSON, st.integers(0, 2 * DEEPEST_NESTING), st.sampled_from(["list", "object", "both"]))
@hypothesis_settings(max_examples=60, deadline=None)
def test_cutting_keeps_all_that_is_not_too_deep(value: Any, depth: int, kind: str) -> None:
    text = json.dumps({"kept": value, "deep": json.loads(nest(depth, kind)), "after": '[{"\\'})
    stored = load_stored_json(text)
    assert (stored["kept"], stored["after"]) == (value, '[{"\\')
    assert stored == json.loads(text) or LEFT_OUT in json.dumps(stored)
    parse_json(cut_deep_parts(text), "it")


@given(st.text(alphabet='[]{}",:\\1a ', max_size=300))
@hypothesis_settings(max_examples=200, deadline=None)
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        parse_json(text, "it")
    except HeliographError as error:
        assert isinstance(error, InvalidError)


def test_many_small_lists_are_refused_before_they_are_made() -> None:
    with pytest.raises(TooLargeError, match="memory"):
        parse_json(b"[" + b"[]," * 4_000_000 + b"1]", "it")
    assert len(parse_json(b"[" + b"1.5," * 300_000 + b"1]", "it")) == 300_001
