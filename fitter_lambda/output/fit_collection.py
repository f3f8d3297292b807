"""The fits of many light curves, and why others have none."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.table import Table

from fitter_lambda.errors import FitterError
from fitter_lambda.output.results import compute_chi2
from fitter_lambda.output.supernova_fit import SupernovaFit


@dataclass(frozen=True, repr=False)
class FitCollection:
    """What became of each of many light curves.

    Attributes
    ----------
    outcomes : dict
        By name, in the order of the light curves: the fit, or the `FitterError` that says why there is none. Light
        curves of a list are named by their places, from 0.
    """

    outcomes: dict[Hashable, SupernovaFit | FitterError]

    def __repr__(self) -> str:
        """Return how many fits there are."""
        return f"<FitCollection: {len(self.fits)} of {len(self.outcomes)} light curves are fitted>"

    def __len__(self) -> int:
        """Return the number of light curves."""
        return len(self.outcomes)

    @property
    def fits(self) -> dict[Hashable, SupernovaFit]:
        """The fits by name."""
        return {name: fit for name, fit in self.outcomes.items() if isinstance(fit, SupernovaFit)}

    @property
    def failures(self) -> dict[Hashable, str]:
        """By name, a sentence for each light curve that has no fit."""
        return {name: str(error) for name, error in self.outcomes.items() if isinstance(error, FitterError)}

    def to_table(self) -> Table:
        """Return a row for each light curve.

        Returns
        -------
        astropy.table.Table
            ``name``, ``source``, median and standard deviation of each parameter (``t0``, ``t0_err``), ``chi2``,
            ``ndof``, ``p`` (the misfit p-value), ``verdict`` and ``reason``, why there is no fit; what a row does not
            have is masked.
        """
        rows = [_describe_outcome(name, outcome) for name, outcome in self.outcomes.items()]
        columns = dict.fromkeys(key for row in sorted(rows, key=len, reverse=True) for key in row if key != "reason")
        return Table(rows=rows, names=[*columns, "reason"])


def _describe_outcome(name: Hashable, fit: SupernovaFit | FitterError) -> dict[str, Any]:
    if isinstance(fit, FitterError):
        return {"name": name, "reason": str(fit)}
    row: dict[str, Any] = {"name": name, "source": fit.engine_fit.posterior.fluxes.grid.name}
    for parameter, draws in fit.draws.items():
        row |= {parameter: float(np.median(draws)), f"{parameter}_err": float(np.std(draws))}
    chi2, ndof = compute_chi2(fit.engine_fit)
    return row | {
        "chi2": chi2, "ndof": ndof, "p": fit.check.misfit_p_value, "verdict": fit.check.word, "reason": "",
    }  # fmt: skip
