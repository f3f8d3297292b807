"""Parameters of an analysis: what is declared, and what a request may choose."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.analysis.service_parameters import parse_declarations, resolve_parameters
from chalicelib.errors import InvalidError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("declaration", "value", "meant"),
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
def test_values_are_coerced_to_what_is_declared(declaration: Any, value: Any, meant: Any) -> None:
    sent, kept = resolve_parameters({"p": declaration}, {"p": value})
    assert sent == kept == {"p": meant}
    assert type(sent["p"]) is type(meant)


def test_a_missing_parameter_falls_back_to_its_default_if_it_is_required() -> None:
    declaration = {"a": {"required": True, "default": 3}, "b": {"default": 4}}
    assert resolve_parameters(declaration, {})[0] == {"a": 3}


@given(JSON, st.dictionaries(st.text(max_size=8), JSON, max_size=4))
def test_whatever_is_declared_and_chosen_is_taken_or_refused(optional: Any, chosen: dict[str, Any]) -> None:
    for form in (optional, json.dumps(optional)):
        try:
            parse_declarations(form)
            sent, kept = resolve_parameters(form, chosen)
        except InvalidError as error:
            assert str(error)
        else:
            assert set(kept) == set(sent) >= set(chosen)
            json.dumps(sent)
