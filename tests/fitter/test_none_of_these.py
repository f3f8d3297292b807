""" "None of these": what varies unlike a supernova is not called one, and supernovae keep their class."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import multivariate_normal

from fitter_lambda.engine.none_of_these import NoneProcess
from fitter_lambda.engine.rows import Rows
from fitter_lambda.engine.supernova_classes import NONE
from tests.fitter.light_curves import payload
from tests.fitter.test_catalogue import rank_sources

Array = npt.NDArray[np.float64]
BANDS = ("ztfg", "ztfr")
WAVELENGTH = np.array([4723.0, 6340.0])


def make_rows(mjd: Array, flux: Array, error: float = 10.0) -> Rows:
    n = len(mjd)
    none = np.zeros(n, dtype=bool)
    return Rows(mjd, flux, np.full(n, error**2), np.arange(n) % 2, none, none.astype(int), np.abs(flux), 2)


def walk_randomly(days: int, time: float, size: float, seed: int) -> Array:
    """A damped random walk, as of active galaxies, at each day."""
    random = np.random.default_rng(seed)
    values = [size * random.normal()]
    for _ in range(days):
        values.append(values[-1] * np.exp(-1 / time) + size * np.sqrt(1 - np.exp(-2 / time)) * random.normal())
    return np.array(values)


STRANGERS: dict[str, Callable[[Array], Array]] = {
    "constant": lambda t: 0 * t + 200,
    "sine": lambda t: 150 + 100 * np.sin(2 * np.pi * t / 17),
    "outburst of days": lambda t: (t > 40) * 300 * np.exp(-(t - 40) / 4),
    "two outbursts": lambda t: 300 * np.exp(-0.5 * ((t - 25) / 8) ** 2) + 300 * np.exp(-0.5 * ((t - 85) / 8) ** 2),
    "slow decline": lambda t: 300 * (1 + t / 40) ** (-5 / 3),
    "active galaxy": lambda t: 60 + np.interp(t, np.arange(122.0), walk_randomly(121, 60, 100, 3)),
}


@pytest.mark.parametrize("name", STRANGERS)
def test_what_is_no_supernova_is_none_of_these(name: str) -> None:
    random = np.random.default_rng(0)
    rows = [
        {"mjd": 59000 + t, "flux": float(STRANGERS[name](np.array(t))) + 10 * random.normal(), "fluxerr": 10.0,
         "filter": band}
        for t in np.arange(0.0, 120.0, 5.0)
        for band in BANDS
    ]  # fmt: skip
    _, ranking, _ = rank_sources(payload(rows, "0.05,,", source="auto", fix_z="True", n_draws=100))
    assert ranking["class_probabilities"][NONE] > 0.9


def test_the_evidence_is_that_of_the_process() -> None:
    random = np.random.default_rng(1)
    mjd = 59000.2 + np.arange(12.0)
    rows = make_rows(mjd, 50 * random.normal(size=12))
    lag = np.subtract.outer(mjd, mjd)
    shift = np.subtract.outer(np.log(WAVELENGTH)[rows.band], np.log(WAVELENGTH)[rows.band])
    brightest = np.abs(rows.flux).max()
    densities = [
        multivariate_normal.logpdf(
            rows.flux,
            cov=(a * brightest) ** 2 * np.exp(-0.5 * ((lag / t) ** 2 + (shift / c) ** 2)) + np.diag(rows.variance),
        )
        for a in np.geomspace(0.03, 3.0, 7)
        for t in np.geomspace(1.0, 300.0, 9)
        for c in (0.03, 0.2, 1.0, 5.0)
    ]
    expected = np.logaddexp.reduce(densities) - np.log(len(densities))
    assert NoneProcess(rows, WAVELENGTH).log_evidence == pytest.approx(expected, abs=1e-6)


def test_rows_of_a_night_count_as_they_would_apart() -> None:
    """Two halves of an exposure hold what the whole one does, apart from how far they scatter."""
    random = np.random.default_rng(2)
    mjd = np.repeat(59000.2 + 3 * np.arange(10.0), 2)
    whole = make_rows(mjd, 50 * random.normal(size=20))
    twice = [np.repeat(values, 2) for values in (whole.mjd, whole.flux, 2 * whole.variance, whole.band)]
    none = np.zeros(40, dtype=bool)
    halves = Rows(*twice[:3], twice[3], none, none.astype(int), np.abs(twice[1]), 2)
    # each pair adds the density of its difference, here zero, with variance 4 v
    within = -0.5 * np.sum(np.log(2 * np.pi * 4 * whole.variance))
    gap = NoneProcess(halves, WAVELENGTH).log_evidence - NoneProcess(whole, WAVELENGTH).log_evidence
    assert gap == pytest.approx(within, abs=1e-6)


def test_thousands_of_rows_are_binned() -> None:
    mjd = 58000.2 + np.arange(3000.0)
    rows = make_rows(mjd, np.random.default_rng(3).normal(size=3000) * 10)
    assert np.isfinite(NoneProcess(rows, WAVELENGTH).log_evidence)
