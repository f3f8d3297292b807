"""Errors of a spectrum that has none, pixels that are left out, and dust of the Milky Way."""

import numpy as np
from scipy.ndimage import median_filter

from fitter_lambda.arrays import Array
from fitter_lambda.engine.source_grid import host_reddening
from fitter_lambda.errors import TooLittleDataError
from fitter_lambda.spectrum.log_grid import LIGHT_SPEED, choose_grid, rebin_spectrum
from fitter_lambda.spectrum.spectrum_data import SpectrumData, build_data
from fitter_lambda.spectrum.spectrum_table import SentSpectrum

#: Observed wavelengths that are fitted (angstrom).
WAVE_RANGE = (3000.0, 10000.0)
#: Bands of the Earth's oxygen and water, and lines of the Milky Way's gas and of the night sky (angstrom, vacuum).
TELLURIC_BANDS = {"O2 B": (6862.0, 6930.0), "O2 A": (7590.0, 7705.0), "H2O": (9290.0, 9700.0)}
GALACTIC_LINES = {"Ca II K": 3934.8, "Ca II H": 3969.6, "Na I D": 5894.6}
SKY_LINES = {"[O I] 5577": 5578.9, "[O I] 6300": 6302.0, "[O I] 6364": 6365.5}
_LINE_WIDTH = 500.0
_WINDOW = 101
#: Errors are at least this fraction of the median flux.
_SMALLEST_ERROR = 1e-3
#: Full width of unresolved lines in pixels, its median where the resolution is not known; and lines' own width (km/s).
_PIXELS_OF_LINE = 2.5
_OWN_WIDTH = 100.0
_FWHM = 2.3548


def estimate_errors(flux: Array) -> Array:
    """Estimate each pixel's error from the scatter about the mean of its neighbours, in running windows.

    Of independent noise of error s, y_i - (y_i-1 + y_i+1) / 2 has the standard deviation 1.225 s; its median size is
    0.826 s. Pixels that were resampled or smoothed have correlated noise, and look better than they are.
    """
    filled = np.interp(np.arange(len(flux)), np.flatnonzero(np.isfinite(flux)), flux[np.isfinite(flux)])
    gap = np.abs(filled[1:-1] - 0.5 * (filled[2:] + filled[:-2]))
    size = median_filter(np.pad(gap, 1, mode="edge"), min(_WINDOW, len(flux) // 4 * 2 + 1), mode="nearest")
    floor = _SMALLEST_ERROR * np.median(np.abs(filled))
    return np.asarray(np.maximum(size / 0.826, max(floor, 1e-300)))


def prepare_spectrum(
    sent: SentSpectrum, resolution: float | None, ebv: float, is_masked: bool = True
) -> tuple[SpectrumData, list[str]]:
    """Mask, correct for dust of the Milky Way, and rebin a spectrum; return it with remarks on what was done.

    Parameters
    ----------
    sent : SentSpectrum
    resolution : float or None
        Wavelength over the width (FWHM) of unresolved lines.
    ebv : float
        Of the Milky Way.
    is_masked : bool
        Whether to leave out telluric bands, Galactic lines and lines of the night sky.

    Raises
    ------
    TooLittleDataError
        Too little is left.
    """
    remarks = list(sent.remarks)
    inside = (sent.wave >= WAVE_RANGE[0]) & (sent.wave <= WAVE_RANGE[1])
    wave = sent.wave[inside]
    flux = sent.flux[inside]
    if np.isfinite(flux).sum() < 3 or np.ptp(wave) <= 0:
        raise TooLittleDataError("The spectrum has no flux between 3000 and 10000 angstrom, where spectra are fitted.")
    if inside.sum() < len(inside):
        remarks.append(f"{int((~inside).sum())} pixels outside 3000 to 10000 angstrom were left out")
    if sent.error is None:
        error = estimate_errors(flux)
        remarks.append("there were no errors: they were estimated from the scatter of neighbouring pixels")
    else:
        error = sent.error[inside]
    if bad := int(np.sum(~(np.isfinite(flux) & np.isfinite(error)))):
        remarks.append(f"{bad} pixels without flux or error were left out")
    correction = 10 ** (0.4 * ebv * host_reddening(wave))
    grid = choose_grid(wave)
    mean, weight = rebin_spectrum(grid, wave, flux * correction, error * correction)
    if is_masked:
        weight = mask_bands(grid.wave, weight, remarks)
    step = float(np.median(np.diff(np.log(wave)))) * LIGHT_SPEED
    width = LIGHT_SPEED / resolution if resolution else _PIXELS_OF_LINE * step
    sigma = float(np.hypot(width / _FWHM, _OWN_WIDTH))
    return build_data(grid, mean, weight, sigma, resolution is not None), remarks


def mask_bands(wave: Array, weight: Array, remarks: list[str]) -> Array:
    """Return weights that are 0 in telluric bands, Galactic lines and those of the sky; name those that had any."""
    reach = _LINE_WIDTH / LIGHT_SPEED
    lines = GALACTIC_LINES | SKY_LINES
    bands = TELLURIC_BANDS | {name: (line * (1 - reach), line * (1 + reach)) for name, line in lines.items()}
    names = []
    weight = weight.copy()
    for name, (low, high) in bands.items():
        inside = (wave > low) & (wave < high) & (weight > 0)
        if inside.any():
            weight[inside] = 0.0
            names.append(name)
    if names:
        remarks.append(f"masked: {', '.join(names)}")
    return weight
