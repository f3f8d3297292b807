"""The fit as a function that a notebook calls."""

import doctest
import subprocess
import sys
from pathlib import Path
from typing import Any

import arviz
import numpy as np
import pytest
from astropy.table import Table
from astropy.time import Time
from matplotlib.figure import Figure

import fitter_lambda
from fitter_lambda.entry import fitting
from fitter_lambda.errors import FitterError, ParameterError, PayloadError
from fitter_lambda.input.light_curve_rows import parse_csv_rows, parse_table_rows
from fitter_lambda.output.supernova_fit import SupernovaFit
from tests.fitter.light_curves import sn2019dwz, sn2019dwz_rows


def photometry() -> Table:
    """SN 2019dwz with sncosmo's column names."""
    rows = sn2019dwz_rows()
    return Table({
        "time": [float(row["mjd"]) for row in rows],
        "band": [row["filter"] for row in rows],
        "flux": [float(row["flux"]) for row in rows],
        "fluxerr": [float(row["fluxerr"]) for row in rows],
        "zp": [float(row["zp"]) for row in rows],
        "zpsys": [row["magsys"] for row in rows],
    })  # fmt: skip


@pytest.fixture(scope="module")
def result() -> SupernovaFit:
    return fitter_lambda.fit(photometry(), source="salt3", z=0.04608, n_draws=1000, seed=3)


def test_a_table_gives_the_fit_of_the_same_payload(result: SupernovaFit, document: dict[str, Any]) -> None:
    samples = document["analysis"]["posterior_samples"]
    assert result.names == list(samples)
    np.testing.assert_array_equal(result.engine_fit.thin_draws(500).T, list(samples.values()))
    assert result.summary == document["message"]
    assert repr(result) == f"<SupernovaFit: {document['message']}>"


def test_a_fit_has_draws_evidence_and_results_by_name(result: SupernovaFit) -> None:
    assert {name: draws.shape for name, draws in result.draws.items()} == dict.fromkeys(
        ["z", "t0", "x0", "x1", "c"], (1000,)
    )
    assert result.log_evidence == result.results["log_evidence"]
    assert result.results["parameters"]["t0"]["median"] == pytest.approx(np.median(result.draws["t0"]))


def test_a_fit_draws_its_figures(result: SupernovaFit) -> None:
    light_curve, corner = result.plot_light_curve(), result.plot_corner(bins=10)
    assert isinstance(light_curve, Figure) and isinstance(corner, Figure)
    assert len(corner.axes) == 15


def test_a_fit_is_inference_data(result: SupernovaFit) -> None:
    summary = arviz.summary(result.inference_data, round_to=6)
    assert list(summary.index) == result.names
    assert summary["mean"]["t0"] == pytest.approx(result.draws["t0"].mean(), rel=1e-6)
    assert result.to_netcdf()[1:4] == b"HDF"


def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    finder = doctest.DocTestFinder(recurse=False)
    (example,) = finder.find(fitting.fit, "fit", globs={})
    assert doctest.DocTestRunner().run(example).failed == 0
    assert (tmp_path / "corner.png").stat().st_size > 10_000


def test_the_package_stays_light() -> None:
    script = "import sys, fitter_lambda; print({'numpy', 'sncosmo', 'matplotlib', 'boto3'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
    with pytest.raises(AttributeError, match="fitt"):
        fitter_lambda.fitt  # noqa: B018


COLUMNS: dict[str, Any] = {
    "mjd": [59000.5, 59001.5], "filter": ["ztfg", "ztfr"], "flux": [100.0, -3.0], "fluxerr": [10.0, 9.0],
}  # fmt: skip


def parse(columns: Any) -> list[tuple[Any, ...]]:
    return [(row.mjd, row.band, row.flux, row.fluxerr, row.zp, row.magsys) for row in parse_table_rows(columns).rows]


@pytest.mark.parametrize(
    "names",
    [
        ("time", "band", "flux", "fluxerr"), ("date", "bandpass", "f", "flux_error"),
        ("MJD", "Filter", "Flux", "FluxErr"), ("mjdobs", "flt", "flux", "fe"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", [dict, Table])
def test_the_aliases_of_sncosmo_are_understood(names: tuple[str, ...], kind: Any) -> None:
    columns = kind(dict(zip(names, COLUMNS.values(), strict=True)))
    assert parse(columns) == [
        (59000.5, "ztfg", 100.0, 10.0, None, "ab"), (59001.5, "ztfr", -3.0, 9.0, None, "ab")
    ]  # fmt: skip


def test_zero_points_systems_and_bytes_are_understood() -> None:
    columns = COLUMNS | {"zpt": [25.0, 27.5], "zpmagsys": ["AB", "vega"], "filter": [b"ZTFg", b"ztfr"]}
    assert [row[1:2] + row[4:] for row in parse(columns)] == [("ztfg", 25.0, "ab"), ("ztfr", 27.5, "vega")]


def test_magnitudes_and_limits_are_understood() -> None:
    columns = {
        "mjd": [59000.0, 59001.0, 59002.0], "band": ["ztfg"] * 3, "mag": [18.9, None, np.nan],
        "magerr": [0.1, None, None], "fluxerr": np.ma.array([0.0, 10.0, 5.0], mask=[True, False, False]),
        "limiting_mag": [np.nan, np.nan, 20.0], "zp": [23.9] * 3,
    }  # fmt: skip
    first, second, third = parse_table_rows(columns).rows
    assert (first.mag, first.magerr, first.fluxerr) == (18.9, 0.1, None)
    assert (second.mag, second.fluxerr, second.limiting_mag) == (None, 10.0, None)
    assert (third.mag, third.fluxerr, third.limiting_mag) == (None, 5.0, 20.0)


def test_times_and_units_of_astropy_are_understood() -> None:
    units = Table(COLUMNS)
    units["flux"].unit = units["fluxerr"].unit = "mJy"
    units["flux"] = np.ma.array(units["flux"], mask=[False, True])
    units["flux"].unit = "mJy"
    units["mjd"] = Time(units["mjd"], format="mjd")
    assert parse(units)[0][:4] == pytest.approx((59000.5, "ztfg", 1e5, 1e4))
    assert parse(units)[1][2] is None
    units["flux"].unit = "m"
    with pytest.raises(PayloadError, match="convertible"):
        parse_table_rows(units)


def test_a_table_and_csv_give_the_same_rows() -> None:
    text = sn2019dwz()["inputs"]["photometry"]
    assert parse_table_rows(photometry()).rows == parse_csv_rows(text).rows


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"time": [1.0]}, ["time, band, flux"]),
        (COLUMNS | {"date": [1.0, 2.0]}, ["ambiguous", "date"]),
        (COLUMNS | {"flux": [1.0]}, ["one length"]),
        (COLUMNS | {"fluxcov": np.eye(2)}, ["covariance"]),
        ({name: np.zeros(20_001) for name in ("time", "band", "flux", "fluxerr")}, ["20000 rows"]),
    ],
)
def test_a_wrong_table_is_refused_with_the_reason(columns: Any, words: list[str]) -> None:
    with pytest.raises(PayloadError) as error:
        fitter_lambda.fit(columns)
    assert all(word in str(error.value) for word in words), str(error.value)


def test_an_unknown_parameter_names_the_choices() -> None:
    with pytest.raises(ParameterError, match=r"'drawz'.*source, fix_z, .*n_draws"):
        fitter_lambda.fit(COLUMNS, drawz=100)


@pytest.mark.parametrize(
    ("values", "words"),
    [({"z": -1}, "redshift is -1"), ({"z": 0.1, "z_err": -1}, "error is -1"), ({"ra": 1.0}, "ra and dec"),
     ({"ra": 1.0, "dec": 91.0}, "out of range"),
     ({"source": "nonsense"}, "Unknown source"), ({"fix_z": True}, "fix_z")],
)  # fmt: skip
def test_wrong_values_are_refused(values: dict[str, Any], words: str) -> None:
    with pytest.raises(FitterError, match=words):
        fitter_lambda.fit(COLUMNS, **values)
