"""What a deployment says of itself, and what it accepts."""

import pytest

from chalicelib import settings, workers
from tests.api.story import LIGHT_CURVE, make_service, make_source, set_overdue, start_analysis
from tests.gateway import Gateway


def test_sysinfo_has_skyportals_data_and_ours_beside(admin: Gateway) -> None:
    answer = admin.as_user(None).get("/sysinfo").json
    assert answer["data"] == {"gitlog": []}
    assert (answer["name"], answer["version"], answer["stage"]) == ("Heliograph", settings.VERSION, settings.STAGE)
    assert answer["public_key"].startswith("whpk_")


def test_enum_types_are_what_requests_accept(admin: Gateway) -> None:
    make_source(admin)
    types = admin.get("/enum_types").data
    assert types["ALLOWED_SPECTRUM_TYPES"] == ["source", "host", "host_center"]
    assert types["ALLOWED_BANDPASSES"] == ["ztfg", "ztfi", "ztfr"]
    assert {"lightcurve_fitting", "spectrum_fitting", "meta_analysis"} == set(types["ANALYSIS_TYPES"])
    assert "OAuth1" in types["AUTHENTICATION_TYPES"]
    assert types["THUMBNAIL_TYPES"] == types["FOLLOWUP_PRIORITIES"] == types["ALLOWED_API_CLASSNAMES"] == []


def test_the_configuration_names_the_cosmology(admin: Gateway) -> None:
    configuration = admin.get("/config").data
    assert (configuration["cosmology"], configuration["cosmologyParams"]["H0"]) == ("Planck18", 67.66)
    assert configuration["invitationsEnabled"] is False
    assert "key" not in str(configuration).replace("apikey_set", "")


def test_origins_of_photometry(admin: Gateway) -> None:
    make_source(admin)
    admin.post("/photometry", {**LIGHT_CURVE, "mjd": [59000.0, 59001.0, 59002.0], "origin": ["fp", "alert", "fp"]})
    assert admin.get("/photometry/origins").data == ["alert", "fp"]


def test_administrators_are_told_whether_the_deployment_does_its_work(admin: Gateway) -> None:
    before = admin.get("/sysinfo").json["health"]
    assert (before["last_sweep"], before["oldest_waiting"], before["last_hour"]) == (None, None, {})
    make_source(admin)
    analysis = start_analysis(admin, make_service(admin))
    workers.handle_sweep()
    health = admin.get("/sysinfo").json["health"]
    queue = {each["name"]: each for each in health["queues"]}["dispatch"]
    assert (queue["waiting"], queue["in_work"], queue["delayed"], queue["dead"]) == (1, 0, 0, 0)
    assert health["oldest_waiting"] and health["last_sweep"] > health["oldest_waiting"]
    assert health["last_hour"] == {"queued": 1}
    admin.post(f"/obj/analysis/{analysis}/cancel")
    ended = admin.get("/sysinfo").json["health"]
    assert (ended["oldest_waiting"], ended["last_hour"]) == (None, {"cancelled": 1})


def test_an_analysis_of_yesterday_does_not_count(admin: Gateway) -> None:
    make_source(admin)
    analysis = start_analysis(admin, make_service(admin))
    set_overdue(analysis, created_at="2020-01-01T00:00:00.000000")
    assert admin.get("/sysinfo").json["health"]["last_hour"] == {}


@pytest.mark.parametrize("token", [None, "wrong", "00000000-0000-4000-8000-000000000000"])
def test_nobody_else_is_told(admin: Gateway, token: str | None) -> None:
    plain = admin.post("/internal/tokens", {"name": "plain", "acls": ["Upload data"]}).data["token_id"]
    for reader in (admin.as_user(token), admin.as_user(plain)):
        reply = reader.get("/sysinfo")
        assert reply.status == 200 and "health" not in reply.json
