"""Several spectra of one source share a redshift and a type; their phases lie apart by their dates."""

import io

import h5netcdf
import numpy as np
import pytest

from fitter_lambda.entry.spectrum_fitting import fit_spectrum
from fitter_lambda.errors import ParameterError
from fitter_lambda.spectrum.finished_spectrum import SpectrumFit
from fitter_lambda.spectrum.linear_columns import AddedColumns
from fitter_lambda.spectrum.marginal_likelihood import MarginalLikelihood
from fitter_lambda.spectrum.spectrum_models import build_models
from fitter_lambda.spectrum.spectrum_priors import RedshiftRange
from tests.spectrum.conftest import make_spectrum
from tests.spectrum.test_marginal_likelihood import make_data

Z, APART = 0.08, 16.2


@pytest.fixture(scope="module")
def pair() -> SpectrumFit:
    """A supernova before maximum and fifteen days later, fitted together."""
    tables = [make_spectrum("salt3", phase, Z, signal=6.0, seed=int(phase + 20)) for phase in (-5.0, 10.0)]
    return fit_spectrum(tables, "salt3", dates=[59000.0, 59000.0 + APART], z_max=0.2, wavelengths="vacuum", n_draws=400)


def test_phases_are_tied_by_the_dates(pair: SpectrumFit) -> None:
    draws = pair.draws
    is_supernova = np.isfinite(draws["phase"])
    gap = (draws["phase_2"] - draws["phase"])[is_supernova]
    assert gap == pytest.approx(APART / (1 + draws["z"][is_supernova]), abs=0.02)
    assert pair.results["parameters"]["phase"]["median"] == pytest.approx(-5.0, abs=2.5)
    assert pair.results["parameters"]["z"]["median"] == pytest.approx(Z, abs=0.005)
    assert [one["date"] for one in pair.results["spectra"]] == ["MJD 59000.00", "MJD 59016.20"]


def test_the_modes_hold_what_the_draws_hold(pair: SpectrumFit) -> None:
    """Climbing must reach the modes, with the width of lines at its bound as well."""
    best = pair.posterior.candidates[0]
    assert best.modes is not None and best.draws is not None
    assert best.modes.log_evidence == pytest.approx(best.draws.log_evidence, abs=5.0)
    assert best.draws.is_trusted


def test_figure_and_netcdf_hold_both(pair: SpectrumFit) -> None:
    pair.plot_spectrum().savefig(io.BytesIO())
    with h5netcdf.File(io.BytesIO(pair.to_netcdf()), "r") as file:
        assert file["observed_data"]["flux_2"].shape == (pair.posterior.spectra[1].x.number,)
        assert "host_fraction_2" in file["posterior"].variables


def test_the_likelihood_of_two_is_the_product() -> None:
    spectra = [make_data(0), make_data(1)]
    for model in build_models(spectra, RedshiftRange(0.001, 0.2), ["salt3"]):
        added = [AddedColumns(data, model.template.grid) for data in spectra]
        likelihood = MarginalLikelihood.build(model, added)
        middle = 0.5 * (model.template.low + model.template.high)
        own = [-0.2, -2.3, np.log(300.0), -0.7, -1.5, np.log(300.0)]
        theta = np.array([[0.0 if model.is_star else 0.05, middle, 0.1, 0.3, 0.001, *own]])
        both = likelihood.evaluate(theta, None)[0]
        rows = (theta[:, :8], theta[:, [0, 1, 2, 3, 4, 8, 9, 10]])
        alone = [one.evaluate(row, None).log_density for one, row in zip(likelihood.members, rows, strict=True)]
        assert both == pytest.approx(alone[0] + alone[1])
        assert np.isfinite(model.log_prior(theta)).all()


@pytest.mark.parametrize(
    ("dates", "message"), [(None, "by their dates"), ([1.0], "one date for each"), ([1.0, None], "by their dates")]
)
def test_several_need_dates(dates: list[float | None] | None, message: str) -> None:
    spectrum = make_spectrum("salt3", 0.0, Z)
    with pytest.raises(ParameterError, match=message):
        fit_spectrum([spectrum, spectrum], dates=dates)
