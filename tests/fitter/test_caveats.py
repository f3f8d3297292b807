"""Every number of a fit carries its caveat, beside it and as data."""

import math
from typing import Any

import numpy as np
import pytest

from fitter_lambda.output.result_caveats import _compute_fraction_at
from tests.fitter.light_curves import payload, sn2019dwz, sn2019dwz_rows
from tests.fitter.test_document import unpack_fit

PEAK_MJD = 58606.5


def fit_rows(rows: list[dict[str, Any]], redshift: str = "0.04608", **options: Any) -> tuple[dict[str, Any], Any]:
    return unpack_fit(payload(rows, f"{redshift},,", **{"source": "salt3", "n_draws": 400, **options}))


def caveats_of(summary: dict[str, Any], number: str) -> dict[str, dict[str, Any]]:
    """The caveats of one number by their kind."""
    caveats = [caveat for caveat in summary["caveats"] if caveat["number"] == number]
    assert all(caveat["message"].endswith(".") and math.isfinite(caveat["value"]) for caveat in caveats)
    return {caveat["kind"]: caveat for caveat in caveats}


def test_a_well_observed_supernova_has_no_caveats() -> None:
    document, results = unpack_fit(sn2019dwz(n_draws=400))
    assert results["peak"]["caveats"] == []
    assert all(summary["caveats"] == [] for summary in results["parameters"].values())
    assert "caveats" not in document["message"] and "caveats" not in document["analysis"]["annotations"][0]["data"]


@pytest.mark.parametrize(
    ("redshift", "fix_z", "is_included"), [("0.01", "True", False), ("0.005", "True", False), ("0.012", "auto", True)]
)
def test_a_nearby_absolute_magnitude_has_the_error_of_peculiar_velocities(
    redshift: str, fix_z: str, is_included: bool
) -> None:
    document, results = fit_rows(sn2019dwz_rows(), redshift, fix_z=fix_z)
    caveat = caveats_of(results["peak"], "absolute")["peculiar_velocity"]
    z = results["parameters"]["z"]["median"] if is_included else float(redshift)
    assert caveat["value"] == pytest.approx(5 / math.log(10) * 300 / (299792.458 * z), rel=1e-6)
    assert caveat["value"] == pytest.approx({"0.01": 0.2173, "0.005": 0.4346}.get(redshift, caveat["value"]), abs=1e-4)
    assert caveat["sigma_v_km_s"] == 300 and "arXiv" in caveat["sigma_v_from"]
    assert caveat["included_in_std"] is is_included
    contains = results["peak"]["absolute_std"] > 0.7 * caveat["value"]
    assert contains is is_included
    assert "caveats of" in document["message"] and "absolute" in document["message"]
    assert "300 km/s" in document["analysis"]["annotations"][0]["data"]["caveats"]


@pytest.mark.parametrize(("redshift", "exceeds"), [("0.0216", True), ("0.0219", False)])
def test_it_is_said_above_a_tenth_of_a_magnitude(redshift: str, exceeds: bool) -> None:
    _, results = fit_rows(sn2019dwz_rows(), redshift, fix_z="True")
    assert ("peculiar_velocity" in caveats_of(results["peak"], "absolute")) is exceeds


@pytest.mark.parametrize(("bounds", "bound"), [({"z_min": 0.15, "z_max": 0.6}, 0.15), ({"z_max": 0.015}, 0.015)])
def test_a_posterior_at_its_bound_says_so(bounds: dict[str, float], bound: float) -> None:
    """SN 2019dwz is at 0.046, which these bounds exclude."""
    document, results = fit_rows(sn2019dwz_rows(), "", **bounds)
    caveat = caveats_of(results["parameters"]["z"], "z")["posterior_at_bound"]
    assert caveat["bound"] == bound
    samples = np.array(document["analysis"]["posterior_samples"]["z"])
    width = bounds["z_max"] - bounds.get("z_min", 0.01)
    assert caveat["value"] == pytest.approx(np.mean(np.abs(samples - bound) <= 0.01 * width), abs=0.05)
    assert caveat["value"] > 0.05 and results["parameters"]["t0"]["caveats"] == []


def test_draws_at_a_bound_are_counted() -> None:
    draws = np.array([0.0, 0.009, 0.011, 0.5, 1.0])
    assert _compute_fraction_at(draws, 0.0, 1.0) == pytest.approx(0.4)
    assert _compute_fraction_at(draws, 1.0, 1.0) == pytest.approx(0.2)
    assert _compute_fraction_at(draws, 0.0, math.inf) == 0


def test_a_flat_amplitude_has_the_upper_bound_of_its_prior() -> None:
    _, results = unpack_fit(sn2019dwz(priors="flat", fix_z="True", n_draws=400))
    assert all(summary["caveats"] == [] for summary in results["parameters"].values())


@pytest.mark.parametrize(
    ("first", "last", "side"), [(58623, 58700, "before the first"), (58500, 58601, "after the last")]
)
def test_a_peak_outside_the_detections_is_extrapolated(first: float, last: float, side: str) -> None:
    rows = [row for row in sn2019dwz_rows() if first < float(row["mjd"]) < last]
    _, results = fit_rows(rows, fix_z="True")
    peak = results["peak"]
    dates = [float(row["mjd"]) for row in rows if float(row["flux"]) > 3 * float(row["fluxerr"])]
    assert not min(dates) <= peak["mjd"] <= max(dates)
    days = max(min(dates) - peak["mjd"], peak["mjd"] - max(dates))
    outside = caveats_of(peak, "mjd")["date_outside_data"]
    assert outside["value"] == pytest.approx(days) and side in outside["message"]
    for number in ("apparent", "absolute"):
        caveat = caveats_of(peak, number)["extrapolated_in_time"]
        assert caveat["value"] == pytest.approx(days) and "not measured" in caveat["message"]


def test_zeros_before_a_supernova_are_no_data_of_its_peak() -> None:
    """Forced photometry without light, before detections that begin after the peak."""
    rows = [row for row in sn2019dwz_rows() if float(row["mjd"]) > 58623]
    zeros = [rows[0] | {"mjd": str(58300 + i), "flux": "0.5"} for i in range(5)]
    _, results = fit_rows([*zeros, *rows], fix_z="True")
    assert "date_outside_data" in caveats_of(results["peak"], "mjd")


def test_a_decline_that_was_not_observed_says_so() -> None:
    rows = [row for row in sn2019dwz_rows() if float(row["mjd"]) < PEAK_MJD + 5]
    _, results = fit_rows(rows, fix_z="True")
    caveat = caveats_of(results["peak"], "dm15")["extrapolated_in_time"]
    last = max(float(row["mjd"]) for row in rows if float(row["flux"]) > 3 * float(row["fluxerr"]))
    assert caveat["value"] == pytest.approx(results["peak"]["mjd"] + 15 * 1.04608 - last)


def test_bands_that_are_all_redder_than_rest_frame_b_say_so() -> None:
    rows = [row for row in sn2019dwz_rows() if row["filter"] in ("atlaso", "ztfr")]
    _, results = fit_rows(rows, fix_z="True")
    for number in ("apparent", "absolute"):
        caveat = caveats_of(results["peak"], number)["extrapolated_in_wavelength"]
        assert "bluer" in caveat["message"] and caveat["value"] > 200
    assert "extrapolated_in_wavelength" not in caveats_of(results["peak"], "mjd")
