"""The light-curve figure: data, limits, the fit's 68 and 95 % bands, residuals below."""

import itertools
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fitter_lambda.arrays import Array, Mask
from fitter_lambda.engine.fit import Fit
from fitter_lambda.input.light_curve import LightCurve
from fitter_lambda.output.predicted_light_curves import PredictedLightCurve

#: Colours that the surveys use for their bands; all others by the last letter of the name.
_COLOURS = {
    "ztfg": "#2e8b57", "ztfr": "#c0392b", "ztfi": "#c58b00", "atlasc": "#17a2b8", "atlaso": "#e67e22",
    "2massj": "#7b3f00", "2massh": "#8e44ad", "2massks": "#4a235a", "gaia::gbp": "#2a5bd7",
    "gaia::g": "#444444", "gaia::grp": "#c0392b", "uvot::uvw2": "#22004d", "uvot::uvm2": "#6a1b9a",
    "uvot::uvw1": "#c218a4", "u": "#7d3cff", "b": "#2a5bd7", "g": "#2e8b57", "v": "#6aa84f", "r": "#c0392b",
    "i": "#c58b00", "z": "#6d4c41", "y": "#37474f", "j": "#7b3f00", "h": "#8e44ad",
}  # fmt: skip
_SURVEYS = {
    "ztf": "ZTF", "atlas": "ATLAS", "sdss": "SDSS", "ps1": "PS1", "lsst": "LSST", "des": "DES", "csp": "CSP",
    "hsc": "HSC", "2mass": "2MASS", "gaia": "Gaia", "uvot": "Swift", "bessell": "Bessell",
}  # fmt: skip
_IN_CAPITALS = ("2mass", "gaia", "uvot", "bessell")
_LABELS = {"gaia::gbp": "Gaia BP", "gaia::grp": "Gaia RP", "2massks": "2MASS Ks", "desy": "DES Y"}
#: More bands have their legend beside the panels.
_MAX_BANDS_INSIDE = 5
#: More rows are drawn as small points without errors.
_MAX_ROWS_WITH_ERRORS = 400
#: With more detections the scale follows them, not a model that rises above them all.
_MAX_DETECTIONS_TO_IGNORE = 5
#: A few values are off scale if they are this many times higher than all others.
_OFF_SCALE = 1.7
#: The model may rise above the detections by this factor.
_HEADROOM = 3.0
_DARKER = 0.6


@dataclass(frozen=True)
class _BandStyle:
    """How a band's points look; `rows` is the mask of its rows."""

    name: str
    colour: str
    marker: str
    rows: Mask


def get_band_colour(name: str, wavelength: float) -> str:
    """Return a band's colour: by its name if known, else by its effective wavelength (Angstrom)."""
    place = np.clip(np.log10(wavelength / 1800.0) / np.log10(25000.0 / 1800.0), 0, 1)
    return _COLOURS.get(name) or _COLOURS.get(name[-1:]) or to_hex(colormaps["turbo"](float(place)))


def get_band_label(name: str) -> str:
    """Return sncosmo's name of a band as astronomers write it."""
    survey = next((key for key in _SURVEYS if name.startswith(key)), "")
    if name in _LABELS or not survey:
        return _LABELS.get(name) or (name.upper() if name[1:4].isdigit() else name)
    letter = name.removeprefix(survey).lstrip(":")
    return f"{_SURVEYS[survey]} {letter.upper() if survey in _IN_CAPITALS else letter}".strip()


def draw_light_curve(fit: Fit, curves: dict[str, PredictedLightCurve], title: str) -> Figure:
    """Draw the light curve above and residuals below, over the dates of `curves`."""
    figure, upper, lower = _make_panels(fit, curves)
    rows = fit.data.rows
    first, last = upper.get_xlim()
    inside = (rows.mjd >= first) & (rows.mjd <= last)
    pulls = _compute_pulls(fit)
    has_pull = np.isfinite(pulls)
    bottom, top = _choose_flux_range(fit, curves, inside)
    sizes = pulls[inside & has_pull]
    edge = 1.15 * max(_find_edge(sign * sizes, 0 * sizes, 3.0, 5.0) for sign in (1, -1))
    upper.set_ylim(bottom, top)
    lower.set_ylim(-edge, edge)
    styles = _choose_styles(fit)
    for style in styles:
        _draw_curve(upper, curves[style.name], style.colour)
    n_off_scale = _draw_points(upper, styles, rows, inside & ~rows.limit, rows.flux, rows.fluxerr)
    n_off_scale += _draw_points(lower, styles, rows, inside & has_pull, pulls, None)
    _draw_limits(upper, styles, rows, inside & rows.limit & (rows.flux <= top))
    place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.02)}
    upper.legend(
        frameon=False, fontsize=9, markerscale=2 if np.sum(inside) > _MAX_ROWS_WITH_ERRORS else 1,
        **(place if len(curves) > _MAX_BANDS_INSIDE else {}),
    )  # fmt: skip
    figure.suptitle(title[:90], x=0.095, ha="left", fontsize=11, parse_math=False)
    counts = {
        "Off scale (arrows at the edges)": n_off_scale,
        "Limits above the figure": np.sum(inside & rows.limit & (rows.flux > top)),
        "Out of the model's reach": np.sum(inside & ~rows.limit & ~has_pull),
        "Rows outside these dates": np.sum(~inside),
    }
    notes = [f"{label}: {number}." for label, number in counts.items() if number]
    text = " ".join([*notes, "Lines: best fit; shades: 68 and 95 %."])
    figure.text(0.965, 0.012, text, ha="right", fontsize=7.5, color="0.4")
    return figure


def _make_panels(fit: Fit, curves: dict[str, PredictedLightCurve]) -> tuple[Figure, Axes, Axes]:
    is_wide = len(curves) > _MAX_BANDS_INSIDE
    figure = Figure(figsize=(8.6 if is_wide else 7.6, 6.0))
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3.2, 1))
    figure.subplots_adjust(left=0.095, right=0.83 if is_wide else 0.965, bottom=0.115, top=0.865, hspace=0.05)
    first, last = (float(end) for end in next(iter(curves.values())).mjd[[0, -1]])
    t0, z = fit.best_t0_and_redshift
    rest = upper.twiny()
    lower.set_xlim(first, last)
    rest.set_xlim((first - t0) / (1 + z), (last - t0) / (1 + z))
    event = "explosion" if fit.posterior.fluxes.grid.start >= 0 else "maximum light"
    rest.set_xlabel(f"Rest-frame days since {event}")
    for axes, label in ((upper, "Flux density (µJy)"), (lower, "Residual (σ)")):
        axes.set_ylabel(label)
        axes.axhline(0, color="0.5", lw=0.6, zorder=0)
        axes.tick_params(direction="in", right=True, top=axes is lower)
        axes.yaxis.set_label_coords(-0.075, 0.5)
    rest.tick_params(direction="in")
    lower.axhspan(-1, 1, color="0.5", alpha=0.15, lw=0)
    lower.set_xlabel("MJD (days)")
    lower.ticklabel_format(useOffset=False, axis="x")
    for axis, most in ((lower.xaxis, 9), (rest.xaxis, 9), (lower.yaxis, 4)):
        axis.set_major_locator(MaxNLocator(most, integer=True, steps=[1, 2, 5, 10]))
    return figure, upper, lower


def _choose_styles(fit: Fit) -> list[_BandStyle]:
    """Choose a style for each band; of bands with one colour, each is darker than the one before."""
    rows = fit.data.rows
    styles = []
    uses = Counter[str]()
    for i, (band, marker) in enumerate(zip(rows.bandpasses, itertools.cycle("osD^vP*X<>"), strict=False)):
        colour = get_band_colour(band.name, float(band.wave_eff))
        red, green, blue = (part * _DARKER ** uses[colour] for part in to_rgb(colour))
        uses[colour] += 1
        styles.append(_BandStyle(str(band.name), to_hex((red, green, blue)), marker, rows.band == i))
    return styles


def _compute_pulls(fit: Fit) -> Array:
    """Compute residuals of the best fit over their errors, SALT's scatter included; NaN where none."""
    rows = fit.data.rows
    prediction = fit.predict_rows(fit.best[None])
    pulls = (rows.flux - prediction.flux[0]) / np.sqrt(prediction.total_variance[0])
    return np.where(prediction.design.reached[0] & ~rows.limit, pulls, np.nan)


def _choose_flux_range(fit: Fit, curves: dict[str, PredictedLightCurve], inside: Mask) -> tuple[float, float]:
    rows = fit.data.rows
    measured = inside & ~rows.limit
    y, e = rows.flux[measured], rows.fluxerr[measured]
    noise = 3 * float(np.percentile(e, 25)) if len(e) else 0.0
    is_detection = y > 3 * e
    peak = max(float(np.nanmax(curve.best, initial=0.0)) for curve in curves.values())
    # a model that follows one outlier among many detections may leave the figure, as the outlier does
    if np.sum(is_detection) > _MAX_DETECTIONS_TO_IGNORE:
        peak = min(peak, _HEADROOM * _find_edge(y[is_detection], e[is_detection], 0.0, 0.0))
    top = _find_edge(y, e, peak, noise)
    top = float(np.max(rows.flux[inside & rows.limit & (rows.flux < 1.3 * top)], initial=top))
    return -1.06 * _find_edge(-y, e, 0.05 * top, max(noise, 0.3 * top)), 1.1 * top


def _find_edge(y: Array, e: Array, least: float, allowed: float) -> float:
    """Find the highest of values y with errors e, without a few far above the others and `least`."""
    firm = np.sort(y - 2 * e)
    n_outliers = max(1, len(y) // 20)
    rest = max(least, float(firm[-1 - n_outliers]) if len(y) > n_outliers else 0.0)
    most = max(_OFF_SCALE * rest, allowed)
    return max(rest, float(np.max(np.minimum(y + e, most)[y <= most], initial=1e-9)))


def _draw_curve(axes: Axes, curve: PredictedLightCurve, colour: str) -> None:
    for i, alpha in ((0, 0.15), (1, 0.30)):
        low, high = curve.percentiles[[i, 4 - i]]
        axes.fill_between(curve.mjd, low, high, color=colour, alpha=alpha, lw=0)
    axes.plot(curve.mjd, curve.best, color=colour, lw=1.2)


def _draw_points(
    axes: Axes, styles: list[_BandStyle], rows: LightCurve, mask: Mask, y: Array, error: Array | None
) -> int:
    """Draw values with errors, and arrows for values beyond the edges; return the number of arrows."""
    low, high = axes.get_ylim()
    is_crowded = np.sum(mask) > _MAX_ROWS_WITH_ERRORS
    look: dict[str, Any] = {"ms": 4.5, "mec": "white", "mew": 0.4, "elinewidth": 0.8, "zorder": 3}
    look |= {"ms": 2, "mew": 0, "alpha": 0.5, "zorder": 1} if is_crowded else {}
    step = (high - low) * 10 / (axes.bbox.height / axes.figure.dpi * 72)
    for style in styles:
        at, above, below = (style.rows & mask & side for side in ((y >= low) & (y <= high), y > high, y < low))
        bars = None if error is None or is_crowded else error[at]
        axes.errorbar(
            rows.mjd[at], y[at], bars, fmt=style.marker, color=style.colour,
            label=get_band_label(style.name), **look,
        )  # fmt: skip
        arrow: dict[str, Any] = {"fmt": "none", "color": style.colour, "elinewidth": 1.4, "label": "_off scale"}
        axes.errorbar(rows.mjd[above], 0 * y[above] + high - 1.6 * step, step, lolims=True, **arrow)
        axes.errorbar(rows.mjd[below], 0 * y[below] + low + 1.6 * step, step, uplims=True, **arrow)
    return int(np.sum(mask & ((y < low) | (y > high))))


def _draw_limits(axes: Axes, styles: list[_BandStyle], rows: LightCurve, mask: Mask) -> None:
    length = 0.045 * float(np.ptp(axes.get_ylim()))
    look: dict[str, Any] = {"fmt": "v", "mfc": "none", "ms": 4, "mew": 0.8, "elinewidth": 0.8, "capsize": 2}
    for style in styles:
        x, y = rows.mjd[style.rows & mask], rows.flux[style.rows & mask]
        axes.errorbar(x, y, length, uplims=True, color=style.colour, alpha=0.4, label="_limits", **look)
    if mask.any():
        axes.errorbar([], [], [], uplims=True, color="0.5", label="limit", **look)
