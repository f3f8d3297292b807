"""The light-curve figure: data and limits, the fit's 68 and 95 % bands, residuals below."""

import io
import itertools
from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fitter_lambda.engine.fit import Fit
from fitter_lambda.output.predicted_light_curves import Band

__all__ = ["band_colour", "band_label", "lightcurve_figure", "plot_lightcurve"]

Array = npt.NDArray[np.float64]
Chosen = npt.NDArray[np.bool_]

#: The colours that the surveys themselves use for their bands; else by the letter that the name ends with.
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
#: So many bands fit into a legend inside; so many rows are drawn with their errors.
_FEW_BANDS, _FEW_ROWS, _FEW_DETECTIONS = 5, 400, 5
#: A few values are off scale when so many times beyond all others; the model may rise above them by so much.
_BEYOND, _HEADROOM = 1.7, 3.0
_DARKER = 0.6


def band_colour(name: str, wavelength: float) -> str:
    """Colour of a band, from its name if known, else from its effective wavelength (Angstrom)."""
    place = np.clip(np.log10(wavelength / 1800.0) / np.log10(25000.0 / 1800.0), 0, 1)
    return _COLOURS.get(name) or _COLOURS.get(name[-1:]) or to_hex(colormaps["turbo"](float(place)))


def band_label(name: str) -> str:
    """Name of a band as astronomers write it, from sncosmo's."""
    survey = next((key for key in _SURVEYS if name.startswith(key)), "")
    if name in _LABELS or not survey:
        return _LABELS.get(name) or (name.upper() if name[1:4].isdigit() else name)
    letter = name.removeprefix(survey).lstrip(":")
    return f"{_SURVEYS[survey]} {letter.upper() if survey in _IN_CAPITALS else letter}".strip()


def plot_lightcurve(fit: Fit, curves: dict[str, Band], title: str) -> bytes:
    """Draw `lightcurve_figure` as a PNG image."""
    buffer = io.BytesIO()
    lightcurve_figure(fit, curves, title).savefig(buffer, format="png", dpi=150)
    return buffer.getvalue()


def lightcurve_figure(fit: Fit, curves: dict[str, Band], title: str) -> Figure:
    """Light curve above, residuals below, over the dates of `curves` (as of `lightcurve.predict`)."""
    figure, upper, lower = _panels(fit, curves)
    rows, (first, last) = fit.data.rows, upper.get_xlim()
    shown, pull = (rows.mjd >= first) & (rows.mjd <= last), _pulls(fit)
    bottom, top = _flux_range(fit, curves, shown)
    size = pull[shown & np.isfinite(pull)]
    edge = 1.15 * max(_edge(way * size, 0 * size, 3.0, 5.0) for way in (1, -1))
    upper.set_ylim(bottom, top)
    lower.set_ylim(-edge, edge)
    for name, colour, _, _ in _styles(fit):
        _draw_curve(upper, curves[name], colour)
    beyond = _draw_points(upper, fit, shown & ~rows.limit, rows.flux, rows.fluxerr)
    beyond += _draw_points(lower, fit, shown & np.isfinite(pull), pull, None)
    _draw_limits(upper, fit, shown & rows.limit & (rows.flux <= top))
    where: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.02)}
    scale = 2 if np.sum(shown) > _FEW_ROWS else 1
    upper.legend(frameon=False, fontsize=9, markerscale=scale, **(where if len(curves) > _FEW_BANDS else {}))
    figure.suptitle(title[:90], x=0.095, ha="left", fontsize=11, parse_math=False)
    notes = [f"Off scale (arrows at the edges): {beyond}."] if beyond else []
    above = np.sum(shown & rows.limit & (rows.flux > top))
    notes += [f"Limits above the figure: {above}."] if above else []
    lost = np.sum(shown & ~rows.limit & ~np.isfinite(pull))
    notes += [f"Out of the model's reach: {lost}."] if lost else []
    notes += [] if shown.all() else [f"Rows outside these dates: {np.sum(~shown)}."]
    text = " ".join([*notes, "Lines: best fit; shades: 68 and 95 %."])
    figure.text(0.965, 0.012, text, ha="right", fontsize=7.5, color="0.4")
    return figure


def _panels(fit: Fit, curves: dict[str, Band]) -> tuple[Figure, Axes, Axes]:
    """The two panels, over the dates of the curves and days since t0 in the rest frame."""
    many = len(curves) > _FEW_BANDS
    figure = Figure(figsize=(8.6 if many else 7.6, 6.0))
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3.2, 1))
    figure.subplots_adjust(left=0.095, right=0.83 if many else 0.965, bottom=0.115, top=0.865, hspace=0.05)
    first, last = (float(end) for end in next(iter(curves.values())).mjd[[0, -1]])
    (t0, z), rest = fit.best_t0_and_redshift, upper.twiny()
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


def _styles(fit: Fit) -> list[tuple[str, str, str, Chosen]]:
    """Name, colour, marker and rows of each band; of those of one colour, each is darker than the last."""
    bands, colours, before = fit.data.rows.bandpasses, [], Counter[str]()
    for band in bands:
        colour = band_colour(band.name, float(band.wave_eff))
        red, green, blue = (part * _DARKER ** before[colour] for part in to_rgb(colour))
        colours.append(to_hex((red, green, blue)))
        before[colour] += 1
    own = [fit.data.rows.band == i for i in range(len(bands))]
    return list(zip(fit.data.rows.bands, colours, itertools.cycle("osD^vP*X<>"), own, strict=False))


def _pulls(fit: Fit) -> Array:
    """Residuals of the best fit over their total errors, SALT's own scatter in them; NaN where none."""
    rows, (design, expected) = fit.data.rows, fit.predict_rows(fit.best[None])
    total = expected.variance if expected.coherent is None else expected.variance + expected.coherent**2
    pulls = (rows.flux - expected.flux[0]) / np.sqrt(total[0])
    return np.where(design.reached[0] & ~rows.limit, pulls, np.nan)


def _flux_range(fit: Fit, curves: dict[str, Band], shown: Chosen) -> tuple[float, float]:
    rows, measured = fit.data.rows, shown & ~fit.data.rows.limit
    y, e = rows.flux[measured], rows.fluxerr[measured]
    noise, seen = 3 * float(np.percentile(e, 25)) if len(e) else 0.0, y > 3 * e
    curve = max(float(np.nanmax(curve.best, initial=0.0)) for curve in curves.values())
    # a fit that chases one outlier among many detections leaves the figure, as the outlier does
    cap = _HEADROOM * _edge(y[seen], e[seen], 0.0, 0.0) if np.sum(seen) > _FEW_DETECTIONS else curve
    top = _edge(y, e, min(curve, cap), noise)
    top = float(np.max(rows.flux[shown & rows.limit & (rows.flux < 1.3 * top)], initial=top))
    return -1.06 * _edge(-y, e, 0.05 * top, max(noise, 0.3 * top)), 1.1 * top


def _edge(y: Array, e: Array, least: float, allowed: float) -> float:
    """The highest of values y with errors e, but for a few that tower over the others and over `least`."""
    firm, few = np.sort(y - 2 * e), max(1, len(y) // 20)
    rest = max(least, float(firm[-1 - few]) if len(y) > few else 0.0)
    most = max(_BEYOND * rest, allowed)
    return max(rest, float(np.max(np.minimum(y + e, most)[y <= most], initial=1e-9)))


def _draw_curve(axes: Axes, curve: Band, colour: str) -> None:
    for i, alpha in ((0, 0.15), (1, 0.30)):
        low, high = curve.percentiles[[i, 4 - i]]
        axes.fill_between(curve.mjd, low, high, color=colour, alpha=alpha, lw=0)
    axes.plot(curve.mjd, curve.best, color=colour, lw=1.2)


def _draw_points(axes: Axes, fit: Fit, used: Chosen, y: Array, error: Array | None) -> int:
    """Draw values and their errors, and arrows for those beyond the edges; how many these are."""
    (low, high), mjd, crowded = axes.get_ylim(), fit.data.rows.mjd, np.sum(used) > _FEW_ROWS
    look: dict[str, Any] = {"ms": 4.5, "mec": "white", "mew": 0.4, "elinewidth": 0.8, "zorder": 3}
    look |= {"ms": 2, "mew": 0, "alpha": 0.5, "zorder": 1} if crowded else {}
    step = (high - low) * 10 / (axes.bbox.height / axes.figure.dpi * 72)
    for name, colour, marker, own in _styles(fit):
        at, above, below = (own & used & side for side in ((y >= low) & (y <= high), y > high, y < low))
        bars = None if error is None or crowded else error[at]
        axes.errorbar(mjd[at], y[at], bars, fmt=marker, color=colour, label=band_label(name), **look)
        arrow: dict[str, Any] = {"fmt": "none", "color": colour, "elinewidth": 1.4, "label": "_off scale"}
        axes.errorbar(mjd[above], 0 * y[above] + high - 1.6 * step, step, lolims=True, **arrow)
        axes.errorbar(mjd[below], 0 * y[below] + low + 1.6 * step, step, uplims=True, **arrow)
    return int(np.sum(used & ((y < low) | (y > high))))


def _draw_limits(axes: Axes, fit: Fit, used: Chosen) -> None:
    rows, length = fit.data.rows, 0.045 * float(np.ptp(axes.get_ylim()))
    look: dict[str, Any] = {"fmt": "v", "mfc": "none", "ms": 4, "mew": 0.8, "elinewidth": 0.8, "capsize": 2}
    for _, colour, _, own in _styles(fit):
        x, y = rows.mjd[own & used], rows.flux[own & used]
        axes.errorbar(x, y, length, uplims=True, color=colour, alpha=0.4, label="_limits", **look)
    if used.any():
        axes.errorbar([], [], [], uplims=True, color="0.5", label="limit", **look)
