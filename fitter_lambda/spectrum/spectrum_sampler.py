"""Independent weighted draws and the evidence of one model, from the modes that a scan has found."""

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from fitter_lambda.arrays import Array
from fitter_lambda.engine.importance_weights import effective_sample_size, temper_weights
from fitter_lambda.engine.student_mixture import StudentMixture
from fitter_lambda.errors import FitError
from fitter_lambda.spectrum.log_grid import LIGHT_SPEED
from fitter_lambda.spectrum.marginal_likelihood import JointDensity, MarginalLikelihood
from fitter_lambda.spectrum.mode_climbing import ClimbedModes
from fitter_lambda.spectrum.narrow_lines import LineProfile
from fitter_lambda.spectrum.redshift_scan import ScanResult
from fitter_lambda.spectrum.spectrum_models import N_OWN, N_SHARED, SpectrumModel
from fitter_lambda.spectrum.spectrum_priors import VELOCITY_SIGMA

#: First widths of modes: of u (pixels), of a phase (days; of other axes a fraction), dust, x1, velocity; of each
#: spectrum log amplitude, log discrepancy, log width of lines.
_WIDTHS = (0.5, 2.0, 0.1, 0.6, 0.8 * VELOCITY_SIGMA / LIGHT_SPEED)
_OWN_WIDTHS = (0.2, 0.3, 0.3)
_BACKGROUND_WIDTH = 0.08
#: Maxima of the scan to start from, with narrow lines and without; most starts.
_N_PEAKS, _N_PLAIN_PEAKS, _N_STARTS = 8, 4, 12
#: Points this far below the best (log density) are no starts.
_DEPTH = 12.0
#: Steps along axis and shifts within which two maxima are one.
_CLOSE = (3, 2)
#: Discrepancies to start from, relative to the prior's median.
_SIZES = np.array([0.25, 0.5, 1.0, 2.0])
#: Other widths of unresolved lines to start from, relative to their median.
_OTHER_WIDTHS = (0.65, 2.5)
#: Draws of a round, and most rounds.
_ROUND = 300
_MAX_ROUNDS = 20
#: Of the effective draws that are sought, so many are enough to be trusted.
_TRUSTED = 0.25
#: Of the mixture: see `StudentMixture.adapt`.
_RIDGE = 1e-3


@dataclass(frozen=True, eq=False)
class WeightedDraws:
    """Weighted draws of one model.

    Attributes
    ----------
    theta : ndarray, shape (n, d)
    parts : list of JointDensity
        Of each spectrum.
    log_weight : ndarray, shape (n,)
    log_evidence, log_evidence_error, effective : float
    is_trusted : bool
        Whether enough draws are effective.
    """

    theta: Array
    parts: list[JointDensity]
    log_weight: Array
    log_evidence: float
    log_evidence_error: float
    effective: float
    is_trusted: bool


def build_axes(likelihood: MarginalLikelihood) -> Array:
    """Return the first widths of modes, as columns of steps of theta."""
    model = likelihood.model
    widths = np.concatenate([_WIDTHS, np.tile(_OWN_WIDTHS, len(model.spectra))])
    widths[0] *= model.spectra[0].x.step
    if not model.is_supernova:
        widths[1] = _BACKGROUND_WIDTH * (model.template.high - model.template.low)
    axes = np.diag(widths)
    if model.is_supernova:
        axes[0, 4] = -axes[4, 4]  # the template's shift is known best: redshift and velocity change together
    return axes


def find_starts(likelihood: MarginalLikelihood, scan: ScanResult) -> tuple[Array, Array]:
    """Rescore the highest local maxima of a scan, with and without narrow lines, at several values of dust.

    Returns
    -------
    ndarray, shape (m, d)
        Of each maximum the best point, from the highest down.
    ndarray, shape (m,)
        Their log densities.
    """
    model = likelihood.model
    plain = np.where(np.isfinite(scan.log_density), scan.log_density - scan.gain, -np.inf)
    peaks = [_find_peaks(scan.log_density, _N_PEAKS), _find_peaks(plain, _N_PLAIN_PEAKS)]
    places = np.unique(np.concatenate(peaks), axis=0)
    if not len(places):
        return model.build_theta(0), np.empty(0)
    dust = model.dust_places
    theta = model.build_theta(len(places) * len(dust))
    theta[:, 0] = np.repeat(scan.u[places[:, 1]], len(dust))
    theta[:, 1] = np.repeat(scan.axis[places[:, 0]], len(dust))
    theta[:, 2] = np.tile(dust, len(places))
    theta = _list_sources(theta, scan.lines, model)[0]
    theta, density = likelihood.choose_scales(theta, model.discrepancy * _SIZES)
    best = np.argmax(density.reshape(-1, len(dust)), axis=1) + len(dust) * np.arange(len(places))
    return _sort_starts(theta[best], density[best])


def expand_starts(likelihood: MarginalLikelihood, lines: LineProfile, starts: Array) -> tuple[Array, Array]:
    """Try other places of the source and other widths of unresolved lines at points; return the best of all."""
    model = likelihood.model
    widths = [i for i in model.free if i >= N_SHARED and (i - N_SHARED) % N_OWN == N_OWN - 1]
    theta = np.concatenate([starts, *_list_sources(starts, lines, model)])
    others = [theta.copy() for _ in _OTHER_WIDTHS if widths]
    for rows, ratio in zip(others, _OTHER_WIDTHS, strict=False):
        rows[:, widths] += np.log(ratio)
    theta = np.unique(np.concatenate([theta, *others]), axis=0)
    return _sort_starts(theta, likelihood.log_posterior(theta))


def _list_sources(theta: Array, lines: LineProfile, model: SpectrumModel) -> list[Array]:
    """Return theta with the source at each of its places for the shifts of the template."""
    shift = theta[:, 0] + theta[:, 4]
    variants = []
    for source in lines.align(shift, model)[0].T:
        rows = theta.copy()
        rows[:, 0] = np.clip(source, *model.bounds[:, 0])
        if model.is_supernova:
            rows[:, 4] = np.clip(shift - source, *model.bounds[:, 4])
        variants.append(rows)
    return variants


def _sort_starts(theta: Array, density: Array) -> tuple[Array, Array]:
    order = np.argsort(-density)
    order = order[density[order] > np.max(density, initial=-1e300) - _DEPTH][:_N_STARTS]
    return theta[order], density[order]


def _find_peaks(density: Array, number: int) -> Array:
    """Return the indices (m, 2) of the highest local maxima, of those that are close together the highest."""
    padded = np.pad(density, 1, constant_values=-np.inf)
    rows, columns = density.shape
    around = [padded[i : i + rows, j : j + columns] for i in range(3) for j in range(3) if (i, j) != (1, 1)]
    is_peak = np.isfinite(density) & (density >= np.max(around, axis=0))
    places = np.argwhere(is_peak)[np.argsort(-density[is_peak])]
    kept = np.empty((0, 2), dtype=int)
    for place in places:
        if len(kept) == number:
            break
        if not (np.abs(kept - place) <= _CLOSE).all(axis=1).any():
            kept = np.vstack([kept, place])
    return kept


def sample_model(
    likelihood: MarginalLikelihood, modes: ClimbedModes, n_effective: float, random: np.random.Generator
) -> WeightedDraws:
    """Draw in rounds, each from a mixture adapted to all draws before, until enough of them are effective.

    All draws are kept. Their weights are the density over the mean of all proposals, by numbers of draws (adaptive
    multiple importance sampling; Cornuet et al. 2012).
    """
    free = likelihood.model.free
    weights = np.exp(0.5 * (modes.log_mass - modes.log_mass.max())) + 0.01
    mixture = _build_first_mixture(modes.theta[:, free], modes.covariance, weights)
    mixtures: list[StudentMixture] = []
    rounds: list[_Round] = []
    for _ in range(_MAX_ROUNDS):
        mixtures.append(mixture)
        rounds.append(_draw_round(likelihood, mixture, modes.theta[0], random))
        points = np.concatenate([one.theta for one in rounds])[:, free]
        log_target = np.concatenate([one.log_target for one in rounds])
        log_weight = log_target - np.logaddexp.reduce([one.log_density(points) for one in mixtures], axis=0)
        if len(points) < 3 * len(free):
            continue
        if effective_sample_size(log_weight) > n_effective:
            break
        mixture = mixture.adapt(points, temper_weights(log_weight), _RIDGE)
    if not np.isfinite(log_weight).any():
        raise FitError("No draw lies within the bounds of the priors; widen z_min and z_max.")
    return _collect(rounds, log_weight + np.log(len(mixtures)), n_effective)


def _build_first_mixture(means: Array, covariances: Array, weights: Array) -> StudentMixture:
    """Build a mixture of components at modes, and of others there of about three times their width."""
    return StudentMixture.build(
        np.concatenate([weights, 0.2 * weights]),
        np.tile(means, (2, 1)),
        np.concatenate([1.44 * covariances, 16 * covariances]),
    )


@dataclass(frozen=True, eq=False)
class _Round:
    """Draws of a round, and their log densities with the priors."""

    theta: Array
    log_target: Array
    parts: list[JointDensity]


def _draw_round(
    likelihood: MarginalLikelihood, mixture: StudentMixture, base: Array, random: np.random.Generator
) -> _Round:
    """Draw from a mixture, and keep what is within the prior's bounds."""
    free = likelihood.model.free
    theta = np.tile(base, (_ROUND, 1))
    theta[:, free] = mixture.draw(_ROUND, random)
    prior = likelihood.model.log_prior(theta)
    inside = np.isfinite(prior)
    density, parts = likelihood.evaluate(theta[inside], random)
    return _Round(theta[inside], density + prior[inside], parts)


def _collect(rounds: list[_Round], log_weight: Array, n_effective: float) -> WeightedDraws:
    number = len(rounds) * _ROUND
    theta = np.concatenate([one.theta for one in rounds])
    parts = [JointDensity.join(own) for own in zip(*(one.parts for one in rounds), strict=True)]
    effective = effective_sample_size(log_weight)
    log_evidence = float(logsumexp(log_weight) - np.log(number))
    error = float(np.sqrt(max(1 / effective - 1 / number, 0.0)))
    return WeightedDraws(theta, parts, log_weight, log_evidence, error, effective, effective > _TRUSTED * n_effective)
