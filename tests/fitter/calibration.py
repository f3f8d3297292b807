"""Simulation-based calibration: `make calibrate`, or ``python -m tests.fitter.calibration --number 500``.

Parameters drawn from the prior make a light curve; among draws of its posterior, they have a rank that is
uniform if, and only if, the posterior is right on average (Talts et al. 2018). So has their likelihood, which
sees what single parameters do not (Modrak et al. 2023). Ranks are made continuous by a uniform number within
their step, and their distribution is compared with bands that hold everywhere at once with 99 %
(Sailynoja, Burkner & Vehtari 2022).

The priors of the fit know no time of a survey, the simulations do, and flat priors are wider than any survey: draws
outside the window that truth comes from are left out, which is exactly the posterior under a prior on that window.
"""

import argparse
import multiprocessing
import re
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import binom

from fitter_lambda.engine.fit import Fit, fit_source
from fitter_lambda.engine.priors import RedshiftPrior
from fitter_lambda.engine.source_grid import load_source_grid
from fitter_lambda.errors import TemplateError
from fitter_lambda.input.fit_parameters import Parameters
from tests.fitter.simulate import Case, build_data

__all__ = ["CASES", "LEVEL", "Band", "main", "rank"]

Array = npt.NDArray[np.float64]

LEVEL = 0.99
_DRAWS, _N_RANKED = 1500, 250
_FIXED = RedshiftPrior("fixed", 0.05, 0.0, 0.05, 0.05)
_NEAR = RedshiftPrior("fixed", 0.02, 0.0, 0.02, 0.02)
_KNOWN = RedshiftPrior("gaussian", 0.06, 0.006, 0.03, 0.09)
_FREE = RedshiftPrior("flat", np.nan, np.nan, 0.01, 0.2)
_PLAIN = Parameters(model_error=0.0, mwebv=0.05, modelcov=False)
_FULL = Parameters(model_error=0.0, mwebv=0.05, modelcov="full")
_ROBUST = Parameters(model_error=0.0, mwebv=0.05, modelcov=False, robust=True)
_SCALED = Parameters(model_error=0.0, mwebv=0.05, error_scale=None)
_FLAT = Parameters(model_error=0.0, mwebv=0.05, priors="flat")
_INEXACT = Parameters(mwebv=0.05)


def _salt3(name: str, redshift: RedshiftPrior = _FIXED, error: float = 15.0, **survey: Any) -> Case:
    return Case(f"salt3, {name}", "salt3", redshift, (59000.0, 59010.0), (58990.0, 59045.0), error=error, **survey)


#: What is calibrated. Every row is in reach for all t0 and redshifts.
CASES = (
    Case("hsiao, z fixed", "hsiao", _FIXED, (59000.0, 59010.0), (58990.0, 59060.0), error=25.0),
    _salt3("z fixed"),
    _salt3("covariance of each draw", parameters=_FULL),
    _salt3("z gaussian", _KNOWN),
    _salt3("z free", _FREE, 5.0, cadence=4.0, bands=("ztfg", "ztfr", "sdssi")),
    _salt3("robust", parameters=_ROBUST),
    _salt3("limits", parameters=_PLAIN, censored=True),
    _salt3("factor of all errors", parameters=_SCALED),
    _salt3("flat priors", parameters=_FLAT),
    Case("hsiao, inexact", "hsiao", _FIXED, (59000.0, 59010.0), (58990.0, 59060.0), error=15.0, parameters=_INEXACT),
    Case(
        "nugent-sn2p, dust, limits",
        "nugent-sn2p",
        _NEAR,
        (59000.0, 59020.0),
        (58980.0, 59100.0),
        error=15.0,
        dust=True,
        censored=True,
    ),
    Case(
        "nugent-sn2p, dust, z free", "nugent-sn2p", _FREE, (59000.0, 59020.0), (58980.0, 59100.0), error=2.0, dust=True
    ),
)


@dataclass(frozen=True)
class Band:
    """Where the distribution of `number` uniform values lies, everywhere at once, with probability `level`.

    Attributes
    ----------
    at : ndarray, shape (n,)
        Where the distribution is looked at.
    low, high : ndarray, shape (n,)
    """

    at: Array
    low: Array
    high: Array

    @classmethod
    def of(cls, number: int, level: float = LEVEL, simulations: int = 4000) -> "Band":
        """The band, its pointwise level found by simulation (Sailynoja et al. 2022, sec. 2.2)."""
        at = np.arange(1, min(number, 100)) / min(number, 100)
        values = np.sort(np.random.default_rng(number).uniform(size=(simulations, number)), axis=1)
        counts = np.array([np.searchsorted(row, at, side="right") for row in values])
        tails = np.minimum(binom.cdf(counts, number, at), binom.sf(counts - 1, number, at))
        pointwise = np.quantile(2 * tails.min(axis=1), 1 - level)
        low, high = binom.ppf(pointwise / 2, number, at), binom.ppf(1 - pointwise / 2, number, at)
        return cls(at, low / number, high / number)

    def excess(self, ranks: Array) -> Array:
        """Distribution of ranks (0 to 1) less that of uniform ones."""
        return np.asarray(np.mean(ranks[:, None] <= self.at, axis=0) - self.at)

    def holds(self, ranks: Array) -> bool:
        """Whether the ranks' distribution stays within."""
        distribution = self.excess(ranks) + self.at
        return bool(np.all((distribution >= self.low - 1e-12) & (distribution <= self.high + 1e-12)))


def rank(case: Case, seed: int) -> dict[str, float]:
    """Draw parameters and a light curve, fit it, and rank the parameters, and their likelihood, 0 to 1."""
    random = np.random.default_rng([zlib.crc32(case.name.encode()), seed])
    truth, rows = case.draw(random)
    parameters = replace(case.parameters, seed=seed, n_draws=_DRAWS)
    data = build_data(rows, case.redshift, parameters.mwebv or 0.0)
    fit = fit_source(load_source_grid(case.source), data, parameters, 0.0, lambda done, doing: None)
    low, high = np.array([case.get_windows().get(name, (-np.inf, np.inf)) for name in fit.names]).T
    draws = fit.draws[np.all((fit.draws >= low) & (fit.draws <= high), axis=1)][:_N_RANKED]
    values = np.array([truth[name] for name in fit.names])
    both = np.vstack([values, draws])
    columns = np.column_stack([both, _log_likelihood(fit, both)])
    below = np.sum(columns[1:] < columns[0], axis=0)
    ranks = (below + random.uniform(size=len(below))) / (len(draws) + 1)
    return dict(zip([*fit.names, "log likelihood"], ranks.tolist(), strict=True))


def _log_likelihood(fit: Fit, values: Array) -> Array:
    return fit.posterior.likelihood.log_density(fit.predict_rows(values))


def _rank(task: tuple[Case, int]) -> dict[str, float]:
    return rank(*task)


def ranks_of(case: Case, number: int, processes: int) -> Iterator[dict[str, float]]:
    """Ranks of `number` light curves, in no order."""
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap_unordered(_rank, [(case, seed) for seed in range(number)], chunksize=4)


def _progress(ranks: Iterator[dict[str, float]], name: str, number: int) -> Iterator[dict[str, float]]:
    for done, item in enumerate(ranks, start=1):
        bar = "#" * (30 * done // number)
        print(f"\r{name:26s} [{bar:30s}] {done}/{number}", end="", file=sys.stderr, flush=True)
        yield item
    print(file=sys.stderr)


def _report(case: Case, columns: dict[str, Array], band: Band) -> bool:
    """Print how each parameter fares; whether all are within the bands."""
    for name, ranks in columns.items():
        excess = band.excess(ranks)
        worst = int(np.argmax(np.abs(excess)))
        word = "inside" if band.holds(ranks) else "OUTSIDE"
        print(f"{case.name:26s} {name:15s} {word:8s} {excess[worst]:+.3f} at {band.at[worst]:.2f}")
    return all(band.holds(ranks) for ranks in columns.values())


def _draw(case: Case, columns: dict[str, Array], band: Band, path: Path) -> None:
    """Each parameter's distribution of ranks, less the uniform one, within its bands."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2.6 * len(columns), 2.6), layout="constrained")
    axes = figure.subplots(1, len(columns), sharex=True, sharey=True, squeeze=False)[0]
    for axis, (name, ranks) in zip(axes, columns.items(), strict=True):
        axis.fill_between(band.at, band.low - band.at, band.high - band.at, color="0.85", lw=0)
        axis.step(band.at, band.excess(ranks), where="mid", color="C0" if band.holds(ranks) else "C3")
        axis.axhline(0, color="0.5", lw=0.7)
        axis.set(title=name, xlim=(0, 1), xlabel="rank")
    axes[0].set_ylabel("ECDF − uniform")
    figure.suptitle(f"{case.name}: {len(ranks)} light curves, {100 * LEVEL:g} % simultaneous bands")
    figure.savefig(path, dpi=120)


def main(arguments: list[str]) -> int:
    """Calibrate every case; 1 when a parameter is outside its bands."""
    parser = argparse.ArgumentParser(description="Simulation-based calibration of the fit.")
    parser.add_argument("--number", type=int, default=500, help="light curves of each model")
    parser.add_argument("--plots", type=Path, default=Path("calibration"), help="folder of the rank plots")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only", default="", help="models whose name has this in it")
    options = parser.parse_args(arguments)
    options.plots.mkdir(parents=True, exist_ok=True)
    band, good = Band.of(options.number), True
    for case in (case for case in CASES if options.only in case.name):
        try:
            load_source_grid(case.source)
        except TemplateError as error:
            print(f"{case.name:26s} left out: {error}")
            continue
        ranks = list(_progress(ranks_of(case, options.number, options.processes), case.name, options.number))
        columns = {name: np.array([item[name] for item in ranks]) for name in ranks[0]}
        good &= _report(case, columns, band)
        _draw(case, columns, band, options.plots / f"{re.sub('[^a-z0-9]+', '-', case.name)}.png")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
