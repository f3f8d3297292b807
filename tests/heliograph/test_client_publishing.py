"""Publishing an analysis that was made elsewhere."""

import base64
import json
import logging
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest

from heliograph import Heliograph
from heliograph.errors import ArgumentError, RefusedError
from heliograph.posterior_files import decode_posterior, encode_posterior
from heliograph.source import MOST_BYTES
from tests.heliograph.prepared_portal import PreparedPortal, Request, prepared_portal, refuse, reply, send
from tests.inference_data import make_inference_data
from tests.netcdf_files import make_netcdf, posterior_groups

SERVICE = {"id": 11, "name": "laptop", "upload_only": True}
UPLOAD = "/obj/SN1/analysis_upload/11"


@pytest.fixture(autouse=True)
def laptop(portal: PreparedPortal) -> None:
    """A portal where the service is registered already."""
    portal.answer("GET", "/analysis_service", reply([SERVICE]))
    portal.answer("POST", UPLOAD, reply({"id": 40}))
    portal.answer("GET", "/obj/analysis/40", reply({"id": 40, "obj_id": "SN1", "status": "completed"}))


def get_document(portal: PreparedPortal) -> dict[str, Any]:
    document: dict[str, Any] = portal.list_requests("POST", UPLOAD)[-1].body["analysis"]
    return document


def test_figures_posterior_and_results_become_a_document(portal: PreparedPortal, sky: Heliograph) -> None:
    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2)
    posterior = make_inference_data({"posterior": {"a": np.arange(20.0).reshape(4, 5)}})
    analysis = sky.publish(
        "SN1",
        name_of_service="laptop",
        inference_data=posterior,
        plots=[figure, axes[0], axes, b"%PDF-1.4"],
        results={"chi2": np.float64(31.7), "draws": np.arange(3)},
        message="by hand",
        annotations={"period": 0.5},
        groups="Novae",
    )
    pyplot.close(figure)
    assert analysis["id"] == 40
    body = portal.list_requests("POST", UPLOAD)[0].body
    document = body["analysis"]
    assert (body["message"], body["group_ids"]) == ("by hand", [7])
    assert [plot["format"] for plot in document["plots"]] == ["png", "png", "png", "pdf"]
    assert base64.b64decode(document["plots"][0]["data"]).startswith(b"\x89PNG")
    assert document["results"] == {"format": "json", "data": {"chi2": 31.7, "draws": [0, 1, 2]}}
    assert document["annotations"] == [{"data": {"period": 0.5}}]
    assert document["inference_data"]["format"] == "netcdf4"
    loaded = decode_posterior(base64.b64decode(document["inference_data"]["data"]))
    assert loaded.posterior["a"].values.tolist() == np.arange(20.0).reshape(4, 5).tolist()


def test_plots_of_arviz_are_pictures(portal: PreparedPortal, sky: Heliograph) -> None:
    from matplotlib.figure import Figure

    class PlotCollection:
        """As arviz 1.x returns it: its own savefig takes paths alone."""

        def get_viz(self, name: str) -> Figure:
            assert name == "figure"
            return Figure()

        def savefig(self, path: str) -> None:
            raise TypeError

    sky.publish("SN1", name_of_service="laptop", plots=(PlotCollection() for _ in range(2)))
    assert len(get_document(portal)["plots"]) == 2


def test_a_single_figure_needs_no_list(portal: PreparedPortal, sky: Heliograph, tmp_path: Path) -> None:
    path = tmp_path / "plot.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    sky.publish("SN1", name_of_service="laptop", plots=path)
    assert len(get_document(portal)["plots"]) == 1


def test_a_netcdf_file_is_taken_as_it_is(portal: PreparedPortal, sky: Heliograph, tmp_path: Path) -> None:
    content = make_netcdf(posterior_groups())
    path = tmp_path / "posterior.nc"
    path.write_bytes(content)
    for posterior in (content, path, str(path)):
        sky.publish("SN1", name_of_service="laptop", inference_data=posterior)
        assert base64.b64decode(get_document(portal)["inference_data"]["data"]) == content


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "Nothing to publish"),
        ({"results": {"chi2": float("nan")}}, r"results\.chi2: nan cannot be sent"),
        ({"results": {"a": {"b": [1, np.inf]}}}, r"results\.a\.b\.1: inf"),
        ({"results": [1]}, "results: expected a dict"),
        ({"annotations": "text"}, "annotations: expected a dict"),
        ({"plots": [5]}, "int is no picture"),
        ({"plots": [b"<html>"]}, "is no PNG"),
        ({"plots": "none.png"}, "cannot be read"),
        ({"inference_data": {"a": [1]}}, "has no groups such as posterior"),
        ({"inference_data": b"x"}, "is no netCDF4"),
        ({"inference_data": "none.nc"}, "cannot be read"),
    ],
)
def test_what_cannot_be_published_is_refused(
    portal: PreparedPortal, sky: Heliograph, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ArgumentError, match=words):
        sky.publish("SN1", name_of_service="laptop", **options)
    assert not portal.list_requests("POST")


def test_a_dataset_is_no_inference_data() -> None:
    import xarray

    with pytest.raises(ArgumentError, match="Dataset has no groups such as posterior"):
        encode_posterior(xarray.Dataset({"a": ("draw", [1.0])}))


def test_the_service_is_registered_once(portal: PreparedPortal, sky: Heliograph) -> None:
    portal.answer("GET", "/analysis_service", reply([]), reply([SERVICE]))
    portal.answer("POST", "/analysis_service", reply({"id": 11}))
    for _ in range(2):
        sky.publish("SN1", name_of_service="laptop", results={"a": 1})
    (request,) = portal.list_requests("POST", "/analysis_service")
    assert request.body["upload_only"] is True
    assert request.body["name"] == "laptop"


def test_a_service_that_somebody_else_registers_meanwhile_is_used(portal: PreparedPortal, sky: Heliograph) -> None:
    portal.answer("GET", "/analysis_service", reply([]), reply([SERVICE]))
    portal.answer("POST", "/analysis_service", refuse(400, "name: is taken."))
    assert sky.publish("SN1", name_of_service="laptop", results={"a": 1})["id"] == 40
    portal.answer("GET", "/analysis_service", reply([]))
    with pytest.raises(RefusedError, match="is taken"):
        sky.publish("SN1", name_of_service="laptop", results={"a": 1})


def test_a_service_that_is_sent_data_takes_no_uploads(portal: PreparedPortal, sky: Heliograph) -> None:
    portal.answer("GET", "/analysis_service", reply([{**SERVICE, "upload_only": False}]))
    with pytest.raises(ArgumentError, match="takes no uploads; choose another name"):
        sky.publish("SN1", name_of_service="laptop", results={"a": 1})
    assert not portal.list_requests("POST")


LARGE = {"samples": ["x" * 1000] * (MOST_BYTES // 1000)}


def test_a_large_document_goes_to_the_storage_without_the_token(
    portal: PreparedPortal, sky: Heliograph, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with prepared_portal() as storage:
        storage.answer("PUT", "/document", send(b""))
        place = {"url": f"{storage.url}/document?sign=42", "upload_id": "u-1", "headers": {"X-Kind": "json"}}
        portal.answer("POST", f"{UPLOAD}/upload", reply(place))
        sky.publish("SN1", name_of_service="laptop", results=LARGE)
        (stored,) = storage.requests
    assert json.loads(stored.content)["results"]["data"] == LARGE
    assert "authorization" not in stored.headers
    assert stored.headers["x-kind"] == "json"
    assert portal.list_requests("POST", f"{UPLOAD}/upload")[0].body == {"size": len(stored.content)}
    assert get_document(portal) == {"upload_id": "u-1"}
    assert "sign=42" not in caplog.text


def test_a_storage_that_refuses_is_an_error_without_its_address(portal: PreparedPortal, sky: Heliograph) -> None:
    def refuse_signature(request: Request) -> tuple[int, dict[str, str], bytes]:
        return 403, {}, b"<Error>sign=42</Error>"

    with prepared_portal() as storage:
        storage.answer("PUT", "/document", refuse_signature)
        place = {"url": f"{storage.url}/document?sign=42", "upload_id": "u-1", "headers": {}}
        portal.answer("POST", f"{UPLOAD}/upload", reply(place))
        with pytest.raises(RefusedError, match="did not take the document") as caught:
            sky.publish("SN1", name_of_service="laptop", results=LARGE)
    assert "sign=42" not in str(caught.value)
    assert not portal.list_requests("POST", UPLOAD)[1:]
