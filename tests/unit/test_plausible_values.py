"""The plausible ranges, and the usual cause of a value outside of them."""

import pytest

from heliograph_guards.plausible_values import RANGES, explain_implausible


@pytest.mark.parametrize(
    ("field", "value", "cause"),
    [
        ("mjd", 8456.7, "looks like JD - 2450000"),
        ("mjd", 2458456.7, "subtract 2400000.5"),
        ("mjd", 20181203, "calendar date"),
        ("mjd", 1543795200, "since 1970"),
        ("mjd", 0, "expected 15020 to 100000"),
        ("mag", 99, "missing value"),
        ("mag", -99, "missing value"),
        ("limiting_mag", 99.99, "missing value"),
        ("mag", 243.5, "may be a flux"),
        ("mag", -31, "expected -30 to 40"),
        ("magerr", 0, "not positive"),
        ("magerr", 99, "missing value"),
        ("fluxerr", -1, "not positive"),
        ("zp", 239, "zero point in magnitudes"),
        ("wavelength", 0.55, "looks like micrometres"),
        ("wavelength", 550, "looks like nanometres"),
        ("wavelength", -1, "expected 900 to 3e+07"),
        ("wavelengths", 0.55, "looks like micrometres"),
        ("wavelengths", 90, "looks like nanometres"),
        ("wavelengths", 5.5e14, "frequency"),
        ("wavelengths", 0, "expected 100 to 1e+07"),
    ],
)
def test_implausible_values_are_explained(field: str, value: float, cause: str) -> None:
    message = explain_implausible(field, value)
    assert message is not None
    assert message.startswith(f"{field}: {value:.12g} ")
    assert cause in message


@pytest.mark.parametrize("field", RANGES)
def test_both_ends_of_each_range_are_plausible(field: str) -> None:
    assert explain_implausible(field, RANGES[field].low) is None
    assert explain_implausible(field, RANGES[field].high) is None


def test_other_fields_have_no_range() -> None:
    assert explain_implausible("filter", 1e300) is None
