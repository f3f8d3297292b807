"""Templates on pixels are those of sncosmo, at any phase, redshift, colour and stretch."""

import numpy as np
import pytest
import sncosmo

from fitter_lambda.input.templates import list_local_sources, load_source
from fitter_lambda.spectrum.linear_columns import AddedColumns
from fitter_lambda.spectrum.log_grid import LogGrid
from fitter_lambda.spectrum.marginal_likelihood import SpectrumLikelihood
from fitter_lambda.spectrum.spectrum_data import build_data
from fitter_lambda.spectrum.spectrum_models import build_models
from fitter_lambda.spectrum.spectrum_priors import RedshiftRange

GRID = LogGrid(6210 / 750, 1 / 750, 500)


CASES = [
    ("salt3", 3.3, 0.15),
    ("salt3", -7.8, -0.1),
    ("hsiao", 12.6, 0.3),
    ("nugent-sn2p", 30.4, 0.1),
    ("v19-2007y-corr", 8.2, 0.4),
]


@pytest.mark.parametrize(("name", "phase", "dust"), CASES)
@pytest.mark.parametrize("velocity", [0.0, 900.0])
def test_columns_are_sncosmos_flux(name: str, phase: float, dust: float, velocity: float) -> None:
    if name not in list_local_sources():
        pytest.skip(f"SNCOSMO_DATA_DIR does not hold {name}")
    data = build_data(GRID, np.ones(GRID.number), np.ones(GRID.number), 200.0)
    model = build_models([data], RedshiftRange(0.001, 0.5), [name])[0]
    x1 = 1.3 if model.is_salt else 0.0
    z, shift = 0.087, velocity / 299792.458
    likelihood = SpectrumLikelihood(model, 0, AddedColumns(data, model.template.grid))
    row = np.array([[np.log1p(z), phase, dust, x1, shift, np.log(0.4), np.log(0.1), np.log(200.0)]])
    flux = likelihood.build_columns(row)[0, 0]

    source = load_source(name)
    rest = GRID.wave / ((1 + z) * np.exp(shift))
    if model.is_salt:
        source.set(x0=1.0, x1=x1, c=dust)
        expected = source.flux(phase, rest)
    else:
        law = sncosmo.F99Dust()
        law.set(ebv=dust)
        expected = law.propagate(rest, source.flux(phase, rest)[None])[0]
    # means over pixels of 400 km/s, and a law of dust on their lattice
    assert flux == pytest.approx(expected / expected.mean(), abs=0.02)
    assert np.std(flux - expected / expected.mean()) < 0.004


def test_amplitude_and_discrepancy_change_no_column() -> None:
    data = build_data(GRID, np.ones(GRID.number), np.ones(GRID.number), 200.0)
    model = build_models([data], RedshiftRange(0.001, 0.5), ["salt3"])[0]
    likelihood = SpectrumLikelihood(model, 0, AddedColumns(data, model.template.grid))
    rows = np.array([[0.1, 2.0, 0.1, 1.0, 0.0, 0.0, -2.0, 5.3], [0.1, 2.0, 0.1, 1.0, 0.0, -1.5, -1.0, 5.3]])
    columns = likelihood.build_columns(rows)
    assert np.array_equal(columns[0], columns[1])
    # and each row has the density that it has alone
    together = likelihood.evaluate(rows, None).log_density
    alone = [likelihood.evaluate(row[None], None).log_density[0] for row in rows]
    assert together == pytest.approx(alone)
    rows[:, 3] += 0.8
    assert likelihood.evaluate(rows, None).log_density != pytest.approx(together)
