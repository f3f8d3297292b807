"""The light-curve figure: data, the fit's 68 and 95 % bands, residuals below."""

import io

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fitter_lambda.fit import Fit
from fitter_lambda.lightcurve import Band

__all__ = ["band_colour", "plot_lightcurve"]

#: The colours that the surveys themselves use for their bands.
_COLOURS = {
    "ztfg": "#2e8b57", "ztfr": "#c0392b", "ztfi": "#c58b00", "atlasc": "#17a2b8", "atlaso": "#e67e22",
    "2massj": "#7b3f00", "2massh": "#8e44ad", "2massks": "#4a235a",
}  # fmt: skip
#: Else by the letter that the band's name ends with.
_BY_LETTER = {
    "u": "#7d3cff", "b": "#2a5bd7", "g": "#2e8b57", "v": "#6aa84f", "r": "#c0392b",
    "i": "#c58b00", "z": "#6d4c41", "y": "#37474f", "j": "#7b3f00", "h": "#8e44ad",
}  # fmt: skip
_SPARE = ("#1f77b4", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22")
_MARKERS = "osD^vP*X<>"
_LABELS = {"ztf": "ZTF", "atlas": "ATLAS", "sdss": "SDSS", "2mass": "2MASS", "ps1": "PS1", "lsst": "LSST"}


def band_colour(name: str) -> str:
    """Colour of a band."""
    spare = _SPARE[sum(name.encode()) % len(_SPARE)]
    return _COLOURS.get(name) or _BY_LETTER.get(name[-1:], spare)


def _band_label(name: str) -> str:
    for prefix, survey in _LABELS.items():
        if name.startswith(prefix) and len(name) > len(prefix):
            return f"{survey} {name.removeprefix(prefix).lstrip(':')}"
    return name


def plot_lightcurve(fit: Fit, curves: dict[str, Band], title: str) -> bytes:
    """Draw the light curve.

    Parameters
    ----------
    fit : Fit
    curves : dict of str to Band
    title : str

    Returns
    -------
    bytes
        A PNG image.
    """
    figure = Figure(figsize=(7.6, 6.0), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3.2, 1))
    order = sorted(curves, key=lambda name: fit.problem.model.bands[name].wave_eff)
    for name, marker in zip(order, _MARKERS * (1 + len(order) // len(_MARKERS)), strict=False):
        _draw_band(upper, fit, name, curves[name], marker)
        _draw_residuals(lower, fit, name, marker)
    _dress(upper, lower, fit, title)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150)
    return buffer.getvalue()


def _draw_band(axes: Axes, fit: Fit, name: str, curve: Band, marker: str) -> None:
    colour = band_colour(name)
    axes.fill_between(curve.mjd, curve.percentiles[0], curve.percentiles[4], color=colour, alpha=0.15, lw=0)
    axes.fill_between(curve.mjd, curve.percentiles[1], curve.percentiles[3], color=colour, alpha=0.30, lw=0)
    axes.plot(curve.mjd, curve.best, color=colour, lw=1.2)
    rows = fit.problem.rows.take(fit.problem.rows.band == name)
    axes.errorbar(
        rows.mjd, rows.flux, rows.fluxerr, fmt=marker, color=colour, ms=4.5, mec="white", mew=0.4,
        elinewidth=0.9, capsize=0, label=_band_label(name), zorder=3,
    )  # fmt: skip


def _draw_residuals(axes: Axes, fit: Fit, name: str, marker: str) -> None:
    rows = fit.problem.rows
    pull = (rows.flux - fit.problem.flux(fit.best)) / rows.fluxerr
    chosen = rows.band == name
    axes.plot(rows.mjd[chosen], pull[chosen], marker, color=band_colour(name), ms=4.5, mec="white", mew=0.4)


def _dress(upper: Axes, lower: Axes, fit: Fit, title: str) -> None:
    rows = fit.problem.rows
    upper.set_title(title, fontsize=11)
    upper.set_ylabel("Flux density (µJy, AB)")
    upper.axhline(0, color="0.6", lw=0.6, zorder=0)
    upper.legend(frameon=False, fontsize=9, loc="upper right")
    top = float(np.max(rows.flux + rows.fluxerr))
    bottom = min(0.0, float(np.min(rows.flux - rows.fluxerr)))
    upper.set_ylim(bottom - 0.06 * top, 1.15 * top)
    lower.axhspan(-1, 1, color="0.5", alpha=0.15, lw=0)
    lower.axhline(0, color="0.4", lw=0.8)
    limit = float(np.max(np.abs((rows.flux - fit.problem.flux(fit.best)) / rows.fluxerr)))
    lower.set_ylim(-1.15 * max(limit, 2.5), 1.15 * max(limit, 2.5))
    lower.set_ylabel(r"Residual ($\sigma$)")
    lower.set_xlabel("MJD (days)")
    for axes in (upper, lower):
        axes.tick_params(direction="in", top=True, right=True)
        axes.ticklabel_format(useOffset=False, axis="x")
    upper.figure.align_ylabels([upper, lower])
