"""The registry of analysis services."""

from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.tables import services as services_table
from tests.api.story import deliver, make_service, make_source, start_analysis
from tests.api.test_people import make_user
from tests.gateway import Gateway
from tests.service import analysis_service

MISSION = {
    "name": "My Awesome RR Lyrae Fitter",
    "display_name": "My display name",
    "description": "We fit RRLyrae to templates",
    "version": "1.0",
    "contact_name": "I. M. Astronomer",
    "url": "http://amazing.analysis.edu:6801/analysis/rrl_analysis",
    "authentication_type": "header_token",
    "_authinfo": '{"header_token": {"Authorization": "Bearer MY_TOKEN"}}',
    "analysis_type": "lightcurve_fitting",
    "input_data_types": ["photometry", "redshift"],
    "upload_only": False,
    "optional_analysis_parameters": '{"rrl_type": ["ab", "c", "d", "e"]}',
    "timeout": 60,
}


def test_the_service_of_the_mission_document(admin: Gateway) -> None:
    service = admin.post("/analysis_service", MISSION).data["id"]
    one = admin.get(f"/analysis_service/{service}")
    assert {name: one.data[name] for name in MISSION if name != "_authinfo"} == {
        name: value for name, value in MISSION.items() if name != "_authinfo"
    }
    (listed,) = admin.get("/analysis_service").data
    assert listed["optional_analysis_parameters"] == {"rrl_type": ["ab", "c", "d", "e"]}
    assert one.data["enabled"] is True
    assert "MY_TOKEN" not in one.text + admin.get("/analysis_service").text


def test_stored_declarations_are_not_validated_again(admin: Gateway) -> None:
    """Records from before a rule was made stay readable."""
    service = admin.post("/analysis_service", MISSION).data["id"]
    item = services_table.find_service(service)
    assert item is not None
    for stored, listed in (('{"a": 3}', {"a": 3}), ({"a": 3}, {"a": 3}), (" ", {}), (None, {})):
        fields = replace(item.fields, optional_analysis_parameters=stored)
        item.update(actions=[services_table.ServiceItem.fields.set(fields)])
        (view,) = admin.get("/analysis_service").data
        assert view["optional_analysis_parameters"] == listed
        assert admin.get(f"/analysis_service/{service}").data["optional_analysis_parameters"] == stored


def test_mistakes_in_it_are_reported(admin: Gateway) -> None:
    unclosed = admin.post("/analysis_service", {**MISSION, "optional_analysis_parameters": '{"a": ["b"}'})
    assert unclosed.status == 400
    assert "optional_analysis_parameters" in unclosed.message
    foreign = admin.post("/analysis_service", {**MISSION, "group_ids": [2, 4, 9]})
    assert foreign.status == 403
    assert "4, 9" in foreign.message


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""}, {"url": "ftp://a.b/c"}, {"url": "http://"}, {"url": "http://u:p@a.b/"},
        {"url": "http://10.0.0.1/x"}, {"url": "http://169.254.169.254/latest"}, {"url": "http://[::1"},
        {"url": "http://a b/"}, {"authentication_type": "magic"}, {"_authinfo": "{"}, {"_authinfo": {}},
        {"_authinfo": {"header_token": "x"}}, {"_authinfo": {"header_token": {"A": "b\r\nC: d"}}},
        {"_authinfo": {"header_token": {"A": "x" * 4000}}}, {"analysis_type": "art"},
        {"input_data_types": ["dreams"]}, {"timeout": 0}, {"timeout": "soon"}, {"wings": 2},
        {"optional_analysis_parameters": "[1]"}, {"optional_analysis_parameters": {"a": 3}},
        {"optional_analysis_parameters": {"a": {"type": "colour"}}},
    ],
)  # fmt: skip
def test_fields_that_are_not_valid_are_refused(admin: Gateway, change: dict[str, Any]) -> None:
    reply = admin.post("/analysis_service", {**MISSION, **change})
    assert reply.status == 400
    assert next(iter(change)) in reply.message


def test_names_are_unique_and_can_change(admin: Gateway) -> None:
    service = admin.post("/analysis_service", MISSION).data["id"]
    assert "choose another" in admin.post("/analysis_service", MISSION).message
    assert admin.patch(f"/analysis_service/{service}", {"name": "other"}).status == 200
    second = admin.post("/analysis_service", MISSION).data["id"]
    assert admin.patch(f"/analysis_service/{second}", {"name": "other"}).status == 400
    assert admin.patch(f"/analysis_service/{second}", {"url": "http://127.1.2.3/"}).status == 400
    assert admin.patch(f"/analysis_service/{second}", {"authentication_type": "HTTPBasicAuth"}).status == 400


def test_services_belong_to_groups(admin: Gateway) -> None:
    service = make_service(admin, group_ids=[2])
    ada = make_user(admin, "ada", "Manage Analysis Services", "Run Analyses")
    for reply in (
        ada.get(f"/analysis_service/{service}"),
        ada.get("/analysis_service/4711"),
        ada.get("/analysis_service/x"),
        ada.get(f"/analysis_service/{10**30}"),
        ada.patch(f"/analysis_service/{service}", {"name": "mine"}),
        ada.delete(f"/analysis_service/{service}"),
    ):
        assert reply.status == 403
    assert ada.get("/analysis_service").data == []
    assert make_user(admin, "bob").delete(f"/analysis_service/{service}").status == 401


def test_a_disabled_service_starts_nothing(admin: Gateway) -> None:
    make_source(admin)
    service = make_service(admin)
    admin.patch(f"/analysis_service/{service}", {"enabled": False})
    assert "disabled" in admin.post(f"/obj/SN1/analysis/{service}").message


def test_deleting_a_service_ends_and_deletes_its_analyses(admin: Gateway) -> None:
    make_source(admin)
    with analysis_service() as server:
        service = make_service(admin, server.url)
        analyses = [start_analysis(admin, service) for _ in range(30)]
        deliver()
        assert admin.delete(f"/analysis_service/{service}").status == 200
        assert admin.get(f"/analysis_service/{service}").status == 403
        deliver("jobs")
        assert admin.get("/obj/SN1/analysis").data == []
        assert admin.get(f"/obj/analysis/{analyses[0]}").status == 403
        late = admin.post(server.received[0].callback_path, {"status": "success", "analysis": {}})
    assert late.status == 403


def test_a_service_may_receive_no_data_of_the_source(admin: Gateway) -> None:
    make_source(admin)
    for n, more in enumerate(({"input_data_types": []}, {})):
        fields = {name: value for name, value in MISSION.items() if name != "input_data_types"}
        service = admin.post("/analysis_service", {**fields, "name": f"none {n}", **more}).data["id"]
        assert admin.get(f"/analysis_service/{service}").data["input_data_types"] == []


def test_credentials_by_either_name(admin: Gateway) -> None:
    credentials = {"header_token": {"Authorization": "Bearer x"}}
    fields = {name: value for name, value in MISSION.items() if name != "_authinfo"}
    service = admin.post("/analysis_service", {**fields, "authinfo": credentials}).data["id"]
    assert admin.patch(f"/analysis_service/{service}", {"authinfo": credentials}).status == 200
    both = admin.patch(f"/analysis_service/{service}", {"authinfo": credentials, "_authinfo": credentials})
    assert both.message == "authinfo, _authinfo: these are the same field; send one of them."
    assert "Bearer" not in admin.get(f"/analysis_service/{service}").text
