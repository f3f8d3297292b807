"""The date of a light curve's maximum: with its error where it was seen, none where it was not."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from fitter_lambda.input.light_curve_rows import Row, parse_table_rows
from fitter_lambda.spectrum.light_maximum import find_light_maximum

MAXIMUM = 59000.0


def make_rows(first: float, last: float, cadence: float = 2.0, signal: float = 30.0, seed: int = 0) -> list[Row]:
    """A light curve in two bands that rises in two weeks and falls in four, between two days from its maximum."""
    days = np.arange(first, last, cadence)
    shape = np.exp(-0.5 * (days / np.where(days < 0, 9.0, 18.0)) ** 2)
    flux = 300 * shape + 300 / signal * np.random.default_rng(seed).standard_normal(len(days))
    columns = {
        "time": np.tile(MAXIMUM + days, 2), "band": ["ztfg"] * len(days) + ["ztfr"] * len(days),
        "flux": np.concatenate([flux, 0.5 * flux]), "fluxerr": np.full(2 * len(days), 300 / signal),
    }  # fmt: skip
    return parse_table_rows(columns).rows


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 1000), cadence=st.sampled_from([1.0, 2.0, 3.0]), signal=st.sampled_from([15.0, 40.0]))
def test_the_maximum_lies_within_its_error(seed: int, cadence: float, signal: float) -> None:
    maximum = find_light_maximum(make_rows(-20, 40, cadence, signal, seed))
    assert maximum is not None
    assert maximum.error < 5
    assert abs(maximum.mjd - MAXIMUM) < 4 * maximum.error


def test_the_best_known_band_is_taken() -> None:
    maximum = find_light_maximum(make_rows(-20, 40))
    assert maximum is not None
    assert maximum.band == "ztfg"
    assert maximum.wave == pytest.approx(4800, abs=100)


@pytest.mark.parametrize(("first", "last"), [(3.0, 60.0), (-20.0, -4.0), (-4.0, 4.0)])
def test_a_maximum_that_was_not_seen_is_none(first: float, last: float) -> None:
    assert find_light_maximum(make_rows(first, last)) is None


def test_noise_and_nothing_are_none() -> None:
    noise = {"time": np.arange(59000.0, 59040.0), "band": ["ztfg"] * 40, "flux": [1.0] * 40, "fluxerr": [10.0] * 40}
    assert find_light_maximum(parse_table_rows(noise).rows) is None
    assert find_light_maximum([]) is None
