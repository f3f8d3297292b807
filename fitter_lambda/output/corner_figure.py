"""Corner plots: of the fit, and of whatever samples the renderer is given."""

import io
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter

__all__ = ["corner_figure", "corner_png"]

Array = npt.NDArray[np.float64]

#: Beyond this many samples a contour looks the same and only takes longer.
MAX_SAMPLES = 20_000
_SYMBOLS = {
    "z": "$z$", "t0": "$t_0$", "x0": "$x_0$", "x1": "$x_1$", "c": "$c$", "amplitude": "$A$", "s": "$s$",
    "delta": r"$\Delta$", "hostebv": r"$E(B{-}V)_\mathrm{host}$", "mwebv": r"$E(B{-}V)_\mathrm{MW}$",
}  # fmt: skip
_UNITS = {"hostebv": " [mag]", "mwebv": " [mag]"}
#: Dates of the era of CCDs, as modified Julian dates.
_MJD = (40_000.0, 80_000.0)
_DEFAULTS: dict[str, Any] = {
    "bins": 24, "smooth": 1.0, "quantiles": [0.15865, 0.5, 0.84135], "show_titles": True, "color": "#1f4e79",
    "label_kwargs": {"fontsize": 10}, "title_kwargs": {"fontsize": 8}, "max_n_ticks": 4,
}  # fmt: skip
_CONTOURS: dict[str, Any] = {
    "levels": (0.6827, 0.9545), "fill_contours": True, "plot_density": False, "plot_datapoints": False,
    "no_fill_contours": True,  # of the white below the contours, which hides data points
}  # fmt: skip


def corner_png(samples: Mapping[str, Array], options: Mapping[str, Any]) -> bytes:
    """Draw `corner_figure` as a PNG image."""
    buffer = io.BytesIO()
    # the margins hold the default labels; a tight box has to draw everything twice
    corner_figure(samples, options).savefig(
        buffer, format="png", dpi=110, bbox_inches="tight" if options else None
    )
    return buffer.getvalue()


def corner_figure(samples: Mapping[str, Array], options: Mapping[str, Any]) -> Figure:
    """Draw a corner plot, with contours about 68 and 95 % of the samples.

    Parameters
    ----------
    samples : mapping of str to ndarray, shape (n,)
        Finite samples by parameter, all of the same length.
    options : mapping
        Keyword arguments of `corner.corner`; they win over the defaults in here.

    Returns
    -------
    Figure
    """
    import corner

    table = np.column_stack(list(samples.values()))
    table = table[:: max(1, -(-len(table) // MAX_SAMPLES))]
    symbols = [_SYMBOLS.get(name, name.replace("$", "")) for name in samples]
    units = [" [MJD]" if _is_date(*item) else _UNITS.get(item[0], "") for item in samples.items()]
    if not {"range", "truths", "labels"} & set(options):
        table, symbols, units = _in_handy_units(table, symbols, units)
    keywords = {
        "labels": [symbol + unit for symbol, unit in zip(symbols, units, strict=True)],
        "titles": list(options.get("labels", symbols)),
        "range": [_range(column) for column in table.T],
        "title_fmt": [_format(column) for column in table.T],
        **_DEFAULTS,
        **(_CONTOURS if options.get("plot_contours", True) else {}),
        **options,
    }
    size = 1.2 + 1.9 * table.shape[1]
    # corner goes back to the panels for truths, and to those above the diagonal for its reverse
    plain = table.shape[1] == 1 or {"truths", "reverse"} & set(options)
    figure = (Figure if plain else _Triangle)(figsize=(size, size))
    corner.corner(table, fig=figure, **keywords)
    _dress(figure)
    return figure


class _Triangle(Figure):
    """A figure whose panels above the diagonal, which corner hides, are one: panels take most of its time."""

    def subplots(self, nrows: int = 1, ncols: int = 1, **_: Any) -> Any:
        """As corner asks for them: an array of panels, on a grid."""
        grid, hidden = self.add_gridspec(nrows, ncols), self.add_axes((0, 0, 0, 0))
        panels = np.full((nrows, ncols), hidden, dtype=object)
        for row, column in np.argwhere(np.tri(nrows)).tolist():
            panels[row, column] = self.add_subplot(grid[row, column])
        return panels


def _is_date(name: str, column: Array) -> bool:
    return name == "t0" and bool(_MJD[0] < np.min(column) and np.max(column) < _MJD[1])


def _in_handy_units(table: Array, symbols: list[str], units: list[str]) -> tuple[Array, list[str], list[str]]:
    """Dates from a round one; the very small and very large times a power of ten; labels that say so."""
    scaled, named, measured = table.copy(), list(symbols), list(units)
    for i, column in enumerate(table.T):
        size = float(np.max(np.abs(column)))
        if units[i] == " [MJD]":
            step = 10.0 if np.ptp(column) < 20 else 100.0
            origin = step * math.floor(float(np.median(column)) / step)
            scaled[:, i], named[i], measured[i] = column - origin, f"{symbols[i]} − MJD {origin:.0f}", " [d]"
        elif size > 0 and not 1e-2 < size < 1e6:
            power = math.floor(math.log10(size))
            # divided, since 10**300 times 1e-300 is not what it seems
            scaled[:, i], named[i] = column / 10.0**power, f"$10^{{{-power}}}$ {symbols[i]}"
    return scaled, named, measured


def _range(column: Array) -> tuple[float, float]:
    """What to show of a parameter: all but its outermost tails; a little about a constant."""
    low, high = (float(x) for x in np.percentile(column, [0.1, 99.9]))
    size = max(abs(low), abs(high))
    if high - low > 1e-9 * size:
        pad = 0.05 * (high - low)
        return low - pad, high + pad
    half = 1e-3 * size or 1e-3
    return low - half, low + half


def _format(column: Array) -> str:
    """Two significant digits of the spread."""
    spread = float(np.std(column))
    if not spread > 0:
        return ".4g"
    decimals = 1 - math.floor(math.log10(spread))
    return f".{max(0, decimals)}f" if decimals <= 8 else ".3g"


def _dress(figure: Figure) -> None:
    for axes in figure.axes:
        if not axes.get_frame_on():
            axes.remove()
            continue
        for axis in (axes.xaxis, axes.yaxis):
            if isinstance(axis.get_major_formatter(), ScalarFormatter):
                axis.set_major_formatter(ScalarFormatter(useOffset=False))
        axes.tick_params(labelsize=8, direction="in")
