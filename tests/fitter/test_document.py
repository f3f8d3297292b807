"""The callback document, read as portals read it."""

import base64
import io
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import arviz
import h5py
import joblib
import matplotlib.image
import numpy as np
import pytest
import sncosmo
from astropy.cosmology import FlatLambdaCDM

from fitter_lambda.engine.bandflux import BandFluxes
from fitter_lambda.engine.fit import Fit
from fitter_lambda.engine.source_grid import load_source_grid
from fitter_lambda.entry.supernova_service import build_result
from fitter_lambda.input.templates import load_source
from fitter_lambda.output.supernova_fit import SupernovaFit
from fitter_lambda.renderer.joblib_files import load_joblib
from fitter_lambda.renderer.json_values import to_json_values
from tests.fitter.light_curves import fit_payload, parse_payload, payload, sn2019dwz, sn2019dwz_rows
from tests.inference_data import compute_loo, draw_predictive_plot, list_groups, make_inference_data

NAMES = ["z", "t0", "x0", "x1", "c"]


def data(entry: dict[str, str]) -> bytes:
    return base64.b64decode(entry["data"], validate=True)


def unpack_fit(request: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The answer to a payload, and the results in it."""
    document = fit_payload(request, ignore_progress)
    assert document["status"] == "success", document["message"]
    return document, joblib.load(io.BytesIO(data(document["analysis"]["results"])))


def ignore_progress(fraction: float, message: str) -> None:
    """Ignore progress."""


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
    assert {
        "posterior", "sample_stats", "log_likelihood", "posterior_predictive", "observed_data",
        "constant_data",
    } <= list_groups(idata)  # fmt: skip
    assert list(idata.posterior.data_vars) == NAMES
    assert dict(idata.posterior.sizes) == {"chain": 4, "draw": 250}
    assert idata.sample_stats["lp"].shape == (4, 250)
    assert idata.log_likelihood["flux"].dims == ("chain", "draw", "observation")
    assert idata.posterior_predictive["flux"].shape[2] == idata.observed_data.sizes["observation"]
    assert np.isfinite(arviz.summary(idata, round_to=6)["mean"]).all()
    assert idata.log_likelihood.sizes["draw"] * 4 == 1000, "as many as leave-one-out needs"
    assert np.isfinite(compute_loo(select_telling_rows(idata))).all()
    assert list(idata.observed_data.data_vars) == ["flux"]  # what plots of the predictive group look for
    assert draw_predictive_plot(idata) > 5


def select_telling_rows(idata: Any) -> Any:
    """Leave out rows whose likelihood is the same in the draws that fit worst: arviz 1.x refuses these."""
    values = idata.log_likelihood["flux"].values
    worst = np.sort(values.reshape(-1, values.shape[2]), axis=0)[: values.shape[0] * values.shape[1] // 20]
    telling = np.ptp(worst, axis=0) > 0
    assert telling.sum() > 20
    draws = {name: idata.posterior[name].values for name in idata.posterior.data_vars}
    return make_inference_data({"posterior": draws, "log_likelihood": {"flux": values[:, :, telling]}})


def test_the_groups_are_plain_netcdf4(netcdf: Path) -> None:
    """Numbers with named dimensions and nothing else, as every version of xarray reads them."""
    with h5py.File(netcdf) as file:
        for group in file.values():
            for variable in group.values():
                assert variable.dtype.kind in "fi"


def test_pointwise_likelihoods_belong_to_their_draws(tmp_path: Path) -> None:
    """With flat priors and no model covariance they add up to the density of their draws."""
    plain = sn2019dwz(fix_z="True", priors="flat", modelcov="False", zp_error=0, n_draws=400)
    path = tmp_path / "plain.nc"
    path.write_bytes(data(fit_payload(plain, ignore_progress)["analysis"]["inference_data"]))
    idata = arviz.from_netcdf(path)
    total = idata.log_likelihood["flux"].sum("observation")
    lp = idata.sample_stats["lp"].sel(draw=idata.log_likelihood["draw"])
    assert np.ptp((lp - total).values) < 1e-3


def test_replicated_data_scatter_like_the_observed_ones(netcdf: Path) -> None:
    idata = arviz.from_netcdf(netcdf)
    replicated = idata.posterior_predictive["flux"].stack(sample=("chain", "draw")).values
    observed, error = idata.observed_data["flux"].values, idata.constant_data["fluxerr"].values
    pull = (observed - replicated.mean(axis=1)) / replicated.std(axis=1)
    assert np.mean(np.abs(pull) < 2) > 0.85
    assert np.all(replicated.std(axis=1) > 0.7 * error)


def test_outliers_are_replicated_where_they_are_expected(tmp_path: Path) -> None:
    """Student's t of four degrees of freedom has twice the variance of a Gaussian of its scale."""
    document, _ = unpack_fit(sn2019dwz(robust="True", fix_z="True", modelcov="False", zp_error=0))
    (tmp_path / "robust.nc").write_bytes(data(document["analysis"]["inference_data"]))
    idata = arviz.from_netcdf(tmp_path / "robust.nc")
    replicated = idata.posterior_predictive["flux"].stack(sample=("chain", "draw")).values
    error = idata.constant_data["fluxerr"].values[:, None]
    pull = (replicated - np.median(replicated, axis=1)[:, None]) / error
    assert np.mean(np.abs(pull) > 4) > 3e-3  # 6e-5 of a Gaussian


def test_far_too_large_errors_are_in_the_message() -> None:
    document, results = unpack_fit(sn2019dwz(source="hsiao-subsampled", error_floor="1", n_draws=200))
    assert results["misfit_p_value"] > 0.999
    assert "scatter far less than the errors allow" in document["message"]


def test_chains_agree(netcdf: Path) -> None:
    idata = arviz.from_netcdf(netcdf)
    summary = arviz.summary(idata, round_to=4)
    assert (summary["r_hat"] < 1.05).all() and (summary["ess_bulk"] > 500).all()


def test_limits_are_marked_among_the_observed_data(tmp_path: Path) -> None:
    rows = sn2019dwz_rows()
    rows[-1] |= {"flux": "", "limiting_mag": "17.4"}
    request = payload(rows, "0.04608,,", source="hsiao-subsampled", fix_z="True", n_draws=100)
    document, results = unpack_fit(request)
    path = tmp_path / "limits.nc"
    path.write_bytes(data(document["analysis"]["inference_data"]))
    idata = arviz.from_netcdf(path)
    is_limit = idata.constant_data["is_limit"].values == 1
    assert is_limit.sum() == results["n_limits"] == 1
    limit = idata.observed_data["flux"].values[is_limit]
    assert limit == pytest.approx(10 ** (-0.4 * (17.4 - 23.9)))
    assert results["ndof"] == len(rows) - 1 - 2


def test_the_same_payload_gives_the_same_file() -> None:
    few = sn2019dwz(source="hsiao-subsampled", fix_z="True", n_draws=100)
    one, two = (fit_payload(few, ignore_progress)["analysis"] for _ in range(2))
    assert one["inference_data"] == two["inference_data"]
    assert one["posterior_samples"] == two["posterior_samples"]
    assert one["model_lightcurve"] == two["model_lightcurve"]


def test_the_results_hold_plain_data_only(document: dict[str, Any], results: Any) -> None:
    ours = to_json_values(load_joblib(data(document["analysis"]["results"])))
    assert ours == to_json_values(results)
    assert json.loads(json.dumps(ours, allow_nan=False)) == ours


def test_the_results_are_complete_and_agree(document: dict[str, Any], results: Any) -> None:
    assert list(results["parameters"]) == NAMES
    for summary in results["parameters"].values():
        assert set(summary) == {"median", "err_minus", "err_plus", "std", "best_fit", "caveats"}
    assert results["covariance"].shape == (5, 5)
    assert results["covariance"][1, 1] ** 0.5 == pytest.approx(results["parameters"]["t0"]["std"], rel=0.01)
    assert sum(band["chi2"] for band in results["chi2_per_band"].values()) == pytest.approx(results["chi2"])
    assert results["n_rows"] - results["ndof"] == 5
    row = results["cosmology_row"]
    for key, name in (("PKMJD", "t0"), ("x1", "x1"), ("c", "c"), ("x0", "x0"), ("zHEL", "z")):
        assert row[key] == pytest.approx(results["parameters"][name]["median"], abs=results["parameters"][name]["std"])
        assert row[f"{key}ERR"] == pytest.approx(results["parameters"][name]["std"])
    # SNANA's offset of SALT2 and SALT3 is 10.635
    assert row["mB"] == pytest.approx(10.635 - 2.5 * np.log10(row["x0"]), abs=0.02)
    place = results["parameter_names"].index
    assert row["COV_x1_c"] == pytest.approx(results["covariance"][place("x1"), place("c")])
    assert all(row["CUTS"].values()) and row["FITPROB"] == results["misfit_p_value"]
    assert results["seed"] == 3 and results["mwebv"] == 0
    assert set(results["seconds"]) == {"load", "fit", "report"}
    assert results["diagnostics"]["effective_draws"] > 300
    assert results["excluded"] == [] and results["n_limits"] == 0
    assert 0.05 < results["misfit_p_value"] < 0.95 and math.isfinite(results["log_evidence"])
    assert results["diagnostics"]["pareto_k"] < 0.7 and len(results["diagnostics"]["modes"]) == 1
    assert -19.6 < results["peak"]["absolute"] < -18.2
    assert results["peak"]["apparent"] - results["peak"]["absolute"] == pytest.approx(36.55, abs=0.1)
    (note,) = document["analysis"]["annotations"]
    assert note["origin"].endswith(":salt3") and "describes the data" in note["data"]["verdict"]
    assert document["analysis"]["verdict"] == results["verdict"] and results["verdict"]["describes_data"]
    assert document["analysis"]["model_summary"]["peak_mjd"] == results["peak"]["mjd"]
    assert note["data"]["x1"] == results["parameters"]["x1"]["median"]


def test_results_name_versions_and_choices(results: Any) -> None:
    assert set(results["versions"]) == {"fitter", "model", "sncosmo", "numpy", "scipy"}
    assert results["versions"]["sncosmo"] == sncosmo.__version__
    assert results["versions"]["model"] == f"salt3 {results['source_version']}"
    assert results["priors"] == "physical" and "SALT" in results["likelihood"]
    assert results["redshift"]["kind"] == "gaussian" and results["redshift"]["given"] == 0.04608
    assert results["mwebv_from"] == "0: no position"


def assert_same_peak(source: Any) -> None:
    """Peak and decline of one SALT3, by a grid that is fine enough for a hundredth of a day."""
    x0, x1, c = source.parameters
    fluxes = BandFluxes(load_source_grid("salt3"), [sncosmo.get_bandpass("bessellb")], 0.0, 0.0, "c", -1.0, 2.0)
    peaks = fluxes.compute_peaks(np.array([[x0, x0 * x1]]), np.array([[c]]))
    phase = np.arange(-5.0, 5.0, 0.005)
    at = phase[np.argmin(source.bandmag("bessellb", "ab", phase))]
    now, later = (source.bandmag("bessellb", "ab", at + days) for days in (0.0, 15.0))
    for value, (expected, tolerance) in zip(
        peaks, [(now + 0.1186, 1e-3), (at, 0.02), (later - now, 2e-3)], strict=True
    ):
        assert value[0] == pytest.approx(expected, abs=tolerance)


def test_peaks_are_those_of_sncosmo(results: Any) -> None:
    """In rest-frame Bessell B, of Vega, whose AB magnitude there is −0.1186; distances by astropy."""
    source = load_source("salt3")
    source.set(**{name: results["parameters"][name]["median"] for name in ("x0", "x1", "c")})
    assert_same_peak(source)
    peak, distance = results["peak"], FlatLambdaCDM(H0=70, Om0=0.3, Tcmb0=0).distmod(0.04608).value
    assert peak["apparent"] == pytest.approx(source.peakmag("bessellb", "ab") + 0.1186, abs=0.02)
    assert peak["distance_modulus"] == pytest.approx(distance, abs=0.01)
    assert peak["absolute"] == pytest.approx(peak["apparent"] - peak["distance_modulus"], abs=0.02)
    later = source.peakphase("bessellb") + 15
    decline = source.bandmag("bessellb", "ab", later) - source.peakmag("bessellb", "ab")
    assert peak["dm15"] == pytest.approx(decline, abs=0.03)
    assert peak["mjd"] == pytest.approx(results["parameters"]["t0"]["median"], abs=1)
    # the redshift's error of 300 km/s counts in
    assert peak["distance_modulus_std"] == pytest.approx(5 / math.log(10) * 0.001 / 0.04608, rel=0.15)
    assert "explosion_mjd" not in peak and "Vega" in peak["band"] and "H0 = 70" in peak["cosmology"]


def test_a_template_with_a_dark_start_gives_the_explosion_date() -> None:
    _, results = unpack_fit(sn2019dwz(source="hsiao-subsampled", fix_z="True", n_draws=200))
    t0 = results["parameters"]["t0"]["median"]
    first = load_source("hsiao-subsampled").minphase()
    assert results["peak"]["explosion_mjd"] == pytest.approx(t0 + 1.04608 * first, abs=0.1)
    assert results["peak"]["explosion_mjd_std"] == pytest.approx(results["parameters"]["t0"]["std"], rel=0.1)
    assert 0.8 < results["peak"]["dm15"] < 1.3
    assert "model error 20 %" in results["likelihood"]


def test_a_misfit_is_in_the_message(document: dict[str, Any]) -> None:
    """Errors a tenth of what they are leave no room for a template's faults."""
    rows = [row | {"fluxerr": float(row["fluxerr"]) / 10} for row in sn2019dwz_rows()]
    options = {"source": "hsiao-subsampled", "fix_z": "True", "n_draws": 100, "model_error": 0, "zp_error": 0}
    bad, results = unpack_fit(payload(rows, "0.04608,,", **options))
    assert results["misfit_p_value"] < 1e-6 and results["chi2"] > 10 * results["ndof"]
    assert "does not describe the data" in bad["message"]
    assert not bad["analysis"]["verdict"]["describes_data"] and "annotations" not in bad["analysis"]
    assert "does not describe the data" not in document["message"]


def test_limits_far_below_the_model_are_a_misfit(document: dict[str, Any]) -> None:
    deep = [{"mjd": 58606.0 + i, "fluxerr": 10.0, "filter": "atlaso", "zp": "23.9", "magsys": "ab"} for i in range(4)]
    bad, results = unpack_fit(payload([*sn2019dwz_rows(), *deep], "0.04608,,", source="salt3", n_draws=200))
    assert results["chi2"] < 2 * results["ndof"] and results["misfit_p_value"] < 1e-3
    assert "does not describe the data" in bad["message"]


def test_detections_that_the_model_does_not_reach_are_counted_in_the_message(document: dict[str, Any]) -> None:
    late = [
        {"mjd": 58700.0 + i, "flux": 30.0, "fluxerr": 3.0, "filter": "atlaso", "zp": "23.9", "magsys": "ab"}
        for i in range(3)
    ]
    late_document, results = unpack_fit(payload([*sn2019dwz_rows(), *late], "0.04608,,", source="salt3", n_draws=200))
    assert results["n_detections_out_of_reach"] == 3
    assert f"of {results['n_detections']} detections 3 are out of the model's reach" in late_document["message"]
    assert "reach" not in document["message"]


def test_rows_left_out_are_counted_in_the_message(document: dict[str, Any]) -> None:
    rows = [*sn2019dwz_rows(), sn2019dwz_rows()[0] | {"filter": "nonsense"}, {"filter": "ztfg"}]
    request = payload(rows, "0.04608,,", source="hsiao-subsampled", fix_z="True", n_draws=100)
    left, results = unpack_fit(request)
    assert "2 rows were left out, see results.excluded" in left["message"]
    assert [row["row"] for row in results["excluded"]] == [34, 35]
    assert [row["reason"] for row in results["excluded"]] == ["unknown band 'nonsense'", "no date"]
    assert "left out" not in document["message"]


def test_a_document_with_many_excluded_rows_stays_small() -> None:
    rows, noise = sn2019dwz_rows(), np.random.default_rng(0)
    many_rows = [rows[i % len(rows)] | {"mjd": float(rows[i % len(rows)]["mjd"]) + noise.normal(0, 0.01)}
            for i in range(375)]  # fmt: skip
    request = payload(many_rows + [{"filter": "ztfg"}] * 19_000, "0.04608,,", source="salt3", n_draws=20000)
    document, results = unpack_fit(request)
    assert len(json.dumps(document)) < 3_000_000
    assert "19000 rows were left out" in document["message"]
    assert results["excluded_by_reason"] == {"no date": 19000} and len(results["excluded"]) == 1000


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
        columns = np.array(rows)
        assert np.all(np.diff(columns[:, 0]) > 0)
        assert np.all(columns[:, 2] <= columns[:, 1]) and np.all(columns[:, 1] <= columns[:, 3])
    peak = min(row[1] for row in analysis["model_lightcurve"]["ztfg"])
    assert peak == pytest.approx(17.9, abs=0.3)


def test_progress_only_rises() -> None:
    fractions: list[float] = []
    random = np.random.default_rng(1)  # rows that no model describes: they are tried twice
    rows = [row | {"flux": 1000 * random.uniform(), "fluxerr": 1} for row in sn2019dwz_rows()]
    request = payload(rows, "0.04608,0.01,", source="salt3", n_draws=100)
    document = fit_payload(request, lambda fraction, message: fractions.append(fraction))
    assert document["status"] == "success"
    assert fractions == sorted(fractions)
    assert fractions[0] < 0.1 and fractions[-1] > 0.9 and len(fractions) > 5


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
    request = payload(rows, "0.04608,,", source="salt3", fix_z="True", n_draws=100, mjd_max=60000)
    request["resource_id"] = "$\\frac{$%s\x00\n"
    document = fit_payload(request, ignore_progress)
    assert document["status"] in ("success", "failure") and document["message"]
    assert "unexpectedly" not in document["message"]
    json.dumps(document, allow_nan=False)


def assert_finite(value: Any) -> None:
    """Every number is finite or None, and nothing but JSON is there."""
    if isinstance(value, dict):
        assert all(isinstance(key, str) for key in value)
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            assert_finite(item)
    else:
        assert value is None or isinstance(value, str | int | float)
        assert not isinstance(value, float) or math.isfinite(value)


def test_results_have_a_copy_as_json_where_the_payload_asks_for_it(document: dict[str, Any], results: Any) -> None:
    answer = fit_payload(sn2019dwz(n_draws="1000", seed=3) | {"json_results": True}, ignore_progress)
    assert answer["message"] == document["message"]
    entry = answer["analysis"]["results"]
    assert set(entry) == {"format", "data", "json"} and entry["format"] == "joblib"
    copy = entry["json"]
    assert_finite(copy)
    assert copy == to_json_values(joblib.load(io.BytesIO(data(entry))))
    assert copy | {"seconds": 0} == to_json_values(results) | {"seconds": 0}


def test_results_have_no_copy_for_all_others(document: dict[str, Any]) -> None:
    assert set(document["analysis"]["results"]) == {"format", "data"}


@pytest.mark.parametrize("json_results", ["xml", 3, None, [True]])
def test_a_wish_that_is_not_a_boolean_is_refused(json_results: Any) -> None:
    answer = fit_payload(sn2019dwz() | {"json_results": json_results}, ignore_progress)
    assert answer["status"] == "failure" and "expected true or false" in answer["message"]


def test_results_that_are_not_finite_become_null(fit: Fit) -> None:
    sample = replace(fit.sample, log_evidence=-math.inf, log_evidence_error=math.nan)
    finished = SupernovaFit(replace(fit, sample=sample), parse_payload(sn2019dwz(fix_z="True")))
    finished.results["covariance"] = finished.results["covariance"].tolist()
    document = build_result(finished, ignore_progress).build_document(json_results=True)
    entry = document["analysis"]["results"]
    for numbers in (entry["json"], joblib.load(io.BytesIO(data(entry)))):
        assert numbers["log_evidence"] is None and numbers["log_evidence_error"] is None
        assert_finite(numbers)
    json.dumps(document, allow_nan=False)
