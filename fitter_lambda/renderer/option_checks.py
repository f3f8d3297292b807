"""Options as a query string or a JSON body sends them: typed, checked, bounded."""

import ast
from collections.abc import Callable, Mapping
from typing import Any

from fitter_lambda.errors import RenderError

#: Returns the option's value, or raises ValueError or TypeError.
Check = Callable[[Any], Any]

_MAX_CHARACTERS = 4000


def check_options(options: object, checks: Mapping[str, tuple[Check, str]], field: str, noun: str) -> dict[str, Any]:
    """Check named options.

    Parameters
    ----------
    options : object
        A mapping of names to values, typed or as text ("True", "20", "[0.16, 0.5, 0.84]"), or None.
    checks : mapping of str to tuple
        Each name's check, and what it expects, in words.
    field, noun : str
        Names of the mapping and of one option in messages.

    Returns
    -------
    dict
        All options that are not None.

    Raises
    ------
    RenderError
        An unknown name or an impossible value; the message names the choices.
    """
    if options is None:
        return {}
    if not isinstance(options, Mapping):
        raise RenderError(f"{field} is not an object; expected {{name: value}}.")
    values = {}
    for name, text in options.items():
        if name not in checks:
            choices = ", ".join(sorted(checks))
            raise RenderError(f"Unknown {noun} {str(name)[:40]!r}; the choices are: {choices}.")
        check, expected = checks[name]
        value = parse_literal(text)
        try:
            values[name] = None if value is None else check(value)
        except (ValueError, TypeError, OverflowError):
            raise RenderError(f"The {noun} {name} is {str(value)[:40]!r}; expected {expected}.") from None
    return {name: value for name, value in values.items() if value is not None}


def parse_literal(value: Any) -> Any:
    """Parse text that is a Python or JSON literal; return other values as they are."""
    if not isinstance(value, str) or len(value) > _MAX_CHARACTERS:
        return value
    text = {"true": "True", "false": "False", "null": "None"}.get(value.strip().lower(), value.strip())
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return value


def check_number(low: float, high: float) -> Check:
    """Return a check for numbers from `low` to `high`; it lets None pass."""

    def check(value: Any) -> float | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise ValueError
        return value

    return check


def check_integer(low: int, high: int) -> Check:
    """Return a check for whole numbers from `low` to `high`."""
    check_range = check_number(low, high)

    def check(value: Any) -> int:
        if check_range(value) != int(value):
            raise ValueError
        return int(value)

    return check


def check_flag(value: Any) -> bool:
    """Return a boolean."""
    if not isinstance(value, bool):
        raise ValueError
    return value
