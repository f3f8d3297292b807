"""Options as a query string or a JSON body sends them: typed, checked, bounded."""

import ast
from collections.abc import Callable, Mapping
from typing import Any

from fitter_lambda.errors import RenderError

__all__ = ["Check", "checked", "number", "typed", "whole"]

#: Returns what it is given, as the option is used, or raises ValueError or TypeError.
Check = Callable[[Any], Any]

_MOST_TEXT = 4000


def checked(given: object, checks: Mapping[str, tuple[Check, str]], field: str, noun: str) -> dict[str, Any]:
    """Check named options.

    Parameters
    ----------
    given : object
        A mapping of names to values, typed or as text ("True", "20", "[0.16, 0.5, 0.84]"), or None.
    checks : mapping of str to tuple
        Each name's check, and what it expects, in words.
    field, noun : str
        What the mapping, and one of its options, are called in messages.

    Returns
    -------
    dict
        The options that were given; those that are None are left to their defaults.

    Raises
    ------
    RenderError
        An unknown name or an impossible value; the message names the choices.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise RenderError(f"{field} is not an object; expected {{name: value}}.")
    options = {}
    for name, value in given.items():
        if name not in checks:
            choices = ", ".join(sorted(checks))
            raise RenderError(f"Unknown {noun} {str(name)[:40]!r}; the choices are: {choices}.")
        check, expected = checks[name]
        value = typed(value)
        try:
            options[name] = None if value is None else check(value)
        except (ValueError, TypeError, OverflowError):
            shown = str(value)[:40]
            raise RenderError(f"The {noun} {name} is {shown!r}; expected {expected}.") from None
    return {name: value for name, value in options.items() if value is not None}


def typed(value: Any) -> Any:
    """Text that reads as a Python or JSON literal becomes it; other text stays."""
    if not isinstance(value, str) or len(value) > _MOST_TEXT:
        return value
    text = {"true": "True", "false": "False", "null": "None"}.get(value.strip().lower(), value.strip())
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return value


def number(low: float, high: float) -> Check:
    """A check for numbers from `low` to `high`; None stays None."""

    def check(value: Any) -> float | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise ValueError
        return value

    return check


def whole(low: int, high: int) -> Check:
    """A check for whole numbers from `low` to `high`."""
    in_range = number(low, high)

    def check(value: Any) -> int:
        if in_range(value) != int(value):
            raise ValueError
        return int(value)

    return check
