"""What the signature of a view says: parts of the path, query and body."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Protocol, get_args

from chalicelib.errors import HeliographError
from chalicelib.schemas.base import Schema
from chalicelib.schemas.people import Acl


class PathPart(Protocol):
    """A variable part of a path: what it names, and the error if that does not exist."""

    @property
    def what(self) -> str: ...
    @property
    def error(self) -> type[HeliographError]: ...


class Operation(Protocol):
    """One method of one path; `chalicelib.routes.operations` documents the attributes."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def view(self) -> Callable[..., Any]: ...
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
    def tag(self) -> tuple[str, str]: ...
    @property
    def in_path(self) -> Mapping[str, Any]: ...


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
