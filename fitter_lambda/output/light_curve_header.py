"""The block above a light curve: name, model, verdict, numbers, legend; lines are broken where they end."""

import itertools
import math
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

from fitter_lambda.engine.misfit import MISFIT_THRESHOLD
from fitter_lambda.output.light_curve_contents import LightCurveContents
from fitter_lambda.output.parameter_labels import Fact, describe_estimate

# inches and points
_MARGIN = 0.14
_LINE = 0.235
_SPACE = 0.3
_HANDLE = 0.3
_RAISED, _LOWERED = 0.055, -0.05
_FONT_SIZE, _TITLE_SIZE, _ERROR_SIZE = 10.0, 13.0, 7.5
_TITLE_LINE = 1.25 * _LINE
_REFUTED_COLOUR = "#b00020"
_DOUBTFUL_COLOUR = "#8a5a00"
_MAX_VERDICT_LINES = 3
_MAX_MODEL = 40
_SMALLEST_P = 1e-300
#: Measures texts.
_CANVAS: Any = FigureCanvasAgg(Figure(figsize=(1, 1)))


class Header:
    """The block above a light curve.

    Parameters
    ----------
    contents : LightCurveContents
    labels : list of str
        Of the legend.
    left, right : float
        Where its lines begin and end (inches).
    """

    def __init__(self, contents: LightCurveContents, labels: list[str], left: float, right: float) -> None:
        self._contents = contents
        self._left, self._right = left, right
        self._lines = _break_lines(_list_facts(contents), right - left)
        self._columns = _count_columns(labels, right - left)
        self._verdict, self._verdict_colour = _list_verdict_lines(contents, right - left)
        n_lines = len(self._verdict) + len(self._lines) + math.ceil(len(labels) / self._columns)
        self.height = _MARGIN + _TITLE_LINE + n_lines * _LINE

    def draw(self, figure: Figure, axes: Axes) -> None:
        """Draw the block on top of a figure, and the legend of its axes."""
        y = figure.get_figheight() - _MARGIN - 0.5 * _TITLE_LINE
        model = f"model: {self._contents.model}"[:_MAX_MODEL]
        room = self._right - self._left - _measure(model, _FONT_SIZE) - _SPACE
        name = _fit_text(self._contents.name, room)
        _write(figure, self._left, y, name, fontsize=_TITLE_SIZE, fontweight="bold")
        _write(figure, self._right, y, model, ha="right", color="0.25")
        y -= 0.5 * _TITLE_LINE + 0.5 * _LINE
        for text in self._verdict:
            _write(figure, self._left, y, text, color=self._verdict_colour, fontweight="bold")
            y -= _LINE
        for line in self._lines:
            _write_line(figure, self._left, y, line)
            y -= _LINE
        self._draw_legend(figure, axes, y + 0.5 * _LINE)

    def _draw_legend(self, figure: Figure, axes: Axes, top: float) -> None:
        axes.legend(
            loc="upper left",
            bbox_to_anchor=(self._left / figure.get_figwidth(), top / figure.get_figheight()),
            bbox_transform=figure.transFigure,
            ncols=self._columns,
            frameon=False,
            fontsize=_FONT_SIZE,
            borderpad=0,
            borderaxespad=0.3,
            handlelength=1.2,
            handletextpad=0.4,
            labelspacing=0.45,
            columnspacing=1.5,
            markerscale=1.2,
        )


def _list_verdict_lines(contents: LightCurveContents, room: float) -> tuple[list[str], str]:
    """Return the lines of a verdict that is not good, and their colour."""
    if contents.misfit_p < MISFIT_THRESHOLD:
        return [f"Does not describe the data (misfit {_format_p(contents.misfit_p)})"], _REFUTED_COLOUR
    lines: list[str] = []
    for word in contents.warning.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and _measure(longer, _FONT_SIZE, "bold") <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    if len(lines) > _MAX_VERDICT_LINES:
        lines = [*lines[: _MAX_VERDICT_LINES - 1], f"{lines[_MAX_VERDICT_LINES - 1]} …"]
    return lines, _DOUBTFUL_COLOUR


def _list_facts(contents: LightCurveContents) -> list[Fact]:
    facts = [Fact(f"χ²/dof = {contents.chi2:.1f}/{contents.ndof:.0f}"), Fact(f"misfit {_format_p(contents.misfit_p)}")]
    if "z" not in contents.parameters:
        facts.append(Fact(f"z = {contents.redshift:.6g} (fixed)"))
    estimates = contents.parameters.items()
    return facts + [describe_estimate(name, value.median, value.err_minus, value.err_plus) for name, value in estimates]


def _format_p(p: float) -> str:
    if not math.isfinite(p):
        return "p unknown"
    return f"p = {p:.2g}" if p >= _SMALLEST_P else f"p < {_SMALLEST_P:.0e}"


def _break_lines(facts: list[Fact], room: float) -> list[list[tuple[Fact, float]]]:
    """Break facts into lines; return each with the width of its text."""
    lines: list[list[tuple[Fact, float]]] = [[]]
    x = 0.0
    for fact in facts:
        width = _measure(fact.text, _FONT_SIZE)
        if lines[-1] and x + width + _measure_errors(fact) > room:
            lines.append([])
            x = 0.0
        lines[-1].append((fact, width))
        x += width + _measure_errors(fact) + _SPACE
    return lines


def _measure_errors(fact: Fact) -> float:
    return max(_measure(text, _ERROR_SIZE) if text else 0.0 for text in (fact.upper, fact.lower))


def _count_columns(labels: list[str], room: float) -> int:
    """Return how many columns of the legend fit side by side; it is filled column by column."""
    widths = [_HANDLE + _measure(label, _FONT_SIZE) for label in labels]
    for columns in range(len(labels), 1, -1):
        rows, longer = divmod(len(labels), columns)
        lengths = [rows + 1] * longer + [rows] * (columns - longer)
        ends = list(itertools.accumulate(lengths))
        widest = [max(widths[end - length : end]) for length, end in zip(lengths, ends, strict=True)]
        if sum(widest) + _SPACE * (columns - 1) <= room:
            return columns
    return 1


def _fit_text(text: str, room: float) -> str:
    """Return a title, cut where there is no room for more."""
    if _measure(text, _TITLE_SIZE, "bold") <= room:
        return text
    length = len(text)
    while length > 1 and _measure(f"{text[:length]}…", _TITLE_SIZE, "bold") > room:
        length -= 1
    return f"{text[:length].rstrip()}…"


def _measure(text: str, size: float, weight: str = "normal") -> float:
    """Return a text's width in inches, with a margin for other resolutions."""
    properties = FontProperties(size=size, weight=weight)
    width, _, _ = _CANVAS.get_renderer().get_text_width_height_descent(text, properties, False)
    return 1.02 * float(width) / float(_CANVAS.figure.dpi)


def _write_line(figure: Figure, x: float, y: float, line: list[tuple[Fact, float]]) -> None:
    for fact, width in line:
        _write(figure, x, y, fact.text)
        x += width
        for text, offset in ((fact.upper, _RAISED), (fact.lower, _LOWERED)):
            if text:
                _write(figure, x + 0.02, y + offset, text, fontsize=_ERROR_SIZE)
        x += _measure_errors(fact) + _SPACE


def _write(figure: Figure, x: float, y: float, text: str, **look: Any) -> None:
    common: dict[str, Any] = {"va": "center_baseline", "fontsize": _FONT_SIZE, "parse_math": False}
    figure.text(x / figure.get_figwidth(), y / figure.get_figheight(), text, **common | look)
