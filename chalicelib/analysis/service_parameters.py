"""Parameters of an analysis: what a service declares, and what a request sets.

A declaration is a list of suggestions, or ``{"type": "string" | "number" | "file" | "secret", "default",
"required", "title", "description", "suggestions"}``. It is checked when a service is registered or changed.
"""

import base64
import binascii
import json
import math
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from chalicelib.analysis.sealed_parameters import SECRET, is_secret
from chalicelib.errors import InvalidError
from chalicelib.json_text import load_stored_json, parse_json
from chalicelib.schemas.base import parse_boolean

MAX_JSON = 100_000
"""Characters of parameters that a record has room for."""

TYPES = ("string", "number", "file", SECRET)
KEYS = {"type", "default", "required", "title", "description", "suggestions"}

Values = dict[str, Any]
Declarations = str | dict[str, Any] | None


@dataclass(frozen=True)
class ResolvedParameters:
    """The parameters of an analysis.

    Attributes
    ----------
    sent : dict
        As the service gets them, except for secrets.
    kept : dict
        As the record keeps them: of files, only their names.
    secret : dict
        The secrets, which are sealed.
    """

    sent: Values = field(default_factory=dict)
    kept: Values = field(default_factory=dict)
    secret: dict[str, str] = field(default_factory=dict)


def load_stored_declarations(declarations: Declarations) -> dict[str, Any]:
    """Return the checked ``optional_analysis_parameters`` of a registered service as an object."""
    if isinstance(declarations, str):
        declarations = load_stored_json(declarations) if declarations.strip() else {}
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
    if isinstance(declarations, str):
        declarations = parse_json(declarations, "optional_analysis_parameters") if declarations.strip() else {}
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
    if declaration.get("type") == SECRET and declaration.get("default") not in (None, ""):
        raise InvalidError(
            f"optional_analysis_parameters.{name}.default: everyone could read it; leave out the default of a secret."
        )
    if declaration.get("required") not in (None, ""):
        parse_boolean(declaration["required"], f"optional_analysis_parameters.{name}.required")
    suggestions = declaration.get("suggestions", [])
    if not isinstance(suggestions, list) or not all(isinstance(text, str) for text in suggestions):
        raise InvalidError(f"optional_analysis_parameters.{name}.suggestions: expected a list of texts.")
    unknown = set(declaration) - KEYS
    if unknown:
        raise InvalidError(
            f"optional_analysis_parameters.{name}: unknown key {min(unknown)!r}; "
            f"the keys are {', '.join(sorted(KEYS))}."
        )


def resolve_parameters(declarations: Declarations, values: Values, sealed: Collection[str] = ()) -> ResolvedParameters:
    """Check what a request sets against what the service declares.

    Parameters
    ----------
    declarations : str or dict
        What the service declares.
    values : dict
        What the request sets; null is not set.
    sealed : collection of str
        Names of secrets that were sealed before.

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
    resolved = ResolvedParameters()
    for name, declaration in declared.items():
        if _is_set(name, declaration, values):
            _resolve_value(resolved, name, declaration, values[name])
        elif name not in sealed and isinstance(declaration, dict) and _is_required(declaration):
            if declaration.get("default") is None:
                raise InvalidError(f"analysis_parameters.{name}: this service requires it.")
            resolved.sent[name] = resolved.kept[name] = declaration["default"]
    if len(json.dumps(resolved.kept)) > MAX_JSON:
        raise InvalidError(f"analysis_parameters: more than {MAX_JSON} characters; send large values as files.")
    return resolved


def _is_set(name: str, declaration: Any, values: Values) -> bool:
    """Return whether a request sets a parameter: null does not, and empty text only as a text."""
    value = values.get(name)
    is_text = isinstance(declaration, list) or declaration.get("type", "string") == "string"
    return value is not None and (value != "" or (is_text and not is_secret(name, declaration)))


def keep_declared(declarations: Declarations, values: Values) -> Values:
    """Return what the service still declares of values that were given to it before."""
    declared = load_stored_declarations(declarations)
    return {name: value for name, value in values.items() if name in declared}


def _is_required(declaration: dict[str, Any]) -> bool:
    # A declaration that is stored from before its check, or none, requires nothing.
    with suppress(InvalidError):
        return parse_boolean(declaration.get("required") or False, "required")
    return False


def _resolve_value(resolved: ResolvedParameters, name: str, declaration: Any, value: Any) -> None:
    """Add a value to the resolved parameters: in the declared type, or with the secrets."""
    if is_secret(name, declaration):
        resolved.secret[name] = _to_text(name, value)
        return
    if isinstance(declaration, dict) and declaration.get("type") == "file":
        resolved.sent[name], resolved.kept[name] = value, _get_file_name(name, value)
        return
    resolved.sent[name] = resolved.kept[name] = _convert_value(name, declaration, value)


def _convert_value(name: str, declaration: Any, value: Any) -> Any:
    if isinstance(declaration, list):
        return _match_suggestion(declaration, value)
    return _parse_number(name, value) if declaration.get("type") == "number" else _to_text(name, value)


def _to_text(name: str, value: Any) -> str:
    if isinstance(value, dict | list):
        raise InvalidError(f"analysis_parameters.{name}: expected text.")
    return value if isinstance(value, str) else json.dumps(value)


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
