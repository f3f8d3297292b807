"""Python literals in cells of a payload, such as ``{'period': 0.54}``; never evaluated as code."""

import ast
import re
from typing import Any

from heliograph.errors import InputError

_MAX_CHARACTERS = 1_000_000
_MAX_DEPTH = 100
# a text without an end goes to the end, so that no other begins within it: the time stays linear
_TEXT_OR_NAN = re.compile(
    r"""('(?:[^'\\]|\\.?)*+(?:'|\Z)|"(?:[^"\\]|\\.?)*+(?:"|\Z))|\b(?:nan|inf)\b|-inf\b""", re.DOTALL
)


def parse_literal(what: str, cell: str) -> Any:
    """Return the value that a literal stands for, None if it is blank; nan and inf stand for None.

    Raises
    ------
    InputError
        If the text is no literal, or is too long or too deep; the message begins with `what`.
    """
    if not cell:
        return None
    if len(cell) > _MAX_CHARACTERS or max(cell.count(bracket) for bracket in "[{(") > _MAX_CHARACTERS // 100:
        raise InputError(f"{what} is too large; expected at most {_MAX_CHARACTERS:,} characters.")
    if _measure_depth(cell) > _MAX_DEPTH:
        raise InputError(f"{what} is nested too deeply; expected at most {_MAX_DEPTH} levels.")
    try:
        return ast.literal_eval(_TEXT_OR_NAN.sub(lambda match: match.group(1) or "None", cell))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise InputError(f"{what} is not a Python literal; expected one such as {{'period': 0.54}}.") from None


def _measure_depth(text: str) -> int:
    """Return how deep brackets and signs are nested, whatever they mean."""
    depth = deepest = signs = longest_signs = 0
    for character in text:
        depth += (character in "[{(") - (character in "]})")
        signs = signs + 1 if character in "+-~" else signs * (character == " ")
        deepest = max(deepest, depth)
        longest_signs = max(longest_signs, signs)
    return max(deepest, longest_signs)
