"""Starting an analysis: permissions, parameters, and what the service receives."""

import csv
import io
import time
from typing import Any

import pytest

from chalicelib import queues, settings
from tests.api.story import LIGHT_CURVE, deliver, get_sent_body, make_service, make_source, set_overdue, start_analysis
from tests.api.test_people import make_user
from tests.gateway import Gateway
from tests.service import analysis_service


def parse_csv(text: str) -> list[dict[str, str]]:
    """Return the rows of a CSV text."""
    return list(csv.DictReader(io.StringIO(text)))


def test_payload_follows_the_contract(admin: Gateway) -> None:
    make_source(admin)
    with analysis_service() as server:
        parameters = '{"source": ["salt3"], "n": {"type": "number"}}'
        service = make_service(admin, server.url, optional_analysis_parameters=parameters)
        analysis = start_analysis(admin, service, {"url_parameters": {"source": "nugent-sn2p", "n": "3"}})
        deliver()
        body = get_sent_body(server)
        headers = server.received[0].headers
    assert set(body) == {
        "callback_url", "callback_method", "inputs", "analysis_parameters", "invalid_after",
        "analysis_resource_type", "resource_id", "resource",
    }  # fmt: skip
    assert body["callback_url"].startswith("https://heliograph.test/api/webhook/obj_analysis/")
    assert body["callback_method"] == "POST"
    assert body["analysis_parameters"] == {"source": "nugent-sn2p", "n": 3}
    assert body["inputs"]["analysis_parameters"] == body["analysis_parameters"]
    assert (body["analysis_resource_type"], body["resource_id"]) == ("obj", "SN1")
    assert body["resource"] == {"ra": 10.0, "dec": -5.0}
    assert time.strptime(body["invalid_after"], "%Y-%m-%d %H:%M:%S.%f")
    assert headers["webhook-signature"].startswith("v1a,")
    assert admin.get(f"/obj/analysis/{analysis}").data["status"] == "pending"


def test_photometry_and_redshift_are_tables(admin: Gateway) -> None:
    make_source(admin)
    with analysis_service() as server:
        kinds = ["photometry", "redshift", "spectra", "comments", "annotations", "classifications"]
        start_analysis(admin, make_service(admin, server.url, input_data_types=kinds))
        deliver()
        inputs = get_sent_body(server)["inputs"]
    assert inputs["photometry"].splitlines()[0] == (
        "mjd,flux,fluxerr,mag,magerr,filter,magsys,limiting_mag,zp,instrument_name,predicted_mag"
    )
    first, limit, _ = parse_csv(inputs["photometry"])
    assert (first["mjd"], first["flux"], first["filter"], first["instrument_name"]) == (
        "58000.0", "100.0", "ztfg", "ZTF",
    )  # fmt: skip
    assert (limit["flux"], limit["mag"], limit["fluxerr"]) == ("", "", "6.0")
    assert parse_csv(inputs["redshift"]) == [{"redshift": "0.05", "redshift_error": "", "redshift_origin": ""}]
    for kind in ("spectra", "comments", "annotations", "classifications"):
        assert len(inputs[kind].splitlines()) == 1, "a type without data is its header line"


def test_a_spectrum_is_sent_with_its_id(admin: Gateway) -> None:
    make_source(admin)
    spectrum = {"obj_id": "SN1", "instrument_id": 1, "observed_at": "2020-01-01T00:00:00"}
    number = admin.post("/spectrum", {**spectrum, "wavelengths": [4000.0, 4010.0], "fluxes": [1.0, 2.0]}).data["id"]
    with analysis_service() as server:
        start_analysis(admin, make_service(admin, server.url, input_data_types=["spectra"]))
        deliver()
        (row,) = parse_csv(get_sent_body(server)["inputs"]["spectra"])
    assert (row["id"], row["wavelengths"]) == (str(number), "[4000.0, 4010.0]")


def test_invisible_photometry_is_not_sent(admin: Gateway) -> None:
    make_source(admin)
    ada = make_user(admin, "ada", "Run Analyses", "Upload data")
    ada.post("/photometry", {**LIGHT_CURVE, "mjd": [50001.0, 50002.0, 50003.0]})
    with analysis_service() as server:
        start_analysis(ada, make_service(admin, server.url))
        deliver()
        photometry = parse_csv(get_sent_body(server)["inputs"]["photometry"])
    assert [row["mjd"] for row in photometry] == ["50001.0", "50002.0", "50003.0"]


def test_of_duplicates_the_best_is_sent_and_filters_choose(admin: Gateway) -> None:
    make_source(admin)
    again = {**LIGHT_CURVE, "flux": [101.0, 60.0, 251.0], "fluxerr": [1.0, 6.0, 70.0]}
    assert admin.post("/photometry", again).status == 200
    with analysis_service() as server:
        filters = {"photometry": {"filters": ["ztfg"], "instruments": ["ZTF"]}}
        start_analysis(admin, make_service(admin, server.url), {"input_filters": filters})
        deliver()
        photometry = parse_csv(get_sent_body(server)["inputs"]["photometry"])
    assert [(row["filter"], row["flux"]) for row in photometry] == [("ztfg", "101.0"), ("ztfg", "250.0")]


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"analysis_parameters": {"wings": 2}}, "wings"),
        ({"analysis_parameters": {"need": "x", "n": "many"}}, "analysis_parameters.n"),
        ({"analysis_parameters": {}}, "analysis_parameters.need"),
        ({"analysis_parameters": []}, "analysis_parameters"),
        ({"analysis_parameters": {"need": "x", "f": "not a file"}}, "analysis_parameters.f"),
        ({"analysis_parameters": {"need": "x", "correct_extinction": "a bit"}}, "correct_extinction"),
        ({"input_filters": {"spectra": {}}}, "input_filters"),
        ({"show_plots": "perhaps"}, "show_plots"),
    ],
)
def test_invalid_requests_are_refused_by_field(admin: Gateway, body: Any, word: str) -> None:
    make_source(admin)
    declarations = {"need": {"required": True}, "n": {"type": "number"}, "f": {"type": "file"}}
    service = make_service(admin, optional_analysis_parameters=declarations)
    reply = admin.post(f"/obj/SN1/analysis/{service}", body)
    assert reply.status == 400
    assert word in reply.message


def test_files_are_sent_and_only_their_names_stored(admin: Gateway) -> None:
    make_source(admin)
    file = "data:text/csv;name=lines.csv;base64,YSxiCjEsMgo="
    with analysis_service() as server:
        declarations = {"lines": {"type": "file"}}
        service = make_service(admin, server.url, optional_analysis_parameters=declarations)
        analysis = start_analysis(admin, service, {"analysis_parameters": {"lines": file}})
        deliver()
        assert get_sent_body(server)["analysis_parameters"]["lines"] == file
    assert admin.get(f"/obj/analysis/{analysis}").data["analysis_parameters"] == {"lines": "lines.csv"}


def test_start_requires_permission_service_and_source(admin: Gateway) -> None:
    make_source(admin, group_ids=[2])
    hidden, visible = make_service(admin, group_ids=[2]), make_service(admin, name="b", group_ids="all")
    ada = make_user(admin, "ada", "Run Analyses")
    assert make_user(admin, "bob").post(f"/obj/SN1/analysis/{visible}").status == 401
    assert ada.post(f"/obj/SN1/analysis/{hidden}").status == 403
    assert ada.post("/obj/SN1/analysis/4711").status == 403
    assert ada.post(f"/obj/SN1/analysis/{visible}").status == 404
    assert admin.post(f"/obj/SN1/analysis/{visible}", {"group_ids": [4711]}).status == 403
    upload_only = make_service(admin, name="c", upload_only=True, input_data_types=[])
    assert "analysis_upload" in admin.post(f"/obj/SN1/analysis/{upload_only}").message


def test_limit_per_source_is_enforced_and_freed(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "ANALYSES_PER_SOURCE", 3)
    make_source(admin)
    service = make_service(admin)
    started = [start_analysis(admin, service) for _ in range(3)]
    full = admin.post(f"/obj/SN1/analysis/{service}")
    assert full.status == 400
    assert "Delete some" in full.message
    admin.post(f"/obj/analysis/{started[0]}/cancel")
    start_analysis(admin, service)
    admin.delete(f"/obj/analysis/{started[1]}")
    start_analysis(admin, service)
    assert admin.post(f"/obj/SN1/analysis/{service}").status == 400
    other = make_user(admin, "ada", "Run Analyses")
    start_analysis(other, service)


def test_the_same_idempotency_key_starts_one_analysis(admin: Gateway) -> None:
    make_source(admin)
    service = make_service(admin)
    first = start_analysis(admin, service, **{"idempotency-key": "a"})
    assert start_analysis(admin, service, **{"idempotency-key": "a"}) == first
    assert start_analysis(admin, service, **{"idempotency-key": "b"}) != first


def test_a_lost_message_is_sent_by_the_sweep(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    from chalicelib.analysis.sweep import sweep_overdue

    make_source(admin)
    with analysis_service() as server:
        service = make_service(admin, server.url)
        with monkeypatch.context() as broken:
            broken.setattr(
                queues, "_url", lambda queue: f"https://sqs.us-east-1.amazonaws.com/1/heliograph-gone-{queue}"
            )
            analysis = start_analysis(admin, service)
        deliver()
        assert server.received == []
        assert sweep_overdue() == 0, "it may still be on its way"
        set_overdue(analysis)
        assert sweep_overdue() == 1
        deliver()
        assert admin.get(f"/obj/analysis/{analysis}").data["status"] == "pending"
