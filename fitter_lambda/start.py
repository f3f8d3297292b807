"""Where a fit begins: every start time and redshift is looked at, so that no local minimum wins.

The amplitude is linear, hence solved for at each point of the grid. Errors are softened by a
fraction of the flux, since a template a few percent off must not prefer an epoch that avoids the
data. Rows after the template's end cost what a three-sigma misfit costs.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fitter_lambda.errors import FitError
from fitter_lambda.model import LightCurveModel, RedshiftPrior
from fitter_lambda.photometry import Photometry

__all__ = ["Start", "scan"]

Array = npt.NDArray[np.float64]

_SOFTENING = 0.15
_UNREACHED_CHI2 = 9.0
_MAX_STARTS = 3
#: Two starts are different modes when they are this far apart (days; in ln(1 + z)).
_APART_DAYS, _APART_Z = 5.0, 0.03


@dataclass(frozen=True)
class Start:
    """A point to start from: its softened chi2, redshift, t0 (MJD) and amplitude."""

    cost: float
    z: float
    t0: float
    amplitude: float


def scan(model: LightCurveModel, rows: Photometry, prior: RedshiftPrior) -> list[Start]:
    """The best points of a grid in redshift and t0, the best one first, one for each mode.

    Parameters
    ----------
    model : LightCurveModel
    rows : Photometry
        In micro-Jansky.
    prior : RedshiftPrior

    Returns
    -------
    list of Start

    Raises
    ------
    FitError
        Nowhere on the grid is a positive amplitude preferred to none.
    """
    points: list[Start] = []
    for z in prior.grid():
        points.extend(_scan_t0(model, rows, float(z)))
    points.sort(key=lambda start: start.cost)
    chosen: list[Start] = []
    for point in points:
        if all(_apart(point, other) for other in chosen):
            chosen.append(point)
        if len(chosen) == _MAX_STARTS:
            break
    if not chosen:
        raise FitError(
            "The model fits nowhere with a positive amplitude; is there a detection among the data, "
            "and is the source type right?"
        )
    return chosen


def _apart(a: Start, b: Start) -> bool:
    return abs(a.t0 - b.t0) > _APART_DAYS or abs(np.log((1 + a.z) / (1 + b.z))) > _APART_Z


def _scan_t0(model: LightCurveModel, rows: Photometry, z: float) -> list[Start]:
    """Every t0 (a rest-frame day apart) at which some row lies within the template."""
    stretch = 1 + z
    phases = np.linspace(model.minphase, model.maxphase, int(model.maxphase - model.minphase) + 2)
    first, last = rows.mjd[0] - model.maxphase * stretch, rows.mjd[-1] - model.minphase * stretch
    number = min(int((last - first) / stretch) + 2, 1500)
    curves = {name: _curve(model, name, z, phases) for name in np.unique(rows.band)}
    weight = 1 / (rows.fluxerr**2 + (_SOFTENING * rows.flux) ** 2)
    starts = []
    for t0 in np.linspace(first, last, number):
        phase = (rows.mjd - t0) / stretch
        shape = np.zeros(len(rows))
        for name, curve in curves.items():
            chosen = rows.band == name
            shape[chosen] = np.interp(phase[chosen], phases, curve, left=0.0, right=0.0)
        reached = phase <= model.maxphase
        if not model.starts_dark:
            reached &= phase >= model.minphase
        norm = float(np.sum(weight * shape**2))
        amplitude = float(np.sum(weight * shape * rows.flux)) / norm if norm > 0 else 0.0
        if amplitude <= 0 or not np.isfinite(amplitude):
            continue
        misfit = weight * (rows.flux - amplitude * shape) ** 2
        cost = float(np.sum(misfit[reached])) + _UNREACHED_CHI2 * int(np.sum(~reached))
        starts.append(Start(cost, z, float(t0), amplitude))
    return starts


def _curve(model: LightCurveModel, name: str, z: float, phases: Array) -> Array:
    """One band's light curve of the source at amplitude 1 and default shapes."""
    values = {"z": z, "t0": 0.0, model.amplitude: 1.0, **dict.fromkeys(model.shapes, 0.0)}
    return model.flux(values, phases * (1 + z), np.full(len(phases), name))
