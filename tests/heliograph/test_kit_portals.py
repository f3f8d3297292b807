"""Register a service in a portal, and try it on a real source without registering anything."""

import json
import math
from pathlib import Path
from typing import Any, Literal

import pytest

from heliograph.errors import AnalysisError, ArgumentError, InputError, NotFoundError, PortalError
from heliograph.service import (
    Annotations,
    Classifications,
    Comments,
    File,
    Photometry,
    Redshift,
    Result,
    Service,
    Spectra,
    Target,
    register,
    try_locally,
)
from heliograph.service.local_trial import save_plots
from heliograph.testing import FakePortal
from tests.heliograph.peak_finder import service as peak_finder

TOKEN = "0123456789abcdef"
URL = "https://fits.example.org/analysis"
PNG = b"\x89PNG\r\n\x1a\n"


def make_service(version: str = "1.0", choices: Any = Literal["a", "b"]) -> Service:
    service = Service("Fitter", version=version)

    def fit(photometry: Photometry, *, kind: choices = "a") -> Result:
        return Result()

    service.analysis(fit)
    return service


def test_a_service_is_created_then_updated() -> None:
    with FakePortal() as portal:
        assert register(make_service(), portal.connection, URL) == (1, True)
        assert register(make_service("1.1"), portal.connection, URL, token=TOKEN, group_ids=[3]) == (1, False)
        (fields,) = portal.services.values()
    assert fields["version"] == "1.1" and fields["url"] == URL and fields["group_ids"] == [3]
    assert fields["authentication_type"] == "header_token"
    assert fields["_authinfo"] == {"header_token": {"Authorization": f"Bearer {TOKEN}"}}
    assert fields["optional_analysis_parameters"]["kind"]["suggestions"] == ["a", "b"]


def test_skyportal_gets_json_texts_and_needs_a_token() -> None:
    with FakePortal("skyportal") as portal:
        with pytest.raises(ArgumentError, match="does not sign its requests"):
            register(make_service(), portal.connection, URL)
        assert register(make_service(), portal.connection, URL, token=TOKEN).is_new
        (fields,) = portal.services.values()
    assert json.loads(fields["_authinfo"]) == {"header_token": {"Authorization": f"Bearer {TOKEN}"}}
    assert json.loads(fields["optional_analysis_parameters"]) == {"kind": ["a", "b"]}


@pytest.mark.parametrize(
    "url", ["", "fits.example.org", "ftp://a.b", "https://a:b@c.d", "https://a b", "https://[", "http://a:0"]
)
def test_a_strange_address_is_refused(url: str) -> None:
    with FakePortal() as portal, pytest.raises(ArgumentError, match="is not valid"):
        register(make_service(), portal.connection, url)


def add_source(portal: FakePortal) -> None:
    points = [
        {"mjd": 58600.5, "filter": "ztfg", "flux": 20.0, "fluxerr": 4.0, "mag": 20.6, "magerr": 0.2},
        {"mjd": 58599.5, "filter": "ztfg", "flux": None, "fluxerr": 4.0, "mag": None, "magerr": None},
        {"mjd": 58600.5, "filter": "ztfg", "flux": 21.0, "fluxerr": 2.0, "mag": 20.6, "magerr": 0.1},
    ]
    common = {"magsys": "ab", "zp": 23.9, "limiting_mag": 20.5, "instrument_name": "ZTF, P48", "altdata": None}
    spectrum = {"observed_at": "2019-05-01T00:00:00", "wavelengths": [4000.0, 5000.0], "fluxes": [1.0, 2.0]}
    portal.add_source(
        "2019/dwz",
        redshift=0.0461,
        photometry=[{**point, **common} for point in points],
        spectra=[{**spectrum, "errors": None, "units": "Jy", "altdata": {"a": 1}, "type": "source"}],
        annotations=[{"origin": "rrl", "data": {"period": 0.54}}],
        comments=[{"text": 'A "rising" source,\nperhaps', "bot": False}],
        classifications=[{"classification": "Ia", "probability": None}],
    )


def test_a_trial_has_the_data_that_a_payload_has(tmp_path: Path) -> None:
    arguments: dict[str, Any] = {}
    service = Service("Collector")

    @service.analysis
    def collect(
        photometry: Photometry,
        spectra: Spectra,
        redshift: Redshift,
        annotations: Annotations,
        comments: Comments,
        classifications: Classifications,
        target: Target,
        *,
        n: int = 1,
        mask: File | None = None,
    ) -> Result:
        arguments.update(locals())
        return Result(plots=[PNG], results={"n": n})

    mask = tmp_path / "mask.csv"
    mask.write_text("1,2\n")
    with FakePortal() as portal:
        add_source(portal)
        result = try_locally(service, portal.connection, "2019/dwz", {"n": "6", "mask": str(mask)})
        assert portal.services == {} and portal.analyses == {}
    assert result.results == {"n": 6} and arguments["mask"].text == "1,2\n"
    assert arguments["photometry"].mjd.tolist() == [58599.5, 58600.5]
    assert math.isnan(arguments["photometry"].flux[0]) and arguments["photometry"].flux[1] == 21
    assert arguments["spectra"][0].fluxes.tolist() == [1, 2] and arguments["spectra"][0].altdata == {"a": 1}
    assert arguments["redshift"].value == 0.0461 and arguments["target"].ra == 184.5861
    assert arguments["annotations"][0].data == {"period": 0.54}
    assert arguments["comments"][0].text == 'A "rising" source,\nperhaps'
    assert arguments["classifications"][0].probability is None
    assert [path.name for path in save_plots(result, tmp_path / "plots")] == ["plot_0.png"]


def test_a_trial_refuses_before_it_asks_the_portal() -> None:
    with FakePortal() as portal:
        portal.token = "another"
        for parameters, words in (({"steps": 4}, "Unknown parameter 'steps'"), ({"degree": "high"}, "whole number")):
            with pytest.raises(InputError, match=words):
                try_locally(peak_finder, portal.connection, "2019dwz", parameters)
        with pytest.raises(PortalError):
            try_locally(peak_finder, portal.connection, "2019dwz")


def test_a_trial_raises_what_is_wrong() -> None:
    service = Service("Fails")

    @service.analysis
    def fail(photometry: Photometry | None, spectra: Spectra | None, *, ending: str = "") -> Result:
        assert photometry is None and spectra is None
        if ending == "refused":
            return Result(plots=[b"no image"])
        raise AnalysisError("No.")

    with FakePortal() as portal:
        portal.add_source("empty")
        with pytest.raises(NotFoundError):
            try_locally(service, portal.connection, "missing")
        with pytest.raises(AnalysisError, match=r"No\."):
            try_locally(service, portal.connection, "empty")
        with pytest.raises(ArgumentError, match="no image"):
            try_locally(service, portal.connection, "empty", {"ending": "refused"})
        with pytest.raises(InputError, match="has no photometry"):
            try_locally(peak_finder, portal.connection, "empty")


def test_a_missing_file_is_named() -> None:
    service = Service("Masks")

    @service.analysis
    def use_mask(*, mask: File) -> Result:
        return Result()

    with FakePortal() as portal, pytest.raises(InputError, match=r"mask: the file 'missing\.csv' cannot be read"):
        try_locally(service, portal.connection, "2019dwz", {"mask": "missing.csv"})
