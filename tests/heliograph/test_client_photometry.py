"""Light curves: as tables with units, and from tables of any kind."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy import units
from astropy.table import MaskedColumn, QTable, Table
from astropy.time import Time
from hypothesis import given, strategies

from heliograph import Heliograph
from heliograph.errors import ArgumentError, UnknownNameError
from heliograph.light_curve_tables import build_light_curve, read_columns
from tests.heliograph.prepared_portal import PreparedPortal, reply

COLUMNS = {"mjd": [58600.0, 58601.0], "filter": "ztfr", "flux": [10.0, 11.0], "fluxerr": [1.0, 1.0]}
POINT = {
    "id": 1, "obj_id": "SN1", "mjd": 58600.0, "filter": "ztfr", "flux": 10.0, "fluxerr": 1.0, "zp": 23.9, "snr": 10.0,
    "magsys": "ab", "instrument_id": 3, "instrument_name": "ZTF", "origin": "", "altdata": None, "ra": None,
    "groups": [], "created_at": "2026-01-01T00:00:00",
}  # fmt: skip


@pytest.fixture
def sent(portal: PreparedPortal, sky: Heliograph) -> Any:
    """Add photometry, and return what the portal was sent."""
    portal.answer("PUT", "/photometry", reply({"ids": [1, 2]}))

    def add_points(points: Any, **options: Any) -> dict[str, Any]:
        sky.source("SN1").add_photometry(points, **{"instrument": "ZTF", **options})
        body: dict[str, Any] = portal.list_requests("PUT")[-1].body
        return body

    return add_points


def test_a_light_curve_has_units_and_masks(portal: PreparedPortal, sky: Heliograph) -> None:
    limit = {**POINT, "id": 2, "mjd": 58601.0, "flux": None, "snr": None}
    portal.answer("GET", "/sources/SN1/photometry", reply([POINT, limit]))
    points = sky.source("SN1").photometry()
    assert points["flux"].unit == units.uJy
    assert points["mjd"].unit == units.d
    assert points["flux"].mask.tolist() == [False, True]
    assert points["filter"].tolist() == ["ztfr", "ztfr"]
    assert "flux" in points["flux"].description
    assert points.meta["source"] == "SN1"


def test_an_empty_light_curve_is_a_table(portal: PreparedPortal, sky: Heliograph) -> None:
    portal.answer("GET", "/sources/SN1/photometry", reply([]))
    assert len(sky.source("SN1").photometry()) == 0


@pytest.mark.parametrize("choice", [{"format": "fluxes"}, {"magsys": "AB"}, {"format": ["flux"]}])
def test_an_unknown_form_is_refused(portal: PreparedPortal, sky: Heliograph, choice: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match="expected one of"):
        sky.source("SN1").photometry(**choice)


def test_what_was_read_can_be_added_again(sent: Any, portal: PreparedPortal, sky: Heliograph) -> None:
    portal.answer("GET", "/sources/SN1/photometry", reply([POINT, {**POINT, "id": 2, "flux": None}]))
    body = sent(sky.source("SN1").photometry(), instrument=None)
    assert body["flux"] == [10, None]
    assert body["instrument_id"] == [3, 3]
    assert not {"id", "snr", "instrument_name"} & set(body)


@pytest.mark.parametrize(
    "points",
    [
        COLUMNS,
        Table({**COLUMNS, "filter": ["ztfr", "ztfr"]}),
        {name: np.array(column) if name != "filter" else column for name, column in COLUMNS.items()},
        {**COLUMNS, "mjd": Time([58600.0, 58601.0], format="mjd")},
        {**COLUMNS, "mjd": Time([2458600.5, 2458601.5], format="jd") },
        {**COLUMNS, "flux": [0.01, 0.011] * units.mJy, "fluxerr": [1.0, 1.0] * units.uJy},
        {**COLUMNS, "flux": [1e-28, 1.1e-28] * units.erg / units.s / units.cm**2 / units.Hz,
         "fluxerr": [1e-29, 1e-29] * units.erg / units.s / units.cm**2 / units.Hz},
    ],
)  # fmt: skip
def test_columns_of_any_kind_are_taken_as_they_are_meant(sent: Any, points: Any) -> None:
    body = sent(points)
    assert body["mjd"] == pytest.approx([58600.0, 58601.0])
    assert body["flux"] == pytest.approx([10.0, 11.0])
    assert body["fluxerr"] == pytest.approx([1.0, 1.0])
    assert body["instrument_id"] == 3
    assert body.get("zp", 23.9) == 23.9


def test_a_data_frame_is_taken(sent: Any) -> None:
    import pandas as pd

    frame = pd.DataFrame({**COLUMNS, "flux": [10.0, np.nan], "origin": ["a", None]})
    body = sent(frame)
    assert body["flux"] == [10, None]
    assert body["origin"] == ["a", None]


@pytest.mark.parametrize(
    "flux",
    [
        [10.0, None],
        [10.0, np.nan],
        MaskedColumn([10.0, 5.0], mask=[False, True]),
        np.ma.array([10.0, 5.0], mask=[0, 1]),
    ],
)
def test_a_masked_flux_is_a_non_detection(sent: Any, flux: Any) -> None:
    assert sent({**COLUMNS, "flux": flux})["flux"] == [10, None]


def test_a_masked_flux_with_a_unit_is_a_non_detection(sent: Any) -> None:
    points = QTable({**COLUMNS, "filter": ["ztfr", "ztfr"]}, masked=True)
    points["flux"] = MaskedColumn([0.01, 5.0], mask=[False, True], unit="mJy")
    points["fluxerr"] = [1.0, 1.0] * units.uJy
    body = sent(points)
    assert body["flux"] == [pytest.approx(10), None]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"band": "ztfr"}, "no column 'band'"),
        ({"flx": [1, 2]}, "Did you mean 'flux'"),
        ({"flux": [1, 2] * units.mJy}, "only flux has a unit"),
        ({"flux": [1, 2] * units.mJy, "fluxerr": [1, 1] * units.mJy, "zp": 25}, "have a unit already"),
        ({"flux": [1, 2] * units.m, "fluxerr": [1, 1] * units.m}, "cannot be converted to uJy"),
        ({"flux": [1, 2] * units.ct, "fluxerr": [1, 1] * units.ct}, "cannot be converted to uJy"),
        ({"mjd": [58600.0, np.nan]}, "masked or NaN in the rows 1"),
        ({"mjd": np.array(["2019-05-01", "2019-05-02"], "datetime64[ns]")}, "times of numpy"),
        ({"filter": ["ztfr", None]}, "masked or NaN in the rows 1"),
        ({"flux": [1.0, np.inf]}, "flux, row 1: inf cannot be sent"),
        ({"flux": [1.0]}, "different numbers of rows"),
        ({"mjd": [], "flux": [], "fluxerr": []}, "no rows"),
        ({"zp": [25, 25] * units.mag}, "takes none"),
        ({"limiting_mag": [20, 20] * units.m}, "expected mag"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence(
    sent: Any, portal: PreparedPortal, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(ArgumentError, match=words):
        sent({**COLUMNS, **change})
    assert not portal.list_requests("PUT")


def test_a_magnitude_of_another_system_is_refused(sent: Any) -> None:
    magnitudes = {"mjd": [58600.0], "filter": "ztfr", "mag": [18.0] * units.ABmag, "magerr": [0.1]}
    assert sent(magnitudes)["magsys"] == "ab"
    with pytest.raises(ArgumentError, match="magsys"):
        sent(magnitudes, magsys="vega")
    with pytest.raises(ArgumentError, match="expected mag"):
        sent({**magnitudes, "mag": [18.0] * units.STmag})


def test_a_missing_column_is_named(sent: Any) -> None:
    for name in ("mjd", "filter"):
        with pytest.raises(ArgumentError, match=f"{name}: the column is missing"):
            sent({key: column for key, column in COLUMNS.items() if key != name})


def test_instruments_are_named_once(sent: Any) -> None:
    assert sent({**COLUMNS, "instrument_name": ["ZTF", "atlas"]}, instrument=None)["instrument_id"] == [3, 4]
    with pytest.raises(ArgumentError, match="instrument: missing"):
        sent(COLUMNS, instrument=None)
    with pytest.raises(ArgumentError, match="given twice"):
        sent({**COLUMNS, "instrument_id": 3})
    with pytest.raises(ArgumentError, match="origin: given twice"):
        sent({**COLUMNS, "origin": "a"}, origin="b")
    with pytest.raises(UnknownNameError, match="There are: ZTF, ATLAS"):
        sent(COLUMNS, instrument="LSST")


def test_many_rows_go_in_several_requests(portal: PreparedPortal, sky: Heliograph) -> None:
    portal.answer("PUT", "/photometry", reply({"ids": [1]}), reply({"ids": [2]}))
    days = np.linspace(58000, 59000, 12_000)
    points = {"mjd": days, "flux": days, "fluxerr": 1.0, "filter": "ztfr"}
    assert sky.source("SN1").add_photometry(points, instrument="ZTF") == [1, 2]
    rows = [request.body["mjd"] for request in portal.list_requests("PUT")]
    assert [*rows[0], *rows[1]] == days.tolist()


FLUXES = strategies.lists(strategies.one_of(strategies.none(), strategies.floats(-1e6, 1e6)), min_size=1, max_size=20)


@given(fluxes=FLUXES)
def test_a_table_and_back_loses_nothing(fluxes: list[float | None]) -> None:
    points = [{**POINT, "id": n, "mjd": 58000.0 + n, "flux": flux} for n, flux in enumerate(fluxes)]
    columns, n_rows = read_columns(build_light_curve(points, "SN1"), {})
    assert n_rows == len(fluxes)
    assert columns.get("flux", [None] * n_rows) == fluxes
    assert columns["mjd"] == [point["mjd"] for point in points]


@given(
    value=strategies.floats(1e-6, 1e6),
    unit=strategies.sampled_from(["Jy", "mJy", "uJy", "nJy", "erg s-1 cm-2 Hz-1", "W m-2 Hz-1"]),
)
def test_a_flux_means_the_same_in_any_unit(value: float, unit: str) -> None:
    points = Table({"mjd": [58600.0], "filter": ["ztfr"], "flux": [value], "fluxerr": [value / 10]})
    points["flux"].unit = points["fluxerr"].unit = unit
    columns, _ = read_columns(points, {})
    assert math.isclose(columns["flux"][0], (value * units.Unit(unit)).to_value("uJy"), rel_tol=1e-9)
    assert columns["zp"] == 23.9


def test_a_file_is_sent_as_it_is(portal: PreparedPortal, sky: Heliograph, tmp_path: Path) -> None:
    understood = {"format": "ATLAS forced photometry", "n_rows": 1, "rows": [], "problems": [], "columns": {}}
    portal.answer("POST", "/sources/SN1/photometry/file", reply(understood), reply({**understood, "ids": [1]}))
    path = tmp_path / "atlas.txt"
    path.write_bytes(b"###MJD \xff")
    source = sky.source("SN1")
    trial = source.upload(path, dry_run=True, instrument="ATLAS", columns={"mjd": "when"}, groups=["Novae", "ada"])
    assert not trial.is_saved
    assert "ATLAS forced photometry" in repr(trial)
    request = portal.list_requests("POST")[0]
    assert request.content == b"###MJD \xff"
    assert request.query == {
        "dry_run": "true", "instrument_id": "4", "columns": '{"mjd":"when"}', "group_ids": "7,2"
    }  # fmt: skip
    assert source.upload(b"###MJD", skip_problems=True).is_saved
    with pytest.raises(ArgumentError, match="cannot be read: No such file"):
        source.upload(tmp_path / "none.txt")


def test_a_spectrum_is_sent_in_the_portals_units(portal: PreparedPortal, sky: Heliograph) -> None:
    portal.answer("POST", "/spectrum", reply({"id": 5}))
    flux = units.W / units.m**2 / units.um
    source = sky.source("SN1")
    waves = np.array([400.0, 500.0]) * units.nm
    fluxes = np.array([1e-13, 2e-13]) * flux
    assert source.add_spectrum(waves, fluxes, instrument="ZTF", observed_at=Time(58600.5, format="mjd")) == 5
    body = portal.list_requests("POST")[0].body
    assert body["wavelengths"] == pytest.approx([4000, 5000])
    assert body["fluxes"] == pytest.approx([1e-14, 2e-14])
    assert body["units"] == "erg/s/cm/cm/AA"
    assert body["observed_at"] == "2019-04-27T12:00:00.000"
    with pytest.raises(ArgumentError, match="cannot be converted"):
        source.add_spectrum(waves, [1, 2] * units.m, instrument="ZTF", observed_at="2019-05-01")
    with pytest.raises(ArgumentError, match="units: 'Jy', but"):
        source.add_spectrum(waves, fluxes, units="Jy", instrument="ZTF", observed_at="2019-05-01")
    with pytest.raises(ArgumentError, match=r"fluxes\.1: nan"):
        source.add_spectrum([4000, 5000], [1, np.nan], instrument="ZTF", observed_at="2019-05-01")
    with pytest.raises(ArgumentError, match="different numbers"):
        source.add_spectrum([4000, 5000], [1], instrument="ZTF", observed_at="2019-05-01")
    with pytest.raises(ArgumentError, match="observed_at"):
        source.add_spectrum([4000, 5000], [1, 2], instrument="ZTF", observed_at=58600)


def test_a_time_with_a_zone_is_sent_in_utc(portal: PreparedPortal, sky: Heliograph) -> None:
    from datetime import datetime, timedelta, timezone

    portal.answer("POST", "/spectrum/ascii", reply({"id": 5}))
    moment = datetime(2019, 5, 8, 4, 30, tzinfo=timezone(timedelta(hours=-7)))
    sky.source("SN1").upload_spectrum(b"4000 1\n4001 2\n", instrument="ZTF", observed_at=moment)
    assert portal.list_requests("POST")[0].body["observed_at"] == "2019-05-08T11:30:00"


def test_a_spectrum_is_a_table(portal: PreparedPortal, sky: Heliograph) -> None:
    record = {
        "id": 5,
        "wavelengths": [4000, 5000],
        "fluxes": [1e-16, None],
        "errors": None,
        "units": "Jy",
        "obj_id": "SN1",
    }
    portal.answer("GET", "/sources/SN1/spectra", reply({"obj_id": "SN1", "spectra": [record]}))
    (spectrum,) = sky.source("SN1").spectra()
    assert spectrum.to_table()["flux"].unit == units.Jy
    assert spectrum.to_table()["wavelength"].unit == units.AA
    assert "fluxes" not in spectrum._repr_html_()
