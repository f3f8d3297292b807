"""Light-curve figures drawn again from a netCDF file: the fitter's own, and hostile ones."""

import base64
import copy
import io
import json
from typing import Any

import arviz
import h5py
import matplotlib.image
import numpy as np
import pytest

from fitter_lambda.engine.fit import Fit
from fitter_lambda.output.figure_files import encode_png
from fitter_lambda.output.light_curve_figure import draw_light_curve
from fitter_lambda.output.supernova_fit import SupernovaFit
from fitter_lambda.renderer.light_curve_group import read_light_curve
from tests.fitter.conftest import Server
from tests.fitter.light_curves import parse_payload, sn2019dwz
from tests.fitter.rendering import product, render
from tests.netcdf_files import ATTRIBUTES, Groups, light_curve_groups, make_netcdf, posterior_groups

STARTS = {"image/png": b"\x89PNG", "application/pdf": b"%PDF-", "image/svg+xml": b"<?xml"}


def changed(group: str, variable: str, value: Any) -> Groups:
    """A valid file's groups with one variable or attribute replaced, or removed if the value is None."""
    groups = copy.deepcopy(light_curve_groups())
    place = groups[group]
    if variable not in place:
        place = place[ATTRIBUTES]
    if value is None:
        del place[variable]
    else:
        place[variable] = value
    return groups


def test_the_fitters_file_draws_the_fitters_figure(fit: Fit) -> None:
    supernova_fit = SupernovaFit(fit, parse_payload(sn2019dwz(fix_z="True")))
    contents = read_light_curve(supernova_fit.to_netcdf())
    original = supernova_fit.light_curve_contents
    for name in ("name", "model", "event", "t0", "redshift", "chi2", "ndof", "misfit_p", "parameters"):
        assert getattr(contents, name) == getattr(original, name)
    for name in ("mjd", "flux", "fluxerr", "limit", "band", "pulls"):
        np.testing.assert_array_equal(getattr(contents, name), getattr(original, name))
    again, before = (
        matplotlib.image.imread(io.BytesIO(encode_png(draw_light_curve(each, "magnitude"), 80)))
        for each in (contents, original)
    )
    assert np.mean(np.abs(again - before)) < 1e-3


def test_arviz_reads_the_file_without_a_word(fit: Fit, tmp_path: Any, recwarn: pytest.WarningsRecorder) -> None:
    path = tmp_path / "fit.nc"
    path.write_bytes(SupernovaFit(fit, parse_payload(sn2019dwz(fix_z="True"))).to_netcdf())
    idata = arviz.from_netcdf(path)
    curve = idata["predicted_light_curve"]
    assert curve["flux"].dims == ("band", "quantile", "mjd") and curve.attrs["model"] == "salt3"
    assert json.loads(curve.attrs["bands"]) == fit.data.rows.bands
    assert not [warning for warning in recwarn if "predicted_light_curve" in str(warning.message)]


@pytest.mark.parametrize("scale", ["flux", "magnitude"])
@pytest.mark.parametrize(("file_format", "content_type"), zip(("png", "pdf", "svg"), STARTS, strict=True))
def test_the_renderer_draws_every_format(server: Server, scale: str, file_format: str, content_type: str) -> None:
    options = {"scale": scale, "format": file_format}
    assert render(server, make_netcdf(light_curve_groups()), "light_curve", options=options) == {"ok": True}
    stored_type, body = product(server)
    assert stored_type == content_type and body.startswith(STARTS[content_type])


def test_a_fitted_document_can_be_drawn(server: Server, document: dict[str, Any]) -> None:
    data = base64.b64decode(document["analysis"]["inference_data"]["data"])
    assert render(server, data, "light_curve") == {"ok": True}
    assert product(server)[0] == "image/png"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"scale": "log"}, "flux, magnitude"), ({"format": "eps"}, "png, pdf, svg"),
        ({"dpi": 9}, "format, scale"), ([], "object"),
    ],
)  # fmt: skip
def test_wrong_options_name_the_choices(server: Server, options: Any, words: str) -> None:
    answer = render(server, make_netcdf(light_curve_groups()), "light_curve", options=options)
    assert not answer["ok"] and words in answer["error"]


def test_a_file_without_a_light_curve_says_what_to_do(server: Server) -> None:
    answer = render(server, make_netcdf(posterior_groups()), "light_curve")
    assert answer["reason"] == "missing_group"
    assert answer["error"].startswith("This analysis holds no predicted light curve;") and "again" in answer["error"]


@pytest.mark.parametrize(
    ("group", "variable", "value"),
    [
        ("predicted_light_curve", "bands", "ztfg"),
        ("predicted_light_curve", "bands", json.dumps(["ztfg", "ztfg"])),
        ("predicted_light_curve", "bands", json.dumps([f"band{i}" for i in range(99)])),
        ("predicted_light_curve", "bands", "[" * 10_000),
        ("predicted_light_curve", "parameters", None),
        ("predicted_light_curve", "t0", np.nan),
        ("predicted_light_curve", "t0", "soon"),
        ("predicted_light_curve", "chi2", np.array([1.0, 2.0])),
        ("predicted_light_curve", "redshift", -1.0),
        ("predicted_light_curve", "mjd", np.linspace(1, 0, 20)),
        ("predicted_light_curve", "mjd", np.full(20, np.inf)),
        ("predicted_light_curve", "mjd", np.zeros(5000)),
        ("predicted_light_curve", "flux", np.zeros((2, 5, 3))),
        ("predicted_light_curve", "flux", None),
        ("predicted_light_curve", "estimate", np.zeros((3, 3))),
        ("predicted_light_curve", "residual", np.zeros(4)),
        ("observed_data", "flux", np.array([1.0, np.nan, 1.0, 1.0, 1.0])),
        ("constant_data", "fluxerr", np.zeros(5)),
        ("constant_data", "band", np.array([0, 1, 2, 3, 4])),
        ("constant_data", "band", np.array([0, -1, 0, 1, 0])),
        ("constant_data", "mjd", np.full(5, 1e300)),
        ("constant_data", "is_limit", np.zeros((5, 2))),
    ],
)
def test_a_wrong_value_is_refused_in_a_sentence(server: Server, group: str, variable: str, value: Any) -> None:
    answer = render(server, make_netcdf(changed(group, variable, value)), "light_curve")
    assert not answer["ok"] and "not known" not in answer["error"] and not server.bodies("PUT")


@pytest.mark.parametrize(
    ("group", "variable", "value"),
    [
        ("predicted_light_curve", "name", "$\\frac{1}{$ <script>\n\x07"),
        ("predicted_light_curve", "name", "x" * 50_000),
        ("predicted_light_curve", "name", 7),
        ("predicted_light_curve", "event", "$\\bad$ $"),
        ("predicted_light_curve", "bands", json.dumps(["$x$ $", "_ \\frac"])),
        ("predicted_light_curve", "parameters", json.dumps(["$a_{$", "b" * 500])),
        ("predicted_light_curve", "misfit_p", np.nan),
        ("predicted_light_curve", "best", np.full((2, 20), np.nan)),
        ("predicted_light_curve", "flux", np.full((2, 5, 20), -np.inf)),
        ("predicted_light_curve", "flux", np.full((2, 5, 20), -5.0)),
        ("predicted_light_curve", "estimate", np.full((2, 3), 1e19)),
        ("predicted_light_curve", "estimate", np.zeros((2, 3))),
        ("predicted_light_curve", "residual", np.full(5, np.nan)),
        ("observed_data", "flux", np.full(5, -1e19)),
        ("observed_data", "flux", np.full(5, 1e19)),
        ("constant_data", "is_limit", np.ones(5, int)),
        ("constant_data", "mjd", np.full(5, 0.0)),
    ],
)
@pytest.mark.parametrize("scale", ["flux", "magnitude"])
def test_odd_values_are_drawn(server: Server, group: str, variable: str, value: Any, scale: str) -> None:
    options = {"scale": scale, "format": "svg"}
    answer = render(server, make_netcdf(changed(group, variable, value)), "light_curve", options=options)
    assert answer == {"ok": True}
    assert b"<script>" not in product(server)[1]


def test_links_out_of_the_file_are_not_followed(server: Server, tmp_path: Any) -> None:
    (tmp_path / "secret.nc").write_bytes(make_netcdf(light_curve_groups()))
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for name in light_curve_groups():
            file[name] = h5py.ExternalLink(str(tmp_path / "secret.nc"), f"/{name}")
    assert "no predicted light curve" in render(server, buffer.getvalue(), "light_curve")["error"]


def test_few_bytes_that_hold_many_numbers_are_not_read(server: Server) -> None:
    buffer = io.BytesIO(make_netcdf(changed("predicted_light_curve", "flux", None)))
    with h5py.File(buffer, "r+") as file:
        file["predicted_light_curve"].create_dataset(
            "flux", (2, 5, 10**9), "f8", compression="gzip", chunks=(1, 1, 10**6)
        )
    assert "thin it" in render(server, buffer.getvalue(), "light_curve")["error"]
