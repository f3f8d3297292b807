"""Hostile requests get a clear refusal, never a 5xx, and show or change nothing of others."""

import json
from typing import Any

import pytest

from chalicelib import queues
from chalicelib.egress import parse_retry_after
from tests.api.story import LIGHT_CURVE, deliver, make_service, make_source, start_analysis
from tests.api.test_people import make_user
from tests.gateway import Gateway

DEEP = "[" * 5000


@pytest.mark.parametrize("analysis", ["0" * 20 + "9" * 5000, "9" * 17, "\u0661", "1e3", "-1", "%00", "1/../2"])
def test_invalid_ids_are_refused(admin: Gateway, analysis: str) -> None:
    assert admin.get(f"/obj/analysis/{analysis}").status in (403, 404)
    assert admin.get(f"/analysis_service/{analysis}").status in (403, 404)


@pytest.mark.parametrize("source", ["x" * 3000, "a b", "%2e%2e", "\u00e9"])
def test_invalid_source_names_are_refused(admin: Gateway, source: str) -> None:
    assert admin.get(f"/sources/{source}").status == 404
    assert admin.post("/photometry", {**LIGHT_CURVE, "obj_id": source}).status == 404


@pytest.mark.parametrize(
    "change",
    [
        {"obj_id": {}}, {"obj_id": []}, {"obj_id": [[]]}, {"instrument_id": True}, {"group_ids": [10**2000]},
        {"group_ids": [-1]}, {"altdata": {"a": "x" * 3000}}, {"mjd": {"a": 1}},
    ],
)  # fmt: skip
def test_malformed_photometry_is_refused(admin: Gateway, change: dict[str, Any]) -> None:
    make_source(admin)
    assert 400 <= admin.post("/photometry", {**LIGHT_CURVE, **change}).status < 500


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/sources", {"id": "SN2", "ra": 1, "dec": 1, "altdata": {"a": "x" * 500_000}}),
        ("/sources", {"id": "SN2", "ra": 1, "dec": 1, "alias": ["x"] * 5000}),
        ("/spectrum", {"observed_at": "0001-01-01T00:00:00+12:00"}),
        ("/spectrum", {"altdata": {"a": "x" * 500_000}}),
        ("/analysis_service", {"optional_analysis_parameters": {"a": ["x" * 500_000]}}),
        ("/analysis_service", {"timeout": 1e-200}),
        ("/obj/SN1/analysis/1", {"analysis_parameters": {"a": "x" * 500_000}}),
        ("/obj/SN1/analysis/1", {"input_filters": {"photometry": {"filters": ["x"] * 100_000}}}),
        ("/obj/SN1/analysis_upload/2", {"analysis_parameters": {"a": "x" * 500_000}}),
        ("/obj/SN1/analysis/1", {"group_ids": [10**400]}),
        ("/obj/SN1/analysis/1", {"input_filters": {"photometry": {"filters": ["\U0001f600" * 190] * 200}}}),
        ("/analysis_service", {"optional_analysis_parameters": "{" + " " * 500_000 + "}"}),
    ],
)
def test_oversized_fields_are_refused(admin: Gateway, path: str, body: dict[str, Any]) -> None:
    make_source(admin)
    make_service(admin, optional_analysis_parameters={"a": ["b"]})
    make_service(admin, name="b", upload_only=True, input_data_types=[])
    defaults = {
        "/spectrum": {
            "obj_id": "SN1", "instrument_id": 1, "observed_at": "2020-01-01T00:00:00",
            "wavelengths": [4000.0], "fluxes": [1.0],
        },
        "/analysis_service": {
            "name": "c", "url": "https://c.org", "authentication_type": "none",
            "analysis_type": "meta_analysis", "input_data_types": ["redshift"],
        },
    }.get(path, {})  # fmt: skip
    reply = admin.post(path, {**defaults, **body})
    assert 400 <= reply.status < 500, reply.text
    assert reply.message


def test_light_curves_of_many_uploads_can_be_shared_at_once(admin: Gateway) -> None:
    make_source(admin)
    row = {"obj_id": "SN1", "flux": 1.0, "fluxerr": 1.0, "filter": "ztfg", "instrument_id": 1}
    for mjd in range(50000, 50032):
        assert admin.post("/photometry", {**row, "mjd": mjd}).status == 200
    everything = {**row, "mjd": [*range(50000, 50032), 50200], "group_ids": "all"}
    assert admin.put("/photometry", everything).status == 200
    assert len(make_user(admin, "ada").get("/sources/SN1/photometry").data) == 33


def test_large_altdata_is_cut_into_blocks(admin: Gateway) -> None:
    make_source(admin)
    count = 600
    altdata = [{"note": f"{i}" * 400} for i in range(count)]
    columns = {
        "mjd": list(range(50000, 50000 + count)),
        "flux": 1.0,
        "fluxerr": 1.0,
        "filter": "ztfg",
        "instrument_id": 1,
    }
    assert admin.post("/photometry", {"obj_id": "SN1", **columns, "altdata": altdata}).status == 200
    assert admin.get("/sources/SN1/photometry").data[5]["altdata"] == altdata[5]


def test_malformed_queries_and_long_headers(admin: Gateway) -> None:
    make_source(admin)
    service = make_service(admin)
    first = start_analysis(admin, service, **{"idempotency-key": "k" * 5000})
    assert start_analysis(admin, service, **{"idempotency-key": "k" * 5000}) == first
    for query in (f"plot_kwargs={DEEP}", "plot_kwargs=[1]", "plot_kwargs={"):
        assert admin.get(f"/obj/analysis/{first}/corner?{query}").status == 400
    assert admin.get("/sources/SN1?includePhotometry=perhaps").status == 400


def test_a_long_message_is_cut_not_refused(admin: Gateway) -> None:
    from tests.service import analysis_service

    make_source(admin)
    with analysis_service() as server:
        analysis = start_analysis(admin, make_service(admin, server.url))
        deliver()
        path = server.received[0].callback_path
    assert admin.patch(path, {"progress": 1e-200}).status == 200
    assert admin.post(path, {"status": "error", "message": "Traceback " * 9000}).status == 200
    assert len(admin.get(f"/obj/analysis/{analysis}").data["status_message"]) == 5000


def test_encoded_results_hold_no_nan(admin: Gateway) -> None:
    make_source(admin)
    service = make_service(admin, upload_only=True, input_data_types=[])
    body = {"analysis": {"results": {"format": "json", "data": '{"a": NaN}'}}}
    analysis = admin.post(f"/obj/SN1/analysis_upload/{service}", body).data["id"]
    assert admin.get(f"/obj/analysis/{analysis}/results").data == {"a": None}


@pytest.mark.parametrize("header", ["Fri, 31 Dec 9999 23:59:59 -1200", "soon", "-1", "9" * 50, "", None])
def test_retry_after_in_any_form(header: str | None) -> None:
    seconds = parse_retry_after(header)
    assert seconds is None or 0 <= seconds <= 12 * 3600


def test_inputs_are_visible_only_to_their_author(admin: Gateway) -> None:
    make_source(admin)
    ada, bob = make_user(admin, "ada", "Run Analyses", "Upload data"), make_user(admin, "bob")
    ada.post("/photometry", {**LIGHT_CURVE, "mjd": [50001.0, 50002.0, 50003.0]})
    analysis = start_analysis(ada, make_service(admin), {"group_ids": "all"})
    assert "50001.0" in json.dumps(ada.get(f"/obj/analysis/{analysis}/inputs").data)
    assert bob.get(f"/obj/analysis/{analysis}").status == 200
    assert bob.get(f"/obj/analysis/{analysis}/inputs").status == 403


def test_credentials_are_not_sent_to_a_new_host(admin: Gateway) -> None:
    token = {"header_token": {"Authorization": "Bearer secret"}}
    service = make_service(admin, authentication_type="header_token", _authinfo=token)
    path = f"/analysis_service/{service}"
    assert admin.patch(path, {"url": "https://evil.example.org/"}).status == 400
    assert admin.patch(path, {"url": "https://service.example.org/other"}).status == 200
    assert admin.patch(path, {"url": "https://evil.example.org/", "_authinfo": token}).status == 200


@pytest.mark.parametrize("name", ["extinction", "callback_url", "resource"])
def test_api_key_cannot_be_named_like_a_key_of_the_payload(admin: Gateway, name: str) -> None:
    make_service(admin)
    fields = {
        "authentication_type": "api_key", "_authinfo": {"api_key": "sEcReT", "api_key_name": name},
    }  # fmt: skip
    reply = admin.patch("/analysis_service/1", fields)
    assert reply.status == 400
    assert "api_key_name" in reply.message
    assert "sEcReT" not in reply.text


def test_users_can_be_added_only_to_own_groups(admin: Gateway) -> None:
    ada = make_user(admin, "ada", "Manage users", "Manage groups")
    group = admin.post("/groups", {"name": "closed"}).data["id"]
    assert ada.post("/user", {"username": "eve", "groupIDsAndAdmin": [[group, True]]}).status == 403
    assert admin.post("/user", {"username": "eve", "groupIDsAndAdmin": [[2, True]]}).status == 403
    assert ada.post("/groups", {"name": "novae", "group_admins": [4711]}).status == 400
    assert ada.post("/groups", {"name": "novae"}).status == 200, "a refused request leaves no group behind"


def test_job_of_a_failed_deletion_deletes_no_analyses(admin: Gateway) -> None:
    make_source(admin)
    service = make_service(admin)
    analysis = start_analysis(admin, service)
    queues.send_message(queues.JOBS, {"job": "delete_analyses", "service_id": service})
    deliver(queues.JOBS)
    assert admin.get(f"/obj/analysis/{analysis}").status == 200


def test_scalars_in_four_byte_characters_fit_the_record(admin: Gateway) -> None:
    make_source(admin)
    service = make_service(admin, upload_only=True, input_data_types=[])
    results = {f"{number:03d}" + "\U0001f600" * 95: "\U0001f600" * 100 for number in range(200)}
    body = {"analysis": {"results": {"format": "json", "data": results}}}
    assert admin.post(f"/obj/SN1/analysis_upload/{service}", body).status == 200


def test_idempotency_key_with_a_lone_surrogate(admin: Gateway) -> None:
    make_source(admin)
    assert start_analysis(admin, make_service(admin), **{"idempotency-key": "\ud800"}) > 0
