"""The light-curve figure: numbers on top, data, limits, the fit's 68 and 95 % bands, residuals below."""

import textwrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fitter_lambda.arrays import Array, Mask
from fitter_lambda.output.band_styles import BandStyle, assign_band_styles
from fitter_lambda.output.light_curve_contents import LightCurveContents
from fitter_lambda.output.light_curve_header import Header
from fitter_lambda.output.light_curve_scales import (
    Panel,
    Scale,
    choose_flux_range,
    choose_magnitude_range,
    choose_pull_range,
    is_between,
    make_flux_panel,
    make_magnitude_panel,
    to_magnitudes,
)
from fitter_lambda.output.predicted_light_curves import PredictedLightCurve

_SURVEYS = {
    "ztf": "ZTF", "atlas": "ATLAS", "sdss": "SDSS", "ps1": "PS1", "lsst": "LSST", "des": "DES", "csp": "CSP",
    "hsc": "HSC", "2mass": "2MASS", "gaia": "Gaia", "uvot": "Swift", "bessell": "Bessell",
}  # fmt: skip
_IN_CAPITALS = ("2mass", "gaia", "uvot", "bessell")
_LABELS = {"gaia::gbp": "Gaia BP", "gaia::grp": "Gaia RP", "2massks": "2MASS Ks", "desy": "DES Y"}
_MAX_LABEL = 24

# inches
_WIDTH = 7.6
_LEFT, _RIGHT = 0.72, 7.42
_UPPER, _LOWER, _GAP = 3.1, 0.95, 0.06
_REST_AXIS, _BOTTOM_AXIS = 0.5, 0.58
_NOTE_SIZE = 7.5
_NOTE_LINE = 0.14
_NOTE_CHARACTERS = 128

#: More rows are drawn as small points without errors.
_MAX_ROWS_WITH_ERRORS = 400


def get_band_label(name: str) -> str:
    """Return sncosmo's name of a band as astronomers write it."""
    survey = next((key for key in _SURVEYS if name.startswith(key)), "")
    if name in _LABELS or not survey:
        return _LABELS.get(name) or (name.upper() if name[1:4].isdigit() else name)
    letter = name.removeprefix(survey).lstrip(":")
    return f"{_SURVEYS[survey]} {letter.upper() if survey in _IN_CAPITALS else letter}".strip()


def draw_light_curve(contents: LightCurveContents, scale: Scale = "flux") -> Figure:
    """Draw the light curve above and residuals below, over the dates of the predicted curves."""
    curves = contents.curves
    first, last = (float(end) for end in next(iter(curves.values())).mjd[[0, -1]])
    inside = (contents.mjd >= first) & (contents.mjd <= last)
    flux_range = choose_flux_range(contents, inside)
    panel = make_flux_panel(contents) if scale == "flux" else make_magnitude_panel(contents)
    edges = flux_range if scale == "flux" else choose_magnitude_range(panel, inside, flux_range[1])
    pulls = Panel(contents.pulls, None, np.isfinite(contents.pulls), np.zeros(len(contents.pulls), bool))
    styles = assign_band_styles(curves)
    labels = {name: _shorten_label(name) for name in curves}
    header = Header(contents, [*labels.values(), *_list_further_labels(contents, panel, inside)], _LEFT, _RIGHT)
    shown = panel.is_limit & inside & is_between(panel.y, edges)
    notes = _write_notes(contents, panel, pulls, inside, edges, int(np.sum(shown)))
    figure, upper, lower = _make_panels(contents, scale, header.height, len(notes))
    upper.set_ylim(*edges)
    lower.set_ylim(*choose_pull_range(contents.pulls[inside]))
    for number, (name, curve) in enumerate(curves.items()):
        _draw_curve(upper, curve, styles[name].colour, scale)
        is_band = inside & (contents.band == number)
        is_reached = np.isfinite(contents.pulls)
        for axes, values, label in ((upper, panel, labels[name]), (lower, pulls, "_residuals")):
            _draw_points(axes, values, contents.mjd, is_band, is_reached, styles[name], label, int(np.sum(inside)))
        _draw_limits(upper, contents.mjd, panel.y, shown & is_band, styles[name], scale)
    _add_legend_entries(upper, contents, panel, inside, scale)
    header.draw(figure, upper)
    for number, line in enumerate(reversed(notes)):
        figure.text(
            _RIGHT / _WIDTH,
            (0.06 + number * _NOTE_LINE) / figure.get_figheight(),
            line,
            ha="right",
            fontsize=_NOTE_SIZE,
            color="0.35",
        )
    return figure


def _shorten_label(name: str) -> str:
    label = get_band_label(name).replace("$", "").lstrip("_") or "band"
    return label if len(label) <= _MAX_LABEL else f"{label[: _MAX_LABEL - 1]}…"


def _list_further_labels(contents: LightCurveContents, panel: Panel, inside: Mask) -> list[str]:
    """Return the legend's labels after those of the bands."""
    is_hollow = panel.is_point & inside & ~np.isfinite(contents.pulls)
    return ["limit"] * bool(np.any(panel.is_limit & inside)) + ["out of the model's reach"] * bool(np.any(is_hollow))


def _add_legend_entries(axes: Axes, contents: LightCurveContents, panel: Panel, inside: Mask, scale: Scale) -> None:
    looks: dict[str, dict[str, Any]] = {
        "limit": _LIMIT | {"lolims": scale != "flux", "uplims": scale == "flux"},
        "out of the model's reach": {"fmt": "o", "mfc": "white", "mec": "0.4", "mew": 1.0, "ms": 4.5},
    }
    for label in _list_further_labels(contents, panel, inside):
        axes.errorbar([], [], [], color="0.4", label=label, **looks[label])


def _make_panels(contents: LightCurveContents, scale: Scale, header: float, n_notes: int) -> tuple[Figure, Axes, Axes]:
    bottom = _BOTTOM_AXIS + n_notes * _NOTE_LINE
    height = header + _REST_AXIS + _UPPER + _GAP + _LOWER + bottom
    figure = Figure(figsize=(_WIDTH, height))
    left, width = _LEFT / _WIDTH, (_RIGHT - _LEFT) / _WIDTH
    upper = figure.add_axes((left, (bottom + _LOWER + _GAP) / height, width, _UPPER / height))
    lower = figure.add_axes((left, bottom / height, width, _LOWER / height), sharex=upper)
    upper.tick_params(labelbottom=False)
    first, last = (float(end) for end in next(iter(contents.curves.values())).mjd[[0, -1]])
    rest = upper.twiny()
    lower.set_xlim(first, last)
    rest.set_xlim(*((end - contents.t0) / (1 + contents.redshift) for end in (first, last)))
    rest.set_xlabel(f"Rest-frame days since {contents.event}")
    for axes, label in ((upper, _AXIS_LABELS[scale]), (lower, "Residual (σ)")):
        axes.set_ylabel(label)
        axes.tick_params(direction="in", right=True, top=axes is lower)
        axes.yaxis.set_label_coords(-0.076, 0.5)
        if axes is lower or scale == "flux":
            axes.axhline(0, color="0.5", lw=0.6, zorder=0)
    rest.tick_params(direction="in")
    lower.axhspan(-1, 1, color="0.5", alpha=0.15, lw=0)
    lower.set_xlabel("MJD (days)")
    lower.ticklabel_format(useOffset=False, axis="x")
    for axis, most in ((lower.xaxis, 8), (rest.xaxis, 9), (lower.yaxis, 4)):
        axis.set_major_locator(MaxNLocator(most, integer=last - first > 3, steps=[1, 2, 5, 10]))
    upper.yaxis.set_major_locator(MaxNLocator(7, prune="lower"))
    return figure, upper, lower


_AXIS_LABELS = {"flux": "Flux density (µJy)", "magnitude": "AB magnitude"}


def _draw_curve(axes: Axes, curve: PredictedLightCurve, colour: str, scale: Scale) -> None:
    percentiles, best = curve.percentiles, curve.best
    if scale != "flux":
        percentiles, best = to_magnitudes(percentiles), to_magnitudes(best)
    for i, alpha in ((0, 0.15), (1, 0.30)):
        axes.fill_between(curve.mjd, *percentiles[[i, 4 - i]], color=colour, alpha=alpha, lw=0)
    axes.plot(curve.mjd, best, color=colour, lw=1.2)


def _draw_points(
    axes: Axes, panel: Panel, mjd: Array, is_band: Mask, is_reached: Mask, style: BandStyle, label: str, n_rows: int
) -> None:
    """Draw values of a band with errors, hollow where the model does not reach, and arrows at the edges."""
    low, high = sorted(axes.get_ylim())
    is_crowded = n_rows > _MAX_ROWS_WITH_ERRORS
    look: dict[str, Any] = {"ms": 5, "mec": "white", "mew": 0.4, "elinewidth": 0.8, "zorder": 3}
    look |= {"ms": 2.2, "mew": 0, "alpha": 0.5, "zorder": 1} if is_crowded else {}
    hollow = look | {"mfc": "white", "mec": style.colour, "mew": 0.5 if is_crowded else 1.0, "label": "_hollow"}
    y = panel.y
    shown = is_band & panel.is_point
    is_on_scale = shown & (y >= low) & (y <= high)
    groups = ((is_on_scale & is_reached, look | {"label": label}), (is_on_scale & ~is_reached, hollow))
    for mask, properties in groups:
        if mask.any() or properties is not hollow:
            bars = None if panel.errors is None or is_crowded else panel.errors[:, mask]
            axes.errorbar(mjd[mask], y[mask], bars, fmt=style.marker, color=style.colour, **properties)
    step = (high - low) * 10 / (axes.bbox.height / axes.figure.dpi * 72)
    arrow: dict[str, Any] = {"fmt": "none", "color": style.colour, "elinewidth": 1.4, "label": "_off scale"}
    for mask, end, side in (
        (shown & (y > high), high - 1.6 * step, "lolims"),
        (shown & (y < low), low + 1.6 * step, "uplims"),
    ):
        if mask.any():
            axes.errorbar(mjd[mask], np.full(int(mask.sum()), end), step, **arrow | {side: True})


_LIMIT: dict[str, Any] = {"fmt": "v", "mfc": "none", "ms": 4, "mew": 0.8, "elinewidth": 0.8, "capsize": 2}


def _draw_limits(axes: Axes, mjd: Array, y: Array, mask: Mask, style: BandStyle, scale: Scale) -> None:
    if not mask.any():
        return
    length = 0.045 * abs(float(np.ptp(axes.get_ylim())))
    side = "uplims" if scale == "flux" else "lolims"  # an arrow towards less light
    look = _LIMIT | {side: True, "alpha": 0.45, "label": "_limits", "color": style.colour}
    axes.errorbar(mjd[mask], y[mask], length, **look)


def _write_notes(
    contents: LightCurveContents, panel: Panel, pulls: Panel, inside: Mask, edges: tuple[float, float], n_limits: int
) -> list[str]:
    """Return the lines below the panels: what they do not show."""
    pull_edges = choose_pull_range(contents.pulls[inside])
    n_off_scale = sum(
        int(np.sum(inside & values.is_point & ~is_between(values.y, ends)))
        for values, ends in ((panel, edges), (pulls, pull_edges))
    )
    counts = {
        "Off scale (arrows at the edges)": n_off_scale,
        "Limits off the figure": int(np.sum(inside & panel.is_limit)) - n_limits,
        "Out of the model's reach (hollow)": int(np.sum(inside & panel.is_point & ~pulls.is_point)),
        "Rows outside these dates": int(np.sum(~inside)),
    }
    notes = [f"{label}: {number}." for label, number in counts.items() if number]
    if np.any(panel.is_limit & inside & ~contents.limit):
        notes.append("Rows below 3σ are shown as limits of 3σ.")
    return textwrap.wrap(" ".join([*notes, "Lines: best fit; shades: 68 and 95 %."]), _NOTE_CHARACTERS)
