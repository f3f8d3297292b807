"""Fit spectra from tables in a notebook."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from fitter_lambda.errors import NoMapError, ParameterError
from fitter_lambda.input.dust_map import MAP_NAME, reddening
from fitter_lambda.input.light_curve_rows import SentPhotometry, parse_table_rows
from fitter_lambda.spectrum.error_scale import describe_scales, infer_with_scaled_errors
from fitter_lambda.spectrum.finished_spectrum import SpectrumFit
from fitter_lambda.spectrum.light_maximum import find_light_maximum
from fitter_lambda.spectrum.phase_prior import PhasePrior
from fitter_lambda.spectrum.spectrum_data import SpectrumData
from fitter_lambda.spectrum.spectrum_inference import Progress
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
#: A spectrum so many days from maximum has another.
_LONGEST_PHASE = 500.0
_RESOLUTIONS = (20.0, 200_000.0)


def fit_spectrum(
    spectrum: Any,
    template: str = AUTO,
    z: float | None = None,
    z_err: float | None = None,
    *,
    dates: Sequence[float | None] | None = None,
    fix_z: FixZ = "auto",
    z_min: float = _LOWEST_REDSHIFT,
    z_max: float = _HIGHEST_REDSHIFT,
    phase: float | None = None,
    phase_err: float = 5.0,
    photometry: Any = None,
    t0: float | None = None,
    t0_err: float = 5.0,
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
    """Fit redshift, type and phase of one or more spectra of a source.

    Parameters
    ----------
    spectrum : astropy Table, pandas DataFrame or dict of columns, or a list of these
        Wavelength and flux, by any usual names; errors, if there are any. Of several, phases are those of the first.
    template : str
        A source of sncosmo, beside the backgrounds; "auto" tries all at hand.
    z, z_err : float, optional
        The redshift and its error.
    dates : sequence of float, optional
        Modified Julian dates of the spectra, which several need.
    fix_z : {"auto", "True", "False"}
        True: exact. False: free between `z_min` and `z_max`, by volume. auto: a Gaussian of `z_err`, at least 0.001;
        free without `z`.
    phase, phase_err : float, optional
        Rest-frame days since maximum in B.
    photometry : table, optional
        A light curve as `fitter_lambda.fit` takes it; its maximum is a prior on the phase, if there is a date.
    t0, t0_err : float, optional
        Modified Julian date of the maximum in B by another fit, used where the light curve does not show it.
    ra, dec : float, optional
        Degrees, for dust of the Milky Way.
    mwebv : float, optional
        E(B-V) of the Milky Way; 0 for a spectrum that was corrected.
    flux_unit : str
        Instead of the table's own: e.g. "erg/s/cm2/AA", "Jy", "AB".
    wavelengths : {"air", "vacuum"}
    resolution : float, optional
        Wavelength over the width of unresolved lines; a parameter of the fit where it is unknown.
    mask : bool
        Whether to leave out telluric bands, Galactic lines, lines of the night sky, and pixels that stand out alone.
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
    tables = list(spectrum) if isinstance(spectrum, list | tuple) else [spectrum]
    known_dates = _require_dates(dates, len(tables))
    with warnings.catch_warnings(action="ignore"):  # warnings of libraries are for developers
        ebv, source = _find_dust(mwebv, ra, dec)
        reading = _Reading(flux_unit, wavelengths == "air", resolution, ebv, mask)
        spectra, remarks = _prepare_spectra(tables, known_dates, reading)
        prior = None if phase is None else PhasePrior(phase, phase_err, is_rest_frame=True)
        prior = prior or choose_phase_prior(known_dates[0], photometry, t0, t0_err, remarks)
        models = build_models(spectra, redshift, None if template == AUTO else [template], prior)
        posterior = infer_with_scaled_errors(spectra, models, n_draws, seed, progress)
        return SpectrumFit(posterior, remarks + describe_scales(posterior.spectra), ebv, source, title)


@dataclass(frozen=True)
class _Reading:
    """How spectra are read."""

    flux_unit: str
    is_air: bool
    resolution: float | None
    ebv: float
    is_masked: bool


def _require_dates(dates: Sequence[float | None] | None, number: int) -> list[float | None]:
    known: list[float | None] = [None] * number if dates is None else list(dates)
    if not number or len(known) != number:
        raise ParameterError(f"There are {number} spectra and {len(known)} dates; expected one date for each.")
    if number > 1 and not all(date is not None and np.isfinite(date) for date in known):
        raise ParameterError("Several spectra are fitted together by their dates; give each, or leave spectra out.")
    return known


def _prepare_spectra(
    tables: Sequence[Any], dates: Sequence[float | None], reading: _Reading
) -> tuple[list[SpectrumData], list[str]]:
    """Return spectra ready to be fitted, and remarks; of several, remarks begin with the spectrum's number."""
    spectra = []
    remarks = []
    for number, (columns, date) in enumerate(zip(tables, dates, strict=True), 1):
        sent = parse_spectrum_table(columns, reading.flux_unit, is_air=reading.is_air)
        data, own = prepare_spectrum(sent, reading.resolution, reading.ebv, reading.is_masked)
        remarks += [f"spectrum {number}: {remark}" if len(tables) > 1 else remark for remark in own]
        label = "" if date is None else f"MJD {date:.2f}"
        spectra.append(replace(data, days=0.0 if date is None else date, label=label))
    return spectra, remarks


def choose_phase_prior(
    date: float | None, photometry: Any, t0: float | None, t0_err: float, remarks: list[str]
) -> PhasePrior | None:
    """Choose what is known of the phase by a light curve: its own maximum, else the date of a fit; add a remark."""
    if photometry is None and t0 is None:
        return None
    if date is None:
        remarks.append("the light curve says nothing of the phase: the spectrum has no date")
        return None
    rows = photometry if isinstance(photometry, SentPhotometry) or photometry is None else parse_table_rows(photometry)
    maximum = None if rows is None else find_light_maximum(rows.rows)
    if maximum is not None:
        text = f"maximum in {maximum.band} at MJD {maximum.mjd:.1f} ± {maximum.error:.1f}, by the light curve alone"
        prior = PhasePrior(date - maximum.mjd, maximum.error, float(np.log(maximum.wave)))
    elif t0 is not None:
        text = f"maximum in B at MJD {t0:.1f} ± {t0_err:.1f}, by a fit of the light curve"
        prior = PhasePrior(date - t0, t0_err)
    else:
        remarks.append("the light curve says nothing of the phase: it does not show its maximum")
        return None
    if abs(prior.days) > _LONGEST_PHASE:
        remarks.append(f"{text}, {prior.days:+.0f} days from the spectrum: not used as a phase")
        return None
    remarks.append(f"phase: {text} (prior, with 5 rest-frame days more)")
    return prior


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
