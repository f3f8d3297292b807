"""The fit of one spectrum: scan all models, sample those that matter, weigh them jointly."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp
from scipy.stats import chi2 as chi2_distribution

from fitter_lambda.arrays import Array, Indices
from fitter_lambda.errors import FitError
from fitter_lambda.spectrum.linear_columns import AddedColumns
from fitter_lambda.spectrum.marginal_likelihood import MarginalLikelihood
from fitter_lambda.spectrum.mode_climbing import ClimbedModes, climb_modes
from fitter_lambda.spectrum.narrow_lines import profile_lines
from fitter_lambda.spectrum.redshift_scan import RedshiftScan
from fitter_lambda.spectrum.spectrum_data import SpectrumData
from fitter_lambda.spectrum.spectrum_models import SpectrumModel
from fitter_lambda.spectrum.spectrum_priors import CLASS_CHANCES
from fitter_lambda.spectrum.spectrum_sampler import WeightedDraws, build_axes, find_starts, sample_model

Progress = Callable[[float, str], None]
#: Models this far below the best in log probability, by Laplace's method, are not sampled.
_DEPTH = 7.0
#: Effective draws of any of them.
_FEWEST_DRAWS = 60
#: As far below, models are climbed from all starts.
_UNCLIMBED_DEPTH = 8.0
_N_FIRST = 2
_N_PREDICTIVE = 200


@dataclass
class Candidate:
    """A model with its evidence, rough where `draws` is None; `starts` are not climbed from yet."""

    likelihood: MarginalLikelihood
    log_prior: float
    log_evidence: float
    modes: ClimbedModes
    starts: tuple[Array, Array]
    draws: WeightedDraws | None = None

    @property
    def model(self) -> SpectrumModel:
        """The model."""
        return self.likelihood.model

    @property
    def log_mass(self) -> float:
        """Log of prior chance times evidence."""
        return self.log_prior + self.log_evidence


@dataclass(frozen=True, eq=False)
class SpectrumPosterior:
    """The joint posterior over all models.

    Attributes
    ----------
    data : SpectrumData
    candidates : list of Candidate
        From the most probable down.
    theta : ndarray, shape (n, 7)
        Equally weighted draws, over all models.
    source : ndarray of int, shape (n,)
        The candidate of each.
    coefficients : list of ndarray
        Linear coefficients of each.
    seconds : dict
    """

    data: SpectrumData
    candidates: list[Candidate]
    theta: Array
    source: Indices
    coefficients: list[Array]
    seconds: dict[str, float]

    @property
    def class_probabilities(self) -> dict[str, float]:
        """Of all classes that were tried, from the most probable down."""
        total = logsumexp([one.log_mass for one in self.candidates])
        chances: dict[str, float] = {}
        for one in self.candidates:
            chances[one.model.group] = chances.get(one.model.group, 0.0) + float(np.exp(one.log_mass - total))
        return dict(sorted(chances.items(), key=lambda item: -item[1]))

    def predict(self, i: int) -> tuple[Array, Array]:
        """Return the transient's flux and all flux of draw i, in units of the mean."""
        likelihood = self.candidates[self.source[i]].likelihood
        columns = likelihood.build_columns(self.theta[i : i + 1])[0]
        amplitude = np.exp(self.theta[i, 3])
        n_poly = len(self.data.legendre)
        transient = amplitude * (columns[0] + self.coefficients[i][: n_poly - 1] @ columns[1:n_poly])
        return transient, transient + self.coefficients[i][n_poly - 1 :] @ columns[n_poly:]

    def misfit_p_value(self) -> float:
        """Return how often data drawn from the model would fit it no better (Gelman, Meng & Stern 1996)."""
        number = min(_N_PREDICTIVE, len(self.theta))
        chi2 = np.array(
            [self.data.chi2(self.data.flux - self.predict(i)[1], np.exp(self.theta[i, 6])) for i in range(number)]
        )
        return float(np.mean(chi2_distribution.sf(chi2, int(self.data.good.sum()))))


def infer(
    data: SpectrumData, models: Sequence[SpectrumModel], n_draws: int = 2000, seed: int = 0,
    progress: Progress = lambda fraction, message: None,
) -> SpectrumPosterior:  # fmt: skip
    """Fit all models jointly.

    Raises
    ------
    FitError
        No model reaches the spectrum.
    """
    random = np.random.default_rng(seed)
    began = time.perf_counter()
    candidates = _scan_models(data, models, progress)
    scanned = time.perf_counter()
    _sample_models(candidates, n_draws, random, progress)
    candidates.sort(key=lambda one: -one.log_mass)
    theta, source, coefficients = _draw_jointly(candidates, n_draws, random)
    seconds = {"scan": scanned - began, "sampling": time.perf_counter() - scanned}
    return SpectrumPosterior(data, candidates, theta, source, coefficients, seconds)


def _scan_models(data: SpectrumData, models: Sequence[SpectrumModel], progress: Progress) -> list[Candidate]:
    highest = max(float(np.log1p(model.redshift.high)) for model in models)
    added = AddedColumns(data, models[0].template.grid)
    # two scans: backgrounds lack less than templates of supernovae
    lines = profile_lines(added, models[0].redshift)
    scans = {size: RedshiftScan(added, highest, size, lines) for size in {model.discrepancy for model in models}}
    groups = [model.group for model in models]
    candidates = []
    for done, model in enumerate(models):
        progress(0.5 * done / len(models), f"scanning {model.template.name}")
        likelihood = MarginalLikelihood(model, added)
        theta, heights = find_starts(likelihood, scans[model.discrepancy].run(model))
        modes = climb_modes(likelihood, theta[:_N_FIRST], heights[:_N_FIRST], build_axes(likelihood))
        prior = float(np.log(CLASS_CHANCES[model.group] / groups.count(model.group)))
        candidates.append(
            Candidate(likelihood, prior, modes.log_evidence, modes, (theta[_N_FIRST:], heights[_N_FIRST:]))
        )
    if not any(len(one.modes.theta) for one in candidates):
        raise FitError("No model covers this spectrum at any redshift of the prior; widen z_min and z_max.")
    return candidates


def _sample_models(candidates: list[Candidate], n_draws: int, random: np.random.Generator, progress: Progress) -> None:
    """Sample the models near the best, as long as there are any."""
    for one in _select(candidates, _DEPTH + _UNCLIMBED_DEPTH):
        more = climb_modes(one.likelihood, *one.starts, build_axes(one.likelihood), one.modes)
        one.modes, one.log_evidence = more, more.log_evidence
    while batch := [one for one in _select(candidates, _DEPTH) if one.draws is None]:
        best = max(one.log_mass for one in candidates)
        for done, one in enumerate(batch):
            progress(0.5 + 0.4 * done / len(batch), f"fitting {one.model.template.name}")
            effective = _FEWEST_DRAWS + 0.4 * n_draws * min(1.0, np.exp(one.log_mass - best))
            one.draws = sample_model(one.likelihood, one.modes, effective, random)
            one.log_evidence = one.draws.log_evidence


def _select(candidates: list[Candidate], depth: float) -> list[Candidate]:
    best = max(one.log_mass for one in candidates)
    return [one for one in candidates if one.log_mass > best - depth and len(one.modes.theta)]


def _draw_jointly(
    candidates: list[Candidate], n_draws: int, random: np.random.Generator
) -> tuple[Array, Indices, list[Array]]:
    """Resample the weighted draws of all models together to equal weights (Kitagawa 1996), in random order."""
    sampled = [(i, one, one.draws) for i, one in enumerate(candidates) if one.draws is not None]
    log = np.concatenate([d.log_weight - logsumexp(d.log_weight) + one.log_mass for _, one, d in sampled])
    weight = np.exp(log - logsumexp(log))
    places = (np.arange(n_draws) + random.uniform()) / n_draws
    index = random.permutation(np.minimum(np.searchsorted(np.cumsum(weight), places), len(weight) - 1))
    origin = np.concatenate([np.full(len(d.theta), i) for i, _, d in sampled])
    theta = np.concatenate([d.theta for _, _, d in sampled])
    complete = [row for _, _, d in sampled for row in d.joint.complete(random)]
    return theta[index], origin[index].astype(np.intp), [complete[i] for i in index]
