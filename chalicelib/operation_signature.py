"""Operations, and what the signature of a view says: parts of the path, query and body."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, get_args, get_type_hints

from chalicelib.errors import HeliographError
from chalicelib.schemas.base import Schema
from chalicelib.schemas.people import Acl

View = Callable[..., Any]

CATCH_ALL = "/{proxy+}"
"""The path that API Gateway takes for any other."""


class PathPart(Protocol):
    """A variable part of a path: what it names, and the error if that does not exist."""

    @property
    def what(self) -> str: ...
    @property
    def error(self) -> type[HeliographError]: ...


@dataclass(frozen=True)
class Operation:
    """One method of one path.

    Attributes
    ----------
    method, path : str
        Its method and path.
    view : callable
        The function that serves it.
    tag : tuple of str
        The name and the description of its resource.
    acl : Acl or None
        The permission that it requires.
    needs_token : bool
        Whether it requires a token of Heliograph.
    answers : type
        The type of ``data``; None if there are no data.
    beside : dict
        The types of further keys beside ``data``.
    bare : bool
        Whether ``answers`` is the whole body, without the envelope.
    file_type : str or None
        The usual content type of the file that it answers.
    raises : tuple of type
        Errors besides those that follow from the signature.
    is_alias : bool
        Whether the path is a second address of another operation with the same view.
    is_remembered : bool
        Whether the answer to a POST with an ``Idempotency-Key`` is remembered: not if the view itself sees to it that
        nothing is done twice, nor if the answer is a secret or only reads.
    """

    method: str
    path: str
    view: View
    tag: tuple[str, str] = ("", "")
    acl: Acl | None = None
    needs_token: bool = True
    answers: Any = None
    beside: dict[str, Any] = field(default_factory=dict)
    bare: bool = False
    file_type: str | None = None
    raises: tuple[type[HeliographError], ...] = ()
    is_alias: bool = False
    is_remembered: bool = True

    @property
    def operation_id(self) -> str:
        """Its name in the OpenAPI document, which no other operation has."""
        return f"{self.view.__name__}_alias" if self.is_alias else self.view.__name__

    @property
    def is_catch_all(self) -> bool:
        """Whether it serves all paths that no other operation has."""
        return self.path == CATCH_ALL

    @cached_property
    def takes(self) -> dict[str, Any]:
        """The annotations of the view's parameters, except for the call."""
        hints = get_type_hints(self.view, include_extras=True)
        names = list(inspect.signature(self.view).parameters)[1:]
        return {name: hints[name] for name in names}

    @property
    def in_path(self) -> dict[str, Any]:
        """The annotations of the parts of the path."""
        return {name: hint for name, hint in self.takes.items() if name not in ("query", "body")}


def get_path_parts(operation: Operation) -> dict[str, tuple[type, PathPart]]:
    """Return the type and the meaning of each variable part of the path."""
    return {name: get_args(hint)[:2] for name, hint in operation.in_path.items()}


def get_query_schema(operation: Operation) -> type[Schema] | None:
    """Return the schema of the query, or None if there is no query."""
    return _find_schema(operation.takes.get("query"))


def get_body_schema(operation: Operation) -> type[Schema] | None:
    """Return the schema of the body, or None if there is no body or it has no schema."""
    return _find_schema(operation.takes.get("body"))


def _find_schema(hint: Any) -> type[Schema] | None:
    """Return the schema in an annotation: the annotation itself, or one of its arguments."""
    for kind in (hint, *get_args(hint)):
        if inspect.isclass(kind) and issubclass(kind, Schema):
            return kind
    return None


def get_resource(operation: Operation) -> tuple[str, str]:
    """Return the name and the description of an operation's resource."""
    name, description = operation.tag
    return name, docstring_to_markdown(description)


def docstring_to_markdown(docstring: str | None) -> str:
    """Return a docstring as Markdown."""
    return inspect.cleandoc(docstring or "").replace("``", "`")
