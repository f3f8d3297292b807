"""Nested sampling (Skilling 2006) by dynesty (Speagle 2020), for sources that need a call for each point.

It draws theta from the density with the linear parameters integrated out; these are drawn given theta, and
each pair has a weight of the exact joint density, as in `importance_sampling`.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.special import logsumexp

from fitter_lambda.arrays import Array
from fitter_lambda.engine.importance_weights import PosteriorSample, resample
from fitter_lambda.engine.posterior import LinearProposal, Posterior

_LIVE_POINTS = 150
#: Evaluations of the density after which sampling stops.
_MAX_CALLS = 12_000
#: Part of ln Z that may be left.
_MAX_REMAINDER = 0.3
#: Variance of the linear parameters' proposal.
_PROPOSAL_VARIANCE = 1.2


def run_nested_sampling(
    posterior: Posterior, n_draws: int, random: np.random.Generator, progress: Callable[[float], None]
) -> PosteriorSample:
    """Draw from a posterior; the parameters are those of `run_importance_sampling`."""
    from dynesty import NestedSampler

    low, high = posterior.bounds.T
    calls = 0

    def log_density(theta: Array) -> float:
        nonlocal calls
        calls += 1
        if calls % 500 == 0:
            progress(min(1.0, calls / _MAX_CALLS))
        value = float(posterior.log_marginal_density(theta[None])[0])
        return value if np.isfinite(value) else -1e300

    sampler = NestedSampler(
        log_density, lambda u: low + (high - low) * u, len(low), nlive=_LIVE_POINTS, sample="rwalk",
        rstate=random,
    )  # fmt: skip
    sampler.run_nested(dlogz=_MAX_REMAINDER, maxcall=_MAX_CALLS, print_progress=False)
    results = sampler.results
    log_mass = np.asarray(results.logwt) - results.logz[-1]
    mass = np.exp(log_mass - logsumexp(log_mass))
    pool = random.choice(len(mass), 2 * n_draws, p=mass)
    proposal = LinearProposal.at_mode(posterior.fluxes.n_linear, _PROPOSAL_VARIANCE)
    draws = posterior.draw_linear_parameters(np.asarray(results.samples)[pool], proposal, random)
    log_weight = draws.log_ratio - np.asarray(results.logl)[pool]
    sample = resample(draws, log_weight, len(pool), n_draws, random)
    log_volume = np.sum(np.log(high - low))
    return replace(
        sample,
        log_evidence=float(results.logz[-1] + log_volume + sample.log_evidence),
        log_evidence_error=float(np.hypot(results.logzerr[-1], sample.log_evidence_error)),
        effective_draws=min(1 / float(np.sum(mass**2)), sample.effective_draws),
        rounds=int(results.niter),
        evaluations=calls,
        sampler="nested sampling (dynesty)" + (", stopped short" if calls >= _MAX_CALLS else ""),
    )
