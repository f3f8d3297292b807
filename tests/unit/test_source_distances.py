"""Distances of sources."""

import pytest
from astropy.coordinates import SkyCoord
from astropy.cosmology import Planck18

from chalicelib.sources.source_distances import Distances, compute_distances, galactic_coordinates


@pytest.mark.parametrize("redshift", [0.0012, 0.01, 0.0246, 0.5, 1.0, 3.0, 7.0, 20.0, 1100.0])
def test_distances_are_those_of_planck18(redshift: float) -> None:
    dm, luminosity, angular = compute_distances(redshift, None)
    assert luminosity == pytest.approx(Planck18.luminosity_distance(redshift).value, rel=1e-11)
    assert angular == pytest.approx(Planck18.angular_diameter_distance(redshift).value, rel=1e-11)
    assert dm == pytest.approx(Planck18.distmod(redshift).value, rel=1e-11)


@pytest.mark.parametrize(
    ("altdata", "megaparsec"),
    [
        ({"dm": 28.5}, 5.011872336272719),
        ({"dm": "28.5", "parallax": 1}, 5.011872336272719),
        ({"parallax": 0.001}, 0.001),
        ({"parallax": -0.1, "dist_kpc": 20}, 0.02),
        ({"dist_Mpc": 17.1}, 17.1),
        ({"dist_pc": 1.34}, 1.34e-6),
        ({"dist_cm": 3.085677581491367e24}, 1.0),
    ],
)
def test_measured_distances_come_first(altdata: dict[str, object], megaparsec: float) -> None:
    assert compute_distances(0.5, altdata).luminosity_distance == pytest.approx(megaparsec, rel=1e-12)
    near = compute_distances(None, altdata)
    assert near.angular_diameter_distance == near.luminosity_distance


@pytest.mark.parametrize("redshift", [None, 0, 1e-5, 0.001, -0.0005])
@pytest.mark.parametrize("altdata", [None, [], "28.5", {}, {"dm": "far"}, {"dm": None}, {"dm": 1e9}, {"parallax": 0}])
def test_no_distance_is_better_than_a_wrong_one(redshift: float | None, altdata: object) -> None:
    assert compute_distances(redshift, altdata) == Distances()


@pytest.mark.parametrize(("ra", "dec"), [(0, 0), (202.505, 13.411), (266.405, -28.936), (192.86, 27.13), (359.9, -90)])
def test_galactic_coordinates_are_those_of_astropy(ra: float, dec: float) -> None:
    expected = SkyCoord(ra, dec, unit="deg").galactic
    longitude, latitude = galactic_coordinates(ra, dec)
    assert longitude is not None
    assert latitude is not None
    assert SkyCoord(longitude, latitude, unit="deg", frame="galactic").separation(expected).arcsec < 0.1


def test_no_position_has_no_galactic_coordinates() -> None:
    assert galactic_coordinates(None, None) == (None, None)
