"""Sentences for values that a schema refuses: plain words for every field whose format is a pattern."""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any, get_args, get_origin

import msgspec
import pytest

from chalicelib import schemas
from chalicelib.errors import InvalidError
from chalicelib.schemas.base import Schema, parse_body
from chalicelib.schemas.expectations import list_hints, split_union

MODULES = [
    importlib.import_module(f"chalicelib.schemas.{module.name}") for module in pkgutil.iter_modules(schemas.__path__)
]
SCHEMAS = sorted(
    {
        kind
        for module in MODULES
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Schema)
    },
    key=lambda kind: kind.__qualname__,
)
FORMAT_WORDS = ("blanks", "letters", "comparison", "address", "digits", "cannot change")


def make_misfits(hint: Any) -> Iterator[Any]:
    """Yield values of a type with a text that fits no pattern in the place of each patterned text."""
    for kind, metas in split_union(hint):
        if any(meta.pattern for meta in metas):
            yield " \n"
        elif get_origin(kind) in (list, dict):
            for misfit in make_misfits(get_args(kind)[-1]):
                yield [misfit] if get_origin(kind) is list else {"name": misfit}
        elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            for name, inner in list_hints(kind).items():
                yield from ({name: misfit} for misfit in make_misfits(inner))


CASES = [
    pytest.param(schema, {name: misfit}, id=f"{schema.__name__}.{name}")
    for schema in SCHEMAS
    for name, hint in list_hints(schema).items()
    for misfit in make_misfits(hint)
]


@pytest.mark.parametrize(("schema", "fields"), CASES)
def test_a_text_of_the_wrong_format_is_refused_in_plain_words(schema: type[Schema], fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidError) as refusal:
        parse_body(schema, fields)
    sentence = str(refusal.value)
    assert not [word for word in ("regex", "`", "matching", "str ", "^", "\\S") if word in sentence]
    assert any(word in sentence for word in FORMAT_WORDS), sentence


def test_the_cases_are_more_than_a_few() -> None:
    assert len(CASES) > 50
