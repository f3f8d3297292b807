"""What a deployment says of itself, and what it accepts."""

from chalicelib import settings
from tests.api.story import LIGHT_CURVE, make_source
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
