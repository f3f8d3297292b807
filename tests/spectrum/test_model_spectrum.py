"""The model of a fit beside the spectrum, for pages to draw."""

import numpy as np
import pytest

from fitter_lambda.entry.spectrum_fitting import fit_spectrum
from fitter_lambda.entry.spectrum_service import service
from fitter_lambda.spectrum.finished_spectrum import SpectrumFit
from fitter_lambda.spectrum.model_spectrum import describe_model_spectrum
from fitter_lambda.spectrum.spectrum_table import to_vacuum
from heliograph.service.analysis_run import run_payload
from tests.spectrum.conftest import Columns
from tests.spectrum.test_spectrum_service import PARAMETERS, to_csv


def test_the_model_lies_on_the_spectrum_as_it_was_sent(finished: SpectrumFit, columns: Columns) -> None:
    model = describe_model_spectrum(finished.posterior, finished.mw_ebv, is_air=False)
    lists = {name: np.array(values, dtype=float) for name, values in model.items()}
    assert {len(values) for values in lists.values()} == {finished.posterior.data.x.number}
    good = np.isfinite(lists["flux"])
    assert np.isnan(lists["error"][~good]).all() and (~good).sum() > 5, "telluric bands are null"
    sent = np.interp(lists["wavelength"], columns["wavelength"], columns["flux"])
    assert np.median(np.abs(lists["flux"] / sent - 1)[good]) < 0.05
    pull = (lists["flux"] - lists["model"])[good] / np.hypot(lists["error"], lists["discrepancy"])[good]
    assert np.std(pull) < 1.3
    share = lists["host"].mean() / lists["model"].mean()
    assert share == pytest.approx(finished.results["parameters"]["host_fraction"]["median"], abs=0.1)


def test_wavelengths_in_air_come_back_in_air(finished: SpectrumFit) -> None:
    air = np.array(describe_model_spectrum(finished.posterior, 0.0, is_air=True)["wavelength"])
    assert to_vacuum(air) == pytest.approx(finished.posterior.data.x.wave, abs=0.01)


def test_dust_of_the_milky_way_is_put_back(columns: Columns) -> None:
    options = {"template": "salt3", "z": 0.08, "wavelengths": "vacuum", "n_draws": 200}
    fits = [fit_spectrum(columns, mwebv=ebv, **options) for ebv in (0.0, 0.3)]
    fluxes = [describe_model_spectrum(fit.posterior, fit.mw_ebv, is_air=False)["flux"] for fit in fits]
    plain, behind_dust = (np.array(values, dtype=float) for values in fluxes)
    good = np.isfinite(plain)
    assert behind_dust[good] == pytest.approx(plain[good], rel=1e-3)


@pytest.mark.parametrize("number", [7, None])
def test_the_results_name_the_spectrum(columns: Columns, number: int | None) -> None:
    header, row = to_csv(columns).splitlines()
    spectra = f"{header},id\n{row},{number or ''}\n"
    inputs = {"spectra": spectra, "redshift": "redshift\n0.08\n", "analysis_parameters": PARAMETERS}
    document = run_payload(service, {"inputs": inputs, "callback_url": "https://portal.example/callback/1"})
    (model,) = document["analysis"]["results"]["data"]["model_spectrum"]
    assert (model["spectrum_id"], model["observed_at"]) == (number, "2026-01-02T00:00:00")
    assert document["analysis"]["model_summary"] == {"spectra": [number]}
