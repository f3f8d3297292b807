"""Spectra of any usual columns and units; anything else is refused with a reason."""

from typing import Any

import numpy as np
import pytest
from astropy import units
from astropy.table import Table
from hypothesis import HealthCheck, given, settings, strategies as st

from fitter_lambda.entry.spectrum_fitting import fit_spectrum
from fitter_lambda.errors import FitterError, PayloadError
from fitter_lambda.spectrum.spectrum_table import parse_spectrum_table, to_vacuum

WAVE = np.linspace(4000.0, 9000.0, 400)
FLUX = 1 + 1e-4 * (WAVE - 6000.0)


@pytest.mark.parametrize(
    ("columns", "unit"),
    [
        ({"wavelength": WAVE, "flux": FLUX}, ""),
        ({"Lambda": WAVE / 10, "FLUX": FLUX}, ""),
        ({"wave": WAVE / 1e4, "flam": FLUX}, "erg/s/cm2/AA"),
        ({"wavelengths": WAVE[::-1], "fluxes": FLUX[::-1]}, ""),
        ({"wave": WAVE, "fnu": FLUX * WAVE**2}, ""),
        ({"wave": WAVE, "flux": FLUX * WAVE**2}, "Jy"),
        ({"wave": WAVE, "flux": -2.5 * np.log10(FLUX * WAVE**2)}, "AB"),
    ],
)
def test_columns_and_units(columns: dict[str, Any], unit: str) -> None:
    sent = parse_spectrum_table(columns, unit, is_air=False)
    assert sent.wave == pytest.approx(WAVE)
    assert sent.flux / sent.flux.mean() == pytest.approx(FLUX / FLUX.mean())


def test_a_table_with_units() -> None:
    sent = parse_spectrum_table(Table({"wave": WAVE / 10 * units.nm, "flux": FLUX * units.Jy}), is_air=False)
    assert sent.wave == pytest.approx(WAVE)
    assert sent.flux * WAVE**2 / (sent.flux * WAVE**2).mean() == pytest.approx(FLUX / FLUX.mean())


@pytest.mark.parametrize(("name", "column"), [("err", 0.2), ("variance", 0.04), ("ivar", 25.0)])
def test_errors_by_any_name(name: str, column: float) -> None:
    sent = parse_spectrum_table({"wave": WAVE, "flux": FLUX, name: np.full(400, column)})
    assert sent.error == pytest.approx(0.2)


def test_errors_that_are_all_zero_are_none() -> None:
    assert parse_spectrum_table({"wave": WAVE, "flux": FLUX, "error": np.zeros(400)}).error is None


def test_air_becomes_vacuum() -> None:
    # H alpha and [O III], by NIST
    assert to_vacuum(np.array([6562.79, 5006.84])) == pytest.approx([6564.60, 5008.24], abs=0.02)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"flux": FLUX}, "no column wavelength"),
        ({"wave": WAVE, "flux": FLUX[:-1]}, "one length"),
        ({"wave": WAVE, "flux": ["a"] * 400}, "no number"),
        ({"wave": WAVE, "flux": FLUX, "error": FLUX[:5]}, "as many"),
        ({"wave": WAVE[:10], "flux": FLUX[:10]}, "at least"),
        ({}, "has none"),
    ],
)
def test_what_is_refused(columns: dict[str, Any], message: str) -> None:
    with pytest.raises(PayloadError, match=message):
        parse_spectrum_table(columns)


NUMBERS = st.floats(allow_nan=True, allow_infinity=True) | st.sampled_from([0.0, 1.0, 5000.0, 1e-17])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_spectrum_gives_a_fit_or_a_reason(data: st.DataObject) -> None:
    number = data.draw(st.integers(0, 80))
    start = np.linspace(3500.0, 9000.0, max(number, 1))[:number]
    wave = data.draw(st.just(start) | st.lists(NUMBERS, min_size=number, max_size=number))
    flux = data.draw(st.just(np.ones(number)) | st.lists(NUMBERS, min_size=number, max_size=number))
    error = data.draw(st.none() | st.lists(NUMBERS, min_size=number, max_size=number))
    columns = {"wave": wave, "flux": flux} | ({} if error is None else {"error": error})
    try:
        fit = fit_spectrum(columns, "salt3", z_max=0.2, n_draws=100)
    except FitterError as reason:
        assert str(reason)[0].isupper() and str(reason).endswith(".")
    else:
        assert np.isfinite(fit.draws["z"]).all()
