"""The light-curve figure: data and limits, the fit's 68 and 95 % bands, residuals below."""

import io
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fitter_lambda.fit import Fit
from fitter_lambda.lightcurve import Band

__all__ = ["band_colour", "band_label", "lightcurve_figure", "plot_lightcurve"]

Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.bool_]

#: The colours that the surveys themselves use for their bands.
_COLOURS = {
    "ztfg": "#2e8b57", "ztfr": "#c0392b", "ztfi": "#c58b00", "atlasc": "#17a2b8", "atlaso": "#e67e22",
    "2massj": "#7b3f00", "2massh": "#8e44ad", "2massks": "#4a235a", "gaia::g": "#444444", "gaia::gbp": "#2a5bd7",
    "gaia::grp": "#c0392b", "uvot::uvw2": "#22004d", "uvot::uvm2": "#6a1b9a", "uvot::uvw1": "#c218a4",
}  # fmt: skip
#: Else by the letter that the band's name ends with.
_BY_LETTER = {
    "u": "#7d3cff", "b": "#2a5bd7", "g": "#2e8b57", "v": "#6aa84f", "r": "#c0392b",
    "i": "#c58b00", "z": "#6d4c41", "y": "#37474f", "j": "#7b3f00", "h": "#8e44ad",
}  # fmt: skip
#: Else by wavelength, between these (Angstrom).
_BLUEST, _REDDEST = 1_800.0, 25_000.0
_MARKERS = "osD^vP*X<>"
_SURVEYS = {
    "ztf": "ZTF", "atlas": "ATLAS", "sdss": "SDSS", "2mass": "2MASS", "ps1": "PS1", "lsst": "LSST", "des": "DES",
    "gaia": "Gaia", "uvot": "Swift", "bessell": "Bessell", "csp": "CSP", "skymapper": "SkyMapper", "goto": "GOTO",
    "hsc": "HSC", "megacam6": "MegaCam", "galex": "GALEX", "standard": "Landolt",
}  # fmt: skip
_IN_CAPITALS = {"2MASS", "Gaia", "Swift", "Bessell", "GALEX", "Landolt", "GOTO"}
_SPECIAL = {"gaia::gbp": "Gaia BP", "gaia::grp": "Gaia RP", "2massks": "2MASS Ks", "bessellux": "Bessell U"}
#: So many bands fit into a legend inside; so many rows are drawn with their errors.
_FEW_BANDS, _FEW_ROWS = 5, 400
#: A value so many times beyond all others is drawn as an arrow at the edge.
_BEYOND = 1.7


def band_colour(name: str, wavelength: float) -> str:
    """Colour of a band, from its name if known, else from its effective wavelength (Angstrom)."""
    place = np.log(wavelength / _BLUEST) / np.log(_REDDEST / _BLUEST)
    return (
        _COLOURS.get(name)
        or _BY_LETTER.get(name[-1:])
        or to_hex(colormaps["turbo"](float(np.clip(place, 0, 1))))
    )


def band_label(name: str) -> str:
    """Name of a band as astronomers write it, from sncosmo's."""
    survey, _, letter = name.partition("::")
    if not letter:
        survey = max((s for s in _SURVEYS if name.startswith(s)), key=len, default="")
        letter = name.removeprefix(survey)
    if name in _SPECIAL or not survey or not letter:
        return _SPECIAL.get(name) or (name.upper() if name[:1] == "f" and name[1:2].isdigit() else name)
    label = _SURVEYS.get(survey, survey)
    return f"{label} {letter.upper() if label in _IN_CAPITALS else letter}"


def plot_lightcurve(fit: Fit, curves: dict[str, Band], title: str) -> bytes:
    """Draw the light curve: `lightcurve_figure` as a PNG image."""
    buffer = io.BytesIO()
    lightcurve_figure(fit, curves, title).savefig(buffer, format="png", dpi=150)
    return buffer.getvalue()


def lightcurve_figure(fit: Fit, curves: dict[str, Band], title: str) -> Figure:
    """Light curve above, residuals below.

    Parameters
    ----------
    fit : Fit
    curves : dict of str to Band
        As of `lightcurve.predict`; they set the dates that are shown.
    title : str

    Returns
    -------
    Figure
    """
    rows, many = fit.data.rows, len(fit.data.rows.bands) > _FEW_BANDS
    figure = Figure(figsize=(8.6 if many else 7.6, 6.0))
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3.2, 1))
    figure.subplots_adjust(left=0.095, right=0.83 if many else 0.975, bottom=0.115, top=0.865, hspace=0.05)
    low, high = (float(end) for end in next(iter(curves.values())).mjd[[0, -1]])
    shown = (rows.mjd >= low) & (rows.mjd <= high)
    lower.set_xlim(low, high)
    beyond = _draw_fluxes(upper, fit, curves, shown) + _draw_residuals(lower, fit, shown)
    _dress(upper, lower, fit)
    _draw_legend(upper, fit, many)
    figure.suptitle(
        title if len(title) < 90 else f"{title[:88]}…", x=0.095, ha="left", fontsize=11, parse_math=False
    )
    notes = ["Lines: best fit; shades: 68 and 95 %."]
    notes += [f"Arrows at the edges: {beyond} off scale."] if beyond else []
    notes += [f"{np.sum(~shown)} rows lie outside these dates."] if not shown.all() else []
    figure.text(0.975, 0.012, " ".join(notes), ha="right", fontsize=7.5, color="0.4")
    return figure


def _styles(fit: Fit) -> Iterator[tuple[str, str, str, Rows]]:
    """Name, colour, marker and rows of each band."""
    for i, band in enumerate(fit.data.rows.bandpasses):
        colour = band_colour(band.name, float(band.wave_eff))
        yield band.name, colour, _MARKERS[i % len(_MARKERS)], fit.data.rows.band == i


def _draw_fluxes(axes: Axes, fit: Fit, curves: dict[str, Band], shown: Rows) -> int:
    rows, crowded = fit.data.rows, np.sum(shown) > _FEW_ROWS
    best = np.concatenate([curve.best for curve in curves.values()])
    bottom, top = _flux_range(*(x[shown] for x in (rows.flux, rows.fluxerr, rows.limit)), best)
    axes.set_ylim(bottom, top)
    for name, colour, marker, own in _styles(fit):
        curve = curves[name]
        for i, alpha in ((0, 0.15), (1, 0.30)):
            axes.fill_between(
                curve.mjd, curve.percentiles[i], curve.percentiles[4 - i], color=colour, alpha=alpha, lw=0
            )
        axes.plot(curve.mjd, curve.best, color=colour, lw=1.2)
        at = own & shown & ~rows.limit & (rows.flux >= bottom) & (rows.flux <= top)
        axes.errorbar(
            rows.mjd[at], rows.flux[at], None if crowded else rows.fluxerr[at], fmt=marker, color=colour, zorder=3,
            ms=2 if crowded else 4.5, mec=colour if crowded else "white", mew=0.4, elinewidth=0.8,
            alpha=0.6 if crowded else 1.0,
        )  # fmt: skip
        at = own & shown & rows.limit & (rows.flux <= top)
        _draw_arrows(axes, rows.mjd[at], rows.flux[at], -0.04 * (top - bottom), colour, limits=True)
    return _mark_beyond(axes, fit, shown & ~rows.limit, rows.flux)


def _draw_residuals(axes: Axes, fit: Fit, shown: Rows) -> int:
    rows, crowded = fit.data.rows, np.sum(shown) > _FEW_ROWS
    pull = _pulls(fit)
    used = shown & np.isfinite(pull)
    size = np.abs(pull[used])
    edge = 1.15 * _edge(size, np.zeros_like(size), 3.0, 5.0)
    axes.set_ylim(-edge, edge)
    axes.axhspan(-1, 1, color="0.5", alpha=0.15, lw=0)
    for _, colour, marker, own in _styles(fit):
        at = own & used & (np.abs(pull) <= edge)
        axes.plot(
            rows.mjd[at], pull[at], marker, color=colour, ms=2 if crowded else 4.5, mew=0.4,
            mec=colour if crowded else "white", alpha=0.6 if crowded else 1.0,
        )  # fmt: skip
    return _mark_beyond(axes, fit, used, pull)


def _pulls(fit: Fit) -> Array:
    """Residuals of the best fit over their total errors, SALT's own scatter in them; NaN where there are none."""
    rows, (theta, a) = fit.data.rows, fit.split(fit.best[None])
    design, scatter = fit.posterior.view(theta)
    model = (design.flux @ a[..., None])[..., 0]
    variance, coherent = fit.posterior.likelihood.variances(a, model, scatter)
    total = variance if coherent is None else variance + coherent**2
    return np.where(design.reached[0] & ~rows.limit, (rows.flux - model[0]) / np.sqrt(total[0]), np.nan)


def _flux_range(flux: Array, error: Array, limit: Rows, best: Array) -> tuple[float, float]:
    y, e = flux[~limit], error[~limit]
    noise = 3 * float(np.percentile(e, 25)) if len(e) else 0.0
    curve = min(float(np.nanmax(best, initial=0.0)), 3 * float(np.max(y, initial=0.0)))
    top = _edge(y, e, curve, noise)
    top = float(np.max(flux[limit & (flux < 1.3 * top)], initial=top))
    return -1.06 * _edge(-y, e, 0.05 * top, max(noise, 0.3 * top)), 1.1 * top


def _edge(y: Array, e: Array, least: float, allowed: float) -> float:
    """The highest of values y with errors e, but for a few that tower over the others and over the model."""
    firm, few = np.sort(y - 2 * e), max(1, len(y) // 50)
    rest = max(least, float(firm[-1 - few]) if len(y) > few else 0.0)
    most = max(_BEYOND * rest, allowed)
    return max(rest, float(np.max(np.minimum(y + e, most)[y <= most], initial=1e-9)))


def _mark_beyond(axes: Axes, fit: Fit, used: Rows, y: Array) -> int:
    """Arrows at the edges for values beyond them, and how many."""
    low, high = axes.get_ylim()
    length, number = 0.05 * (high - low), 0
    for _, colour, _, own in _styles(fit):
        for at, start, step in (
            (y > high, high - 1.3 * length, length),
            (y < low, low + 1.3 * length, -length),
        ):
            at = at & own & used
            _draw_arrows(axes, fit.data.rows.mjd[at], np.full(np.sum(at), start), step, colour, limits=False)
            number += int(np.sum(at))
    return number


def _draw_arrows(axes: Axes, x: Array, y: Array, length: float, colour: str, *, limits: bool) -> None:
    if len(x):
        axes.errorbar(
            x, y, abs(length), fmt="v" if limits else "none", color=colour, mfc="none", ms=4, mew=0.8, ecolor=colour,
            elinewidth=0.8 if limits else 1.4, capsize=2, alpha=0.4 if limits else 1.0,
            uplims=length < 0, lolims=length > 0, label="_limits" if limits else "_off scale", zorder=2,
        )  # fmt: skip


def _draw_legend(axes: Axes, fit: Fit, outside: bool) -> None:
    handles = [
        Line2D(
            [], [], color=colour, marker=marker, ms=4.5, mec="white", mew=0.4, lw=1.2, label=band_label(name)
        )
        for name, colour, marker, _ in _styles(fit)
    ]
    if fit.data.rows.limit.any():
        handles.append(Line2D([], [], color="0.5", marker="v", ms=4, mfc="none", lw=0, label="limits"))
    if outside:
        axes.legend(handles=handles, frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=(1.0, 1.02))
        return
    rows, (low, high) = fit.data.rows, axes.get_xlim()
    early, late = rows.mjd < low + 0.3 * (high - low), rows.mjd > high - 0.3 * (high - low)
    side = "right" if np.max(rows.flux[late], initial=0) <= np.max(rows.flux[early], initial=0) else "left"
    axes.legend(handles=handles, frameon=False, fontsize=9, loc=f"upper {side}")


def _dress(upper: Axes, lower: Axes, fit: Fit) -> None:
    t0, z, _ = (float(np.ravel(part)[0]) for part in fit.posterior.split(fit.split(fit.best[None])[0]))
    rest = upper.twiny()
    rest.set_xlim(*((x - t0) / (1 + z) for x in upper.get_xlim()))
    event = "explosion" if fit.posterior.fluxes.cube.start >= 0 else "maximum light"
    rest.set_xlabel(f"Rest-frame days since {event}")
    upper.set_ylabel("Flux density (µJy)")
    lower.set_ylabel("Residual (σ)")
    lower.set_xlabel("MJD (days)")
    for axes in (upper, lower):
        axes.axhline(0, color="0.5", lw=0.6, zorder=0)
        axes.tick_params(direction="in", right=True, top=axes is lower)
        axes.yaxis.set_label_coords(-0.075, 0.5)
    rest.tick_params(direction="in")
    lower.ticklabel_format(useOffset=False, axis="x")
