"""Corner plots, of the fit and of all samples that the renderer gets.

`_Triangle` relies on how corner makes its panels; a test compares `WRITTEN_FOR` with the installed versions.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter

from fitter_lambda.arrays import Array
from fitter_lambda.output.parameter_labels import (
    choose_power,
    count_decimals,
    find_origin,
    get_symbol,
    subtract_origin,
    write_factor,
)

WRITTEN_FOR = {"corner": "2.3.0", "matplotlib": "3.11.2"}
#: With more samples contours look the same and take longer.
_MAX_SAMPLES = 20_000
#: Of all panels together: points, cells of the grids that contours and density are drawn from, and ticks.
_MAX_POINTS = 300_000
_MAX_CELLS, _MAX_DENSITY_CELLS, _MAX_TICKS = 1_000_000, 100_000, 1_000
_UNITS = {"hostebv": " [mag]", "mwebv": " [mag]"}
#: t0 within these modified Julian dates is a date.
_MJD_RANGE = (40_000.0, 80_000.0)
_ONE_SIGMA = [0.15865, 0.5, 0.84135]
_DEFAULTS: dict[str, Any] = {
    "quantiles": _ONE_SIGMA, "show_titles": True, "color": "#1f4e79", "max_n_ticks": 4,
}  # fmt: skip
#: Fine bins for contours, which are smoothed over a part of the range; coarse ones for histograms.
_BINS: dict[str, Any] = {"bins": 40, "hist_bin_factor": 0.6}
_SMOOTH_FRACTION = 0.055
#: Inches: the margin of labels and of titles, the side of a panel, and of a figure of few parameters.
_LABEL_MARGIN, _TITLE_MARGIN, _END_MARGIN = 0.95, 0.62, 0.2
_PANEL, _SMALLEST, _SMALLEST_HISTOGRAM = 1.9, 7.5, 5.0
#: Of an axis' label, from its panel.
_LABEL_DISTANCE = 0.68
#: Font sizes: largest and smallest.
_TITLE_SIZES = (13.0, 6.5)
_LABEL_SIZES = (12.0, 6.0)
_FILL = 0.98
#: A character's mean width, of its font size; and of one in raised and lowered errors.
_CHARACTER, _SMALL_CHARACTER = 0.64, 0.48
_MARKUP = re.compile(r"\\[a-z]+|[${}^_\\]")
_ERRORS = re.compile(r"_\{-(.*?)\}\^\{\+(.*?)\}\$$")
_TICK_SIZE = 9
#: A smaller spread has no decimals to show.
_TINY_SPREAD = 1e-8
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

    Raises
    ------
    ValueError
        If the panels have too many bins or ticks together.
    """
    import corner

    _require_few_details(len(samples), options)
    columns = np.column_stack(list(samples.values()))
    columns = columns[:: max(1, -(-len(columns) // _count_samples_to_draw(len(samples), options)))]
    symbols = [get_symbol(name) for name in samples]
    units = [" [MJD]" if _is_date(*item) else _UNITS.get(item[0], "") for item in samples.items()]
    if not {"range", "truths", "labels"} & set(options):
        columns, symbols, units = _choose_units(columns, symbols, units)
    n_parameters = columns.shape[1]
    smallest = _SMALLEST if n_parameters > 1 else _SMALLEST_HISTOGRAM
    size = max(_LABEL_MARGIN + _TITLE_MARGIN + _PANEL * n_parameters, smallest)
    # corner draws truths into the panels once more, and uses those above the diagonal for reverse
    needs_all_panels = n_parameters == 1 or {"truths", "reverse"} & set(options)
    figure = (Figure if needs_all_panels else _Triangle)(figsize=(size, size))
    corner.corner(columns, fig=figure, **_collect_keywords(columns, symbols, units, options))
    _format_axes(figure, bool(options.get("use_math_text")))
    if not options.get("reverse"):
        _fit_margins(figure, size)
        _fit_labels(figure, options)
        _fit_titles(figure, options)
    return figure


def _count_panels(n_parameters: int) -> int:
    return max(1, n_parameters * (n_parameters - 1) // 2)


def _count_samples_to_draw(n_parameters: int, options: Mapping[str, Any]) -> int:
    if not options.get("plot_datapoints"):
        return _MAX_SAMPLES
    return min(_MAX_SAMPLES, _MAX_POINTS // _count_panels(n_parameters))


def _require_few_details(n_parameters: int, options: Mapping[str, Any]) -> None:
    bins = float(np.max(options.get("bins", _BINS["bins"])))
    n_panels = _count_panels(n_parameters)
    most = _MAX_DENSITY_CELLS if options.get("plot_density") else _MAX_CELLS
    if n_panels * bins**2 > most:
        raise ValueError(
            f"{bins:.0f} bins are too many for {n_parameters} parameters; take at most "
            f"{math.isqrt(most // n_panels)}, or fewer parameters with var_names."
        )
    if n_panels * options.get("max_n_ticks", 0) > _MAX_TICKS:
        raise ValueError(
            f"{options['max_n_ticks']} ticks are too many for {n_parameters} parameters; take at most "
            f"{_MAX_TICKS // n_panels}, or fewer parameters with var_names."
        )


def _collect_keywords(
    columns: Array, symbols: list[str], units: list[str], options: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "labels": [symbol + unit for symbol, unit in zip(symbols, units, strict=True)],
        "titles": list(options.get("labels", symbols)),
        "range": [_choose_range(column) for column in columns.T],
        "title_fmt": [_choose_format(column) for column in columns.T],
        **_DEFAULTS,
        **_choose_bins(options),
        "title_quantiles": _choose_title_quantiles(options),
        **_choose_contours(options),
        **options,
    }


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
        origin = find_origin(column)
        if units[i] == " [MJD]":
            column -= origin
            symbols[i] = f"{symbols[i]} − MJD {origin:.9g}" if origin else symbols[i]
            units[i] = " [d]" if origin else units[i]
        elif origin:
            column -= origin
            symbols[i] = subtract_origin(symbols[i], origin)
        elif power := choose_power(float(np.max(np.abs(column)))):
            column /= 10.0**power  # 10**-power may overflow
            symbols[i] = f"{write_factor(power)}{symbols[i]}"
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
    return f".{count_decimals(spread)}f" if spread > _TINY_SPREAD else ".4g"


def _choose_bins(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return bins, and a smoothing of contours as wide whatever their number; none but the bins if those are given."""
    bins = options.get("bins", _BINS["bins"])
    number = float(np.mean(bins))
    return (_BINS if "bins" not in options else {}) | {"smooth": _SMOOTH_FRACTION * number}


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
        axes.tick_params(labelsize=_TICK_SIZE, direction="in")


def _fit_margins(figure: Figure, size: float) -> None:
    """Fill the figure with panels, but for titles and labels."""
    start, end, top = _LABEL_MARGIN / size, 1 - _END_MARGIN / size, 1 - _TITLE_MARGIN / size
    figure.subplots_adjust(left=start, bottom=start, right=end, top=top)


def _fit_labels(figure: Figure, options: Mapping[str, Any]) -> None:
    """Place labels beside their panel's ticks, in a size at which none is longer than its panel."""
    texts = [text for axes in figure.axes for text in (axes.get_xlabel(), axes.get_ylabel()) if text]
    room = _find_room(figure)
    largest, smallest = _LABEL_SIZES
    widest = max((_measure_text(text) for text in texts), default=0.0) or 1.0  # mathematics may have no width
    for axes in figure.axes:
        bounds = axes.get_position()
        for axis, side in ((axes.xaxis, bounds.height), (axes.yaxis, bounds.width)):
            distance = -_LABEL_DISTANCE / (side * figure.get_figwidth()) - options.get("labelpad", 0.0)
            axis.set_label_coords(*((0.5, distance) if axis is axes.xaxis else (distance, 0.5)))
            if "fontsize" not in options.get("label_kwargs", {}):
                axis.label.set_fontsize(min(max(room / widest, smallest), largest))


def _fit_titles(figure: Figure, options: Mapping[str, Any]) -> None:
    """Give all titles the largest size, or two lines, at which none is wider than its panel."""
    titled = [axes for axes in figure.axes if axes.get_title()]
    if not titled or "fontsize" in options.get("title_kwargs", {}):
        return
    room = _find_room(figure)
    largest, smallest = _TITLE_SIZES
    size = room / max(_measure_text(axes.get_title()) for axes in titled)
    if size < largest:
        for axes in titled:
            axes.title.set_text(axes.get_title().replace(" = $", "\n$", 1))
        size = room / max(_measure_text(line) for axes in titled for line in axes.get_title().split("\n"))
    for axes in titled:
        axes.title.set_fontsize(min(max(size, smallest), largest))


def _find_room(figure: Figure) -> float:
    """Return the width of a text (points) that fits the narrowest panel."""
    return _FILL * 72 * figure.get_figwidth() * min(float(axes.get_position().width) for axes in figure.axes)


def _measure_text(text: str) -> float:
    """Return the width of a text of font size 1, about."""
    errors = _ERRORS.search(text)
    small = max(len(part) for part in errors.groups()) + 1 if errors else 0
    plain = _MARKUP.sub("", _ERRORS.sub("", text))
    return _CHARACTER * len(plain) + _SMALL_CHARACTER * small
