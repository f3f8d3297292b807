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
    is_point, is_limit, is_reached : ndarray of bool, shape (n,)
        Which rows within the dates are points, which are limits, and which the model reaches.
    edges : tuple of float
        Bottom and top of the panel.
    """

    y: Array
    errors: Array | None
    is_point: Mask
    is_limit: Mask
    is_reached: Mask
    edges: tuple[float, float]

    @property
    def is_off_scale(self) -> Mask:
        """Which rows lie beyond the edges, shape (n,)."""
        return (self.y < min(self.edges)) | (self.y > max(self.edges))


def make_panel(contents: LightCurveContents, scale: Scale, inside: Mask) -> Panel:
    """Return the rows in micro-Jansky or magnitudes; `inside` tells which lie within the dates."""
    make = _make_flux_panel if scale == "flux" else _make_magnitude_panel
    return make(contents, inside)


def make_residual_panel(contents: LightCurveContents, inside: Mask) -> Panel:
    """Return the residuals of the rows that have one."""
    pulls = contents.pulls
    is_point = inside & np.isfinite(pulls)
    edges = _choose_pull_range(pulls[is_point])
    return Panel(pulls, None, is_point, np.zeros(len(pulls), bool), np.ones(len(pulls), bool), edges)


def _make_flux_panel(contents: LightCurveContents, inside: Mask) -> Panel:
    errors = np.stack([contents.fluxerr, contents.fluxerr])
    is_limit = inside & contents.limit
    edges = _choose_flux_range(contents, inside)
    return Panel(contents.flux, errors, inside & ~contents.limit, is_limit, np.isfinite(contents.pulls), edges)


def _make_magnitude_panel(contents: LightCurveContents, inside: Mask) -> Panel:
    """Return detections as magnitudes; rows below 3 sigma are limits of 3 sigma."""
    flux, error = contents.flux, contents.fluxerr
    is_detected = inside & ~contents.limit & (flux >= FAINT_SIGMA * error)
    is_limit = inside & ~is_detected
    # the bound of a row that is a limit is its flux
    brightness = np.where(is_detected | contents.limit, flux, FAINT_SIGMA * error)
    y = to_magnitudes(brightness)
    errors = np.stack([y - to_magnitudes(flux + error), to_magnitudes(flux - error) - y])
    errors = np.where(is_detected, errors, 0.0)
    bright = float(to_magnitudes(np.array(_choose_flux_range(contents, inside)[1])))
    edges = _choose_magnitude_range(y[is_detected] + errors[1, is_detected], y[is_limit], bright)
    return Panel(y, errors, is_detected, is_limit, np.isfinite(contents.pulls), edges)


def to_magnitudes(flux: Array) -> Array:
    """Return AB magnitudes, with a very faint one where there is no light."""
    return np.asarray(ZERO_POINT - 2.5 * np.log10(np.fmax(flux, _DARK)) + 0 * flux)


def _choose_flux_range(contents: LightCurveContents, inside: Mask) -> tuple[float, float]:
    """Return the range that has most rows and the model's peak in it, whatever a few wild rows are."""
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


def _choose_magnitude_range(faint_ends: Array, limits: Array, bright: float) -> tuple[float, float]:
    """Return the faint and the bright edge, from the faint ends of detections and from limits."""
    faint = float(np.max(faint_ends, initial=bright + 1.0))
    depth = float(np.max(np.minimum(limits, faint + _DEPTH), initial=faint))
    pad = 0.08 * (depth - bright)
    return depth + pad, bright - pad


def _choose_pull_range(pulls: Array) -> tuple[float, float]:
    edge = 1.15 * max(_find_edge(sign * pulls, 0 * pulls, 3.0, 5.0) for sign in (1, -1))
    return -edge, edge


def _find_edge(y: Array, e: Array, least: float, allowed: float) -> float:
    """Find the highest of values y with errors e, without a few far above the others and `least`."""
    firm = np.sort(y - 2 * e)
    n_outliers = max(1, len(y) // 20)
    rest = max(least, float(firm[-1 - n_outliers]) if len(y) > n_outliers else 0.0)
    most = max(_OFF_SCALE * rest, allowed)
    return max(rest, float(np.max(np.minimum(y + e, most)[y <= most], initial=1e-9)))
