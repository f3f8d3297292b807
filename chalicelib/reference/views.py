"""Operations as the reference sees them: what their views' signatures say."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Protocol, get_args

from chalicelib.errors import HeliographError
from chalicelib.schemas.base import Schema
from chalicelib.schemas.people import Acl

__all__ = ["Operation", "Part", "body_schema", "in_path", "query_schema", "room", "words"]


class Part(Protocol):
    """A part of a path."""

    @property
    def what(self) -> str:
        """What it names."""

    @property
    def error(self) -> type[HeliographError]:
        """The error if there is no such thing."""


class Operation(Protocol):
    """One method of one path; `chalicelib.routes.operations` says more of each attribute."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def view(self) -> Callable[..., Any]: ...
    @property
    def tag(self) -> tuple[str, str]: ...
    @property
    def acl(self) -> Acl | None: ...
    @property
    def needs_token(self) -> bool: ...
    @property
    def answers(self) -> Any: ...
    @property
    def beside(self) -> Mapping[str, Any]: ...
    @property
    def bare(self) -> bool: ...
    @property
    def links(self) -> str | None: ...
    @property
    def raises(self) -> tuple[type[HeliographError], ...]: ...
    @property
    def takes(self) -> Mapping[str, Any]: ...
    @property
    def in_path(self) -> Mapping[str, Any]: ...


def in_path(operation: Operation) -> dict[str, tuple[type, Part]]:
    """Return the type and the meaning of each part of the path."""
    return {name: get_args(hint)[:2] for name, hint in operation.in_path.items()}


def query_schema(operation: Operation) -> type[Schema] | None:
    """Return the schema of the query, if there is one."""
    return _schema(operation.takes.get("query"))


def body_schema(operation: Operation) -> type[Schema] | None:
    """Return the schema of the body, if there is one."""
    return _schema(operation.takes.get("body"))


def _schema(hint: Any) -> type[Schema] | None:
    """Return the schema in an annotation: the annotation itself, or what is said of a plain object."""
    for kind in (hint, *get_args(hint)):
        if inspect.isclass(kind) and issubclass(kind, Schema):
            return kind
    return None


def room(operation: Operation) -> tuple[str, str]:
    """Return the name and the description of the resource that an operation belongs to."""
    name, description = operation.tag
    return name, words(description)


def words(docstring: str | None) -> str:
    """Return a docstring as Markdown."""
    return inspect.cleandoc(docstring or "").replace("``", "`")
