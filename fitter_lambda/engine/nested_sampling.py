"""The fallback: nested sampling (Skilling 2006) by dynesty (Speagle 2020), for sources of several shapes.

It draws theta from the same density with the linear parameters integrated out; those are drawn given theta,
and each pair is weighed by the exact joint density, as in `sampler`.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from fitter_lambda.engine.importance_weights import Sample, resampled
from fitter_lambda.engine.posterior import Conditional, Posterior

__all__ = ["sample_nested"]

Array = npt.NDArray[np.float64]

_LIVE = 150
#: Of the density.
_MOST_CALLS = 12_000
_LEFT = 0.3
#: Variance of the linear parameters' proposal.
_WIDE = 1.2


def sample_nested(
    posterior: Posterior, n_draws: int, random: np.random.Generator, progress: Callable[[float], None]
) -> Sample:
    """Draw from a posterior: see `sampler.sample`, whose arguments these are."""
    from dynesty import NestedSampler

    low, high = posterior.bounds.T
    calls = 0

    def density(theta: Array) -> float:
        nonlocal calls
        calls += 1
        if calls % 500 == 0:
            progress(min(1.0, calls / _MOST_CALLS))
        value = float(posterior.laplace(theta[None])[0])
        return value if np.isfinite(value) else -1e300

    sampler = NestedSampler(
        density, lambda u: low + (high - low) * u, len(low), nlive=_LIVE, sample="rwalk", rstate=random
    )
    sampler.run_nested(dlogz=_LEFT, maxcall=_MOST_CALLS, print_progress=False)
    found = sampler.results
    log_mass = np.asarray(found.logwt) - found.logz[-1]
    pool = random.choice(len(log_mass), 2 * n_draws, p=np.exp(log_mass - logsumexp(log_mass)))
    theta = np.asarray(found.samples)[pool]
    conditional = Conditional.wide(posterior.fluxes.n_linear, _WIDE)
    draws = posterior.joint(theta, conditional, random)
    ratio = draws.log_ratio - np.asarray(found.logl)[pool]
    drawn = resampled(draws, ratio, len(ratio), n_draws, random)
    mass = 1 / float(np.sum(np.exp(2 * (log_mass - logsumexp(log_mass)))))
    return replace(
        drawn, log_evidence=float(found.logz[-1] + np.sum(np.log(high - low)) + drawn.log_evidence),
        log_evidence_error=float(np.hypot(found.logzerr[-1], drawn.log_evidence_error)),
        effective_draws=min(mass, drawn.effective_draws), rounds=int(found.niter), evaluations=calls,
        sampler="nested sampling (dynesty)" + (", stopped short" if calls >= _MOST_CALLS else ""),
    )  # fmt: skip
