"""Features of stars that a blackbody lacks: Balmer lines, metals, bands of titanium oxide."""

import numpy as np

from fitter_lambda.arrays import Array
from fitter_lambda.spectrum.host_components import average_lines
from fitter_lambda.spectrum.log_grid import LogGrid

#: Wavelengths (angstrom) of lines, by NIST's Atomic Spectra Database, and depths relative to the strongest.
_BALMER = ((6564.6, 0.7), (4862.7, 1.0), (4341.7, 1.0), (4102.9, 1.0), (3971.2, 1.0), (3890.2, 0.9))
_METALS = (
    (3934.8, 1.0), (3969.6, 1.0), (4305.0, 0.4), (5175.0, 0.4), (5270.0, 0.2), (5893.0, 0.3), (8544.4, 0.3),
    (8664.5, 0.3),
)  # fmt: skip
#: Heads of the strongest bands of TiO in M dwarfs and where each has faded, with relative depths, all rough (see
#: Kirkpatrick, Henry & McCarthy 1991, ApJS 77, 417).
_BANDS = (
    (4761.0, 4950.0, 0.5), (4954.0, 5160.0, 0.7), (5167.0, 5440.0, 0.7), (5448.0, 5750.0, 0.5), (5847.0, 6050.0, 0.4),
    (6158.0, 6500.0, 0.7), (6651.0, 6950.0, 0.8), (7053.0, 7400.0, 1.0), (7589.0, 7900.0, 0.8), (8432.0, 8650.0, 0.7),
    (8859.0, 9100.0, 0.5),
)  # fmt: skip
_BALMER_SIGMA = 900.0
_METAL_SIGMA = 600.0


def average_stellar_features(grid: LogGrid) -> Array:
    """Return profiles (3, pixels) of Balmer lines, metals and titanium oxide, of depth 1."""
    bands = np.zeros(grid.number)
    for head, end, depth in _BANDS:
        inside = (grid.wave >= head) & (grid.wave < end)
        bands[inside] -= depth * (1 - (grid.wave[inside] - head) / (end - head))
    lines = [-average_lines(grid, *item) for item in ((_BALMER, _BALMER_SIGMA), (_METALS, _METAL_SIGMA))]
    return np.array([*lines, bands])
