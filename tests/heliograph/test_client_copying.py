"""Copying a source from another portal."""

from collections.abc import Iterator
from typing import Any

import pytest

from heliograph import Heliograph, SkyPortal
from heliograph.errors import ArgumentError, UnknownNameError
from tests.heliograph.prepared_portal import TOKEN, PreparedPortal, Request, prepared_portal, reply

NAN = float("nan")
POINTS = [
    {"mjd": 58600.0, "filter": "ztfr", "flux": 10.0, "fluxerr": 1.0, "instrument_id": 70, "instrument_name": "ZTF",
     "origin": "alert", "ra": 184.5, "altdata": None, "id": 900},
    {"mjd": 58601.0, "filter": "atlaso", "flux": None, "fluxerr": 1.0, "instrument_id": 71,
     "instrument_name": "ATLAS", "origin": "", "altdata": {"a": NAN}, "id": 901},
    {"mjd": 58602.0, "filter": "ztfr", "flux": NAN, "fluxerr": 2.0, "instrument_id": 70, "instrument_name": "ZTF",
     "id": 902},
]  # fmt: skip
SPECTRUM = {
    "id": 50, "observed_at": "2019-05-08T04:30:00", "instrument_id": 70, "instrument_name": "ZTF",
    "wavelengths": [4000.0, 4001.0, 4002.0], "fluxes": [1e-16, NAN, 2e-16], "errors": [1e-18, 1e-18, 2e-18],
    "units": "erg/s/cm/cm/AA", "type": "source", "altdata": {"slit": 1},
}  # fmt: skip
CLASSIFICATIONS = [
    {"id": 1, "classification": "Ia", "probability": 0.8, "origin": None, "ml": False},
    {"id": 2, "classification": "Ia", "probability": NAN, "origin": "robot", "ml": True},
]
SOURCE = {
    "id": "SN1", "ra": 184.5, "dec": 31.2, "redshift": 0.046, "redshift_error": NAN, "alias": ["star"], "tns_name": "",
    "altdata": {"simbad": {"parallax": NAN}},
}  # fmt: skip


@pytest.fixture
def original() -> Iterator[SkyPortal]:
    """A SkyPortal that has the source."""
    with prepared_portal() as portal:
        portal.answer("GET", "/sources/SN1", reply(SOURCE))
        portal.answer("GET", "/sources/SN1/photometry", reply(POINTS))
        portal.answer("GET", "/sources/SN1/spectra", reply({"spectra": [SPECTRUM]}))
        portal.answer("GET", "/sources/SN1/classifications", reply(CLASSIFICATIONS))
        yield SkyPortal(portal.url, "skyportal")


class Target:
    """A portal that keeps what it is sent, as far as a copy needs it."""

    def __init__(self, portal: PreparedPortal) -> None:
        self.portal = portal
        self.source: dict[str, Any] | None = None
        self.spectra: list[dict[str, Any]] = []
        self.classifications: list[dict[str, Any]] = []
        for method, path in (
            ("GET", "/source_exists/SN1"), ("GET", "/sources/SN1"), ("GET", "/sources/SN1/spectra"),
            ("GET", "/sources/SN1/classifications"), ("POST", "/sources"), ("POST", "/spectrum"),
            ("POST", "/classification"), ("PUT", "/photometry"),
        ):  # fmt: skip
            portal.answer(method, path, self.respond)

    def respond(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        data: Any = {"id": 1, "ids": [1, 2], "classification_id": 1}
        beside: dict[str, Any] = {}
        match request.method, request.path:
            case "GET", "/source_exists/SN1":
                data, beside = {"source_exists": bool(self.source)}, {"obj_ids": ["SN1"] if self.source else []}
            case "GET", "/sources/SN1":
                data = self.source
            case "GET", "/sources/SN1/spectra":
                data = {"spectra": self.spectra}
            case "GET", "/sources/SN1/classifications":
                data = self.classifications
            case "POST", "/sources":
                self.source = {**(self.source or {}), **request.body}
            case "POST", "/spectrum":
                self.spectra.append({**request.body, "observed_at": "2019-05-08T04:30:00.000000"})
            case "POST", "/classification":
                self.classifications.append(request.body)
        return reply(data, **beside)(request)


@pytest.fixture
def target(portal: PreparedPortal) -> Target:
    return Target(portal)


def test_a_copy_has_everything_and_only_its_user_sees_it(
    portal: PreparedPortal, sky: Heliograph, target: Target, original: SkyPortal
) -> None:
    copy = sky.copy_from(original, "SN1")
    assert (copy.name, copy.redshift) == ("SN1", 0.046)
    (saved,) = portal.list_requests("POST", "/sources")
    expected = {"id": "SN1", "ra": 184.5, "dec": 31.2, "redshift": 0.046, "alias": ["star"], "group_ids": [2]}
    expected["altdata"] = {"simbad": {"parallax": None}}
    assert saved.body == expected
    (put,) = portal.list_requests("PUT")
    assert put.body["instrument_id"] == [3, 4, 3]
    assert put.body["flux"] == [10.0, None, None]
    assert put.body["altdata"] == [None, {"a": None}, None]
    assert put.body["origin"] == ["alert", "", None]
    assert (put.body["zp"], put.body["magsys"], put.body["group_ids"]) == (23.9, "ab", [2])
    assert not {"id", "instrument_name", "dec"} & set(put.body)
    (spectrum,) = target.spectra
    assert spectrum["fluxes"] == [1e-16, 2e-16]
    assert spectrum["errors"] == [1e-18, 2e-18]
    assert (spectrum["wavelengths"], spectrum["instrument_id"]) == ([4000.0, 4002.0], 3)
    assert [each.get("probability") for each in target.classifications] == [0.8, None]
    assert all(each["group_ids"] == [2] for each in [*target.classifications, *target.spectra])


def test_a_second_copy_adds_only_what_is_new(
    portal: PreparedPortal, sky: Heliograph, target: Target, original: SkyPortal
) -> None:
    sky.copy_from(original, "SN1", groups="Novae")
    sky.copy_from(original, "SN1", groups="Novae")
    assert len(target.spectra) == 1
    assert len(target.classifications) == 2
    first, second = portal.list_requests("PUT")
    assert first.body == second.body


def test_a_copy_changes_no_value_that_is_here(
    portal: PreparedPortal, sky: Heliograph, target: Target, original: SkyPortal
) -> None:
    target.source = {"id": "SN1", "ra": 184.6, "dec": 31.3, "redshift": 0.05}
    assert sky.copy_from(original, "SN1").redshift == 0.05
    body = portal.list_requests("POST", "/sources")[0].body
    assert not {"ra", "dec", "redshift"} & set(body)
    assert body["alias"] == ["star"]


def test_an_instrument_that_is_not_here_stops_the_copy(
    portal: PreparedPortal, sky: Heliograph, target: Target, original: SkyPortal
) -> None:
    portal.answer("GET", "/instrument", reply([{"id": 3, "name": "Palomar"}, {"id": 4, "name": "ATLAS"}]))
    with pytest.raises(UnknownNameError, match=r"no instrument 'ZTF'.*There are: Palomar, ATLAS.*Nothing was copied"):
        sky.copy_from(original, "SN1")
    assert not [request for request in portal.requests if request.method != "GET"]
    sky.copy_from(original, "SN1", instruments={"ZTF": "Palomar"})
    assert portal.list_requests("PUT")[0].body["instrument_id"] == [3, 4, 3]


def test_a_portal_is_needed(sky: Heliograph) -> None:
    with pytest.raises(ArgumentError, match="expected a Heliograph or a SkyPortal"):
        sky.copy_from("https://skyportal.invalid", "SN1")  # type: ignore[arg-type]


def test_each_portal_is_sent_its_own_token(
    portal: PreparedPortal, sky: Heliograph, target: Target, original: SkyPortal
) -> None:
    sky.copy_from(original, "SN1")
    assert {request.headers["authorization"] for request in portal.requests} == {f"token {TOKEN}"}
