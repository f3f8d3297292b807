"""Independent weighted draws and the evidence of one model, from the modes that a scan has found."""

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from fitter_lambda.arrays import Array
from fitter_lambda.engine.importance_weights import effective_sample_size, temper_weights
from fitter_lambda.spectrum.log_grid import LIGHT_SPEED
from fitter_lambda.spectrum.marginal_likelihood import JointDensity, MarginalLikelihood
from fitter_lambda.spectrum.mode_climbing import ClimbedModes
from fitter_lambda.spectrum.redshift_scan import ScanResult
from fitter_lambda.spectrum.spectrum_priors import VELOCITY_SIGMA
from fitter_lambda.spectrum.student_mixture import StudentMixture

#: First widths of modes: of u (pixels), of a phase (days; of other axes a fraction), dust, log amplitude, x1, velocity,
#: log discrepancy.
_WIDTHS = (0.5, 2.0, 0.1, 0.2, 0.6, 0.8 * VELOCITY_SIGMA / LIGHT_SPEED, 0.3)
_BACKGROUND_WIDTH = 0.08
#: Maxima of the scan to start from; steps along axis and shifts within which two are one.
_N_PEAKS, _CLOSE = 10, (3, 2)
#: Discrepancies to start from, relative to the prior's median.
_SIZES = np.array([0.25, 0.5, 1.0, 2.0])
_ROUND, _MAX_ROUNDS = 400, 6
_GOOD_EFFICIENCY = 0.25


@dataclass(frozen=True, eq=False)
class WeightedDraws:
    """Weighted draws of one model.

    Attributes
    ----------
    theta : ndarray, shape (n, 7)
    joint : JointDensity
    log_weight : ndarray, shape (n,)
    log_evidence, log_evidence_error, efficiency : float
    """

    theta: Array
    joint: JointDensity
    log_weight: Array
    log_evidence: float
    log_evidence_error: float
    efficiency: float


def build_axes(likelihood: MarginalLikelihood) -> Array:
    """Return the first widths of modes, as columns of steps of theta."""
    model = likelihood.model
    widths = np.array(_WIDTHS)
    widths[0] *= model.x.step
    if not model.is_supernova:
        widths[1] = _BACKGROUND_WIDTH * (model.template.high - model.template.low)
    axes = np.diag(widths)
    if model.is_supernova:
        axes[0, 5] = -axes[5, 5]  # the template's shift is known best: redshift and velocity change together
    return axes


def find_starts(likelihood: MarginalLikelihood, scan: ScanResult) -> tuple[Array, Array]:
    """Rescore the highest local maxima of a scan with the exact density, at several values of dust.

    Returns
    -------
    ndarray, shape (m, 7)
        Of each maximum the best point, from the highest down.
    ndarray, shape (m,)
        Their log densities.
    """
    model = likelihood.model
    places = _find_peaks(scan.log_density, _N_PEAKS)
    if not len(places):
        return np.empty((0, 7)), np.empty(0)
    dust = model.dust_places
    theta = np.zeros((len(places) * len(dust), 7))
    theta[:, 0] = np.repeat(np.clip(scan.source_u[places[:, 1]], *_bounds_of_u(likelihood)), len(dust))
    if model.is_supernova:
        theta[:, 5] = np.repeat(scan.u[places[:, 1]] - scan.source_u[places[:, 1]], len(dust))
    theta[:, 1] = np.repeat(scan.axis[places[:, 0]], len(dust))
    theta[:, 2] = np.tile(dust, len(places))
    theta, density = likelihood.choose_scales(theta, model.discrepancy * _SIZES)
    best = np.argmax(density.reshape(-1, len(dust)), axis=1) + len(dust) * np.arange(len(places))
    best = best[np.isfinite(density[best])]
    best = best[np.argsort(-density[best])]
    return theta[best], density[best]


def _bounds_of_u(likelihood: MarginalLikelihood) -> tuple[float, float]:
    redshift = likelihood.model.redshift
    return float(np.log1p(redshift.low)), float(np.log1p(redshift.high))


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


def draw_round(
    likelihood: MarginalLikelihood, mixture: StudentMixture, base: Array, number: int, random: np.random.Generator
) -> tuple[Array, Array, JointDensity]:
    """Draw within the prior's bounds; return theta, log weights and densities."""
    free = likelihood.model.free
    points = mixture.draw(number, random)
    theta = np.tile(base, (number, 1))
    theta[:, free] = points
    prior = likelihood.model.log_prior(theta)
    inside = np.isfinite(prior)
    theta = theta[inside]
    joint = likelihood.evaluate(theta, random)
    log_weight = joint.log_density + prior[inside] - mixture.log_density(points[inside])
    return theta, log_weight, joint


def adapt_to(likelihood: MarginalLikelihood, modes: ClimbedModes, random: np.random.Generator) -> StudentMixture:
    """Adapt a mixture to the density in rounds."""
    free = likelihood.model.free
    weights = np.exp(0.5 * (modes.log_mass - modes.log_mass.max())) + 0.01
    mixture = StudentMixture.at_modes(modes.theta[:, free], modes.covariance, weights)
    for _ in range(_MAX_ROUNDS):
        theta, log_weight, _ = draw_round(likelihood, mixture, modes.theta[0], _ROUND, random)
        if len(theta) < 2 * len(free) or not np.isfinite(log_weight).any():
            break
        efficiency = effective_sample_size(log_weight) / _ROUND
        mixture = mixture.adapt(theta[:, free], temper_weights(log_weight))
        if efficiency > _GOOD_EFFICIENCY:
            break
    return mixture


def draw_weighted(
    likelihood: MarginalLikelihood, mixture: StudentMixture, base: Array, number: int, random: np.random.Generator
) -> WeightedDraws:
    """Draw from an adapted mixture."""
    theta, log_weight, joint = draw_round(likelihood, mixture, base, number, random)
    effective = max(effective_sample_size(log_weight), 1e-9)
    log_evidence = float(logsumexp(log_weight) - np.log(number)) if len(log_weight) else -np.inf
    error = float(np.sqrt(max(1 / effective - 1 / number, 0.0)))
    return WeightedDraws(theta, joint, log_weight, log_evidence, error, effective / number)
