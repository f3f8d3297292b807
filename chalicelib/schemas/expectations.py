"""Sentences for values that do not fit a schema: what is wrong, and what is expected in plain words."""

import enum
import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec

_PLACE = re.compile(r" - at `(?:key in )?\$?\.?(.*)`$")
_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(.*)`$")
_MISSING_FIELD = re.compile(r"Object missing required field `(.*)`$")
_STEP = re.compile(r"\[(?:\d+|\.\.\.)\]|[^.\[\]]+")

_SECRETS = re.compile(r"auth|password|token|secret|key", re.IGNORECASE)
"""Names of fields whose values no message repeats."""


def explain_error(schema: type[msgspec.Struct], text: str, data: Any) -> str:
    """Return the sentence for a value that msgspec refuses.

    Parameters
    ----------
    schema : type
        The schema that the data should fit.
    text : str
        The message of msgspec, with the path of the value.
    data : object
        The data.

    Returns
    -------
    str
        The path of the field, what is wrong, and what is expected.
    """
    place = _PLACE.search(text)
    path = place[1] if place else ""
    problem = text[: place.start()] if place else text
    if name := _UNKNOWN_FIELD.match(problem):
        return _join(path, name[1], explain_unknown(name[1], _list_names(_find_hint(schema, path))))
    if name := _MISSING_FIELD.match(problem):
        return _join(path, name[1], "required")
    if problem.startswith(("Expected ", "Invalid ", "Object ")):
        hint = _find_hint(schema, path)
        expected = " or ".join(dict.fromkeys(_describe(hint))) or _describe_null(hint)
        problem = f"expected {expected}{_quote(path, data)}"
    return f"{path}: {problem}" if path else problem


def explain_unknown(name: str, names: list[str], noun: str = "field") -> str:
    """Say that a field does not exist, with the nearest name, or all names."""
    lowered = {known.lower(): known for known in names}
    nearest = get_close_matches(name.lower(), lowered, n=1, cutoff=0.7)
    hint = f"did you mean {lowered[nearest[0]]}?" if nearest else f"the {noun}s are {', '.join(names)}."
    return f"there is no such {noun}; {hint if names else 'leave it out.'}"


def _join(path: str, name: str, problem: str) -> str:
    return f"{path}.{name}: {problem}" if path else f"{name}: {problem}"


def list_hints(schema: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the types of a schema's fields, by the names that requests use."""
    return {field.encode_name: field.type for field in msgspec.structs.fields(schema)}


def split_union(hint: Any) -> Iterator[tuple[Any, list[msgspec.Meta]]]:
    """Return the types of a union, each with the constraints and descriptions that hold for it."""
    yield from _split(hint, [])


def _split(hint: Any, metas: list[msgspec.Meta]) -> Iterator[tuple[Any, list[msgspec.Meta]]]:
    if get_origin(hint) is Annotated:
        kind, *more = get_args(hint)
        yield from _split(kind, [*metas, *(meta for meta in more if isinstance(meta, msgspec.Meta))])
    elif _is_union(hint):
        for part in get_args(hint):
            yield from _split(part, metas)
    else:
        yield hint, metas


def _is_union(hint: Any) -> bool:
    return type(hint).__name__ in ("Union", "UnionType", "_UnionGenericAlias")


def _list_names(hint: Any) -> list[str]:
    return [name for kind, _ in split_union(hint) if _is_struct(kind) for name in list_hints(kind)]


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _find_hint(hint: Any, path: str) -> Any:
    """Return the type of the value at a path; Any if the types do not say."""
    for step in _STEP.findall(path):
        hint = next((inner for kind, _ in split_union(hint) if (inner := _step_into(kind, step)) is not None), Any)
    return hint


def _step_into(kind: Any, step: str) -> Any:
    if step.startswith("["):
        inner = get_args(kind)
        return inner[-1] if get_origin(kind) in (list, dict, tuple) and inner else None
    return list_hints(kind).get(step) if _is_struct(kind) else None


def _describe(hint: Any) -> Iterator[str]:
    """Return what each type of a union is in plain words."""
    for kind, metas in split_union(hint):
        if kind in (type(None), msgspec.UnsetType):
            continue
        if get_origin(kind) is Literal:
            yield _list_choices(get_args(kind))
        elif isinstance(kind, type) and issubclass(kind, enum.Enum):
            yield _list_choices([member.value for member in kind])
        else:
            yield _describe_plain(get_origin(kind) or kind, metas)


def _describe_null(hint: Any) -> str:
    """Return what a field is that takes null only, with the reason that its description gives."""
    reason = next((meta.description for _, metas in split_union(hint) for meta in metas if meta.description), None)
    return f"null ({reason.rstrip('.')})" if reason else "null"


def _list_choices(choices: Any) -> str:
    *first, last = (json_word(choice) for choice in choices)
    return f"{', '.join(first)} or {last}" if first else last


def json_word(value: Any) -> str:
    """Return a value as a person writes it in a request."""
    return {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _describe_plain(kind: Any, metas: list[msgspec.Meta]) -> str:
    nouns = {int: "a whole number", float: "a number", bool: "true or false", list: "a list", dict: "an object"}
    noun = nouns.get(kind, "text" if kind is str else "an object" if _is_struct(kind) else "a list")
    noun += _describe_range(metas) + _describe_length(kind, metas)
    if any(meta.pattern for meta in metas):
        noun += "".join(f" {meta.extra['format']}" for meta in metas if meta.extra)
        description = next((meta.description for meta in reversed(metas) if meta.description), None)
        example = next((meta.examples[0] for meta in reversed(metas) if meta.examples), None)
        noun += f" ({description.rstrip('.')})" if description else ""
        noun += f", such as {example}" if example is not None else ""
    return noun


def _describe_range(metas: list[msgspec.Meta]) -> str:
    bounds = []
    for attribute, words in (("ge", "at least"), ("gt", "greater than"), ("le", "at most"), ("lt", "less than")):
        value = next((getattr(meta, attribute) for meta in metas if getattr(meta, attribute) is not None), None)
        if value is not None:
            bounds.append(f"{words} {value}")
    return " " + " and ".join(bounds) if bounds else ""


def _describe_length(kind: Any, metas: list[msgspec.Meta]) -> str:
    unit = "characters" if kind is str else "entries"
    least = next((meta.min_length for meta in metas if meta.min_length), None)
    most = next((meta.max_length for meta in metas if meta.max_length), None)
    if most:
        return f" of {f'{least} to ' if least else 'at most '}{most} {unit}"
    return f" of at least {least} {unit}" if least else ""


def _quote(path: str, data: Any) -> str:
    """Return ", not <value>" for a short value that is no secret."""
    steps = _STEP.findall(path)
    if not steps or "[...]" in steps or any(_SECRETS.search(step) for step in steps):
        return ""
    value = data
    try:
        for step in steps:
            value = value[int(step[1:-1])] if step.startswith("[") else value[step]
    except (KeyError, IndexError, TypeError):
        return ""
    if value is None:
        return ", not null"
    if isinstance(value, (dict, list)):
        return ", not a list" if isinstance(value, list) else ", not an object"
    return f", not {value[:60]!r}" if isinstance(value, str) else f", not {json_word(value)[:60]}"
