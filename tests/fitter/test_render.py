"""The renderer: presigned URLs in, pictures and JSON out."""

import io
import json
from pathlib import Path
from typing import Any

import h5py
import joblib
import matplotlib.image
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from fitter_lambda import handler
from fitter_lambda.errors import RenderError
from fitter_lambda.renderer.corner_options import parse_corner_options
from tests.fitter.conftest import Server
from tests.fitter.rendering import product, render
from tests.inference_data import make_inference_data

RANDOM = np.random.default_rng(1)
SAMPLES = {name: RANDOM.normal(size=400).tolist() for name in ("a", "b")}


def size(server: Server) -> tuple[int, ...]:
    content_type, body = product(server)
    assert content_type == "image/png"
    return tuple(matplotlib.image.imread(io.BytesIO(body)).shape[:2])


def netcdf(path: Path, posterior: dict[str, Any]) -> bytes:
    make_inference_data({"posterior": posterior}).to_netcdf(str(path))
    return path.read_bytes()


def test_results_become_json(server: Server) -> None:
    buffer = io.BytesIO()
    joblib.dump({"chi2": np.float64(3), 1: np.array([np.nan, 2])}, buffer)
    assert render(server, buffer.getvalue(), "results") == {"ok": True}
    content_type, body = product(server)
    assert content_type == "application/json"
    assert json.loads(body) == {"chi2": 3, "1": [None, 2]}


def test_hostile_results_are_refused_in_a_sentence(server: Server) -> None:
    answer = render(server, b"cos\nsystem\n(S'true'\ntR.", "results")
    assert "os.system" in answer["error"] and not server.bodies("PUT")


def test_a_corner_plot_of_arviz_inference_data(server: Server, tmp_path: Path) -> None:
    posterior = {"t0": RANDOM.normal(58606, 1, (4, 250)), "v": RANDOM.normal(size=(4, 250, 2)), "k": np.ones((4, 250))}
    data = netcdf(tmp_path / "a.nc", posterior)
    assert render(server, data, format="netcdf4") == {"ok": True}
    four = size(server)
    server.requests.clear()
    assert render(server, data, format="netcdf4", plot_kwargs={"var_names": "['t0', 'v']"}) == {"ok": True}
    assert size(server) < four


def test_the_fitters_own_document_can_be_drawn(server: Server, document: dict[str, Any]) -> None:
    import base64

    data = base64.b64decode(document["analysis"]["inference_data"]["data"])
    assert render(server, data, format="netcdf4")["ok"]
    assert min(size(server)) > 900


@pytest.mark.parametrize(
    "shape",
    [
        SAMPLES,
        {"samples": SAMPLES},
        {"samples": np.transpose(list(SAMPLES.values())).tolist(), "parameters": ["a", "b"]},
        {"samples": np.transpose(list(SAMPLES.values())).tolist()},
        [{"a": a, "b": b} for a, b in zip(*SAMPLES.values(), strict=True)],
        SAMPLES | {"a": [None, *SAMPLES["a"][1:]], "note": "text"},
    ],
)
def test_samples_in_json_in_every_reasonable_shape(server: Server, shape: Any) -> None:
    assert render(server, json.dumps(shape).encode(), format="json") == {"ok": True}
    assert 700 < min(size(server)) < 900


@pytest.mark.parametrize("column", [[1.0] * 400, [0.0] * 400, [1e-30] * 400, [1e100 + i for i in range(400)]])
def test_constants_and_extremes_can_be_drawn(server: Server, column: list[float]) -> None:
    assert render(server, json.dumps(SAMPLES | {"c": column}).encode(), format="json") == {"ok": True}


def test_long_chains_are_thinned(server: Server) -> None:
    long = {"a": RANDOM.normal(size=200_000).tolist(), "b": RANDOM.normal(size=200_000).tolist()}
    assert render(server, json.dumps(long).encode(), format="json") == {"ok": True}


def test_arguments_as_a_query_string_sends_them(server: Server) -> None:
    options = {
        "bins": "20", "color": "navy", "smooth": "1.5", "show_titles": "True",
        "quantiles": "[0.16, 0.5, 0.84]",
        "truths": "[0, None]", "labels": "['$\\\\alpha$', '$oops{']", "title_fmt": ".3f", "reverse": "false",
        "levels": "(0.39, 0.86)", "range": "[0.99, [-3, 3]]", "plot_datapoints": "False", "max_n_ticks": "3",
        "label_kwargs": '{"fontsize": 14}', "title_kwargs": {"fontsize": "8"}, "fill_contours": "true",
        "hist_kwargs": {"density": True}, "truth_color": "#ff0000", "divergences": "False",
    }  # fmt: skip
    assert render(server, json.dumps(SAMPLES).encode(), format="json", plot_kwargs=options) == {"ok": True}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"fig": 1}, ["'fig'", "bins", "truths"]),
        ({"bins": "100000"}, ["bins", "2 to 200"]),
        ({"color": "url(http://x)"}, ["color", "a colour"]),
        ({"labels": "['only one']"}, ["labels", "a, b"]),
        ({"quantiles": "[2]"}, ["quantiles", "0 to 1"]),
        ({"var_names": "['nope']"}, ["nope"]),
        ({"smooth": "nan"}, ["smooth"]),
        ("bins=3", ["not an object"]),
        ({"levels": "[0.9, 0.9]"}, ["levels"]),
    ],
)
def test_wrong_arguments_name_the_choices(server: Server, options: Any, words: list[str]) -> None:
    answer = render(server, json.dumps(SAMPLES).encode(), format="json", plot_kwargs=options)
    assert not answer["ok"] and all(word in answer["error"] for word in words), answer


NAMES = st.sampled_from(
    ["bins", "range", "color", "labels", "truths", "var_names", "title_fmt", "label_kwargs", "levels", "smooth"]
)
VALUES = st.text() | st.integers() | st.floats() | st.lists(st.none() | st.floats() | st.text())


@given(st.dictionaries(NAMES, VALUES, max_size=3))
@settings(deadline=None)
def test_any_arguments_are_understood_or_refused(options: dict[str, Any]) -> None:
    try:
        parse_corner_options(options)
    except RenderError as error:
        assert str(error)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not JSON"), (b"[1, 2]", "neither"), (b"{}", "no samples"), (b"[" * 100_000, "not JSON"),
        (b'{"a": ["x", "y"]}', "text 'x'"), (b'{"a": [NaN, NaN, NaN]}', "finite"),
        (b'{"a": [1, 2], "b": [1]}', "different"),
        (json.dumps({str(i): [1, 2, 3] for i in range(30)}).encode(), "var_names"),
    ],
)  # fmt: skip
def test_bad_samples_are_refused_in_a_sentence(server: Server, data: bytes, words: str) -> None:
    answer = render(server, data, format="json")
    assert not answer["ok"] and words in answer["error"], answer


def test_bad_inference_data_are_refused(server: Server, tmp_path: Path) -> None:
    good = netcdf(tmp_path / "a.nc", {"a": RANDOM.normal(size=(2, 50))})
    for data in (b"", b"CDF\x01", good[: len(good) // 2], good[:3000] + bytes(500) + good[3500:]):
        answer = render(server, data, format="netcdf4")
        assert answer["ok"] or len(answer["error"]) < 300
    with h5py.File(tmp_path / "b.nc", "w") as file:
        file.create_group("prior")
    assert "no posterior" in render(server, (tmp_path / "b.nc").read_bytes(), format="netcdf4")["error"]


def test_inference_data_cannot_show_files_of_the_machine(server: Server, tmp_path: Path) -> None:
    secret = tmp_path / "secret.bin"
    secret.write_bytes(RANDOM.normal(size=100).tobytes())
    with h5py.File(tmp_path / "other.nc", "w") as file:
        file["posterior/a"] = RANDOM.normal(size=(1, 100))
    with h5py.File(tmp_path / "linked.nc", "w") as file:
        group = file.create_group("posterior")
        group["a"] = h5py.ExternalLink(str(tmp_path / "other.nc"), "/posterior/a")
        group.create_dataset("b", (1, 100), "f8", external=[(str(secret), 0, 800)])
        layout = h5py.VirtualLayout((1, 100), "f8")
        layout[:] = h5py.VirtualSource(str(tmp_path / "other.nc"), "posterior/a", (1, 100))
        group.create_virtual_dataset("c", layout)
    answer = render(server, (tmp_path / "linked.nc").read_bytes(), format="netcdf4")
    assert not answer["ok"] and "no samples" in answer["error"]


def test_too_much_is_refused_before_it_is_read(server: Server, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "big.nc", "w") as file:
        file.create_dataset("posterior/a", (10**6, 10**6), "f8", chunks=True)
    assert "thin" in render(server, (tmp_path / "big.nc").read_bytes(), format="netcdf4")["error"]


@pytest.mark.parametrize(
    "event",
    [None, [], {}, {"task": "x"}, {"task": ["x"]}, {"task": "results"}, {"task": "corner", "format": ["csv"]},
     {"task": "corner", "format": "json", "source": "http://127.0.0.1:1/"},
     {"task": "periodogram", "source": []}, {"task": "deredden"},
     {"task": "results", "source": "file:///etc/passwd"}, {"task": "results", "source": "http://["}],
)  # fmt: skip
def test_any_event_gets_an_answer(event: Any) -> None:
    answer = handler.render(event, None)
    assert answer["ok"] is False and answer["error"]
    assert "not known" not in answer["error"]


def test_storage_that_refuses_is_reported_without_urls(server: Server) -> None:
    server.statuses = [200, 403]
    answer = render(server, json.dumps(SAMPLES).encode(), format="json")
    assert "HTTP 403" in answer["error"] and "http://" not in answer["error"]
    server.statuses = [404]
    assert "HTTP 404" in render(server, b"", format="json")["error"]
