"""Corner plots, of the fit and of all samples that the renderer gets.

`_Triangle` relies on how corner makes its panels; a test compares `WRITTEN_FOR` with the installed versions.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter

from fitter_lambda.arrays import Array

WRITTEN_FOR = {"corner": "2.3.0", "matplotlib": "3.11.2"}
#: With more samples contours look the same and take longer.
_MAX_SAMPLES = 20_000
_SYMBOLS = {
    "z": "$z$", "t0": "$t_0$", "x0": "$x_0$", "x1": "$x_1$", "c": "$c$", "amplitude": "$A$", "s": "$s$",
    "delta": r"$\Delta$", "hostebv": r"$E(B{-}V)_\mathrm{host}$", "mwebv": r"$E(B{-}V)_\mathrm{MW}$",
}  # fmt: skip
_UNITS = {"hostebv": " [mag]", "mwebv": " [mag]"}
#: t0 within these modified Julian dates is a date.
_MJD_RANGE = (40_000.0, 80_000.0)
_ONE_SIGMA = [0.15865, 0.5, 0.84135]
_DEFAULTS: dict[str, Any] = {
    "bins": 24, "smooth": 1.0, "quantiles": _ONE_SIGMA, "show_titles": True, "color": "#1f4e79",
    "label_kwargs": {"fontsize": 10}, "title_kwargs": {"fontsize": 8}, "max_n_ticks": 4,
}  # fmt: skip
_CONTOURS: dict[str, Any] = {
    "levels": (0.6827, 0.9545), "fill_contours": True, "plot_density": False, "plot_datapoints": False,
    "no_fill_contours": True,  # corner would fill the area below the contours with white, over data points
}  # fmt: skip


def draw_corner(samples: Mapping[str, Array], options: Mapping[str, Any]) -> Figure:
    """Draw a corner plot, with contours around 68 and 95 % of the samples.

    Parameters
    ----------
    samples : mapping of str to ndarray, shape (n,)
        Finite samples by parameter, all of the same length.
    options : mapping
        Keyword arguments of `corner.corner`, instead of the defaults here.

    Returns
    -------
    Figure
    """
    import corner

    columns = np.column_stack(list(samples.values()))
    columns = columns[:: max(1, -(-len(columns) // _MAX_SAMPLES))]
    symbols = [_SYMBOLS.get(name, name.replace("$", "")) for name in samples]
    units = [" [MJD]" if _is_date(*item) else _UNITS.get(item[0], "") for item in samples.items()]
    if not {"range", "truths", "labels"} & set(options):
        columns, symbols, units = _choose_units(columns, symbols, units)
    keywords = {
        "labels": [symbol + unit for symbol, unit in zip(symbols, units, strict=True)],
        "titles": list(options.get("labels", symbols)),
        "range": [_choose_range(column) for column in columns.T],
        "title_fmt": [_choose_format(column) for column in columns.T],
        **_DEFAULTS,
        "title_quantiles": _choose_title_quantiles(options),
        **_choose_contours(options),
        **options,
    }
    size = 1.2 + 1.9 * columns.shape[1]
    # corner draws truths into the panels once more, and uses those above the diagonal for reverse
    needs_all_panels = columns.shape[1] == 1 or {"truths", "reverse"} & set(options)
    figure = (Figure if needs_all_panels else _Triangle)(figsize=(size, size))
    corner.corner(columns, fig=figure, **keywords)
    _format_axes(figure, bool(options.get("use_math_text")))
    return figure


class _Triangle(Figure):
    """A figure with one shared panel above the diagonal, where corner hides all: panels are slow to make."""

    def subplots(self, nrows: int = 1, ncols: int = 1, **_: Any) -> Any:
        """Return an array of panels on a grid, as corner asks for them."""
        grid = self.add_gridspec(nrows, ncols)
        hidden = self.add_axes((0, 0, 0, 0))
        panels = np.full((nrows, ncols), hidden, dtype=object)
        for row, column in np.argwhere(np.tri(nrows)).tolist():
            panels[row, column] = self.add_subplot(grid[row, column])
        return panels


def _is_date(name: str, column: Array) -> bool:
    return name == "t0" and bool(_MJD_RANGE[0] < np.min(column) and np.max(column) < _MJD_RANGE[1])


def _choose_units(columns: Array, symbols: list[str], units: list[str]) -> tuple[Array, list[str], list[str]]:
    """Count dates from a round one, scale very small and large values by a power of ten; adapt labels."""
    columns, symbols, units = columns.copy(), list(symbols), list(units)
    for i, column in enumerate(columns.T):
        size = float(np.max(np.abs(column)))
        if units[i] == " [MJD]":
            step = 10.0 if np.ptp(column) < 20 else 100.0
            origin = step * math.floor(float(np.median(column)) / step)
            column -= origin
            symbols[i] = f"{symbols[i]} − MJD {origin:.0f}"
            units[i] = " [d]"
        elif size > 0 and not 1e-2 < size < 1e6:
            power = math.floor(math.log10(size))
            column /= 10.0**power  # 10**-power may overflow
            symbols[i] = f"$10^{{{-power}}}$ {symbols[i]}"
    return columns, symbols, units


def _choose_range(column: Array) -> tuple[float, float]:
    """Return the range to show: all but the outermost tails; a little around a constant."""
    low, high = (float(x) for x in np.percentile(column, [0.1, 99.9]))
    size = max(abs(low), abs(high))
    if high - low > 1e-9 * size:
        pad = 0.05 * (high - low)
        return low - pad, high + pad
    half = 1e-3 * size or 1e-3
    return low - half, low + half


def _choose_format(column: Array) -> str:
    """Return a number format with two significant digits of the spread."""
    spread = float(np.std(column))
    if not spread > 0:
        return ".4g"
    decimals = 1 - math.floor(math.log10(spread))
    return f".{max(0, decimals)}f" if decimals <= 8 else ".3g"


def _choose_title_quantiles(options: Mapping[str, Any]) -> list[float]:
    """Return the quantiles in titles: the three that are drawn; with another number of them, one sigma."""
    quantiles = options.get("quantiles", _ONE_SIGMA)
    return list(quantiles) if len(quantiles) == 3 else _ONE_SIGMA


def _choose_contours(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return how to draw contours; filled ones would hide the density that `plot_density` asks for."""
    if not options.get("plot_contours", True):
        return {}
    return _CONTOURS | {"fill_contours": not options.get("plot_density", False)}


def _format_axes(figure: Figure, use_math_text: bool) -> None:
    for axes in figure.axes:
        if not axes.get_frame_on():
            axes.remove()
            continue
        for axis in (axes.xaxis, axes.yaxis):
            if isinstance(axis.get_major_formatter(), ScalarFormatter):
                axis.set_major_formatter(ScalarFormatter(useOffset=False, useMathText=use_math_text))
        axes.tick_params(labelsize=8, direction="in")
