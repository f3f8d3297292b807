"""Magnitude systems: the magnitudes of Vega compared with published ones, and conversions."""

import math

import numpy as np
import pytest

from chalicelib.errors import InvalidError
from chalicelib.sources.magnitudes import zero_point, zero_points_by_band
from chalicelib.sources.photometry_rows import Row, row_magnitudes
from infra.vega_offsets import AB_ZERO, LIGHT_SPEED, vega_offset

BLANTON_ROWEIS = {
    "bessellux": 0.79, "bessellb": -0.09, "bessellv": 0.02, "bessellr": 0.21, "besselli": 0.45,
    "sdssu": 0.91, "sdssg": -0.08, "sdssr": 0.16, "sdssi": 0.37, "sdssz": 0.54,
    "2massj": 0.91, "2massh": 1.39, "2massks": 1.85,
}  # fmt: skip
"""AB magnitudes of Vega: Blanton & Roweis 2007, AJ 133, 734, table 1 (a model of Vega, not the one here)."""

BREEVELD = {"uvot::uvw2": 1.73, "uvot::uvm2": 1.69, "uvot::uvw1": 1.51}
"""Breeveld et al. 2011, AIP Conf. Proc. 1358, 373."""


@pytest.mark.parametrize(("band", "published"), (BLANTON_ROWEIS | BREEVELD).items())
def test_magnitudes_of_vega_match_published_ones(band: str, published: float) -> None:
    assert 23.9 - zero_point("vega", band) == pytest.approx(published, abs=0.04)


def test_bandpasses_have_the_same_offset_by_all_their_names() -> None:
    assert zero_point("vega", "sdss::u") == zero_point("vega", "sdssu") == zero_point("vega", "SDSSu")


def test_unknown_bandpasses_are_listed() -> None:
    with pytest.raises(InvalidError, match=r"magsys: .*cspb, swope2::g .*'ab'"):
        zero_points_by_band("vega", ["swope2::g", "ztfg", "cspb"])
    assert zero_points_by_band("ab", ["cspb"]) == {"cspb": 23.9}


def test_magnitude_and_flux_agree_on_either_system() -> None:
    row = Row(1, "bessellux", "", 59000.5, flux=100.0, fluxerr=5.0)
    for system in ("ab", "vega"):
        zero = zero_point(system, "bessellux")
        magnitudes = row_magnitudes(row, zero)
        assert magnitudes["mag"] == pytest.approx(zero - 2.5 * math.log10(100))
        assert magnitudes["limiting_mag"] == pytest.approx(zero - 2.5 * math.log10(15))
        assert magnitudes["magerr"] == pytest.approx(2.5 / math.log(10) * 0.05)


def test_the_offset_of_a_spectrum_flat_in_frequency_is_its_ab_magnitude() -> None:
    wave = np.linspace(4000, 5000, 200)
    bandpass = wave, np.exp(-(((wave - 4500) / 150) ** 2))
    spectrum = np.linspace(1000, 9000, 4000)
    for magnitude in (0.0, -0.5):
        flux = 10 ** (-0.4 * magnitude) * AB_ZERO * LIGHT_SPEED / spectrum**2
        assert vega_offset(bandpass, (spectrum, flux)) == pytest.approx(magnitude, abs=1e-5)
