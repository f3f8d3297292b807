"""Parameters of an analysis: what a service declares, and what a request sets.

A declaration is a list of suggestions, or ``{"type": "string" | "number" | "file", "default",
"required", "title", "description"}``. It is checked when a service is registered or changed.
"""

import base64
import binascii
import json
import math
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

from chalicelib.errors import InvalidError
from chalicelib.schemas.base import parse_boolean

MAX_JSON = 100_000
"""Characters of parameters that a record has room for."""

TYPES = ("string", "number", "file")
KEYS = {"type", "default", "required", "title", "description"}

Values = dict[str, Any]
Declarations = str | dict[str, Any] | None


def load_stored_declarations(declarations: Declarations) -> dict[str, Any]:
    """Return the checked ``optional_analysis_parameters`` of a registered service as an object."""
    if isinstance(declarations, str):
        declarations = json.loads(declarations) if declarations.strip() else {}
    return declarations if isinstance(declarations, dict) else {}


def parse_declarations(declarations: Declarations) -> dict[str, Any]:
    """Check a service's ``optional_analysis_parameters``, and return them as an object.

    Raises
    ------
    InvalidError
        If they are not a JSON object of declarations.
    """
    if isinstance(declarations, str) and len(declarations) > MAX_JSON:
        raise InvalidError(f"optional_analysis_parameters: more than {MAX_JSON} characters.")
    try:
        if isinstance(declarations, str):
            declarations = json.loads(declarations) if declarations.strip() else {}
    except (ValueError, RecursionError) as error:
        raise InvalidError(f"optional_analysis_parameters: not valid JSON: {error}") from None
    if declarations is None:
        return {}
    if not isinstance(declarations, dict):
        raise InvalidError("optional_analysis_parameters: expected an object with a declaration for each name.")
    if len(json.dumps(declarations)) > MAX_JSON:
        raise InvalidError(f"optional_analysis_parameters: more than {MAX_JSON} characters of JSON.")
    for name, declaration in declarations.items():
        _check_declaration(name, declaration)
    return declarations


def _check_declaration(name: str, declaration: Any) -> None:
    if isinstance(declaration, list):
        return
    if not isinstance(declaration, dict) or declaration.get("type", "string") not in TYPES:
        raise InvalidError(
            f"optional_analysis_parameters.{name}: expected a list of suggested values, or an object whose "
            f"type is one of {', '.join(TYPES)}."
        )
    if declaration.get("required") not in (None, ""):
        parse_boolean(declaration["required"], f"optional_analysis_parameters.{name}.required")
    unknown = set(declaration) - KEYS
    if unknown:
        raise InvalidError(
            f"optional_analysis_parameters.{name}: unknown key {min(unknown)!r}; "
            f"the keys are {', '.join(sorted(KEYS))}."
        )


def resolve_parameters(declarations: Declarations, values: Values) -> tuple[Values, Values]:
    """Return the parameters as the service gets them, and as the record keeps them.

    Parameters
    ----------
    declarations : str or dict
        What the service declares.
    values : dict
        What the request sets.

    Returns
    -------
    sent, kept : dict
        The same, except that the record keeps only the names of files.

    Raises
    ------
    InvalidError
        If a parameter is unknown or missing, or its value does not fit; the message names it.
    """
    declared = load_stored_declarations(declarations)
    unknown = sorted(set(values) - set(declared))
    if unknown:
        choices = ", ".join(declared) or "none"
        raise InvalidError(
            f"analysis_parameters: this service has no {', '.join(unknown)}; its parameters are: {choices}."
        )
    sent: Values = {}
    kept: Values = {}
    for name, declaration in declared.items():
        if name in values:
            sent[name], kept[name] = _resolve_value(name, declaration, values[name])
        elif isinstance(declaration, dict) and _is_required(declaration):
            if declaration.get("default") is None:
                raise InvalidError(f"analysis_parameters.{name}: this service requires it.")
            sent[name] = kept[name] = declaration["default"]
    if len(json.dumps(kept)) > MAX_JSON:
        raise InvalidError(f"analysis_parameters: more than {MAX_JSON} characters; send large values as files.")
    return sent, kept


def _is_required(declaration: dict[str, Any]) -> bool:
    # A declaration that is stored from before its check, or none, requires nothing.
    with suppress(InvalidError):
        return parse_boolean(declaration.get("required") or False, "required")
    return False


def _resolve_value(name: str, declaration: Any, value: Any) -> tuple[Any, Any]:
    """Return a value as it is sent, and as it is kept."""
    if isinstance(declaration, list):
        suggestion = _match_suggestion(declaration, value)
        return suggestion, suggestion
    kind = declaration.get("type", "string")
    if kind == "file":
        return value, _get_file_name(name, value)
    if isinstance(value, dict | list):
        raise InvalidError(f"analysis_parameters.{name}: expected a {kind}.")
    if kind == "number":
        number = _parse_number(name, value)
        return number, number
    text = value if isinstance(value, str) else json.dumps(value)
    return text, text


def _match_suggestion(suggestions: list[Any], value: Any) -> Any:
    """Return the suggestion that a value means (``true`` and ``"True"`` alike), else the value itself."""
    text = str(value).lower()
    exact = [item for item in suggestions if item == value and type(item) is type(value)]
    matches = exact or [item for item in suggestions if str(item).lower() == text]
    return matches[0] if matches else value


def _parse_number(name: str, value: Any) -> float | int:
    try:
        number = value if type(value) in (int, float) else float(value)
        if isinstance(value, bool) or not math.isfinite(number):
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise InvalidError(f"analysis_parameters.{name}: {str(value)[:60]!r} is not a number.") from None
    return int(number) if isinstance(value, str) and value.strip().lstrip("+-").isdecimal() else number


def _get_file_name(name: str, value: Any) -> str:
    """Return the name in a data URL (RFC 2397) such as ``data:text/csv;name=a.csv;base64,…``."""
    head, comma, data = value.partition(",") if isinstance(value, str) else ("", "", "")
    attributes = head.removeprefix("data:").split(";")
    if not comma or not head.startswith("data:") or attributes[-1] != "base64":
        raise InvalidError(f"analysis_parameters.{name}: expected a file, as a data URL in base64.")
    try:
        base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidError(f"analysis_parameters.{name}: the file is not valid base64.") from None
    names = [part.removeprefix("name=") for part in attributes if part.startswith("name=")]
    return unquote(names[0])[:200] if names else name
