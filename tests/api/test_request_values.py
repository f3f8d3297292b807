"""Values as clients send them: text for numbers, blanks, repeated and unknown parameters, other encodings."""

import csv
import io
from typing import Any

import pytest

from chalicelib import settings
from tests.api.story import make_service, make_source
from tests.gateway import Gateway

POINT = {"obj_id": "SN1", "mjd": 59000.5, "flux": 100.0, "fluxerr": 1.0}


@pytest.fixture
def source(admin: Gateway) -> str:
    make_source(admin)
    for band in ("ztfg", "ztfr"):
        admin.post("/photometry", {**POINT, "instrument_id": 1, "filter": band})
    return "SN1"


@pytest.mark.parametrize(
    ("fields", "name", "value"),
    [
        ({"redshift": "0.05"}, "redshift", 0.05),
        ({"redshift": " 5e-2 "}, "redshift", 0.05),
        ({"redshift": ""}, "redshift", None),
        ({"redshift": None}, "redshift", None),
        ({"ra": "10", "dec": "-20.5"}, "dec", -20.5),
        ({"transient": "True"}, "transient", True),
        ({"transient": "f"}, "transient", False),
        ({"transient": 0}, "transient", False),
        ({"transient": ""}, "transient", None),
        ({"origin": "007"}, "origin", "007"),
        ({"origin": ""}, "origin", ""),
    ],
)
def test_numbers_booleans_and_blanks_of_a_body(
    admin: Gateway, source: str, fields: dict[str, Any], name: str, value: Any
) -> None:
    admin.patch("/sources/SN1", {"redshift": 0.7, "transient": True, "origin": "ZTF"})
    assert admin.patch("/sources/SN1", fields).status == 200
    assert admin.get("/sources/SN1").data[name] == value


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"redshift": "0,05"}, "redshift: expected a number greater than -1 and at most 1200, not '0,05'."),
        ({"redshift": "nan"}, "redshift: expected a finite number, not 'nan'."),
        ({"redshift": "-Infinity"}, "redshift: expected a finite number, not '-Infinity'."),
        ({"redshift": [0.1]}, "redshift: expected a number greater than -1 and at most 1200, not a list."),
        ({"redshift": -2}, "redshift: expected a number greater than -1 and at most 1200, not -2."),
        ({"transient": "perhaps"}, "transient: 'perhaps' is neither true nor false; write true or false."),
        (
            {"alias": [" M 87"]},
            "alias[0]: expected text of 1 to 200 characters in one line, without blanks at its start and end, "
            "not ' M 87'.",
        ),
        ({"redshfit": 1}, "redshfit: there is no such field; did you mean redshift?"),
        ({"group_ids": "none"}, "group_ids: expected a list or text, not 'none'."),
    ],
)
def test_what_does_not_fit_is_refused_in_plain_words(
    admin: Gateway, source: str, fields: dict[str, Any], sentence: str
) -> None:
    reply = admin.patch("/sources/SN1", fields)
    assert reply.status in (400, 403)
    if "group_ids" not in fields:
        assert reply.message.removesuffix(".") == sentence.removesuffix(".")
    assert not {"`", "regex", "enum"} & set(reply.message.replace("`", " ` ").split())


@pytest.mark.parametrize("instrument", [1, "1", 1.0, "1.0", " 1 "])
def test_an_instrument_by_any_spelling_of_its_number(admin: Gateway, source: str, instrument: Any) -> None:
    row = {**POINT, "mjd": 59001, "filter": "ztfg", "instrument_id": instrument}
    (number,) = admin.post("/photometry", row).data["ids"]
    assert admin.get(f"/photometry/{number}").data["instrument_id"] == 1


@pytest.mark.parametrize("instrument", [1.5, "one", True, "", None])
def test_what_is_no_number_of_an_instrument(admin: Gateway, source: str, instrument: Any) -> None:
    row = {**POINT, "mjd": 59001, "filter": "ztfg", "instrument_id": instrument}
    assert admin.post("/photometry", row).status == 400


@pytest.mark.parametrize(
    "query", ["filters=ztfg,ztfr", "filters=ztfg&filters=ztfr", "filters=ztfg, ztfr,", "filters=", "filters=null", ""]
)
def test_repeated_keys_of_a_list_are_joined(admin: Gateway, source: str, query: str) -> None:
    rows = {"mjd": [59000.0 + n for n in range(20)], "flux": [float(n % 3) for n in range(20)], "fluxerr": 1.0}
    for band in ("ztfg", "ztfr"):
        admin.post("/photometry", {**POINT, **rows, "instrument_id": 1, "filter": band})
    reply = admin.get(f"/sources/SN1/periodogram?{query}")
    # The renderer does not run here: the request for both filters is accepted as far as that.
    assert reply.status in (303, 503), reply.text


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/sources?numPerPage=5&numPerPage=6", "numPerPage: sent 2 times with different values; send it once."),
        ("/sources?numperpage=5", "numperpage: there is no such parameter; did you mean numPerPage?"),
        ("/sources/SN1?includeSpectrum=1", "includeSpectrum: there is no such parameter; did you mean includeSpectra?"),
        ("/telescope/1?name=x", "name: there is no such parameter; leave it out."),
        ("/sources?numPerPage=many", "numPerPage: expected a whole number at least 1 and at most 500, not 'many'."),
        ("/sources/SN1/photometry?format=csv", "format: expected mag, flux or both, not 'csv'."),
        ("/sources?radius=nan&ra=1&dec=1", "radius: expected a finite number, not 'nan'."),
    ],
)
def test_parameters_that_do_not_fit_are_refused(admin: Gateway, source: str, path: str, sentence: str) -> None:
    reply = admin.get(path)
    assert (reply.status, reply.message) == (400, sentence)


def test_a_parameter_of_skyportal_without_meaning_is_noted(admin: Gateway, source: str) -> None:
    reply = admin.get("/sources/SN1?includeThumbnails=true")
    assert reply.json["notes"] == ["includeThumbnails: ignored, there are no thumbnails."]


def test_the_same_value_twice_is_one_value(admin: Gateway, source: str) -> None:
    assert admin.get("/sources?numPerPage=5&numPerPage=5").data["numPerPage"] == 5


@pytest.mark.parametrize("name", [".", "..", "", "a b", "a/b", "a\n"])
def test_names_that_no_path_can_hold_are_refused(admin: Gateway, name: str) -> None:
    reply = admin.post("/sources", {"id": name, "ra": 1, "dec": 2})
    assert reply.status == 400
    assert reply.message.startswith("id: expected text")


def test_each_answer_has_the_version_and_errors_have_empty_data(admin: Gateway, source: str) -> None:
    assert admin.get("/sources/SN1").json["version"] == settings.VERSION
    assert admin.get("/sources/SN2").json == {
        "status": "error",
        "message": "There is no source 'SN2' that you may see.",
        "data": {},
        "version": settings.VERSION,
    }


def test_head_is_get_without_a_body(admin: Gateway, source: str) -> None:
    for path, status in (("/sources/SN1", 200), ("/sources/SN2", 404), ("/sources", 200), ("/sysinfo", 200)):
        reply = admin.request("HEAD", path)
        assert (reply.status, reply.text) == (status, "")
        assert reply.headers["Content-Type"] == "application/json"
    assert admin.as_user(None).request("HEAD", "/sources/SN1").status == 401


@pytest.mark.parametrize("required", ["False", "false", 0, "f", False])
def test_a_parameter_that_is_not_required_in_any_spelling(admin: Gateway, source: str, required: Any) -> None:
    declaration = {"k": {"type": "number", "required": required}}
    service = make_service(admin, optional_analysis_parameters=declaration)
    assert admin.post(f"/obj/SN1/analysis/{service}", {}).status == 200


@pytest.mark.parametrize("required", ["True", "true", 1, "t", True])
def test_a_parameter_that_is_required_in_any_spelling(admin: Gateway, source: str, required: Any) -> None:
    declaration = {"k": {"type": "number", "required": required}}
    service = make_service(admin, optional_analysis_parameters=declaration)
    assert admin.post(f"/obj/SN1/analysis/{service}", {}).message == "analysis_parameters.k: this service requires it."


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-32"])
def test_bodies_in_other_encodings_are_refused(admin: Gateway, source: str, encoding: str) -> None:
    text = '{"text": "Größe"}'.encode(encoding)
    for content_type in ("application/json", "application/octet-stream"):
        reply = admin.post("/sources/SN1/comments", text, **{"content-type": content_type})
        assert reply.status == 400
        assert reply.message.startswith("The body")
    assert admin.get("/sources/SN1/comments").data == []


def test_a_byte_order_mark_is_no_part_of_the_body(admin: Gateway, source: str) -> None:
    body = b"\xef\xbb\xbf" + '{"text": "Größe"}'.encode()
    assert admin.post("/sources/SN1/comments", body, **{"content-type": "application/json"}).status == 200
    assert admin.get("/sources/SN1/comments").data[0]["text"] == "Größe"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PATCH", "/telescope/1", 405), ("PUT", "/telescope/one", 404), ("POST", "/photometry/range", 405),
        ("PUT", "/sources/SN1/annotations/x", 404), ("PUT", "/sources/SN1/elsewhere", 404), ("PUT", "/sources", 405),
        ("PUT", "/sources?pageNumber=1", 405), ("GET", "/elsewhere?a=1", 404),
    ],
)  # fmt: skip
def test_a_wrong_method_is_one_of_a_path_that_is_a_route(admin: Gateway, method: str, path: str, status: int) -> None:
    assert admin.request(method, path).status == status


def test_a_selection_that_selects_nothing_is_refused(admin: Gateway, source: str) -> None:
    service = make_service(admin)
    path = f"/obj/SN1/analysis/{service}"
    reply = admin.post(path, {"input_filters": {"photometry": {"filters": ["ztfz"]}}})
    assert (reply.status, "selects none of the" in reply.message) == (400, True)
    assert admin.post(path, {"input_filters": {"photometry": {"instruments": ["LSST"]}}}).status == 400
    ids = [point["id"] for point in admin.get("/sources/SN1/photometry").data]
    assert admin.post(path, {"input_filters": {"photometry": {"exclude": ids}}}).status == 400
    assert admin.post(path, {"input_filters": {"photometry": {"exclude": ids[1:]}}}).status == 200
    assert admin.post(path, {"input_filters": {"photometry": {"exclude": ["ztfg"]}}}).status == 400
    assert admin.post(path, {"input_filters": {"photometry": {"filters": ["ztfg"]}}}).status == 200


@pytest.mark.parametrize("measured_first", [True, False])
@pytest.mark.parametrize("flux", [5.0, -5.0, 0.0])
def test_a_measured_flux_beats_a_limit_in_any_order(
    admin: Gateway, source: str, flux: float, measured_first: bool
) -> None:
    row = {"obj_id": "SN1", "instrument_id": 1, "filter": "ztfi", "mjd": 59500.0}
    rows = [{**row, "flux": flux, "fluxerr": 1.0}, {**row, "mag": None, "limiting_mag": 22.0, "origin": "limit"}]
    for each in rows if measured_first else rows[::-1]:
        assert admin.post("/photometry", each).status == 200
    service = make_service(admin, input_data_types=["photometry"])
    analysis = admin.post(f"/obj/SN1/analysis/{service}", {}).data["id"]
    photometry = admin.get(f"/obj/analysis/{analysis}/inputs").data["inputs"]["photometry"]
    (sent,) = [each for each in csv.DictReader(io.StringIO(photometry)) if each["mjd"] == "59500.0"]
    assert sent["flux"] == str(flux)


@pytest.mark.parametrize("body", [{"group_id": 2}, {"group_id": "2"}, {"group_id": 2.0}])
def test_the_body_of_a_delete_is_read(admin: Gateway, source: str, body: dict[str, Any]) -> None:
    admin.post("/groups", {"name": "two"})
    admin.post("/sources", {"id": source, "group_ids": [2]})
    assert admin.delete(f"/sources/{source}", body).status == 200
    assert [group["id"] for group in admin.get(f"/sources/{source}").data["groups"]] == [1]


@pytest.mark.parametrize(
    ("target", "body", "message"),
    [
        ("/sources/SN1", {"group": 2}, "group: there is no such parameter; did you mean group_id?"),
        ("/sources/SN1", {"group_id": None}, "group_id: the only parameter here"),
        ("/sources/SN1", {"group_id": "all"}, "group_id: expected"),
        ("/sources/SN1?group_id=1", {"group_id": 2}, "group_id: send it in the query or in the body, not in both."),
        ("/sources/SN1", [2], "The body must be a JSON object."),
        ("/sources/SN1", b"group_id=2", "The body: this is not valid JSON"),
        ("/groups/1", {"user_id": 3}, "user_id: there is no such parameter"),
        ("/analysis_service/1", {"x": 3}, "x: there is no such parameter"),
    ],
)
def test_a_delete_with_something_else_in_its_body_deletes_nothing(
    admin: Gateway, source: str, target: str, body: Any, message: str
) -> None:
    reply = admin.delete(target, body)
    assert (reply.status, message in reply.message) == (400, True), reply.message
    assert admin.get("/sources/SN1").status == 200


def test_fields_that_nobody_reads_are_refused(admin: Gateway, source: str) -> None:
    analysis = admin.post(f"/obj/SN1/analysis/{make_service(admin)}", {}).data["id"]
    reply = admin.post(f"/obj/analysis/{analysis}/cancel", {"reason": "wrong parameters"})
    assert (reply.status, reply.message) == (400, "reason: this request has no fields; leave out its body.")
    assert admin.post(f"/obj/analysis/{analysis}/cancel", {}).status == 200
