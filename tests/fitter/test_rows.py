"""The rows of a light curve: cutting and binning."""

import numpy as np
import pytest

from fitter_lambda.engine.rows import Rows, measure_brightness

ROWS = Rows(
    mjd=np.array([59000.1, 59000.3, 59000.2, 59000.4, 59001.1]),
    flux=np.array([10.0, 20.0, 30.0, 40.0, 50.0]),
    variance=np.array([1.0, 3.0, 1.0, 1.0, 1.0]),
    band=np.array([0, 0, 1, 0, 0]),
    is_limit=np.array([False, False, False, True, False]),
    n_detections=np.array([1, 1, 1, 0, 0]),
    brightness=np.array([50.0, 50.0, 30.0, 50.0, 50.0]),
    n_bands=3,
)


def test_rows_are_cut_in_step() -> None:
    part = ROWS.take(np.array([False, True, True, False, False]))
    assert len(part) == 2 and part.n_bands == 3
    assert part.flux.tolist() == [20, 30] and part.band.tolist() == [0, 1]
    assert part.in_band.tolist() == [[1, 0, 0], [0, 1, 0]]


def test_rows_of_one_night_and_band_are_averaged() -> None:
    binned = ROWS.bin_nights()
    order = np.lexsort((binned.is_limit, binned.band, np.floor(binned.mjd)))
    assert binned.flux[order].tolist() == pytest.approx([12.5, 40, 30, 50])
    assert binned.variance[order].tolist() == pytest.approx([0.75, 1, 1, 1])
    assert binned.mjd[order][0] == pytest.approx(59000.15)
    assert binned.n_detections[order].tolist() == [2, 0, 1, 0]
    assert binned.is_limit[order].tolist() == [False, True, False, False]
    assert binned.brightness[order].tolist() == [50, 50, 30, 50]


def test_light_is_as_bright_as_what_was_measured_nearby_in_the_band() -> None:
    mjd = np.array([0.0, 5.0, 9.0, 40.0, 41.0, 5.0])
    flux = np.array([-300.0, 100.0, 900.0, 7.0, -8.0, 1.0])
    band = np.array([0, 0, 0, 0, 0, 1])
    is_limit = np.array([False, False, True, False, False, False])
    brightness = measure_brightness(mjd, flux, band, is_limit)
    assert brightness.tolist() == [300, 300, 300, 8, 8, 1]
    only_limits = measure_brightness(mjd, flux, band, np.ones(6, dtype=bool))
    assert only_limits.tolist() == [0] * 6
