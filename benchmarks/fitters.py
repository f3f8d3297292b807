"""Both sides of the comparison: this fitter by its documents, and sncosmo's on the same rows."""

import base64
import copy
import io
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import h5netcdf
import joblib
import numpy as np
import numpy.typing as npt
import sncosmo
from astropy.table import Table
from emcee.autocorr import integrated_time

from benchmarks.supernovae import Case
from fitter_lambda.engine.fit_data import build_fit_data
from fitter_lambda.engine.linear_coordinates import X1_BOUNDS
from fitter_lambda.engine.posterior import Posterior
from fitter_lambda.engine.posterior_builder import build_posterior
from fitter_lambda.engine.priors import T0_WINDOW_DAYS
from fitter_lambda.engine.source_grid import load_source_grid
from fitter_lambda.input.templates import load_source
from tests.fitter.light_curves import fit_payload, parse_payload

__all__ = ["CLOSER", "Evidence", "FitterRun", "Peer", "effective_draws", "run_fitter"]

Array = npt.NDArray[np.float64]
Bounds = Mapping[str, tuple[float, float]]

_WALKERS, _STEPS = 20, 1000
#: Bounds of SALT's parameters that one gives a sampler that needs them close.
CLOSER: Bounds = {"x1": (-5.0, 5.0), "c": (-1.0, 1.0)}
_STARTS = {"x1": (-3.0, 3.0), "c": (-0.3, 0.5)}


@dataclass(frozen=True)
class Evidence:
    """A log evidence in the units and under the priors of this fitter, its error, and what it took.

    `draws` is the effective number of draws that come with it.
    """

    value: float
    error: float
    seconds: float
    draws: float


@dataclass(frozen=True)
class FitterRun:
    """A document of this fitter.

    Attributes
    ----------
    seconds : float
        Of the fit alone: without loading templates, figures and packing.
    whole : float
        Of everything, from the payload to the finished document.
    chain : ndarray, shape (n_draws, n_chains, d)
        Read from the netCDF.
    names : list of str
    results : dict
    """

    seconds: float
    whole: float
    chain: Array
    names: list[str]
    results: dict[str, Any]

    @property
    def best(self) -> dict[str, float]:
        """The best fit."""
        return {name: entry["best_fit"] for name, entry in self.results["parameters"].items()}

    def evidence(self, within: Bounds) -> Evidence:
        """Return the evidence of the part of the posterior within closer bounds."""
        inside = np.ones(self.chain.shape[:2], dtype=bool)
        for name, (low, high) in within.items():
            draws = self.chain[..., self.names.index(name)]
            inside &= (low < draws) & (draws < high)
        with np.errstate(divide="ignore"):  # -inf where there is nothing of it
            value = self.results["log_evidence"] + float(np.log(inside.mean()))
        error = self.results["log_evidence_error"]
        return Evidence(value, error, self.seconds, effective_draws(self.chain))


def run_fitter(payload: dict[str, Any]) -> FitterRun:
    """Fit, and read the document as its receiver does.

    Raises
    ------
    RuntimeError
        There is no fit; the document says why.
    """
    began = time.perf_counter()
    document = fit_payload(payload, lambda done, message: None)
    whole = time.perf_counter() - began
    if document["status"] != "success":
        raise RuntimeError(document["message"])
    data = {key: base64.b64decode(document["analysis"][key]["data"]) for key in ("results", "inference_data")}
    results = joblib.load(io.BytesIO(data["results"]))
    names = list(results["parameters"])
    with h5netcdf.File(io.BytesIO(data["inference_data"]), "r") as file:
        chain = np.stack([np.asarray(file["posterior"][name]) for name in names], axis=-1)
    return FitterRun(results["seconds"]["fit"], whole, np.swapaxes(chain, 0, 1), names, results)


def effective_draws(chain: Array) -> float:
    """Effective number of draws of the worst parameter.

    The autocorrelation estimate of emcee, averaged over chains (Goodman & Weare 2010), and never more than
    the draws; nor more than n^2 / sum m^2 (Kong 1992), where resampling left m copies of a draw.

    Parameters
    ----------
    chain : ndarray, shape (n_steps, n_chains, d)
    """
    number = chain.shape[0] * chain.shape[1]
    worst = number / max(1.0, float(np.max(integrated_time(chain, tol=0))))
    for column in chain.reshape(number, -1).T:
        copies = np.unique(column, return_counts=True)[1]
        worst = min(worst, number**2 / float(np.sum(copies**2)))
    return float(worst)


class Peer:
    """sncosmo on the rows, the free parameters and the bounds that this fitter has.

    Parameters
    ----------
    case : Case
    closer : dict, optional
        Bounds for `nested` that are closer than this fitter's.
    """

    def __init__(self, case: Case, closer: Bounds | None = None) -> None:
        payload = parse_payload(case.payload())
        data = build_fit_data(payload)
        self.posterior: Posterior = build_posterior(load_source_grid(case.source), data, payload.parameters)
        rows = data.rows
        bands = [rows.bandpasses[i] for i in rows.band]
        scale = {"zp": np.full(len(rows), 23.9), "zpsys": np.full(len(rows), "ab")}
        self.fluxerr: Array = rows.fluxerr
        columns = {"time": rows.mjd, "band": bands, "flux": rows.flux, "fluxerr": rows.fluxerr}
        self.table = Table(columns | scale)
        self.model = sncosmo.Model(load_source(case.source))
        self.model.set(z=case.supernova.redshift)
        free = {"z"} if case.free else set()
        self.names = [name for name in self.model.param_names if name in free or name != "z"]
        self.bounds = dict(zip(self.posterior.names, map(tuple, self.posterior.bounds.tolist()), strict=True))
        self.bounds[self.model.param_names[2]] = (0.0, float(getattr(self.posterior.priors, "highest", np.inf)))
        if "x1" in self.names:
            self.bounds["x1"] = X1_BOUNDS
        self.closer = dict(closer or {})
        logging.getLogger("root").setLevel(logging.ERROR)

    @property
    def _redshift(self) -> dict[str, tuple[float, float]]:
        return {"z": self.bounds["z"]} if "z" in self.names else {}

    def chi2(self, values: dict[str, float]) -> float:
        """Sncosmo's chi2 of the rows at these parameters."""
        return float(sncosmo.chisq(self.table, self._at(values)))

    def _at(self, values: dict[str, float]) -> Any:
        model = copy.copy(self.model)
        model.set(**values)
        return model

    def chain(self, seed: int, start: dict[str, float] | None = None) -> tuple[float, Array]:
        """Seconds and chain (step, walker, d) of mcmc_lc, from its own start or from another."""
        np.random.seed(seed)  # emcee's moves draw from it
        model, own = self._at(start or {}), start is None
        began = time.perf_counter()
        result, _ = sncosmo.mcmc_lc(
            self.table, model, self.names, bounds=self._redshift, nwalkers=_WALKERS, nsamples=_STEPS,
            guess_amplitude=own, guess_t0=own, guess_z=own,
        )  # fmt: skip
        seconds = time.perf_counter() - began
        assert list(result.vparam_names) == self.names
        return seconds, result.samples.reshape(_STEPS, _WALKERS, -1)

    def nested(self, seed: int, live_points: int) -> Evidence:
        """nest_lc, brought to this fitter's evidence.

        It leaves out -1/2 ln |2 pi C|, and spreads t0 over its bounds instead of the window that stands for
        all models. The bounds of all parameters are those of this fitter's flat priors; where they are
        closer, the evidence is that of the part within, at the density of the wide ones.
        """
        random = np.random.RandomState(seed)
        began = time.perf_counter()
        result, _ = sncosmo.nest_lc(
            self.table, self.model, self.names, dict(self.bounds | self.closer), npoints=live_points,
            rstate=random,
        )  # fmt: skip
        seconds = time.perf_counter() - began
        low, high = self.bounds["t0"]
        constant = np.log((high - low) / T0_WINDOW_DAYS) - 0.5 * np.sum(np.log(2 * np.pi * self.fluxerr**2))
        constant += sum(np.log(np.ptp(close) / np.ptp(self.bounds[name])) for name, close in self.closer.items())
        draws = np.sum(result.weights) ** 2 / np.sum(result.weights**2)
        return Evidence(float(result.logz + constant), float(result.logzerr), seconds, float(draws))

    def time_fit_lc(self) -> float:
        """Seconds of fit_lc from its own start."""
        began = time.perf_counter()
        sncosmo.fit_lc(self.table, self.model, self.names, bounds=self._redshift)
        return time.perf_counter() - began

    def run_fit_lc(self, starts: int, seed: int) -> tuple[float, dict[str, float]]:
        """Lowest chi2 that fit_lc reaches from its own start and from random ones, and where."""
        random, lowest = np.random.default_rng(seed), np.inf
        best = dict.fromkeys(self.names, np.nan)
        first, last = self.table["time"].min() - 20.0, self.table["time"].max()
        spans = {"t0": (first, last)} | self._redshift | {k: v for k, v in _STARTS.items() if k in self.names}
        for number in range(starts + 1):
            own = number == 0
            start = {} if own else {name: random.uniform(*span) for name, span in spans.items()}
            try:
                result, _ = sncosmo.fit_lc(
                    self.table, self._at(start), self.names, bounds=self._redshift, guess_t0=own, guess_z=own
                )
            except (RuntimeError, sncosmo.fitting.DataQualityError):
                continue
            if result.chisq < lowest:
                values = dict(zip(result.param_names, result.parameters.tolist(), strict=True))
                lowest, best = float(result.chisq), {name: values[name] for name in self.names}
        return lowest, best
