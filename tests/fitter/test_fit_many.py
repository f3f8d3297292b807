"""Many light curves in one call: each has its fit or its reason, and the draws that it has alone."""

import doctest
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

import fitter_lambda
from fitter_lambda import fit, fit_many
from fitter_lambda.entry import fitting_many
from fitter_lambda.errors import FitterError
from fitter_lambda.input import dust_map
from fitter_lambda.output.fit_collection import FitCollection
from fitter_lambda.output.supernova_fit import SupernovaFit

_QUICK: dict[str, Any] = {"n_draws": 200, "fix_z": True}
_NAMES = ["early", "dark", "late", "no table"]


def make_light_curve(t0: float, peak: float = 250.0) -> dict[str, Any]:
    """A light curve in two bands that rises and falls."""
    time = np.repeat(np.arange(t0 - 17, t0 + 33, 5.0), 2)
    flux = peak * np.exp(-0.5 * ((time - t0) / 11) ** 2)
    return {"time": time, "band": ["ztfg", "ztfr"] * 10, "flux": flux, "fluxerr": 0 * flux + 15}


TABLES = {"early": make_light_curve(58600), "dark": make_light_curve(58600, 0), "late": make_light_curve(58607)}
REDSHIFTS = {"early": 0.046, "late": 0.05, "dark": 0.05}


@pytest.fixture(scope="module")
def fits() -> FitCollection:
    return fit_many(TABLES | {"no table": {"time": [1.0]}}, z=REDSHIFTS, **_QUICK)


def test_one_that_is_bad_has_its_reason_and_does_not_end_the_others(fits: FitCollection) -> None:
    assert list(fits.outcomes) == _NAMES and len(fits) == 4
    assert list(fits.fits) == ["early", "late"]
    assert "No row is a detection" in fits.failures["dark"]
    assert "expected time, band, flux" in fits.failures["no table"]
    assert repr(fits) == "<FitCollection: 2 of 4 light curves are fitted>"


def test_the_draws_are_those_of_each_alone_in_any_order(fits: FitCollection) -> None:
    alone = fit(TABLES["late"], z=0.05, **_QUICK)
    backwards = fit_many([TABLES["late"], TABLES["early"]], z=[0.05, 0.046], **_QUICK)
    for collected in (fits.fits["late"], backwards.fits[0]):
        np.testing.assert_array_equal(collected.engine_fit.draws, alone.engine_fit.draws)
        assert collected.log_evidence == alone.log_evidence


def test_the_table_has_a_row_for_each(fits: FitCollection) -> None:
    summary = fits.to_table()
    assert list(summary["name"]) == _NAMES
    assert summary.colnames == [
        "name", "source", "t0", "t0_err", "x0", "x0_err", "x1", "x1_err", "c", "c_err", "chi2", "ndof", "p",
        "verdict", "reason",
    ]  # fmt: skip
    assert list(summary["t0"].mask) == [False, True, False, True] == list(summary["verdict"].mask)
    results = fits.fits["early"].results
    assert summary["t0"][0] == results["parameters"]["t0"]["median"]
    assert summary["t0_err"][0] == results["parameters"]["t0"]["std"]
    assert (summary["chi2"][0], summary["ndof"][0]) == (results["chi2"], results["ndof"])
    assert (summary["p"][0], summary["verdict"][0]) == (results["misfit_p_value"], results["verdict"]["word"])
    assert list(summary["reason"]) == ["", fits.failures["dark"], "", fits.failures["no table"]]


def test_figures_bear_the_names(fits: FitCollection) -> None:
    assert fits.fits["late"].light_curve_contents.name == "late"


def test_a_table_without_any_fit_has_the_reasons() -> None:
    summary = fit_many([TABLES["dark"]], **_QUICK | {"fix_z": "auto"}).to_table()
    assert summary.colnames == ["name", "reason"] and "No row is a detection" in summary["reason"][0]
    assert len(fit_many([])) == len(fit_many([]).to_table()) == 0


def test_dust_is_that_of_each_position(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dust_map, "reddening", lambda ra, dec: ra / 1000)
    fits = fit_many(TABLES, z=REDSHIFTS, ra=[100, None, 200], dec=[5, None, 6], mwebv={"late": 0.3}, **_QUICK)
    assert [each.engine_fit.data.mwebv for each in fits.fits.values()] == [0.1, 0.3]


def test_half_a_position_is_a_reason() -> None:
    fits = fit_many(TABLES, z=REDSHIFTS, ra=10, dec={"early": 5}, **_QUICK)
    assert list(fits.fits) == ["early"] and "both ra and dec" in fits.failures["late"]


def test_progress_is_told_of_each_light_curve() -> None:
    reports: list[tuple[float, str]] = []
    fit_many([TABLES["dark"]] * 4, progress=lambda fraction, message: reports.append((fraction, message)))
    assert [fraction for fraction, _ in reports] == [0, 0.25, 0.5, 0.75]
    assert reports[1][1] == "light curve 2 of 4"


def test_a_fault_of_the_fitter_is_a_reason_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> SupernovaFit:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(fitting_many, "fit_request", fail)
    assert "unexpectedly (ZeroDivisionError: by zero)" in fit_many([TABLES["early"]]).failures[0]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"z": [0.1]}, "z has 1 numbers for 3 light curves"),
        ({"z": {"nobody": 0.1}}, "'nobody', which is no light curve"),
        ({"mwebv": "much"}, "mwebv is 'much'; expected a number"),
        ({"ra": [1, 2, "north"]}, "ra is 'north'"),
        ({"drawz": 100}, "Unknown parameter 'drawz'"),
        ({"source": "nonsense"}, "Unknown source"),
    ],
)
def test_what_is_wrong_for_all_is_refused_before_any_fit(
    values: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting_many, "fit_request", lambda *_: pytest.fail("a fit began"))
    with pytest.raises(FitterError, match=words):
        fit_many(TABLES, **values)


_NUMBERS = st.none() | st.just(math.nan) | st.floats(0.01, 0.1)


@given(numbers=st.lists(_NUMBERS, max_size=5))
def test_lists_and_names_say_the_same(numbers: list[float | None]) -> None:
    names = [f"SN{place}" for place in range(len(numbers))]
    listed = fitting_many._spread_values("z", numbers, names)
    by_name = {name: number for name, number in zip(names, numbers, strict=True) if number is not None}
    assert fitting_many._spread_values("z", by_name, names) == listed
    assert listed == [None if number is None or math.isnan(number) else number for number in numbers]


def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (example,) = doctest.DocTestFinder(recurse=False).find(fitter_lambda.fit_many, "fit_many", globs={})
    assert doctest.DocTestRunner().run(example).failed == 0
