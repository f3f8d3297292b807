"""Parameters of an analysis: the service's declarations, and the values of a request."""

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from chalicelib.analysis.service_parameters import parse_declarations, resolve_parameters
from chalicelib.errors import InvalidError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("declaration", "value", "expected"),
    [
        (["True", "False"], True, "True"),
        ([True, False], "true", True),
        (["a", "b"], "c", "c"),
        ([1, 2], "2", 2),
        ({"type": "number"}, "3", 3),
        ({"type": "number"}, "0.5", 0.5),
        ({"type": "string"}, 5, "5"),
        ({}, "text", "text"),
    ],
)
def test_values_take_the_declared_type(declaration: Any, value: Any, expected: Any) -> None:
    resolved = resolve_parameters({"p": declaration}, {"p": value})
    assert resolved.sent == resolved.kept == {"p": expected}
    assert type(resolved.sent["p"]) is type(expected)


def test_suggestions_are_not_the_only_values() -> None:
    declaration = {"model": {"type": "string", "suggestions": ["salt2", "salt3"]}}
    assert parse_declarations(declaration) == declaration
    assert resolve_parameters(declaration, {"model": "hsiao"}).sent == {"model": "hsiao"}


@pytest.mark.parametrize("suggestions", ["salt3", [1, 2], {"a": "b"}, None])
def test_suggestions_are_a_list_of_texts(suggestions: Any) -> None:
    with pytest.raises(InvalidError, match=r"model\.suggestions"):
        parse_declarations({"model": {"suggestions": suggestions}})


def test_a_missing_parameter_falls_back_to_its_default_if_it_is_required() -> None:
    declaration = {"a": {"required": True, "default": 3}, "b": {"default": 4}}
    assert resolve_parameters(declaration, {}).sent == {"a": 3}


@pytest.mark.parametrize(
    ("declaration", "value"),
    [({"type": "number"}, ""), ({"type": "number"}, None), ({}, None), (["a", "b"], None), ({"type": "secret"}, "")],
)
def test_what_is_not_chosen_is_not_sent(declaration: Any, value: Any) -> None:
    assert resolve_parameters({"p": declaration}, {"p": value}).sent == {}


@pytest.mark.parametrize(
    ("name", "declaration", "is_secret"),
    [
        ("key", {"type": "secret"}, True), ("api_key", {}, True), ("TNS-API-Key", {"type": "string"}, True),
        ("password", ["a"], True), ("atlas_token", {"type": "number"}, True), ("tokens", {}, False),
        ("key", {"type": "string"}, False), ("password_policy", {}, False),
    ],
)  # fmt: skip
def test_secrets_are_known_by_type_and_by_name(name: str, declaration: Any, is_secret: bool) -> None:
    resolved = resolve_parameters({name: declaration}, {name: 5})
    assert (name in resolved.secret, name in resolved.sent, name in resolved.kept) == (
        is_secret,
        not is_secret,
        not is_secret,
    )


def test_a_secret_has_no_public_default() -> None:
    with pytest.raises(InvalidError, match="leave out the default of a secret"):
        parse_declarations({"key": {"type": "secret", "default": "abc"}})


@given(JSON, st.dictionaries(st.text(max_size=8), JSON, max_size=4))
def test_any_declaration_and_value_is_accepted_or_refused(optional: Any, parameters: dict[str, Any]) -> None:
    for form in (optional, json.dumps(optional)):
        try:
            parse_declarations(form)
            resolved = resolve_parameters(form, parameters)
        except InvalidError as error:
            assert str(error)
        else:
            assert set(resolved.kept) == set(resolved.sent)
            json.dumps(resolved.sent)
