"""The verdict on a fit: supernovae as they are known are good, mistakes of photometry are not."""

from dataclasses import replace

import numpy as np
import pytest

from fitter_lambda.engine.baseline_offsets import _fit_last_column
from fitter_lambda.engine.fit import fit_source
from fitter_lambda.engine.model_verdict import FitCheck, check_fit
from fitter_lambda.engine.priors import RedshiftPrior
from fitter_lambda.engine.robust_comparison import RobustComparison, compare_robust
from fitter_lambda.engine.row_covariance import RowCovariance
from fitter_lambda.engine.rows import Rows
from fitter_lambda.engine.source_grid import load_source_grid
from fitter_lambda.entry.fitting import fit as fit_columns
from fitter_lambda.errors import TooLittleDataError
from fitter_lambda.input.fit_parameters import Parameters
from fitter_lambda.input.light_curve import LightCurve
from fitter_lambda.output.light_curve_figure import draw_light_curve
from fitter_lambda.renderer.light_curve_group import read_light_curve
from tests.fitter.light_curves import sn2019dwz_rows
from tests.fitter.simulate import Case, build_data

FIXED = RedshiftPrior("fixed", 0.05, 0.0, 0.05, 0.05)
CASE = Case("", "salt3", FIXED, (59000.0, 59010.0), (58990.0, 59040.0), cadence=3.0, error=8.0)
PARAMETERS = Parameters(source="salt3", mwebv=0.05, n_draws=600)


@pytest.fixture(scope="module")
def rows() -> LightCurve:
    _, rows = CASE.draw(np.random.default_rng(4))
    return rows


def check(rows: LightCurve, parameters: Parameters = PARAMETERS) -> tuple[FitCheck, RobustComparison | None]:
    data = build_data(rows, FIXED, 0.05)
    fit = fit_source(load_source_grid("salt3"), data, parameters, 0.0, lambda done, doing: None)
    verdict = check_fit(fit)
    return verdict, compare_robust(fit, verdict, parameters)


def test_a_supernova_of_the_model_is_good(rows: LightCurve) -> None:
    verdict, robust = check(rows)
    assert verdict.word == "good" and verdict.reasons == [] and robust is None
    assert verdict.sentence.startswith("The model describes the data (misfit p = 0.")
    assert set(verdict.prior_tension) == {"absolute_magnitude", "x1", "c"}
    assert all(0.001 < tail <= 1 for tail in verdict.prior_tension.values())


@pytest.mark.parametrize("magnitudes", [5.0, -5.0])
@pytest.mark.parametrize("priors", ["physical", "flat"])
def test_a_wrong_zero_point_is_doubtful(rows: LightCurve, magnitudes: float, priors: str) -> None:
    factor = 10 ** (-0.4 * magnitudes)
    scaled = replace(rows, flux=rows.flux * factor, fluxerr=rows.fluxerr * factor)
    verdict, _ = check(scaled, replace(PARAMETERS, priors=priors))
    assert verdict.word == "doubtful" and verdict.prior_tension["absolute_magnitude"] < 1e-3
    assert "absolute magnitude would be that of fewer than one in 1000" in verdict.sentence


@pytest.mark.parametrize(("flux", "words"), [(60.0, "was the host subtracted?"), (-60.0, "reference image")])
def test_a_constant_in_one_band_is_named(rows: LightCurve, flux: float, words: str) -> None:
    verdict, _ = check(replace(rows, flux=rows.flux + flux * (rows.band == 1)))
    assert verdict.word != "good"
    assert [offset.band for offset in verdict.baselines] == ["ztfr"], verdict.sentence
    assert verdict.baselines[0].flux == pytest.approx(flux, rel=0.6) and words in verdict.sentence


def test_the_constant_is_that_of_generalised_least_squares() -> None:
    random = np.random.default_rng(5)
    in_band = np.eye(2)[np.repeat([0, 1], 6)]
    columns = np.column_stack([random.normal(size=(12, 3)), in_band[:, 1]])
    flux = random.normal(size=12)
    variance = random.uniform(1, 2, 12)
    common = random.normal(size=12)
    zero = np.zeros(12)
    is_limit = np.zeros(12, dtype=bool)
    light_curve = Rows(zero, flux, variance, np.argmax(in_band, axis=1), is_limit, np.ones(12, dtype=int), zero, 2)
    rows = np.arange(12) != 3
    covariance = np.diag(variance) + (common[:, None] * in_band) @ (common[:, None] * in_band).T
    inverse = np.linalg.inv(covariance[np.ix_(rows, rows)])
    normal = np.linalg.inv(columns[rows].T @ inverse @ columns[rows])
    expected = (normal @ columns[rows].T @ inverse @ flux[rows])[-1], np.sqrt(normal[-1, -1])
    shared = RowCovariance(variance, common[:, None])
    assert _fit_last_column(shared, flux, columns, rows, light_curve) == pytest.approx(expected)


@pytest.mark.parametrize(("nights", "words"), [(1, "one night"), (2, "2 nights")])
def test_detections_in_few_nights_are_doubtful(rows: LightCurve, nights: int, words: str) -> None:
    first = np.floor(rows.mjd)[rows.flux > 10 * rows.fluxerr][0]
    at = np.flatnonzero((rows.mjd >= first) & (rows.mjd < first + 3 * nights))
    at = np.repeat(at, 3)
    # several exposures of a night
    mjd = rows.mjd[at] + 0.001 * np.arange(len(at))
    few = LightCurve(mjd, rows.flux[at], rows.fluxerr[at], rows.limit[at], rows.band[at], rows.bandpasses)
    verdict, _ = check(few)
    assert verdict.word == "doubtful" and f"detections in {words} only" in verdict.sentence


def test_an_outlier_refutes_and_a_robust_fit_is_offered(rows: LightCurve) -> None:
    peak = int(np.argmax(rows.flux))
    outlier = peak - 4
    flux = rows.flux.copy()
    flux[outlier] += 100 * rows.fluxerr[outlier]
    good = fit_source(
        load_source_grid("salt3"), build_data(rows, FIXED, 0.05), PARAMETERS, 0.0, lambda done, doing: None
    )
    verdict, robust = check(replace(rows, flux=flux))
    assert verdict.word == "refuted" and robust is not None and robust.is_better
    assert robust.outliers == [(rows.mjd[outlier], rows.bands[rows.band[outlier]])]
    t0, error = robust.parameters["t0"]
    truth = good.draws[:, good.names.index("t0")]
    assert abs(t0 - np.median(truth)) < 3 * np.hypot(error, truth.std())
    assert max(abs(shift) for shift in robust.shifts.values()) > 3


def test_swapped_bands_are_not_good(rows: LightCurve) -> None:
    assert check(replace(rows, band=1 - rows.band))[0].word != "good"


def test_the_word_is_in_the_results_the_message_and_the_figure() -> None:
    rows = [
        row | {"flux": 100 * float(row["flux"]), "fluxerr": 100 * float(row["fluxerr"])} for row in sn2019dwz_rows()
    ]
    columns = {name: [row[name] for row in rows] for name in ("mjd", "flux", "fluxerr", "filter")}
    result = fit_columns(columns, source="salt3", z=0.04608, fix_z=True, n_draws=400)
    verdict = result.results["verdict"]
    assert verdict["word"] == "doubtful" and verdict["describes_data"]
    assert verdict["message"].startswith("Doubtful: its absolute magnitude") and "Doubtful: its" in result.summary
    assert result.results["prior_tension"]["absolute_magnitude"] < 1e-3
    assert result.results["robust"]["shifts"].keys() == result.draws.keys()
    for contents in (result.light_curve_contents, read_light_curve(result.to_netcdf())):
        figure = draw_light_curve(contents)
        assert any(text.get_text().startswith("Doubtful: its absolute magnitude") for text in figure.texts)


def test_limits_alone_are_called_by_their_name() -> None:
    columns = {"mjd": [59000.0, 59003.0], "flux": [None, None], "fluxerr": [3.0, 3.0], "filter": ["ztfg", "ztfr"]}
    with pytest.raises(TooLittleDataError, match="All 2 rows are limits: none has a flux"):
        fit_columns(columns, source="salt3", z=0.05)
