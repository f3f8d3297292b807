"""Keyword arguments of `corner.corner` as a query string sends them: checked, bounded, plain data."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from fitter_lambda.renderer.options import Check, checked, number, typed, whole

__all__ = ["parse_options"]

_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}|[a-zA-Z][a-zA-Z0-9: ]{0,30}|0?\.\d{1,4}")
_FORMAT = re.compile(r"\.?\d{0,2}[defgn]|\.\d{1,2}[defgn]")


def parse_options(given: object) -> dict[str, Any]:
    """Check keyword arguments for a corner plot.

    Parameters
    ----------
    given : object
        A mapping of names to values, typed or as text ("True", "20", "[0.16, 0.5, 0.84]").

    Returns
    -------
    dict
        Arguments for `corner.corner`, and ``var_names``.

    Raises
    ------
    RenderError
        An unknown name or an impossible value; the message names the choices.
    """
    return checked(given, _CHECKS, "plot_kwargs", "plot argument")


def _flag(value: Any) -> bool:
    if isinstance(value, bool) or (isinstance(value, int) and value in (0, 1)):
        return bool(value)
    raise ValueError


def _list_of(check: Check, most: int) -> Callable[[Any], list[Any]]:
    def check_list(value: Any) -> list[Any]:
        if not isinstance(value, (list, tuple)) or not 1 <= len(value) <= most:
            raise ValueError
        return [check(item) for item in value]

    return check_list


def _ascending(value: Any) -> list[Any]:
    fractions = _list_of(number(0, 1), 10)(value)
    if sorted(set(fractions)) != fractions:
        raise ValueError
    return fractions


def _either(*checks: Check) -> Check:
    def check(value: Any) -> Any:
        for one in checks[:-1]:
            try:
                return one(value)
            except (ValueError, TypeError):
                continue
        return checks[-1](value)

    return check


def _pair(value: Any) -> tuple[float, float]:
    low, high = _list_of(number(-1e150, 1e150), 2)(value)
    if not low < high:
        raise ValueError
    return low, high


def _matching(pattern: re.Pattern[str]) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        text = str(value) if isinstance(value, (str, float)) and not isinstance(value, bool) else ""
        if not pattern.fullmatch(text):
            raise ValueError
        return text

    return check


def _colour(value: Any) -> str:
    from matplotlib.colors import is_color_like

    text = _matching(_COLOUR)(value)
    if not is_color_like(text):
        raise ValueError
    return text


def _label(value: Any) -> str:
    # an odd dollar, or unknown mathematics, would stop the drawing
    text = str(value)[:60] if isinstance(value, (str, int, float)) else None
    if text is None:
        raise ValueError
    return text if _is_drawable(text) else text.replace("$", "")


def _is_drawable(text: str) -> bool:
    from matplotlib.mathtext import MathTextParser

    if "$" not in text:
        return True
    try:
        MathTextParser("agg").parse(text)
    except (ValueError, RecursionError):
        return False
    return True


def _style(value: Any) -> dict[str, Any]:
    """A few plain properties of text and lines, for the *_kwargs arguments."""
    checks: dict[str, Check] = {
        "fontsize": number(1, 60), "color": _colour, "alpha": number(0, 1), "lw": number(0, 20),
        "linewidth": number(0, 20), "pad": number(-50, 50), "labelpad": number(-50, 50),
        "rotation": number(-360, 360), "density": _flag, "fill": _flag,
        "histtype": _one_of("step", "stepfilled", "bar"), "ls": _one_of("-", "--", ":", "-."),
        "fontweight": _one_of("normal", "bold", "light"),
    }  # fmt: skip
    if not isinstance(value, Mapping) or not set(value) <= set(checks):
        raise ValueError
    return {name: checks[name](typed(item)) for name, item in value.items()}


def _one_of(*choices: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if value not in choices:
            raise ValueError
        return str(value)

    return check


def _names(value: Any) -> list[str]:
    items = [part.strip() for part in value.split(",")] if isinstance(value, str) else value
    if not isinstance(items, (list, tuple)) or not 1 <= len(items) <= 40:
        raise ValueError
    return [str(item)[:60] for item in items]


_STYLE = "an object of fontsize, color, alpha, lw, pad, rotation, density, histtype, ls, fontweight"
_FRACTION = number(0, 1)
_FRACTIONS = (_list_of(_FRACTION, 10), "a list of up to 10 numbers from 0 to 1")
_YES_NO = (_flag, "True or False")
_CHECKS: dict[str, tuple[Check, str]] = {
    "bins": (
        _either(whole(1, 200), _list_of(whole(1, 200), 20)),
        "a whole number from 1 to 200, or a list of them",
    ),
    "range": (
        _list_of(_either(_pair, number(0.01, 1)), 20),
        "a list with [low, high] or a fraction of the samples for each parameter",
    ),
    "color": (_colour, "a colour, e.g. navy or #1f4e79"),
    "truth_color": (_colour, "a colour, e.g. navy or #1f4e79"),
    "smooth": (number(0, 10), "a number of bins from 0 to 10"),
    "smooth1d": (number(0, 10), "a number of bins from 0 to 10"),
    "labels": (_list_of(_label, 20), "a list of labels, one for each parameter"),
    "titles": (_list_of(_label, 20), "a list of titles, one for each parameter"),
    "show_titles": _YES_NO,
    "title_fmt": (_matching(_FORMAT), "a number format, e.g. .2f"),
    "title_quantiles": (_list_of(_FRACTION, 3), "a list of three numbers from 0 to 1"),
    "truths": (_list_of(number(-1e150, 1e150), 20), "a list of numbers (or None), one for each parameter"),
    "quantiles": _FRACTIONS,
    "levels": (_ascending, "a list of up to 10 ascending numbers from 0 to 1"),
    "plot_datapoints": _YES_NO,
    "plot_density": _YES_NO,
    "plot_contours": _YES_NO,
    "no_fill_contours": _YES_NO,
    "fill_contours": _YES_NO,
    "scale_hist": _YES_NO,
    "top_ticks": _YES_NO,
    "use_math_text": _YES_NO,
    "reverse": _YES_NO,
    "divergences": _YES_NO,
    "max_n_ticks": (whole(0, 20), "a whole number from 0 to 20"),
    "labelpad": (number(-5, 5), "a number from -5 to 5"),
    "label_kwargs": (_style, _STYLE),
    "title_kwargs": (_style, _STYLE),
    "hist_kwargs": (_style, _STYLE),
    "var_names": (_names, "a list of parameter names"),
}
