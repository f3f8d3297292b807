"""Keyword arguments of `corner.corner` as a query string sends them: checked, bounded, plain data."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from fitter_lambda.errors import RenderError
from fitter_lambda.renderer.option_checks import Check, check_integer, check_number, check_options, parse_literal

_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}|[a-zA-Z][a-zA-Z0-9: ]{0,30}|0?\.\d{1,4}")
#: Samples are floats, so no "d".
_FORMAT = re.compile(r"\d{0,2}(\.\d{1,2})?[efgn]")
#: An argument, a *_kwargs argument, its properties that the first excludes, and why.
_EXCLUSIONS = (
    ("smooth1d", "hist_kwargs", ("density", "fill", "histtype"), "a smoothed histogram is a line"),
    ("reverse", "label_kwargs", ("rotation",), "a reversed plot turns the labels itself"),
)


def parse_corner_options(options: object) -> dict[str, Any]:
    """Check keyword arguments for a corner plot.

    Parameters
    ----------
    options : object
        A mapping of names to values, typed or as text ("True", "20", "[0.16, 0.5, 0.84]").

    Returns
    -------
    dict
        Arguments for `corner.corner`, and ``var_names``.

    Raises
    ------
    RenderError
        An unknown name, an impossible value, or values that exclude each other; the message names the choices.
    """
    values = check_options(options, _CHECKS, "plot_kwargs", "plot argument")
    _require_styles_apply(values)
    return values


def _require_styles_apply(values: Mapping[str, Any]) -> None:
    """Raise if a *_kwargs argument has properties that another argument excludes."""
    for name, styles, properties, reason in _EXCLUSIONS:
        excluded = [item for item in properties if item in values.get(styles, {})]
        if excluded and name in values and (name not in _FLAGS or values[name]):
            raise RenderError(
                f"The plot arguments {name} and {styles} do not go together: {reason}; leave out {', '.join(excluded)}."
            )


def _require(condition: object) -> None:
    if not condition:
        raise ValueError


def _check_that(is_valid: Callable[[Any], object]) -> Check:
    """Return a check for values that fulfil a condition."""

    def check(value: Any) -> Any:
        _require(is_valid(value))
        return value

    return check


def _check_list(check: Check, most: int, is_valid: Callable[[list[Any]], object] = bool) -> Check:
    """Return a check for lists of 1 to `most` items that fulfil a condition together."""

    def check_list(value: Any) -> list[Any]:
        _require(isinstance(value, (list, tuple)) and 1 <= len(value) <= most)
        items = [check(item) for item in value]
        _require(is_valid(items))
        return items

    return check_list


def _check_either(first: Check, second: Check) -> Check:
    def check(value: Any) -> Any:
        try:
            return first(value)
        except (ValueError, TypeError):
            return second(value)

    return check


def _check_pattern(pattern: re.Pattern[str]) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        _require(isinstance(value, (str, float)) and pattern.fullmatch(str(value)))
        return str(value)

    return check


def _check_colour(value: Any) -> str:
    from matplotlib.colors import is_color_like

    colour = _check_pattern(_COLOUR)(value)
    _require(is_color_like(colour))
    return colour


def _check_label(value: Any) -> str:
    """Return a label, without dollars where it is not valid mathematics: that would stop the drawing."""
    from matplotlib.mathtext import MathTextParser

    _require(isinstance(value, (str, int, float)))
    text = str(value)[:60]
    try:
        if "$" in text:
            MathTextParser("agg").parse(text)
    except (ValueError, RecursionError):
        return text.replace("$", "")
    return text


def _check_style(checks: Mapping[str, Check]) -> Check:
    """Return a check for a few plain properties of text or lines, for a *_kwargs argument."""

    def check(value: Any) -> dict[str, Any]:
        _require(isinstance(value, Mapping) and set(value) <= set(checks))
        _require(not {"lw", "linewidth"} <= set(value))
        return {name: checks[name](parse_literal(item)) for name, item in value.items()}

    return check


def _is_interval(ends: list[Any]) -> bool:
    """Return whether two numbers ascend, and differ by enough for edges of bins between them."""
    return len(ends) == 2 and ends[1] - ends[0] > 1e-12 * max(abs(ends[0]), abs(ends[1]))


def _are_levels(levels: list[Any]) -> bool:
    """Return whether fractions ascend, without 1: no contour is around all samples."""
    return sorted(set(levels)) == levels and levels[0] > 0 and levels[-1] < 1


def _has_no_gap(items: list[Any]) -> bool:
    return None not in items


def _check_names(value: Any) -> list[str]:
    names = [part.strip() for part in value.split(",")] if isinstance(value, str) else value
    _require(isinstance(names, (list, tuple)) and 1 <= len(names) <= 40)
    return [str(name)[:60] for name in names]


_CHECK_FRACTION = check_number(0, 1)
_CHECK_VALUE = check_number(-1e150, 1e150)
_CHECK_FLAG = _check_that(lambda value: isinstance(value, int) and value in (0, 1))
_CHECK_INTERVAL = _check_list(_CHECK_VALUE, 2, _is_interval)
_CHECK_BINS = check_integer(2, 200)  # contours need two
_CHECK_TEXT: dict[str, Check] = {
    "fontsize": check_number(1, 60), "color": _check_colour, "alpha": _CHECK_FRACTION,
    "rotation": check_number(-360, 360),
    "fontweight": _check_that(lambda value: value in ("normal", "bold", "light")),
}  # fmt: skip
_CHECK_LINE: dict[str, Check] = {
    "color": _check_colour, "alpha": _CHECK_FRACTION, "lw": check_number(0, 20), "linewidth": check_number(0, 20),
    "ls": _check_that(lambda value: value in ("-", "--", ":", "-.")), "density": _CHECK_FLAG, "fill": _CHECK_FLAG,
    "histtype": _check_that(lambda value: value in ("step", "stepfilled", "bar")),
}  # fmt: skip
_STYLE_CHECKS: dict[str, dict[str, Check]] = {
    "label_kwargs": _CHECK_TEXT | {"labelpad": check_number(-50, 50)},
    "title_kwargs": _CHECK_TEXT | {"pad": check_number(-50, 50)},
    "hist_kwargs": _CHECK_LINE,
}
_FLAGS = (
    "show_titles", "plot_datapoints", "plot_density", "plot_contours", "no_fill_contours", "fill_contours",
    "scale_hist", "top_ticks", "use_math_text", "reverse", "divergences",
)  # fmt: skip
_CHECKS: dict[str, tuple[Check, str]] = {
    "bins": (
        _check_either(_CHECK_BINS, _check_list(_CHECK_BINS, 20)),
        "a whole number from 2 to 200, or a list of them",
    ),
    "range": (
        _check_list(_check_either(_CHECK_INTERVAL, check_number(0.01, 1)), 20, _has_no_gap),
        "a list with [low, high] or a fraction of the samples for each parameter",
    ),
    "color": (_check_colour, "a colour, e.g. navy or #1f4e79"),
    "truth_color": (_check_colour, "a colour, e.g. navy or #1f4e79"),
    "smooth": (check_number(0, 10), "a number of bins from 0 to 10"),
    "smooth1d": (check_number(0, 10), "a number of bins from 0 to 10"),
    "labels": (_check_list(_check_label, 20), "a list of labels, one for each parameter"),
    "titles": (_check_list(_check_label, 20), "a list of titles, one for each parameter"),
    "title_fmt": (_check_pattern(_FORMAT), "a number format, e.g. .2f"),
    "title_quantiles": (
        _check_list(_CHECK_FRACTION, 3, lambda fractions: len(fractions) == 3 and sorted(fractions) == fractions),
        "a list of three ascending numbers from 0 to 1",
    ),
    "truths": (_check_list(_CHECK_VALUE, 20), "a list of numbers (or None), one for each parameter"),
    "quantiles": (_check_list(_CHECK_FRACTION, 10, _has_no_gap), "a list of up to 10 numbers from 0 to 1"),
    "levels": (
        _check_list(_CHECK_FRACTION, 10, _are_levels),
        "a list of up to 10 ascending numbers above 0 and below 1",
    ),
    "max_n_ticks": (check_integer(0, 20), "a whole number from 0 to 20"),
    "labelpad": (check_number(-5, 5), "a number from -5 to 5"),
    "var_names": (_check_names, "a list of parameter names"),
    **dict.fromkeys(_FLAGS, (_CHECK_FLAG, "True or False")),
    **{name: (_check_style(checks), f"an object of {', '.join(checks)}") for name, checks in _STYLE_CHECKS.items()},
}
