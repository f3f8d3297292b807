"""How far a fit lies in the tails of what is known of supernovae: a model that fits with an impossible supernova."""

from collections.abc import Callable

import numpy as np
from scipy.special import ndtr
from scipy.stats import exponnorm

from fitter_lambda.arrays import Array
from fitter_lambda.engine.fit import Fit
from fitter_lambda.engine.posterior_builder import build_physical_priors
from fitter_lambda.engine.priors import COLOUR_SIGMA, COLOUR_TAIL
from fitter_lambda.engine.supernova_classes import get_supernova_class
from fitter_lambda.input.sncosmo_registries import get_source_types

#: Below this tail of the prior, on both sides together, a value is in tension with it.
TENSION_THRESHOLD = 1e-3

_Cumulative = Callable[[float], float]


def measure_prior_tension(fit: Fit) -> dict[str, float]:
    """Return the tail of the physical prior beyond the posterior's median, on both sides together.

    Parameters
    ----------
    fit : Fit
        Under any priors: it is held against the physical ones.

    Returns
    -------
    dict
        By quantity: ``absolute_magnitude`` (in the rest frame's B; of SALT at c = 0), and of SALT ``x1`` and ``c``.
    """
    tails = {"absolute_magnitude": _two_tails(_standardize_amplitude(fit), lambda x: float(ndtr(x)))}
    if fit.posterior.fluxes.grid.is_salt:
        columns = dict(zip(fit.names, fit.draws.T, strict=True))
        tails["x1"] = _two_tails(columns["x1"], lambda x: float(ndtr(x)))
        tails["c"] = _two_tails(columns["c"], _colour_cdf)
    return tails


def _standardize_amplitude(fit: Fit) -> Array:
    """Return the logarithm of the amplitude in standard deviations from its prior's mean, shape (n,)."""
    posterior = fit.posterior
    kind = get_supernova_class(get_source_types().get(posterior.fluxes.grid.name, ""))
    theta, a = fit.split_values(fit.draws)
    _, z, shapes = posterior.split_theta(theta)
    mean, sigma = build_physical_priors(posterior.fluxes, fit.data, kind).log_amplitude(z, shapes)
    return np.asarray((np.log(a[:, 0]) - mean) / sigma)


def _colour_cdf(c: float) -> float:
    return float(exponnorm.cdf(c, COLOUR_TAIL / COLOUR_SIGMA, 0.0, COLOUR_SIGMA))


def _two_tails(draws: Array, cumulative: _Cumulative) -> float:
    below = cumulative(float(np.median(draws)))
    return 2 * min(below, 1 - below)
