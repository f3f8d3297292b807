"""The parameters that a function's signature declares: what is registered, and how a value is checked.

Values come typed (JSON) or as text of a web form: ``4``, ``"4"``, ``True``, ``"true"``. Blank means the default.
"""

import math
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, get_args, get_origin

from heliograph.errors import DeclarationError, InputError
from heliograph.service.docstring_sections import ParameterText
from heliograph.service.parameter_values import File, Secret

_TRUE_WORDS = frozenset(("true", "t", "yes", "on", "1"))
_FALSE_WORDS = frozenset(("false", "f", "no", "off", "0"))
_WHOLE_NUMBER = re.compile(r"[+-]?\d+(\.0*)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_MAX_DIGITS = 300
_MAX_QUOTE = 60
_SECRET_NAME = re.compile(r"(api_?key|password|secret|token)$", re.IGNORECASE)

NO_DEFAULT: Any = object()
"""The default of a parameter that has none."""


@dataclass(frozen=True)
class DeclaredParameter:
    """A parameter of an analysis.

    Attributes
    ----------
    name : str
    kind : type or tuple
        bool, int, float, str, `File`, `Secret`, or the choices of a Literal.
    default : object
        `NO_DEFAULT` if the parameter is required.
    is_optional : bool
        Whether it may be None.
    constraints : tuple
        Metadata of ``Annotated``, which pydantic checks.
    text : ParameterText
    """

    name: str
    kind: Any
    default: Any = NO_DEFAULT
    is_optional: bool = False
    constraints: tuple[Any, ...] = ()
    text: ParameterText = field(default_factory=ParameterText)

    @property
    def is_required(self) -> bool:
        """Whether a request has to set it."""
        return self.default is NO_DEFAULT

    @property
    def is_secret(self) -> bool:
        """Whether portals keep its value from everybody: by its type, or by its name."""
        return self.kind is Secret or _SECRET_NAME.search(self.name) is not None

    def convert(self, value: Any) -> Any:
        """Return a value of a request in the declared type.

        Raises
        ------
        InputError
            If it does not fit; the message names the parameter and what was expected.
        """
        if value is None or (isinstance(value, str) and not value.strip() and not self._takes_blank_text):
            if self.is_required:
                raise InputError(f"The parameter {self.name} is required; set it.")
            return self.default
        try:
            return self._check_constraints(self._convert_kind(value))
        except InputError:
            if not self.is_secret:
                raise
        raise InputError(f"The value of {self.name} does not fit. It is a secret and not shown here; check it.")

    @property
    def _takes_blank_text(self) -> bool:
        if isinstance(self.kind, tuple):
            return "" in self.kind
        return self.kind is str and not self.is_optional

    def _convert_kind(self, value: Any) -> Any:
        if isinstance(self.kind, tuple):
            return _match_choice(self.name, self.kind, value)
        if self.kind is File:
            return value if isinstance(value, File) else File.from_data_url(self.name, value)
        if self.kind is Secret:
            return value if isinstance(value, Secret) else Secret(_to_text(self.name, value))
        return _CONVERTERS[self.kind](self.name, value)

    def _check_constraints(self, value: Any) -> Any:
        if not self.constraints or self.kind not in _CONVERTERS:
            return value
        from pydantic import TypeAdapter, ValidationError

        try:
            return TypeAdapter(Annotated[(self.kind, *self.constraints)]).validate_python(value, strict=True)
        except ValidationError as error:
            reason = error.errors(include_url=False, include_input=False)[0]["msg"]
            raise InputError(f"{self.name} is {_quote(value)}: {reason[:1].lower()}{reason[1:]}.") from None

    def declare(self, *, for_skyportal: bool = False) -> dict[str, Any] | list[Any]:
        """Return the entry of ``optional_analysis_parameters``.

        SkyPortal draws a choice as a list only, reads ``required`` as a text, and knows no secrets.
        """
        if self.kind is bool:
            return ["True", "False"] if self.default is True else ["False", "True"]
        choices = [str(choice) for choice in self.kind] if isinstance(self.kind, tuple) else []
        if choices and for_skyportal:
            default = [] if self.default in (NO_DEFAULT, None) else [str(self.default)]
            return list(dict.fromkeys([*default, *choices]))
        entry: dict[str, Any] = {"type": self._declare_type(for_skyportal)}
        if self.default is not NO_DEFAULT and self.default is not None:
            entry["default"] = str(self.default) if choices else self.default
        if self.is_required:
            entry["required"] = "True" if for_skyportal else True
        entry |= {"suggestions": choices} if choices else {}
        title, description = self.text
        return entry | {key: text for key, text in (("title", title), ("description", description)) if text}

    def _declare_type(self, for_skyportal: bool) -> str:
        if self.is_secret and self.kind in (str, Secret):
            return "string" if for_skyportal else "secret"
        if self.kind is File:
            return "file"
        return "number" if self.kind in (int, float) else "string"


def build_parameter(name: str, annotation: Any, default: Any, text: ParameterText) -> DeclaredParameter:
    """Build a parameter from its annotation and its default.

    Raises
    ------
    DeclarationError
        If the type is none that a request can set, or the default does not have it.
    """
    kind, is_optional, constraints = _split_annotation(annotation)
    if get_origin(kind) is Literal:
        kind = get_args(kind)
        is_optional = is_optional or None in kind
        kind = tuple(choice for choice in kind if choice is not None)
    if not isinstance(kind, tuple) and kind not in (*_CONVERTERS, File, Secret):
        raise DeclarationError(
            f"The parameter {name} has the type {kind!r}; expected bool, int, float, str, File, Secret or "
            "Literal[…], perhaps with ` | None`, or an input such as Photometry."
        )
    if kind not in _CONVERTERS and any(map(_limits_values, constraints)):
        raise DeclarationError(f"The parameter {name} has limits; expected them on numbers and texts only.")
    title, description = _get_field_texts(constraints)
    # portals keep no limits of their own
    sentences = [description or text.description, _describe_limits(constraints)]
    text = ParameterText(title or text.title, " ".join(filter(None, sentences)))
    parameter = DeclaredParameter(name, kind, default, is_optional, constraints, text)
    _check_default(parameter)
    return parameter


def _split_annotation(annotation: Any) -> tuple[Any, bool, tuple[Any, ...]]:
    """Return the type without ``| None`` and ``Annotated``, whether it may be None, and the metadata."""
    constraints: tuple[Any, ...] = ()
    is_optional = False
    while get_origin(annotation) in (Annotated, typing.Union, types.UnionType):
        if get_origin(annotation) is Annotated:
            annotation, *metadata = get_args(annotation)
            constraints += tuple(metadata)
            continue
        choices = [choice for choice in get_args(annotation) if choice is not types.NoneType]
        is_optional = is_optional or len(choices) < len(get_args(annotation))
        if len(choices) != 1:
            break
        annotation = choices[0]
    return annotation, is_optional, constraints


def _limits_values(constraint: Any) -> bool:
    """Return whether a part of ``Annotated`` is more than words about a parameter."""
    return bool(getattr(constraint, "metadata", not isinstance(constraint, str)))


def _describe_limits(constraints: tuple[Any, ...]) -> str:
    """Return the range of a number in words; empty if it has none."""
    parts = [part for item in constraints for part in getattr(item, "metadata", (item,))]
    words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    limits = [(text, getattr(part, name, None)) for name, text in words.items() for part in parts]
    sentence = " and ".join(f"{text} {limit}" for text, limit in limits if limit is not None)
    return f"{sentence.capitalize()}." if sentence else ""


def _get_field_texts(constraints: tuple[Any, ...]) -> tuple[str, str]:
    titles = [getattr(item, "title", None) for item in constraints]
    descriptions = [getattr(item, "description", None) for item in constraints]
    return next(filter(None, titles), ""), next(filter(None, descriptions), "")


def _check_default(parameter: DeclaredParameter) -> None:
    default = parameter.default
    if default is NO_DEFAULT or default is None:
        return
    if parameter.is_secret:
        raise DeclarationError(f"The secret {parameter.name} has a default, which everyone could read; leave it out.")
    try:
        converted = parameter.convert(default)
    except InputError as error:
        raise DeclarationError(f"The default of {parameter.name} does not fit its type: {error}") from None
    if converted != default or isinstance(converted, bool) != isinstance(default, bool):
        raise DeclarationError(
            f"The default of {parameter.name} is {_quote(default)}, which is not of its type; change either."
        )


def _quote(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _MAX_QUOTE else f"{text[:_MAX_QUOTE]}…"


def _to_bool(name: str, value: Any) -> bool:
    word = str(value).strip().lower() if isinstance(value, bool | int | str) else ""
    if word in _TRUE_WORDS:
        return True
    if word in _FALSE_WORDS:
        return False
    raise InputError(f"{name} is {_quote(value)}; expected True or False.")


def _to_int(name: str, value: Any) -> int:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    text = value.strip() if isinstance(value, str) else ""
    if is_number and math.isfinite(value) and value == int(value):
        return int(value)
    if len(text) <= _MAX_DIGITS and _WHOLE_NUMBER.fullmatch(text):
        return int(text.partition(".")[0])
    raise InputError(f"{name} is {_quote(value)}; expected a whole number.")


def _to_float(name: str, value: Any) -> float:
    number = math.nan
    if (isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e308) or (
        isinstance(value, str) and _NUMBER.fullmatch(value.strip())
    ):
        number = float(value)
    if not math.isfinite(number):
        raise InputError(f"{name} is {_quote(value)}; expected a number.")
    return number


def _to_text(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return str(value)
    raise InputError(f"{name} is {_quote(value)}; expected text.")


def _match_choice(name: str, choices: tuple[Any, ...], value: Any) -> Any:
    """Return the choice that a value means: the same one, else the one with the same text in any case."""
    if isinstance(value, bool | int | float | str):
        matches = [choice for choice in choices if choice == value and type(choice) is type(value)]
        word = str(value).strip().lower()
        matches += [choice for choice in choices if str(choice).lower() == word]
        if matches:
            return matches[0]
    raise InputError(f"{name} is {_quote(value)}; the choices are: {', '.join(map(str, choices))}.")


_CONVERTERS: Mapping[Any, Any] = {bool: _to_bool, int: _to_int, float: _to_float, str: _to_text}
