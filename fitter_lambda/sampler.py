"""The posterior's draws: an ensemble sampler (emcee; Foreman-Mackey et al. 2013) from the optimum.

The walkers start spread like the optimum's covariance and move by differential evolution (ter Braak
& Vrugt 2008), which takes a third of the stretch move's steps. Steps are counted, never timed: the
same seed and data give the same draws.
"""

from collections.abc import Callable
from dataclasses import dataclass

import emcee
import numpy as np
import numpy.typing as npt

__all__ = ["Chain", "sample"]

Array = npt.NDArray[np.float64]

_BLOCK = 100
#: Effective draws to reach: as many as are kept, within these.
_FEWEST_EFFECTIVE, _MOST_EFFECTIVE = 300, 1000
_MIN_STEPS, _MAX_STEPS = 300, 3000
#: A step costs some 30 epochs' time even without any; this many take about a minute.
_STEPS_TIMES_POINTS = 250_000


@dataclass(frozen=True)
class Chain:
    """Draws of the posterior.

    Attributes
    ----------
    draws : ndarray, shape (n_walkers, n, n_parameters)
        Burn-in left out, thinned evenly.
    logp : ndarray, shape (n_walkers, n)
        Log posterior density, up to a constant.
    effective_draws : float
        Steps after burn-in times walkers over the longest integrated autocorrelation time.
    autocorrelation : ndarray, shape (n_parameters,)
        Integrated autocorrelation times (steps), Goodman & Weare (2010).
    acceptance : float
        Mean fraction of accepted moves.
    steps, burn_in : int
    """

    draws: Array
    logp: Array
    effective_draws: float
    autocorrelation: Array
    acceptance: float
    steps: int
    burn_in: int


def sample(
    logp: Callable[[Array], float],
    best: Array,
    covariance: Array,
    n_draws: int,
    seed: int,
    n_points: int,
    progress: Callable[[float], None],
) -> Chain:
    """Sample a posterior.

    Parameters
    ----------
    logp : callable
        Log density of a vector of shape (n_parameters,); -inf outside the bounds.
    best : ndarray, shape (n_parameters,)
        Where it is highest.
    covariance : ndarray, shape (n_parameters, n_parameters)
        Spread of the walkers at the start.
    n_draws : int
        Draws to keep; rounded up to a multiple of the walkers.
    seed : int
    n_points : int
        Epochs that one call of `logp` computes; many of them allow fewer steps in the same time.
    progress : callable
        Told the fraction done.

    Returns
    -------
    Chain
    """
    n_walkers = 20 if len(best) <= 5 else 40
    random = np.random.RandomState(seed)
    sampler = emcee.EnsembleSampler(
        n_walkers, len(best), logp, moves=[(emcee.moves.DEMove(), 0.8), (emcee.moves.DESnookerMove(), 0.2)]
    )
    state = emcee.State(_spread(logp, best, covariance, n_walkers, random), random_state=random.get_state())
    kept = -(-n_draws // n_walkers)
    most = max(min(_MAX_STEPS, int(_STEPS_TIMES_POINTS / (n_points + 30))), _MIN_STEPS, kept + 2 * _BLOCK)
    target = min(max(n_draws, _FEWEST_EFFECTIVE), _MOST_EFFECTIVE)
    while sampler.iteration < most:
        state = sampler.run_mcmc(state, _BLOCK, skip_initial_state_check=True)
        tau = _autocorrelation(sampler, sampler.iteration // 4)
        burn_in = _burn_in(sampler.iteration, tau)
        left = sampler.iteration - burn_in
        effective = left * n_walkers / float(np.max(tau))
        progress(min(1.0, max(sampler.iteration / most, effective / target)))
        if sampler.iteration >= _MIN_STEPS and left >= kept and effective >= target:
            break
    return _finish(sampler, kept)


def _spread(
    logp: Callable[[Array], float], best: Array, covariance: Array, number: int, random: np.random.RandomState
) -> Array:
    """Points of finite density about the best one; narrower where the bounds are near."""
    points: list[Array] = []
    while len(points) < number:
        width = 1.0
        point = random.multivariate_normal(best, covariance)
        while not np.isfinite(logp(point)) and width > 1e-6:
            width /= 2
            point = best + width * (point - best)
        points.append(point)
    return np.array(points)


def _autocorrelation(sampler: emcee.EnsembleSampler, discard: int) -> Array:
    tau = np.asarray(sampler.get_autocorr_time(discard=discard, tol=0))
    return np.where(np.isfinite(tau) & (tau >= 1), tau, max(1.0, sampler.iteration / 10))


def _burn_in(iteration: int, tau: Array) -> int:
    # the walkers start at the optimum, already spread: three times the autocorrelation is plenty
    return int(min(max(3 * float(np.max(tau)), _BLOCK), iteration // 2))


def _finish(sampler: emcee.EnsembleSampler, kept: int) -> Chain:
    burn_in = _burn_in(sampler.iteration, _autocorrelation(sampler, sampler.iteration // 4))
    tau = _autocorrelation(sampler, burn_in)
    left = sampler.iteration - burn_in
    steps = np.linspace(burn_in, sampler.iteration - 1, min(kept, left)).round().astype(int)
    return Chain(
        draws=np.swapaxes(sampler.get_chain()[steps], 0, 1),
        logp=np.swapaxes(sampler.get_log_prob()[steps], 0, 1),
        effective_draws=float(left * sampler.nwalkers / np.max(tau)),
        autocorrelation=tau,
        acceptance=float(np.mean(sampler.acceptance_fraction)),
        steps=int(sampler.iteration),
        burn_in=burn_in,
    )
