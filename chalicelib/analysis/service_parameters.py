"""Parameters of an analysis: what a service declares, and what a request chose.

A declaration is a list of suggestions, or ``{"type": "string" | "number" | "file", "default",
"required", "title", "description"}``.
"""

import base64
import binascii
import json
import math
from typing import Any
from urllib.parse import unquote

from chalicelib.errors import InvalidError

__all__ = ["Values", "parse_declarations", "resolve_parameters"]

MAX_JSON = 100_000
"""A record keeps parameters, and has room for this much of them."""

TYPES = ("string", "number", "file")
KEYS = {"type", "default", "required", "title", "description"}

Values = dict[str, Any]


def parse_declarations(optional: str | dict[str, Any] | None) -> dict[str, Any]:
    """Return a service's ``optional_analysis_parameters`` as an object.

    Raises
    ------
    InvalidError
        If it is no JSON, no object, or holds something else than declarations.
    """
    if isinstance(optional, str):
        if len(optional) > MAX_JSON:
            raise InvalidError(f"optional_analysis_parameters: more than {MAX_JSON} characters.")
        try:
            optional = json.loads(optional) if optional.strip() else {}
        except (ValueError, RecursionError) as error:
            raise InvalidError(f"optional_analysis_parameters: this is no valid JSON: {error}") from None
    if optional is None:
        return {}
    if not isinstance(optional, dict):
        raise InvalidError("optional_analysis_parameters: an object is needed, a declaration for each name.")
    if len(json.dumps(optional)) > MAX_JSON:
        raise InvalidError(f"optional_analysis_parameters: more than {MAX_JSON} characters of JSON.")
    for name, declaration in optional.items():
        _check(name, declaration)
    return optional


def _check(name: str, declaration: Any) -> None:
    if isinstance(declaration, list):
        return
    if not isinstance(declaration, dict) or declaration.get("type", "string") not in TYPES:
        raise InvalidError(
            f"optional_analysis_parameters.{name}: give a list of suggested values, or an object whose "
            f"type is one of {', '.join(TYPES)}."
        )
    unknown = set(declaration) - KEYS
    if unknown:
        raise InvalidError(
            f"optional_analysis_parameters.{name}: {min(unknown)!r} is not known; "
            f"the keys are {', '.join(sorted(KEYS))}."
        )


def resolve_parameters(optional: str | dict[str, Any] | None, given: Values) -> tuple[Values, Values]:
    """Return the parameters as the service gets them, and as the record keeps them.

    Parameters
    ----------
    optional : str or dict
        What the service declares.
    given : dict
        What the request chose.

    Returns
    -------
    sent, kept : dict
        The same, but that files are kept only by name.

    Raises
    ------
    InvalidError
        Naming unknown or missing parameters, or a value that does not fit.
    """
    declarations = parse_declarations(optional)
    unknown = sorted(set(given) - set(declarations))
    if unknown:
        choices = ", ".join(declarations) or "none"
        raise InvalidError(
            f"analysis_parameters: this service has no {', '.join(unknown)}; it takes {choices}."
        )
    sent: Values = {}
    kept: Values = {}
    for name, declaration in declarations.items():
        if name in given:
            sent[name], kept[name] = _value(name, declaration, given[name])
        elif isinstance(declaration, dict) and declaration.get("required"):
            if declaration.get("default") is None:
                raise InvalidError(f"analysis_parameters.{name}: required by this service.")
            sent[name] = kept[name] = declaration["default"]
    if len(json.dumps(kept)) > MAX_JSON:
        raise InvalidError(f"analysis_parameters: more than {MAX_JSON} characters; send large ones as files.")
    return sent, kept


def _value(name: str, declaration: Any, value: Any) -> tuple[Any, Any]:
    if isinstance(declaration, list):
        suggested = _suggested(declaration, value)
        return suggested, suggested
    kind = declaration.get("type", "string")
    if kind == "file":
        return value, _file_name(name, value)
    if isinstance(value, dict | list):
        raise InvalidError(f"analysis_parameters.{name}: a {kind} is needed.")
    if kind == "number":
        number = _number(name, value)
        return number, number
    text = value if isinstance(value, str) else json.dumps(value)
    return text, text


def _suggested(suggestions: list[Any], value: Any) -> Any:
    """Return the suggestion that is meant (``true`` and ``"True"`` alike), else the value itself."""
    written = str(value).lower()
    exact = [item for item in suggestions if item == value and type(item) is type(value)]
    alike = exact or [item for item in suggestions if str(item).lower() == written]
    return alike[0] if alike else value


def _number(name: str, value: Any) -> float | int:
    try:
        number = value if type(value) in (int, float) else float(value)
        if isinstance(value, bool) or not math.isfinite(number):
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise InvalidError(f"analysis_parameters.{name}: {str(value)[:60]!r} is not a number.") from None
    return int(number) if isinstance(value, str) and value.strip().lstrip("+-").isdecimal() else number


def _file_name(name: str, value: Any) -> str:
    """Return the name in a data URL (RFC 2397) such as ``data:text/csv;name=a.csv;base64,…``."""
    head, comma, data = value.partition(",") if isinstance(value, str) else ("", "", "")
    parts = head.removeprefix("data:").split(";")
    if not comma or not head.startswith("data:") or parts[-1] != "base64":
        raise InvalidError(f"analysis_parameters.{name}: a file is needed, as a data URL in base64.")
    try:
        base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidError(f"analysis_parameters.{name}: the base64 of the file is broken.") from None
    given = [part.removeprefix("name=") for part in parts if part.startswith("name=")]
    return unquote(given[0])[:200] if given else name
