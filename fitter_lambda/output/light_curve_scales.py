"""The scales of a light-curve figure: flux or magnitude of its rows, and the ranges that show them."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from fitter_lambda.arrays import Array, Mask
from fitter_lambda.engine.fit_data import FAINT_SIGMA
from fitter_lambda.input.light_curve import ZERO_POINT
from fitter_lambda.output.light_curve_contents import LightCurveContents

Scale = Literal["flux", "magnitude"]

#: With more detections the scale follows them, not a model that rises above them all.
_MAX_DETECTIONS_TO_IGNORE = 5
#: A few values are off scale if they are this many times higher than all others.
_OFF_SCALE = 1.7
#: The model may rise above the detections by this factor.
_HEADROOM = 3.0
#: Magnitudes of limits may lie below those of detections by this.
_DEPTH = 1.0
#: Fainter than any figure shows, where the model has no light.
_DARK = 10 ** (-0.4 * (60.0 - ZERO_POINT))


@dataclass(frozen=True)
class Panel:
    """Values of the rows on one scale.

    Attributes
    ----------
    y : ndarray, shape (n,)
    errors : ndarray, shape (2, n), or None
        Towards lower and towards higher values.
    is_point, is_limit : ndarray of bool, shape (n,)
        Which rows are drawn as points, and which as limits.
    """

    y: Array
    errors: Array | None
    is_point: Mask
    is_limit: Mask


def make_flux_panel(contents: LightCurveContents) -> Panel:
    """Return the rows in micro-Jansky."""
    errors = np.stack([contents.fluxerr, contents.fluxerr])
    return Panel(contents.flux, errors, ~contents.limit, contents.limit)


def make_magnitude_panel(contents: LightCurveContents) -> Panel:
    """Return detections as magnitudes; rows below 3 sigma are limits of 3 sigma."""
    flux, error = contents.flux, contents.fluxerr
    is_detected = ~contents.limit & (flux >= FAINT_SIGMA * error)
    # the bound of a row that is a limit is its flux
    shown = np.where(is_detected | contents.limit, flux, FAINT_SIGMA * error)
    y = to_magnitudes(shown)
    errors = np.stack([y - to_magnitudes(flux + error), to_magnitudes(flux - error) - y])
    return Panel(y, np.where(is_detected, errors, 0.0), is_detected, ~is_detected)


def to_magnitudes(flux: Array) -> Array:
    """Return AB magnitudes, with a very faint one where there is no light."""
    return np.asarray(ZERO_POINT - 2.5 * np.log10(np.fmax(flux, _DARK)) + 0 * flux)


def is_between(y: Array, edges: tuple[float, float]) -> Mask:
    """Return which values lie between two edges, in either order."""
    return (y >= min(edges)) & (y <= max(edges))


def choose_flux_range(contents: LightCurveContents, inside: Mask) -> tuple[float, float]:
    """Return the range that shows most rows and the model's peak, whatever a few wild rows are."""
    measured = inside & ~contents.limit
    y, e = contents.flux[measured], contents.fluxerr[measured]
    noise = 3 * float(np.percentile(e, 25)) if len(e) else 0.0
    is_detection = y > 3 * e
    peak = max(float(np.nanmax(curve.best, initial=0.0)) for curve in contents.curves.values())
    # a model that follows one outlier among many detections may leave the figure, as the outlier does
    if np.sum(is_detection) > _MAX_DETECTIONS_TO_IGNORE:
        peak = min(peak, _HEADROOM * _find_edge(y[is_detection], e[is_detection], 0.0, 0.0))
    top = _find_edge(y, e, peak, noise)
    limits = contents.flux[inside & contents.limit]
    top = float(np.max(limits[limits < 1.3 * top], initial=top))
    return -1.06 * _find_edge(-y, e, 0.05 * top, max(noise, 0.3 * top)), 1.1 * top


def choose_magnitude_range(panel: Panel, inside: Mask, top_flux: float) -> tuple[float, float]:
    """Return the faint and the bright end: that of the scale in flux, and the faintest detections and limits."""
    bright = float(to_magnitudes(np.array(top_flux)))
    points, limits = inside & panel.is_point, inside & panel.is_limit
    errors = np.zeros((2, len(panel.y))) if panel.errors is None else panel.errors
    faint = float(np.max((panel.y + np.minimum(errors[1], 1.0))[points], initial=bright + 1.0))
    depth = float(np.max(np.minimum(panel.y[limits], faint + _DEPTH), initial=faint))
    pad = 0.08 * (depth - bright)
    return depth + pad, bright - pad


def choose_pull_range(pulls: Array) -> tuple[float, float]:
    """Return the range of residuals: 3 sigma or more around zero."""
    sizes = pulls[np.isfinite(pulls)]
    edge = 1.15 * max(_find_edge(sign * sizes, 0 * sizes, 3.0, 5.0) for sign in (1, -1))
    return -edge, edge


def _find_edge(y: Array, e: Array, least: float, allowed: float) -> float:
    """Find the highest of values y with errors e, without a few far above the others and `least`."""
    firm = np.sort(y - 2 * e)
    n_outliers = max(1, len(y) // 20)
    rest = max(least, float(firm[-1 - n_outliers]) if len(y) > n_outliers else 0.0)
    most = max(_OFF_SCALE * rest, allowed)
    return max(rest, float(np.max(np.minimum(y + e, most)[y <= most], initial=1e-9)))
