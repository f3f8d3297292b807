"""Whether the model describes the data: the posterior-predictive p-value of chi2."""

import numpy as np
from scipy.stats import chi2 as chi2_distribution

from fitter_lambda.engine.fit import Fit
from fitter_lambda.engine.likelihood import NU

#: Below this p-value a model does not describe the data.
MISFIT_THRESHOLD = 1e-3
_N_DRAWS = 400
#: Replicas of the data for each draw, where chi2 has no known distribution: they resolve a tenth of the
#: threshold.
_N_REPLICAS = 25


def misfit_p_value(fit: Fit) -> float:
    """Return how often data drawn from the model would fit it no better than the observed data do.

    A posterior-predictive p-value with chi2 as discrepancy (Gelman, Meng & Stern 1996): over draws, the mean
    chance that replicated data have a chi2 above the observed one; or the chance of as many limits far below
    the model, where that is less.
    """
    likelihood = fit.posterior.likelihood
    prediction = fit.predict_rows(fit.thin_draws(_N_DRAWS))
    chi2, number = (part.sum(axis=1) for part in likelihood.chi2(prediction))
    if likelihood.robust:
        random = np.random.default_rng(0)
        replicas = [np.sum(random.standard_t(NU, (_N_REPLICAS, int(n))) ** 2, axis=1) for n in number]
        chance = np.mean(np.array(replicas) >= chi2[:, None], axis=1)
    else:
        chance = chi2_distribution.sf(chi2, np.maximum(number, 1))
    return float(min(np.mean(chance), np.mean(likelihood.limits_p_value(prediction))))
