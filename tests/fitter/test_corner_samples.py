"""Samples in JSON: each common shape gives the right columns, or a sentence."""

import io
import json
from typing import Any

import numpy as np
import pandas
import pytest

from fitter_lambda.errors import RenderError
from fitter_lambda.renderer.corner_samples import read_json_samples

A = [float(n) for n in range(12)]
B = [0.5 - n for n in range(12)]
COLUMNS = {"a": A, "b": B}
ROWS = [list(row) for row in zip(A, B, strict=True)]
FRAME = pandas.DataFrame(COLUMNS)
BILBY = {
    "label": "run", "search_parameter_keys": ["a", "b"], "parameter_labels": ["$a$", "$b$"], "log_evidence": -3.0,
    "posterior": {"__dataframe__": True, "content": {**COLUMNS, "fixed": [1.0] * 12, "log_likelihood": A}},
    "samples": {"__array__": True, "content": ROWS}, "nested_samples": {"__dataframe__": True, "content": {"a": [1]}},
}  # fmt: skip


def chains(column: list[float]) -> list[list[float]]:
    return np.reshape(column, (3, 4)).tolist()


def read_shape(shape: Any, names: list[str] | None = None) -> dict[str, list[float]]:
    samples = read_json_samples(json.dumps(shape).encode(), names)
    return {name: column.tolist() for name, column in samples.items()}


@pytest.mark.parametrize(
    "shape",
    [
        COLUMNS,
        BILBY,
        {"posterior": {"__dataframe__": True, "content": COLUMNS}},
        {"posterior": {"content": COLUMNS}},
        {"samples": ROWS, "search_parameter_keys": ["a", "b"], "parameter_labels": ["$a$", "$b$"]},
        {"samples": ROWS, "parameter_labels": ["a", "b"]},
        {"samples": {"__array__": True, "content": ROWS}, "search_parameter_keys": ["a", "b"]},
        {"samples": np.reshape(ROWS, (3, 4, 2)).tolist(), "parameters": ["a", "b"]},
        {"a": chains(A), "b": chains(B)},
        {"a": chains(A), "b": B},
        {"posterior": {"a": chains(A), "b": chains(B)}, "sample_stats": {"lp": chains(A)}},
        {"a": [[value] for value in A], "b": B},
        {"posterior": json.loads(FRAME.to_json())},
    ],
)
def test_each_shape_gives_its_columns(shape: Any) -> None:
    assert read_shape(shape) == COLUMNS


@pytest.mark.parametrize("orient", ["columns", "index", "records", "split"])
def test_each_orientation_of_pandas_gives_its_columns(orient: Any) -> None:
    buffer = io.StringIO()
    FRAME.to_json(buffer, orient=orient)
    assert read_shape(json.loads(buffer.getvalue())) == COLUMNS
    assert read_shape({"samples": json.loads(buffer.getvalue())}) == COLUMNS


def test_bilbys_fixed_and_derived_parameters_are_drawn_on_request() -> None:
    assert read_shape(BILBY, ["b", "log_likelihood"]) == {"b": B, "log_likelihood": A}


def test_vectors_beside_flat_lists_are_split() -> None:
    assert read_shape({"a": A, "v": ROWS}) == {"a": A, "v[0]": A, "v[1]": B}
    assert read_shape({"a": A, "v": ROWS}, ["v[1]"]) == {"v[1]": B}
    assert read_shape({"v": np.reshape(ROWS, (3, 4, 2)).tolist()}) == {"v[0]": A, "v[1]": B}


def test_rows_with_a_missing_value_are_left_out() -> None:
    assert read_shape({"a": [None, *A[1:]], "b": B}) == {"a": A[1:], "b": B[1:]}


def test_text_in_a_parameter_that_is_not_asked_for_does_not_matter() -> None:
    assert read_shape({**COLUMNS, "note": ["x"] * 12}, ["a", "b"]) == COLUMNS


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ({"a": [[1, 2, 3], [1, 2]], "b": A}, ["lists of a", "different lengths"]),
        ({"a": A, "b": B[1:]}, ["different numbers"]),
        ({"a": [float("nan")] * 12, "b": B}, ["finite", "a lacks 12"]),
        ({"a": ["1.5", *A[1:]], "b": B}, ["samples of a", "text '1.5'"]),
        ({"a": [None, "x", *A[2:]], "b": B}, ["samples of a", "text 'x'"]),
        ({"a": [{"x": 1}] * 12, "b": B}, ["samples of a", "other than numbers"]),
        ({"v": ROWS}, ["v has 12 lists of 2", "not", "for certain"]),
        ({"v": ROWS, "b": B[:7]}, ["v has 12 lists of 2"]),
        ([{"a": 1, "b": 2}, {"a": 1}], ["Sample 1", "a, b"]),
        ({"samples": [[1, 2], [3]], "parameters": ["a", "b"]}, ["rows", "1 to 2"]),
        ({"samples": [[[1, 2]], [3]], "parameters": ["a", "b"]}, ["not JSON lists"]),
        ({"samples": ROWS, "parameters": ["a", "b", "c"]}, ["3 names for 2 columns"]),
        ({"samples": ROWS, "parameters": ["a", "a"]}, ["same name"]),
        ({"0": {"0": 1, "1": 2}, "1": {"0": 3, "1": 4}}, ["not certain"]),
        ({"a": {"x": 1, "y": 2}, "b": {"x": 3, "y": 4}}, ["not certain"]),
        ({"a": {"0": 1, "1": 2}, "b": {"0": 3}}, ["different numbers"]),
        ({"results": {"best": {"a": 1}}}, ["no samples"]),
        ({"a": [[]], "b": [[]]}, ["lists of a are empty"]),
        ({"a" * 60 + "1": A, "a" * 60 + "2": B}, ["first 60 characters"]),
    ],
)
def test_other_shapes_are_refused_in_a_sentence(shape: Any, words: list[str]) -> None:
    with pytest.raises(RenderError) as caught:
        read_shape(shape)
    assert all(word in str(caught.value).replace("neither", "not") for word in words), caught.value
