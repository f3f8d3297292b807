"""A fit finds type, redshift, phase and host, and says what it has done."""

import io
import json
from typing import Any

import h5netcdf
import numpy as np
import pytest

from fitter_lambda.entry.spectrum_fitting import fit_spectrum
from fitter_lambda.errors import ParameterError, TemplateError, TooLittleDataError
from fitter_lambda.spectrum.finished_spectrum import SpectrumFit
from tests.spectrum.conftest import Columns, make_spectrum


def test_type_redshift_phase_and_host(finished: SpectrumFit) -> None:
    results = finished.results
    parameters = results["parameters"]
    assert results["class"] == "Ia" and results["class_probability"] > 0.9
    assert results["verdict"]["describes_data"]
    for name, truth, most in (("z", 0.08, 0.003), ("phase", 5.0, 3.0), ("host_fraction", 0.3, 0.15)):
        error = max(parameters[name]["err_minus"], parameters[name]["err_plus"])
        assert abs(parameters[name]["median"] - truth) < min(4 * error, most)


def test_results_are_plain_json(finished: SpectrumFit) -> None:
    results = json.loads(json.dumps(finished.results, allow_nan=False))
    assert sum(results["class_probabilities"].values()) == pytest.approx(1.0)
    ranking = results["ranking"]
    assert {"galaxy", "star", "blue continuum", "salt3"} <= {one["name"] for one in ranking}
    assert ranking[0]["delta_log_evidence"] == 0
    number = sum(one["class"] == "Ia" for one in ranking)
    assert f"Ia {number}" in results["class_probabilities_note"]
    assert finished.annotations["class"] == "SN Ia" and finished.annotations["z"] == pytest.approx(0.08, abs=0.003)


def test_figures_are_drawn(finished: SpectrumFit) -> None:
    figure = finished.plot_spectrum()
    buffer = io.BytesIO()
    figure.savefig(buffer)
    texts = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert "Si II" in texts and "Ca II" in texts
    assert "SN 2026a" in figure.axes[0].get_title(loc="left")
    corner = finished.plot_corner()
    assert corner is not None and len(corner.axes) > 3


def test_draws_are_in_the_netcdf_file(finished: SpectrumFit) -> None:
    with h5netcdf.File(io.BytesIO(finished.to_netcdf()), "r") as file:
        assert file["posterior"]["z"].shape == (4, 250)
        assert np.median(file["posterior"]["z"][:]) == pytest.approx(np.median(finished.draws["z"]))
        assert file["observed_data"]["flux"][:].mean() == pytest.approx(3e-16, rel=0.2)


def test_the_same_seed_gives_the_same_draws(columns: Columns) -> None:
    fits = [fit_spectrum(columns, "salt3", z_max=0.2, n_draws=200, seed=7) for _ in range(2)]
    assert np.array_equal(fits[0].draws["z"], fits[1].draws["z"])


@pytest.mark.usefixtures("all_classes")
@pytest.mark.parametrize(
    ("source", "phase", "group"), [("nugent-sn2p", 20.0, "II"), ("v19-2007y-corr", 0.055, "stripped")]
)
def test_other_types(source: str, phase: float, group: str) -> None:
    fit = fit_spectrum(make_spectrum(source, phase, 0.03, host=0.2), wavelengths="vacuum", n_draws=500)
    assert fit.results["class"] == group
    assert fit.results["parameters"]["z"]["median"] == pytest.approx(0.03, abs=0.003)


def blackbody(wave: Any, kelvin: float) -> Any:
    return 1 / wave**5 / np.expm1(1.43878e8 / wave / kelvin)


def test_none_of_these_can_win(columns: Columns) -> None:
    wave = columns["wavelength"]
    noise = np.random.default_rng(0).standard_normal(len(wave)) / 30
    flux = blackbody(wave, 20_000.0)
    hot = fit_spectrum({"wavelength": wave, "flux": flux / flux.mean() + noise}, n_draws=500)
    assert hot.results["class"] in ("blue", "star")
    galaxy = fit_spectrum(make_spectrum("salt3", 5.0, 0.1, host=1.0, signal=30.0), wavelengths="vacuum", n_draws=500)
    assert galaxy.results["class"] == "galaxy"
    assert galaxy.results["parameters"]["z"]["median"] == pytest.approx(0.1, abs=0.002)


def test_a_known_redshift_is_kept(columns: Columns) -> None:
    exact = fit_spectrum(columns, "salt3", z=0.08, fix_z="True", n_draws=200)
    assert np.ptp(exact.draws["z"][np.isfinite(exact.draws["phase"])]) == pytest.approx(0.0)
    near = fit_spectrum(columns, "salt3", z=0.08, wavelengths="vacuum", n_draws=200)
    assert np.std(near.draws["z"][np.isfinite(near.draws["phase"])]) < 0.0015


def test_missing_errors_are_estimated_and_said(columns: Columns) -> None:
    fit = fit_spectrum({name: columns[name] for name in ("wavelength", "flux")}, "salt3", z_max=0.2, n_draws=200)
    assert any("no errors" in remark for remark in fit.results["remarks"])
    assert fit.results["signal_to_noise"] == pytest.approx(20 * np.sqrt(8.5 / 3.5), rel=0.4)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"template": "salt9"}, TemplateError, "did you mean"),
        ({"fix_z": "True"}, ParameterError, "no redshift"),
        ({"z": 3.0}, ParameterError, "up to 1.2"),
        ({"z_min": 0.5, "z_max": 0.1}, ParameterError, "z_min"),
        ({"n_draws": 1}, ParameterError, "n_draws"),
        ({"mwebv": -1.0}, ParameterError, "mwebv"),
    ],
)
def test_what_is_refused(columns: Columns, arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        fit_spectrum(columns, **arguments)


def test_no_light_is_refused(columns: Columns) -> None:
    noise = np.random.default_rng(0).standard_normal(1500)
    with pytest.raises(TooLittleDataError, match="no light"):
        fit_spectrum(columns | {"flux": noise, "error": np.ones(1500)})
