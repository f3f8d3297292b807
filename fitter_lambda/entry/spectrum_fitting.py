"""Fit a spectrum from a table in a notebook."""

import warnings
from typing import Any, Literal

from fitter_lambda.errors import NoMapError, ParameterError
from fitter_lambda.input.dust_map import MAP_NAME, reddening
from fitter_lambda.spectrum.finished_spectrum import SpectrumFit
from fitter_lambda.spectrum.spectrum_inference import Progress, infer
from fitter_lambda.spectrum.spectrum_masks import prepare_spectrum
from fitter_lambda.spectrum.spectrum_models import build_models
from fitter_lambda.spectrum.spectrum_priors import RedshiftRange
from fitter_lambda.spectrum.spectrum_table import parse_spectrum_table

FixZ = Literal["auto", "True", "False"]
AUTO = "auto"
_HIGHEST_REDSHIFT = 1.2
_LOWEST_REDSHIFT = 0.001
_DRAWS = (100, 20_000)
_MAX_EBV = 20.0
_RESOLUTIONS = (20.0, 200_000.0)


def fit_spectrum(
    spectrum: Any,
    template: str = AUTO,
    z: float | None = None,
    z_err: float | None = None,
    *,
    fix_z: FixZ = "auto",
    z_min: float = _LOWEST_REDSHIFT,
    z_max: float = _HIGHEST_REDSHIFT,
    phase: float | None = None,
    phase_err: float = 5.0,
    ra: float | None = None,
    dec: float | None = None,
    mwebv: float | None = None,
    flux_unit: str = "",
    wavelengths: Literal["air", "vacuum"] = "air",
    resolution: float | None = None,
    mask: bool = True,
    n_draws: int = 2000,
    seed: int = 0,
    title: str = "",
    progress: Progress = lambda fraction, message: None,
) -> SpectrumFit:
    """Fit redshift, type and phase of a spectrum.

    Parameters
    ----------
    spectrum : astropy Table, pandas DataFrame or dict of columns
        Wavelength and flux, by any usual names; errors, if there are any.
    template : str
        A source of sncosmo, beside the backgrounds; "auto" tries all at hand.
    z, z_err : float, optional
        The redshift and its error.
    fix_z : {"auto", "True", "False"}
        True: exact. False: free between `z_min` and `z_max`, by volume. auto: a Gaussian of `z_err`, at least 0.001;
        free without `z`.
    phase, phase_err : float, optional
        Rest-frame days since maximum in B, from a light curve.
    ra, dec : float, optional
        Degrees, for dust of the Milky Way.
    mwebv : float, optional
        E(B-V) of the Milky Way; 0 for a spectrum that was corrected.
    flux_unit : str
        Instead of the table's own: e.g. "erg/s/cm2/AA", "Jy", "AB".
    wavelengths : {"air", "vacuum"}
    resolution : float, optional
        Wavelength over the width of unresolved lines; 2.5 pixels by default.
    mask : bool
        Whether to leave out telluric bands and Galactic lines.
    n_draws, seed : int
    title : str
        Of figures.
    progress : callable
        Takes the fraction done and what is being done.

    Raises
    ------
    FitterError
        The table, a parameter or the fit is at fault; the message says what to change.

    Examples
    --------
    >>> import numpy as np
    >>> from fitter_lambda.entry.spectrum_fitting import fit_spectrum
    >>> wave = np.arange(4000.0, 9000.0, 5.0)
    >>> noise = 0.02 * np.random.default_rng(1).standard_normal(len(wave))
    >>> flux = 1e5 / wave**1.5 * np.exp(-((wave - 6500.0) / 60.0) ** 2) * 0.3 + 1 + noise
    >>> fit = fit_spectrum({"wavelength": wave, "flux": flux}, n_draws=400)
    >>> fit.draws["z"].shape
    (400,)
    """
    redshift = _choose_redshift(z, z_err, str(fix_z), z_min, z_max)
    _require_ranges(n_draws, mwebv, resolution, phase, phase_err)
    with warnings.catch_warnings(action="ignore"):  # warnings of libraries are for developers
        sent = parse_spectrum_table(spectrum, flux_unit, is_air=wavelengths == "air")
        ebv, source = _find_dust(mwebv, ra, dec)
        data, remarks = prepare_spectrum(sent, resolution, ebv, mask)
        names = None if template == AUTO else [template]
        known_phase = None if phase is None else (phase, phase_err)
        models = build_models(data.x, data.ends, redshift, names, known_phase, data.line_sigma)
        posterior = infer(data, models, n_draws, seed, progress)
        return SpectrumFit(posterior, remarks, ebv, source, title)


def _choose_redshift(z: float | None, z_err: float | None, fix_z: str, z_min: float, z_max: float) -> RedshiftRange:
    if fix_z not in ("auto", "True", "False"):
        raise ParameterError(f"fix_z is {fix_z[:40]!r}; expected auto, True or False.")
    if fix_z == "True" and z is None:
        raise ParameterError("fix_z is True but there is no redshift; set one, or use fix_z=False.")
    if z is not None and fix_z != "False":
        if not 0 < z <= _HIGHEST_REDSHIFT:
            raise ParameterError(f"The redshift is {z:g}; spectra are fitted above 0 and up to {_HIGHEST_REDSHIFT:g}.")
        if z_err is not None and not 0 <= z_err <= 1:
            raise ParameterError(f"The redshift error is {z_err:g}; expected 0 to 1.")
        return RedshiftRange.near(z, z_err, fix_z == "True")
    if not 0 <= z_min < z_max <= _HIGHEST_REDSHIFT:
        raise ParameterError(f"z_min is {z_min:g} and z_max {z_max:g}; expected 0 <= z_min < z_max <= 1.2.")
    return RedshiftRange(z_min, z_max)


def _require_ranges(
    n_draws: int, mwebv: float | None, resolution: float | None, phase: float | None, phase_err: float
) -> None:
    checks = (
        ("n_draws", n_draws, _DRAWS),
        ("mwebv", mwebv, (0.0, _MAX_EBV)),
        ("resolution", resolution, _RESOLUTIONS),
        ("phase", phase, (-1000.0, 10000.0)),
        ("phase_err", phase_err, (0.1, 1000.0)),
    )
    for name, value, (low, high) in checks:
        if value is not None and not low <= value <= high:
            raise ParameterError(f"{name} is {value:g}; expected {low:g} to {high:g}.")


def _find_dust(mwebv: float | None, ra: float | None, dec: float | None) -> tuple[float, str]:
    """Return E(B-V) of the Milky Way, and where it comes from."""
    if mwebv is not None:
        return mwebv, "given"
    if ra is None or dec is None:
        return 0.0, "0: no position"
    try:
        return reddening(ra, dec), MAP_NAME
    except NoMapError:
        return 0.0, "0: no dust map here"
