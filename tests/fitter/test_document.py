"""The answer, read as its receivers read it."""

import base64
import io
import json
import math
from pathlib import Path
from typing import Any

import arviz
import h5py
import joblib
import matplotlib.image
import numpy as np
import pytest

from fitter_lambda.renderer.plain import to_plain
from fitter_lambda.renderer.unpickle import load_joblib
from fitter_lambda.service import analyse
from tests.fitter.light_curves import payload, sn2019dwz, sn2019dwz_rows

NAMES = ["z", "t0", "x0", "x1", "c"]


def data(entry: dict[str, str]) -> bytes:
    return base64.b64decode(entry["data"], validate=True)


@pytest.fixture(scope="module")
def netcdf(document: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("inference") / "fit.nc"
    path.write_bytes(data(document["analysis"]["inference_data"]))
    return path


@pytest.fixture(scope="module")
def results(document: dict[str, Any]) -> Any:
    return joblib.load(io.BytesIO(data(document["analysis"]["results"])))


def test_the_document_is_small_finite_json(document: dict[str, Any]) -> None:
    assert document["status"] == "success", document["message"]
    assert set(document) == {"status", "message", "analysis"}
    assert len(json.dumps(document, allow_nan=False)) < 3_000_000


def test_arviz_reads_the_inference_data(netcdf: Path) -> None:
    idata = arviz.from_netcdf(netcdf)
    assert {"posterior", "sample_stats", "log_likelihood", "posterior_predictive", "observed_data"} <= set(
        idata.groups()
    )
    assert list(idata.posterior.data_vars) == NAMES
    assert dict(idata.posterior.sizes) == {"chain": 4, "draw": 250}
    assert idata.sample_stats["lp"].shape == (4, 250)
    assert idata.log_likelihood["flux"].dims == ("chain", "draw", "observation")
    assert idata.posterior_predictive["flux"].shape[2] == idata.observed_data.sizes["observation"]
    assert np.isfinite(arviz.summary(idata)["mean"]).all()
    assert math.isfinite(arviz.waic(idata).elpd_waic)


def test_the_groups_are_plain_netcdf4(netcdf: Path) -> None:
    """Numbers with named dimensions and nothing else, as every version of xarray reads them."""
    with h5py.File(netcdf) as file:
        for group in file.values():
            for variable in group.values():
                assert variable.dtype.kind in "fi"


def test_pointwise_likelihoods_belong_to_their_draws(tmp_path: Path) -> None:
    """With flat priors and no model covariance they add up to the density of their draws, in (x0, x0 x1)."""
    plain = sn2019dwz(fix_z="True", priors="flat", modelcov="False", n_draws=400)
    path = tmp_path / "plain.nc"
    path.write_bytes(data(analyse(plain, ignore)["analysis"]["inference_data"]))
    idata = arviz.from_netcdf(path)
    total = idata.log_likelihood["flux"].sum("observation")
    lp = idata.sample_stats["lp"].sel(draw=idata.log_likelihood["draw"])
    x0 = idata.posterior["x0"].sel(draw=idata.log_likelihood["draw"])
    assert np.ptp((lp + np.log(x0) - total).values) < 1e-3


def test_the_results_hold_plain_data_only(document: dict[str, Any], results: Any) -> None:
    ours = to_plain(load_joblib(data(document["analysis"]["results"])))
    assert ours == to_plain(results)
    assert json.loads(json.dumps(ours, allow_nan=False)) == ours


def test_the_results_are_complete_and_agree(document: dict[str, Any], results: Any) -> None:
    assert list(results["parameters"]) == NAMES
    for summary in results["parameters"].values():
        assert set(summary) == {"median", "err_minus", "err_plus", "std", "best_fit"}
    assert results["covariance"].shape == (5, 5)
    assert results["covariance"][1, 1] ** 0.5 == pytest.approx(results["parameters"]["t0"]["std"], rel=0.01)
    assert sum(band["chi2"] for band in results["chi2_per_band"].values()) == pytest.approx(results["chi2"])
    assert results["n_rows"] - results["ndof"] == 5
    assert results["seed"] == 3 and results["mwebv"] == 0
    assert set(results["seconds"]) == {"load", "fit", "report"}
    assert results["diagnostics"]["effective_draws"] > 300
    assert results["excluded"] == [] and results["n_limits"] == 0
    assert 0.05 < results["misfit_p_value"] < 0.95 and math.isfinite(results["log_evidence"])
    assert results["diagnostics"]["pareto_k"] < 0.7 and len(results["diagnostics"]["modes"]) == 1
    assert -19.6 < results["peak"]["absolute"] < -18.2
    assert results["peak"]["apparent"] - results["peak"]["absolute"] == pytest.approx(36.55, abs=0.1)
    note = document["analysis"]["annotations"][0]
    assert note["data"]["x1"] == results["parameters"]["x1"]["median"]


def test_the_plots_are_pictures(document: dict[str, Any]) -> None:
    for plot in document["analysis"]["plots"]:
        assert plot["format"] == "png"
        pixels = matplotlib.image.imread(io.BytesIO(data(plot)))
        assert min(pixels.shape[:2]) > 400
        assert pixels[..., :3].std() > 0.05  # something is drawn


def test_clients_can_draw_by_themselves(document: dict[str, Any], results: Any) -> None:
    analysis = document["analysis"]
    assert analysis["model_name"] == "salt3" and analysis["n_detections"] == 23
    assert list(analysis["posterior_samples"]) == NAMES
    assert {len(draws) for draws in analysis["posterior_samples"].values()} == {500}
    for rows in analysis["model_lightcurve"].values():
        table = np.array(rows)
        assert np.all(np.diff(table[:, 0]) > 0)
        assert np.all(table[:, 2] <= table[:, 1]) and np.all(table[:, 1] <= table[:, 3])
    peak = min(row[1] for row in analysis["model_lightcurve"]["ztfg"])
    assert peak == pytest.approx(17.9, abs=0.3)


def test_progress_only_rises() -> None:
    told: list[float] = []
    given = payload(sn2019dwz_rows(), "0.04608,,", source="salt3", fix_z="True", n_draws=100, mjd_max=58630)
    document = analyse(given, lambda fraction, message: told.append(fraction))
    assert document["status"] == "success"
    assert told == sorted(told) and told[0] < 0.1 and told[-1] > 0.9 and len(told) > 5


def ignore(fraction: float, message: str) -> None:
    """Nobody listens."""


@pytest.mark.parametrize(
    "change",
    [
        {"flux": 1e29, "fluxerr": 1e-29}, {"fluxerr": 1e-29}, {"flux": -1e29}, {"mjd": 0},
        {"zp": -49, "filter": "../../etc/passwd"}, {"zp": 99},
    ],
)  # fmt: skip
def test_hostile_numbers_end_in_a_document(change: dict[str, Any]) -> None:
    rows = sn2019dwz_rows()
    rows[4] = rows[4] | change
    given = payload(rows, "0.04608,,", source="salt3", fix_z="True", n_draws=100, mjd_max=60000)
    given["resource_id"] = "$\\frac{$%s\x00\n"
    document = analyse(given, ignore)
    assert document["status"] in ("success", "failure") and document["message"]
    assert "does not know" not in document["message"]
    json.dumps(document, allow_nan=False)
