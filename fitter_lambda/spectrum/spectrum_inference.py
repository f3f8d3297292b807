"""The fit of one spectrum: scan all models, sample those that matter, weigh them jointly."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import logsumexp
from scipy.stats import chi2 as chi2_distribution

from fitter_lambda.arrays import Array, Indices
from fitter_lambda.errors import FitError
from fitter_lambda.spectrum.linear_columns import AddedColumns
from fitter_lambda.spectrum.marginal_likelihood import MarginalLikelihood
from fitter_lambda.spectrum.mode_climbing import ClimbedModes, climb_modes
from fitter_lambda.spectrum.narrow_lines import LineProfile, profile_lines
from fitter_lambda.spectrum.redshift_scan import RedshiftScan
from fitter_lambda.spectrum.spectrum_data import SpectrumData
from fitter_lambda.spectrum.spectrum_models import N_SHARED, SpectrumModel
from fitter_lambda.spectrum.spectrum_priors import CLASS_CHANCES
from fitter_lambda.spectrum.spectrum_sampler import WeightedDraws, build_axes, expand_starts, find_starts, sample_model

Progress = Callable[[float, str], None]
#: Models this far below the best in log probability, by Laplace's method, are not sampled.
_DEPTH = 7.0
#: Effective draws of any of them.
_FEWEST_DRAWS = 60
#: As far below, models are climbed from all starts.
_UNCLIMBED_DEPTH = 8.0
#: What climbing is taken to gain at least (log density): models further below the best than twice that are left.
_LEAST_GAIN = 15.0
_N_PREDICTIVE = 200


@dataclass
class Candidate:
    """A model and how far it is fitted: points to start from with their log densities, then modes, then draws."""

    likelihood: MarginalLikelihood
    log_prior: float
    starts: tuple[Array, Array]
    lines: LineProfile
    modes: ClimbedModes | None = None
    draws: WeightedDraws | None = None

    @property
    def model(self) -> SpectrumModel:
        """The model."""
        return self.likelihood.model

    @property
    def log_evidence(self) -> float:
        """The evidence: of draws, else of modes by Laplace's method, else no more than the best start's density."""
        if self.draws is not None:
            return self.draws.log_evidence
        if self.modes is not None:
            return self.modes.log_evidence
        return float(max(self.starts[1], default=-np.inf))

    @property
    def log_mass(self) -> float:
        """Log of prior chance times evidence."""
        return self.log_prior + self.log_evidence

    @property
    def best_theta(self) -> Array:
        """The best point that is known, shape (d,); NaN if there is none."""
        if self.draws is not None:
            return np.asarray(self.draws.theta[int(np.argmax(self.draws.log_weight))])
        points = self.starts[0] if self.modes is None else self.modes.theta
        return np.asarray(points[0]) if len(points) else np.full(points.shape[1], np.nan)

    def climb(self, number: int | None) -> ClimbedModes:
        """Climb from the best starts that are left, by default from all; return all modes."""
        if self.modes is None and len(self.starts[0]):
            self.starts = expand_starts(self.likelihood, self.lines, self.starts[0])
        theta, heights = self.starts
        axes = build_axes(self.likelihood)
        self.modes = climb_modes(self.likelihood, theta[:number], axes, self.modes)
        self.starts = (theta[:0], heights[:0]) if number is None else (theta[number:], heights[number:])
        return self.modes


@dataclass(frozen=True, eq=False)
class SpectrumPosterior:
    """The joint posterior over all models.

    Attributes
    ----------
    spectra : tuple of SpectrumData
        Phases are those of the first.
    candidates : list of Candidate
        From the most probable down.
    theta : ndarray, shape (n, d)
        Equally weighted draws, over all models.
    source : ndarray of int, shape (n,)
        The candidate of each.
    coefficients : list of list of ndarray
        Linear coefficients of each spectrum and each draw.
    seconds : dict
    """

    spectra: tuple[SpectrumData, ...]
    candidates: list[Candidate]
    theta: Array
    source: Indices
    coefficients: list[list[Array]]
    seconds: dict[str, float]

    @property
    def data(self) -> SpectrumData:
        """The first spectrum."""
        return self.spectra[0]

    @property
    def class_probabilities(self) -> dict[str, float]:
        """Of all classes that were tried, from the most probable down."""
        total = logsumexp([one.log_mass for one in self.candidates])
        chances: dict[str, float] = {}
        for one in self.candidates:
            chances[one.model.group] = chances.get(one.model.group, 0.0) + float(np.exp(one.log_mass - total))
        return dict(sorted(chances.items(), key=lambda item: -item[1]))

    def select(self, i: int, k: int) -> Array:
        """Return draw i as spectrum k has it, see `SpectrumModel.select`; shape (8,)."""
        return np.asarray(self.candidates[self.source[i]].model.select(self.theta[i : i + 1], k)[0])

    def predict(self, i: int, k: int = 0) -> tuple[Array, Array]:
        """Return the transient's flux and all flux of draw i in spectrum k, in units of the mean."""
        member = self.candidates[self.source[i]].likelihood.members[k]
        row = self.select(i, k)
        columns = member.build_columns(row[None])[0]
        coefficients = self.coefficients[k][i]
        n_poly = len(self.spectra[k].legendre)
        transient = np.exp(row[N_SHARED]) * (columns[0] + coefficients[: n_poly - 1] @ columns[1:n_poly])
        return transient, transient + coefficients[n_poly - 1 :] @ columns[n_poly:]

    @cached_property
    def chi2_ratios(self) -> Array:
        """Chi2 of some draws, by the whole covariance, over the number of pixels; of each spectrum, shape (n, k)."""
        return np.array([
            [
                data.chi2(self.predict(i, k)[1], float(np.exp(self.select(i, k)[N_SHARED + 1]))) / data.good.sum()
                for k, data in enumerate(self.spectra)
            ]
            for i in range(min(_N_PREDICTIVE, len(self.theta)))
        ])  # fmt: skip

    @cached_property
    def misfit_p_value(self) -> float:
        """How often data drawn from the model would fit it no better (Gelman, Meng & Stern 1996)."""
        numbers = np.array([data.good.sum() for data in self.spectra])
        return float(np.mean(chi2_distribution.sf(self.chi2_ratios @ numbers, numbers.sum())))


def infer(
    spectra: Sequence[SpectrumData], models: Sequence[SpectrumModel], n_draws: int = 2000, seed: int = 0,
    progress: Progress = lambda fraction, message: None,
) -> SpectrumPosterior:  # fmt: skip
    """Fit all models jointly to one or more spectra of a source.

    Raises
    ------
    FitError
        No model reaches the spectra.
    """
    random = np.random.default_rng(seed)
    began = time.perf_counter()
    candidates = _scan_models(spectra, models, progress)
    _climb_models(candidates)
    scanned = time.perf_counter()
    _sample_models(candidates, n_draws, random, progress)
    candidates.sort(key=lambda one: -one.log_mass)
    theta, source, coefficients = _draw_jointly(candidates, n_draws, random)
    seconds = {"scan": scanned - began, "sampling": time.perf_counter() - scanned}
    return SpectrumPosterior(tuple(spectra), candidates, theta, source, coefficients, seconds)


def _scan_models(
    spectra: Sequence[SpectrumData], models: Sequence[SpectrumModel], progress: Progress
) -> list[Candidate]:
    highest = max(float(np.log1p(model.redshift.high)) for model in models)
    added = [AddedColumns(data, template.grid) for data, template in zip(spectra, models[0].templates, strict=True)]
    # two scans: backgrounds lack less than templates of supernovae
    lines = profile_lines(added, models[0].redshift)
    sizes = {model.discrepancy for model in models}
    scans = {size: RedshiftScan.build(added, highest, size, lines) for size in sizes}
    groups = [model.group for model in models]
    candidates = []
    for done, model in enumerate(models):
        progress(0.5 * done / len(models), f"scanning {model.template.name}")
        likelihood = MarginalLikelihood.build(model, added)
        starts = find_starts(likelihood, scans[model.discrepancy].run(model))
        prior = float(np.log(CLASS_CHANCES[model.group] / groups.count(model.group)))
        candidates.append(Candidate(likelihood, prior, starts, lines))
    if not any(len(one.starts[0]) for one in candidates):
        raise FitError("No model covers this spectrum at any redshift of the prior; widen z_min and z_max.")
    return candidates


def _climb_models(candidates: list[Candidate]) -> None:
    """Climb from the best start of each model, of supernovae unless hopeless; from all if it comes near the best."""
    gain = _LEAST_GAIN
    best = -np.inf
    for one in sorted(candidates, key=lambda one: -one.log_mass):
        if one.model.is_supernova and one.log_mass + 2 * gain < best:
            continue
        start = one.log_mass
        one.climb(1)
        gain = max(gain, one.log_mass - start)
        best = max(best, one.log_mass)
    for one in candidates:
        if one.log_mass > best - _DEPTH - _UNCLIMBED_DEPTH:
            one.climb(None)


def _sample_models(candidates: list[Candidate], n_draws: int, random: np.random.Generator, progress: Progress) -> None:
    """Sample the models near the best, as long as there are any, each by its share of the posterior."""
    best = max(one.log_mass for one in candidates)
    while batch := [one for one in candidates if one.draws is None and one.log_mass > best - _DEPTH]:
        for done, one in enumerate(batch):
            progress(0.5 + 0.4 * done / len(batch), f"fitting {one.model.template.name}")
            share = np.exp(one.log_mass - logsumexp([other.log_mass for other in candidates]))
            effective = _FEWEST_DRAWS + 0.4 * n_draws * share
            one.draws = sample_model(one.likelihood, one.climb(None), effective, random)
        best = max(one.log_mass for one in candidates)


def _draw_jointly(
    candidates: list[Candidate], n_draws: int, random: np.random.Generator
) -> tuple[Array, Indices, list[list[Array]]]:
    """Resample the weighted draws of all models together to equal weights (Kitagawa 1996), in random order."""
    sampled = [(i, one, one.draws) for i, one in enumerate(candidates) if one.draws is not None]
    log = np.concatenate([d.log_weight - logsumexp(d.log_weight) + one.log_mass for _, one, d in sampled])
    weight = np.exp(log - logsumexp(log))
    places = (np.arange(n_draws) + random.uniform()) / n_draws
    index = random.permutation(np.minimum(np.searchsorted(np.cumsum(weight), places), len(weight) - 1))
    origin = np.concatenate([np.full(len(d.theta), i) for i, _, d in sampled])
    theta = np.concatenate([d.theta for _, _, d in sampled])
    coefficients = []
    for k in range(len(sampled[0][2].parts)):
        complete = [row for _, _, d in sampled for row in d.parts[k].complete(random)]
        coefficients.append([complete[i] for i in index])
    return theta[index], origin[index].astype(np.intp), coefficients
