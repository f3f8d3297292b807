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
from fitter_lambda.output.light_curve_scales import Panel, Scale, make_panel, make_residual_panel, to_magnitudes
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
_AXIS_LABELS = {"flux": "Flux density (µJy)", "magnitude": "AB magnitude"}
_LIMIT_LABEL = "limit"
_REACH_LABEL = "out of the model's reach"
_POINT: dict[str, Any] = {"ms": 5, "mec": "white", "mew": 0.4, "elinewidth": 0.8, "zorder": 3}
_SMALL_POINT: dict[str, Any] = {"ms": 2.2, "mew": 0, "alpha": 0.5, "zorder": 1}
_LIMIT: dict[str, Any] = {"fmt": "v", "mfc": "none", "ms": 4, "mew": 0.8, "elinewidth": 0.8, "capsize": 2}
_ARROW: dict[str, Any] = {"fmt": "none", "elinewidth": 1.4, "label": "_off scale"}


def get_band_label(name: str) -> str:
    """Return sncosmo's name of a band as astronomers write it."""
    survey = next((key for key in _SURVEYS if name.startswith(key)), "")
    if name in _LABELS or not survey:
        return _LABELS.get(name) or (name.upper() if name[1:4].isdigit() else name)
    letter = name.removeprefix(survey).lstrip(":")
    return f"{_SURVEYS[survey]} {letter.upper() if survey in _IN_CAPITALS else letter}".strip()


def draw_light_curve(contents: LightCurveContents, scale: Scale = "flux") -> Figure:
    """Draw the light curve above and residuals below, over the dates of the predicted curves."""
    first, last = _get_dates(contents)
    inside = (contents.mjd >= first) & (contents.mjd <= last)
    panel = make_panel(contents, scale, inside)
    residuals = make_residual_panel(contents, inside)
    labels = {name: _shorten_label(name) for name in contents.curves}
    further_labels = _list_further_labels(panel)
    notes = _write_notes(contents, panel, residuals, inside)
    header = Header(contents, [*labels.values(), *further_labels], _LEFT, _RIGHT)
    figure, upper, lower = _make_axes(contents, scale, header.height, len(notes))
    upper.set_ylim(*panel.edges)
    lower.set_ylim(*residuals.edges)
    is_crowded = bool(np.sum(inside) > _MAX_ROWS_WITH_ERRORS)
    styles = assign_band_styles(contents.curves)
    for number, (name, curve) in enumerate(contents.curves.items()):
        is_band = contents.band == number
        _draw_curve(upper, curve, styles[name].colour, scale)
        _draw_points(upper, panel, contents.mjd, is_band, styles[name], labels[name], is_crowded)
        _draw_points(lower, residuals, contents.mjd, is_band, styles[name], "_residuals", is_crowded)
        _draw_limits(upper, panel, contents.mjd, is_band, styles[name])
    _add_legend_entries(upper, further_labels, scale)
    header.draw(figure, upper)
    _draw_notes(figure, notes)
    return figure


def _get_dates(contents: LightCurveContents) -> tuple[float, float]:
    mjd = next(iter(contents.curves.values())).mjd
    return float(mjd[0]), float(mjd[-1])


def _shorten_label(name: str) -> str:
    label = get_band_label(name).replace("$", "").lstrip("_") or "band"
    return label if len(label) <= _MAX_LABEL else f"{label[: _MAX_LABEL - 1]}…"


def _list_further_labels(panel: Panel) -> list[str]:
    """Return the legend's labels after those of the bands."""
    labels = {_LIMIT_LABEL: panel.is_limit, _REACH_LABEL: panel.is_point & ~panel.is_reached}
    return [label for label, mask in labels.items() if mask.any()]


def _add_legend_entries(axes: Axes, labels: list[str], scale: Scale) -> None:
    looks: dict[str, dict[str, Any]] = {
        _LIMIT_LABEL: _LIMIT | {"uplims": scale == "flux", "lolims": scale != "flux"},
        _REACH_LABEL: {"fmt": "o", "mfc": "white", "mec": "0.4", "mew": 1.0, "ms": 4.5},
    }
    for label in labels:
        axes.errorbar([], [], [], color="0.4", label=label, **looks[label])


def _make_axes(contents: LightCurveContents, scale: Scale, header: float, n_notes: int) -> tuple[Figure, Axes, Axes]:
    bottom = _BOTTOM_AXIS + n_notes * _NOTE_LINE
    height = header + _REST_AXIS + _UPPER + _GAP + _LOWER + bottom
    figure = Figure(figsize=(_WIDTH, height))
    left, width = _LEFT / _WIDTH, (_RIGHT - _LEFT) / _WIDTH
    upper = figure.add_axes((left, (bottom + _LOWER + _GAP) / height, width, _UPPER / height))
    lower = figure.add_axes((left, bottom / height, width, _LOWER / height), sharex=upper)
    upper.tick_params(labelbottom=False)
    upper.yaxis.set_major_locator(MaxNLocator(7, prune="lower"))
    lower.yaxis.set_major_locator(MaxNLocator(4, integer=True, steps=[1, 2, 5, 10]))
    for axes, label in ((upper, _AXIS_LABELS[scale]), (lower, "Residual (σ)")):
        axes.set_ylabel(label)
        axes.tick_params(direction="in", right=True, top=axes is lower)
        axes.yaxis.set_label_coords(-0.076, 0.5)
        if axes is lower or scale == "flux":
            axes.axhline(0, color="0.5", lw=0.6, zorder=0)
    lower.axhspan(-1, 1, color="0.5", alpha=0.15, lw=0)
    _set_dates(contents, upper, lower)
    return figure, upper, lower


def _set_dates(contents: LightCurveContents, upper: Axes, lower: Axes) -> None:
    """Set the dates below, and rest-frame days above."""
    ends = _get_dates(contents)
    rest = upper.twiny()
    rest.set_xlim(*((end - contents.t0) / (1 + contents.redshift) for end in ends))
    rest.set_xlabel(f"Rest-frame days since {contents.event}", parse_math=False)
    rest.tick_params(direction="in")
    lower.set_xlim(*ends)
    lower.set_xlabel("MJD (days)")
    lower.ticklabel_format(useOffset=False, axis="x")
    for axis, most in ((lower.xaxis, 8), (rest.xaxis, 9)):
        axis.set_major_locator(MaxNLocator(most, steps=[1, 2, 5, 10]))


def _draw_curve(axes: Axes, curve: PredictedLightCurve, colour: str, scale: Scale) -> None:
    percentiles, best = curve.percentiles, curve.best
    if scale != "flux":
        percentiles, best = to_magnitudes(percentiles), to_magnitudes(best)
    for i, alpha in ((0, 0.15), (1, 0.30)):
        axes.fill_between(curve.mjd, *percentiles[[i, 4 - i]], color=colour, alpha=alpha, lw=0)
    axes.plot(curve.mjd, best, color=colour, lw=1.2)


def _draw_points(
    axes: Axes, panel: Panel, mjd: Array, is_band: Mask, style: BandStyle, label: str, is_crowded: bool
) -> None:
    """Draw values of a band with errors, hollow where the model does not reach, and arrows at the edges."""
    filled = _POINT | (_SMALL_POINT if is_crowded else {}) | {"label": label}
    hollow = filled | {"mfc": "white", "mec": style.colour, "mew": 0.5 if is_crowded else 1.0, "label": "_hollow"}
    is_point = is_band & panel.is_point
    is_here = is_point & ~panel.is_off_scale
    for mask, look in ((is_here & panel.is_reached, filled), (is_here & ~panel.is_reached, hollow)):
        if mask.any() or look is filled:  # which makes the band's entry of the legend
            errors = None if panel.errors is None or is_crowded else panel.errors[:, mask]
            axes.errorbar(mjd[mask], panel.y[mask], errors, fmt=style.marker, color=style.colour, **look)
    low, high = sorted(panel.edges)
    length = (high - low) * 10 / (axes.bbox.height / axes.figure.dpi * 72)
    for mask, y, side in (
        (is_point & (panel.y > high), high - 1.6 * length, "lolims"),
        (is_point & (panel.y < low), low + 1.6 * length, "uplims"),
    ):
        if mask.any():
            look = _ARROW | {"color": style.colour, side: True}
            axes.errorbar(mjd[mask], np.full(np.sum(mask), y), length, **look)


def _draw_limits(axes: Axes, panel: Panel, mjd: Array, is_band: Mask, style: BandStyle) -> None:
    mask = is_band & panel.is_limit & ~panel.is_off_scale
    if not mask.any():
        return
    bottom, top = panel.edges
    side = "uplims" if bottom < top else "lolims"  # an arrow towards less light
    length = 0.045 * abs(top - bottom)
    look = _LIMIT | {side: True, "alpha": 0.45, "label": "_limits", "color": style.colour}
    axes.errorbar(mjd[mask], panel.y[mask], length, **look)


def _write_notes(contents: LightCurveContents, panel: Panel, residuals: Panel, inside: Mask) -> list[str]:
    """Return the lines below the panels: what they do not show."""
    counts = {
        "Off scale (arrows at the edges)": sum(
            np.sum(each.is_point & each.is_off_scale) for each in (panel, residuals)
        ),
        "Limits off the figure": np.sum(panel.is_limit & panel.is_off_scale),
        "Out of the model's reach (hollow)": np.sum(panel.is_point & ~panel.is_reached),
        "Rows outside these dates": np.sum(~inside),
    }
    notes = [f"{label}: {number}." for label, number in counts.items() if number]
    if np.any(panel.is_limit & ~contents.limit):
        notes.append("Rows below 3σ are shown as limits of 3σ.")
    return textwrap.wrap(" ".join([*notes, "Lines: best fit; shades: 68 and 95 %."]), _NOTE_CHARACTERS)


def _draw_notes(figure: Figure, notes: list[str]) -> None:
    for number, line in enumerate(reversed(notes)):
        y = (0.06 + number * _NOTE_LINE) / figure.get_figheight()
        figure.text(_RIGHT / _WIDTH, y, line, ha="right", fontsize=_NOTE_SIZE, color="0.35")
