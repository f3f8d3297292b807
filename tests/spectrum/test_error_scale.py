"""Errors that are too small are made larger until a model describes the spectra, and that is said."""

import numpy as np
import pytest

from fitter_lambda.entry.spectrum_fitting import fit_spectrum
from fitter_lambda.spectrum.finished_spectrum import SpectrumFit
from tests.spectrum.conftest import Columns, make_spectrum

Z = 0.08


def observe(phase: float, factor: float, signal: float = 5.0, seed: int = 0) -> Columns:
    """A supernova in 12,000 pixels, so that rebinning correlates none, with errors that are understated by a factor."""
    exact = make_spectrum("salt3", phase, Z, signal=1e6)
    wave = np.linspace(3800.0, 9000.0, 12000)
    flux = np.interp(wave, exact["wavelength"], exact["flux"])
    error = np.full(len(wave), flux.mean() / signal)
    noise = error * np.random.default_rng(seed).standard_normal(len(wave))
    return {"wavelength": wave, "flux": flux + noise, "error": error / factor}


def fit_quickly(*tables: Columns) -> SpectrumFit:
    dates = [59000.0 + 10 * (1 + Z) * k for k in range(len(tables))] if len(tables) > 1 else None
    return fit_spectrum(list(tables), "salt3", dates=dates, z_max=0.2, wavelengths="vacuum", n_draws=300)


def test_errors_that_are_right_stay() -> None:
    results = fit_quickly(observe(5.0, 1.0)).results
    assert results["error_scale"] == 1 and results["verdict"]["word"] == "good"
    assert not any("multiplied" in remark for remark in results["remarks"])


@pytest.mark.parametrize("factor", [1.5, 3.0])
def test_errors_that_are_too_small_are_multiplied_by_what_they_lack(factor: float) -> None:
    results = fit_quickly(observe(5.0, factor)).results
    assert results["error_scale"] == pytest.approx(factor, rel=0.15)
    assert results["misfit_p_value"] > 0.05
    z = results["parameters"]["z"]
    assert abs(z["median"] - Z) < 4 * max(z["err_minus"], z["err_plus"])
    said = f"{results['error_scale']:.1f}"
    assert any(f"the errors were multiplied by {said}" in remark for remark in results["remarks"])
    assert f"errors {said} times as large" in results["verdict"]["message"]
    assert results["verdict"]["word"] == ("doubtful" if factor > 2 else "good")


def test_a_fit_that_took_long_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fitter_lambda.spectrum.error_scale._MOST_SECONDS", 0.0)
    results = fit_quickly(observe(5.0, 3.0)).results
    assert results["error_scale"] == 1 and results["verdict"]["word"] == "refuted"


def test_posteriors_are_as_wide_as_with_the_right_errors() -> None:
    right, mended = (fit_quickly(observe(5.0, factor)).draws["z"] for factor in (1.0, 3.0))
    assert np.std(mended) == pytest.approx(np.std(right), rel=0.3)


def test_each_spectrum_has_its_own_scale() -> None:
    fit = fit_quickly(observe(0.0, 3.0, signal=3.0), observe(10.0, 1.0, signal=3.0, seed=1))
    scales = [each["error_scale"] for each in fit.results["spectra"]]
    assert scales[0] == pytest.approx(3.0, rel=0.15) and scales[1] < 1.15
    assert any(remark.startswith("spectrum 1: the errors were multiplied by") for remark in fit.results["remarks"])


def test_what_no_model_has_is_refuted(columns: Columns) -> None:
    comb = 1 + 0.3 * np.sign(np.sin(columns["wavelength"] / 12.0))
    fit = fit_quickly(columns | {"flux": columns["flux"] * comb, "error": columns["error"] / 20})
    verdict = fit.results["verdict"]
    assert fit.results["error_scale"] > 5 and verdict["word"] == "refuted"
    assert f"only with errors {fit.results['error_scale']:.1f} times as large" in verdict["message"]
