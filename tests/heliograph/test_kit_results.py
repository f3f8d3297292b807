"""A result becomes a document that every portal takes; what it would refuse is said before."""

import base64
import io
import json
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import arviz
import joblib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import xarray
from astropy import units
from hypothesis import given, strategies as st

from heliograph.errors import ArgumentError
from heliograph.service import Result, Service
from heliograph.service.analysis_run import run_payload
from heliograph.testing.document_checks import check_callback, decode_body
from tests.inference_data import list_groups, make_inference_data


def build(**parts: Any) -> dict[str, Any]:
    """Build a document that a portal takes, and return its analysis."""
    document = Result(**parts).build_document()
    check_callback(decode_body(json.dumps(document).encode()))
    return document["analysis"]


@pytest.fixture
def figure() -> Iterator[Any]:
    figure, axes = plt.subplots()
    axes.plot([1, 2], [3, 4])
    yield figure
    plt.close(figure)


class Kind(StrEnum):
    SALT = "salt"


def test_an_empty_result_is_a_success() -> None:
    assert Result().build_document() == {"status": "success", "message": "", "analysis": {}}


def test_values_of_numpy_and_pandas_become_json() -> None:
    values = {
        "float": np.float32(0.5),
        "int": np.int64(3),
        "bool": np.bool_(True),
        "array": np.array([[1.0, np.nan], [np.inf, 2.0]]),
        "masked": np.ma.array([1.0, 2.0], mask=[False, True]),
        "series": pd.Series([1, None]),
        "frame": pd.DataFrame({"a": [1, 2]}),
        "nan": float("nan"),
        "missing": pd.NA,
        "mask": np.ma.masked,
        "tuple": (1, "a", None),
        "kind": Kind.SALT,
        "date": datetime(2021, 5, 1),
        "pure": 5 * units.dimensionless_unscaled,
        "mean": xarray.DataArray([1.0, np.nan]).mean(),
        "dataset": xarray.Dataset({"x": 2.0}),
        "half": "\ud800",
        7: "seven",
    }
    assert build(results=values)["results"] == {
        "format": "json",
        "data": {
            "float": 0.5,
            "int": 3,
            "bool": True,
            "array": [[1.0, None], [None, 2.0]],
            "masked": [1.0, None],
            "series": [1.0, None],
            "frame": {"a": [1, 2]},
            "nan": None,
            "missing": None,
            "mask": None,
            "tuple": [1, "a", None],
            "kind": "salt",
            "date": "2021-05-01T00:00:00",
            "pure": 5.0,
            "mean": 1.0,
            "dataset": {"x": 2.0},
            "half": "?",
            "7": "seven",
        },
    }


def nest(depth: int) -> Any:
    return [nest(depth - 1)] if depth else 1


@pytest.mark.parametrize(
    ("results", "words"),
    [
        ({"period": 0.5 * units.day}, "results.period has the unit d"),
        ({"fluxes": [1, 2] * units.Jy}, "results.fluxes has the unit Jy"),
        ({"z": 1j}, "results.z is a complex"),
        ({"names": {"a", "b"}}, "results.names is a set"),
        ({"bytes": b"a"}, "results.bytes is a bytes"),
        ({"numpy bytes": np.bytes_(b"a")}, "results.numpy bytes is a bytes"),
        ({(1, 2): 3}, "has the key '(1, 2)'"),
        ({"deep": nest(60)}, "nested too deeply"),
        ({"object": object()}, "results.object is a object"),
        ([1, 2], "results is a list; expected values by name"),
    ],
)
def test_values_that_json_cannot_hold_are_refused(results: Any, words: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        build(results=results)
    assert words in str(caught.value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
        lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
        max_leaves=9,
    )
)
def test_plain_values_come_back_as_they_were(value: Any) -> None:
    sent = build(results={"value": value})["results"]["data"]["value"]
    text = json.dumps(value).replace("-Infinity", "null").replace("Infinity", "null").replace("NaN", "null")
    if "null" not in json.dumps(value) and "Infinity" not in json.dumps(value) and "NaN" not in json.dumps(value):
        assert sent == json.loads(text)


def test_figures_images_and_files_become_plots(figure: Any, tmp_path: Path) -> None:
    path = tmp_path / "plot.png"
    figure.savefig(path)
    plots = build(plots=[figure, figure.axes[0], path, str(path), path.read_bytes(), b"%PDF-1.7", b"\xff\xd8\xff"])[
        "plots"
    ]
    assert [plot["format"] for plot in plots] == ["png"] * 5 + ["pdf", "jpeg"]
    assert base64.b64decode(plots[0]["data"]).startswith(b"\x89PNG")
    assert len(build(plots=figure)["plots"]) == 1
    assert build(plots=[b'<svg xmlns="http://www.w3.org/2000/svg"/>'])["plots"][0]["format"] == "svg"


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"plots": [b"text"]}, "plots[0] is no image"),
        ({"plots": ["missing.png"]}, "plots[0]: the file 'missing.png' cannot be read"),
        ({"plots": [b"GIF8", None]}, "plots[1] is a NoneType"),
        ({"plots": [b"GIF8"] * 101}, "There are 101 plots; expected at most 100"),
        ({"inference_data": {"posterior": {}}}, "inference_data: dict has no groups"),
        ({"inference_data": b"CDF\x01"}, "inference_data: the file is no netCDF4"),
        ({"posterior_samples": {"x": [1, float("nan")]}}, "posterior_samples.x: 1 of 2 are not finite"),
        ({"posterior_samples": {"x": ["a"]}}, "posterior_samples.x are not numbers"),
        ({"posterior_samples": {"x": 1.0}}, "posterior_samples.x has the shape ()"),
        ({"posterior_samples": {"x": [1, 2], "y": [1]}}, "different shapes"),
        ({"posterior_samples": {"x": [1, 2] * units.day}}, "posterior_samples.x has the unit d"),
        ({"posterior_samples": {}}, "expected draws by the names"),
        ({"annotations": [{"data": {}}] * 21}, "There are 21 annotations"),
        ({"annotations": {"a": "x" * 60_001}}, "expected at most 60,000"),
        ({"annotations": [{"origin": "two\nlines", "data": {}}]}, "annotations[0].origin"),
        ({"annotations": [{"period": 1}]}, "annotations[0]: expected values by name"),
        ({"verdict": "fine"}, "verdict: expected True or False"),
        ({"verdict": 1}, "verdict: expected True or False"),
        ({"message": None}, "message is a NoneType"),
        ({"results": {"a": 1}, "extra": {"results": {}}}, "extra has the key 'results', which is set already"),
        ({"extra": {"upload_id": "a"}}, "extra has the key 'upload_id'"),
        ({"extra": {"model_lightcurve": [0.5] * 20_000}}, "model_lightcurve have"),
    ],
)
def test_parts_that_a_portal_would_refuse_are_named(parts: dict[str, Any], words: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        build(**parts)
    assert words in str(caught.value)


def test_nothing_may_be_named() -> None:
    assert build(results=None, plots=None, annotations=None, extra=None, verdict=None, posterior_samples=None) == {}
    with pytest.raises(ArgumentError, match="plots is a int; expected a list"):
        build(plots=5)
    with pytest.raises(ArgumentError, match="annotations is a float; expected a list"):
        build(annotations=0.5)


def test_unknown_parts_are_refused() -> None:
    with pytest.raises(TypeError, match="result"):
        Result(result={})  # type: ignore[call-arg]


def test_samples_are_flat_or_by_chain() -> None:
    assert build(posterior_samples={"x": np.arange(3.0)})["posterior_samples"] == {"x": [0.0, 1.0, 2.0]}
    assert build(posterior_samples={"x": [[1, 2], [3, 4]]})["posterior_samples"] == {"x": [[1.0, 2.0], [3.0, 4.0]]}
    assert build(posterior_samples=pd.DataFrame({"x": [1, 2]}))["posterior_samples"] == {"x": [1.0, 2.0]}


def test_inference_data_is_a_file_that_arviz_opens(tmp_path: Path) -> None:
    draws = np.random.default_rng(0).normal(size=(2, 50))
    inference_data = make_inference_data({"posterior": {"x": draws}, "observed_data": {"y": np.arange(3.0)}})
    sent = build(inference_data=inference_data)["inference_data"]
    path = tmp_path / "sent.nc"
    path.write_bytes(base64.b64decode(sent["data"]))
    assert sent["format"] == "netcdf4"
    opened = arviz.from_netcdf(path)
    assert {"posterior", "observed_data"} <= list_groups(opened)
    assert np.allclose(opened["posterior"]["x"].values, draws)
    assert build(inference_data=path)["inference_data"] == sent


def test_annotations_and_verdicts_have_short_forms() -> None:
    assert build(annotations={"period": np.float64(0.5)})["annotations"] == [{"data": {"period": 0.5}}]
    named = [{"origin": "rrl", "data": {"period": 0.5}}]
    assert build(annotations=named)["annotations"] == named
    assert "annotations" not in build(annotations={})
    refuted = {"describes_data": False, "word": "refuted", "message": ""}
    assert build(verdict=np.bool_(False))["verdict"] == refuted
    good = {"describes_data": True, "word": "good", "message": "x" * 300}
    assert build(verdict=(True, "x" * 400))["verdict"] == good
    assert build(verdict={"describes_data": False})["verdict"] == refuted
    doubtful = {"describes_data": True, "word": "doubtful", "message": "few points"}
    assert build(verdict=("doubtful", "few points"))["verdict"] == build(verdict=doubtful)["verdict"] == doubtful


def test_further_keys_are_sent_as_they_are() -> None:
    joblib = {"format": "joblib", "data": "gASVAA=="}
    assert build(extra={"results": joblib}) == {"results": joblib}
    assert build(extra={"model_name": "salt3", "own": np.arange(2)}) == {"model_name": "salt3", "own": [0, 1]}


def test_a_long_message_is_cut_rather_than_lost() -> None:
    assert len(Result(message="x" * 6000).build_document()["message"]) == 5000


def test_results_of_joblib_keep_arrays_and_have_a_copy_where_it_is_asked_for() -> None:
    values = {"matrix": np.eye(2), "note": "one", "unknown": np.nan}
    result = Result(results=values, results_format="joblib")
    entry = result.build_document()["analysis"]["results"]
    assert set(entry) == {"format", "data"} and entry["format"] == "joblib"
    loaded = joblib.load(io.BytesIO(base64.b64decode(entry["data"])))
    assert loaded["matrix"].shape == (2, 2) and np.isnan(loaded["unknown"])
    copy = result.build_document(json_results=True)["analysis"]["results"]
    assert copy == {**entry, "json": {"matrix": [[1, 0], [0, 1]], "note": "one", "unknown": None}}
    with pytest.raises(ArgumentError, match="expected json or joblib"):
        Result(results=values, results_format="pickle").build_document()  # type: ignore[arg-type]


@pytest.mark.parametrize(("asked", "has_copy"), [(True, True), (False, False)])
def test_a_portal_asks_for_the_copy(asked: bool, has_copy: bool) -> None:
    service = Service("Counter")
    service.analysis(lambda: Result(results={"n": 1}, results_format="joblib"))
    body = {"inputs": {}, "json_results": asked}
    assert ("json" in run_payload(service, body)["analysis"]["results"]) is has_copy
    refused = run_payload(service, {"inputs": {}, "json_results": "perhaps"})
    assert refused["status"] == "failure" and "expected true or false" in refused["message"]
