"""Errors of a spectrum that has none, pixels that are left out, and dust of the Milky Way."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.ndimage import median_filter

from fitter_lambda.arrays import Array, Mask
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
#: A pixel stands out from so many errors on, and alone if the two beside it are off by less than this part of it. Of a
#: line of the fit's narrowest width, 1.56 pixels (FWHM), they have 0.39 of its peak.
_OUTSTANDING, _BESIDE = 8.0, 0.2
_NARROWEST = 1.56
#: Of such pixels, so many are named.
_NAMED = 5


def estimate_errors(flux: Array) -> Array:
    """Estimate each pixel's error from the scatter about the mean of its neighbours, in running windows.

    Of independent noise of error s, y_i - (y_i-1 + y_i+1) / 2 has the standard deviation 1.225 s; its median size is
    0.826 s. Pixels that were resampled or smoothed have correlated noise, and look better than they are.
    """
    filled = np.interp(np.arange(len(flux)), np.flatnonzero(np.isfinite(flux)), flux[np.isfinite(flux)])
    gap = np.abs(filled[1:-1] - 0.5 * (filled[2:] + filled[:-2]))
    size = median_filter(np.pad(gap, 1, mode="edge"), min(_WINDOW, len(flux) // 4 * 2 + 1), mode="reflect")
    floor = _SMALLEST_ERROR * np.median(np.abs(filled))
    return np.asarray(np.maximum(size / 0.826, max(floor, 1e-300)))


def find_lone_pixels(flux: Array, error: Array) -> Mask:
    """Find pixels that stand out alone, as no line does: cosmic rays and dead pixels.

    They are off the medians of the second to fourth neighbours, by their errors and by the scatter of pixels about
    them, and both next neighbours are not. How far a pixel is off is the less of what either side says, and how far
    its next neighbours are the more. The first and last five have too few neighbours.
    """
    error = np.maximum(np.where(np.isfinite(error), error, np.inf), estimate_errors(flux))
    sides = np.median(sliding_window_view(flux, 3), axis=1)
    off = np.zeros(len(flux))
    left, right = flux[4:-4] - sides[:-6], flux[4:-4] - sides[6:]
    off[4:-4] = np.where(left * right > 0, np.sign(left) * np.minimum(np.abs(left), np.abs(right)), 0.0)
    most = np.pad(np.maximum(left, right), 5, constant_values=np.inf)
    least = np.pad(np.minimum(left, right), 5, constant_values=-np.inf)
    nearest = np.where(off > 0, np.maximum(most[:-2], most[2:]), -np.minimum(least[:-2], least[2:]))
    return np.asarray((np.abs(off) > _OUTSTANDING * error) & (nearest < _BESIDE * np.abs(off)))


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
        Whether to leave out telluric bands, Galactic lines, lines of the night sky, and pixels that stand out alone.

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
    step = float(np.median(np.diff(np.log(wave)))) * LIGHT_SPEED
    width = LIGHT_SPEED / resolution if resolution else _PIXELS_OF_LINE * step
    if is_masked and width > _NARROWEST * step:
        error = mask_lone_pixels(wave, flux, error, remarks)
    correction = 10 ** (0.4 * ebv * host_reddening(wave))
    grid = choose_grid(wave)
    mean, weight = rebin_spectrum(grid, wave, flux * correction, error * correction)
    if is_masked:
        weight = mask_bands(grid.wave, weight, remarks)
    sigma = float(np.hypot(width / _FWHM, _OWN_WIDTH))
    return build_data(grid, mean, weight, sigma, resolution is not None), remarks


def mask_lone_pixels(wave: Array, flux: Array, error: Array, remarks: list[str]) -> Array:
    """Return errors that are NaN where a pixel stands out alone; name some."""
    lone = find_lone_pixels(flux, error)
    if number := int(lone.sum()):
        some = ", ".join(f"{value:.0f}" for value in wave[lone][:_NAMED])
        more = ", ..." if number > _NAMED else ""
        remarks.append(f"{number} pixels that stand out alone were left out (angstrom, vacuum): {some}{more}")
    return np.where(lone, np.nan, error)


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
