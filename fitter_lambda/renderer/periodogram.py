"""Periodograms of light curves: the frequencies, the power there, the best periods.

A source is ``{"mjd": [...], "flux": [...], "fluxerr": [...], "filter": [...]}``. The frequencies run from one
period in the data, ``fmin`` = 1 / baseline, to ``fmax`` = 10 per day, which includes RR Lyrae and most
eclipsing binaries, or to the mean Nyquist frequency of the filter with most points if that is higher (for
uneven times it is no limit: VanderPlas 2018, ApJS 236, 16). There are ``oversampling`` steps to the width of
a peak, 1 / baseline.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fitter_lambda.arrays import Array, Mask
from fitter_lambda.errors import RenderError
from fitter_lambda.input.row_cells import parse_number
from fitter_lambda.renderer.lomb_scargle import (
    BandLightCurve,
    FrequencyGrid,
    compute_power,
    compute_window,
    false_alarm_probability,
    find_false_alarm_level,
)
from fitter_lambda.renderer.option_checks import check_flag, check_integer, check_number, check_options
from fitter_lambda.renderer.period_caveats import (
    HIGH_FALSE_ALARM,
    find_period_caveats,
    find_rivals,
    find_rivals_outside,
)
from fitter_lambda.renderer.period_peaks import Peak, find_power_peaks
from fitter_lambda.renderer.period_roles import INDEPENDENT_ROLES, PeriodRole, assign_roles
from heliograph_guards.plausible_values import explain_implausible

COLUMNS = ("mjd", "flux", "fluxerr", "filter")
MAX_POINTS = 200_000
MAX_FILTERS = 40
MAX_FREQUENCIES = 500_000
#: Of frequencies × filters × (4 + nterms²), to which the seconds are proportional.
_MAX_WORK = 60_000_000
#: More frequencies are binned: a browser draws no more.
MAX_BINS = 50_000
_MIN_POINTS = 5
#: Of the reasons to leave out rows, so many are noted.
_MAX_REASONS = 5
_BLANK = "blank"
_OF_THESE = "Of these"
#: Days; times that differ by less are the same.
_MIN_BASELINE = 1e-6
_DEFAULT_FMAX = 10.0
_FREQUENCY = (check_number(1e-6, 1e6), "a frequency from 1e-6 to 1e6 per day")
_CHECKS = {
    "fmin": _FREQUENCY,
    "fmax": _FREQUENCY,
    "oversampling": (check_number(1, 50), "a number of frequencies to a peak's width, from 1 to 50"),
    "nterms": (check_integer(1, 6), "a whole number of harmonics from 1 to 6"),
    "peaks": (check_integer(1, 50), "a whole number of periods from 1 to 50"),
    "window": (check_flag, "true or false"),
}
_METHOD = (
    "generalised Lomb-Scargle with floating means (Zechmeister & Kürster 2009); several filters by the "
    "multi-phase model (VanderPlas & Ivezić 2015); sums by non-uniform FFT (FINUFFT)"
)
_FALSE_ALARM = "upper bound for white Gaussian noise with these relative errors (Davies 1987; Baluev 2008, 2009)"

_PERIOD_ERROR = (
    "curvature of χ² at the peak, for white noise, with the reduced χ² where it is above 1; for one sine it is "
    "Montgomery & O'Donoghue (1999)"
)


@dataclass(frozen=True)
class _Settings:
    """The checked options; None: chosen from the data."""

    fmin: float | None = None
    fmax: float | None = None
    oversampling: float = 5.0
    nterms: int = 1
    peaks: int = 5
    window: bool = False


def compute_periodogram(source: object, options: object) -> dict[str, Any]:
    """Compute the periodogram of a light curve.

    Parameters
    ----------
    source : object
        Columns of equal length: days, fluxes and their errors in one unit, names of filters. Rows that lack
        one of the numbers are left out.
    options : object
        ``fmin``, ``fmax`` (1/day), ``oversampling`` (5), ``nterms`` (1), ``peaks`` (5), ``window`` (False), or
        None.

    Returns
    -------
    dict
        ``frequencies`` (1/day) and ``power`` (0 to 1), at most `MAX_BINS` of them, and ``window_power`` there if
        ``window`` is set; ``best_periods``, highest power first, each with ``period`` (days), ``frequency``, their
        errors, ``power`` and ``delta_chi2`` (see `period_peaks.Peak`), ``role`` and ``description`` (see
        `period_roles.PeriodRole`), ``false_alarm_probability`` and ``caveats`` (see `period_caveats.Caveat`);
        ``false_alarm_level``, the power with a false-alarm probability of 0.01; the settings; and ``notes``,
        sentences on what was left out.

    Raises
    ------
    RenderError
        Too few data, or options that are impossible by themselves or together.
    """
    settings = _Settings(**check_options(options, _CHECKS, "options", "option"))
    notes: list[str] = []
    columns = _check_columns(source)
    light_curves = _split_filters(columns, settings.nterms, notes)
    bands = list(light_curves.values())
    baseline = _compute_baseline(bands)
    grid = _choose_grid(bands, baseline, settings, notes)
    powers = compute_power(bands, grid, settings.nterms)
    window = compute_window(bands, grid) if settings.window else None
    n_points = sum(len(band.time) for band in bands)
    return {
        **_bin_frequencies(grid.frequencies, powers, window, notes),
        "best_periods": _find_best_periods(bands, grid, powers, settings),
        "nterms": settings.nterms,
        "filters": list(light_curves),
        "num_points": n_points,
        "num_left_out": len(columns["mjd"]) - n_points,
        "baseline": baseline,
        "fmin": grid.start,
        "fmax": grid.start + grid.width,
        "oversampling": settings.oversampling,
        "method": _METHOD,
        "normalization": "standard",
        "false_alarm_level": find_false_alarm_level(HIGH_FALSE_ALARM, bands, grid, settings.nterms),
        "false_alarm_method": _FALSE_ALARM,
        "period_error_method": _PERIOD_ERROR,
        "notes": notes,
    }


def _check_columns(source: object) -> dict[str, list[Any]]:
    if not isinstance(source, Mapping) or not all(isinstance(source.get(name), list) for name in COLUMNS):
        raise RenderError(f"The light curve is not an object with the lists {', '.join(COLUMNS)}.")
    columns = {name: source[name] for name in COLUMNS}
    lengths = {len(column) for column in columns.values()}
    if len(lengths) != 1:
        raise RenderError("The light curve's lists have different lengths; each row needs one value in each.")
    if max(lengths) > MAX_POINTS:
        raise RenderError(f"The light curve has more than {MAX_POINTS} points; choose some of its filters.")
    if not all(isinstance(name, str) and 0 < len(name) <= 100 for name in columns["filter"]):
        raise RenderError("The light curve's filters are not all names of up to 100 characters.")
    return columns


def _split_filters(columns: dict[str, list[Any]], nterms: int, notes: list[str]) -> dict[str, BandLightCurve]:
    """Return the filters that have enough usable rows, in the order of their names."""
    time, flux, error, usable = _select_rows(columns, notes)
    filters = np.array(columns["filter"], dtype=object)
    names = sorted(set(filters[usable]))
    if len(names) > MAX_FILTERS:
        raise RenderError(f"There are {len(names)} filters, at most {MAX_FILTERS} can be taken; choose some.")
    light_curves = {}
    for name in names:
        rows = usable & (filters == name)
        # a constant, the harmonics, and one row that can disagree with them
        if rows.sum() >= 2 * nterms + 2:
            light_curves[name] = BandLightCurve(time[rows], flux[rows], error[rows])
        else:
            notes.append(f"The filter {name} is left out: {rows.sum()} points are too few for {nterms=}.")
    if sum(len(band.time) for band in light_curves.values()) < _MIN_POINTS:
        details = "".join(f" {note}" for note in notes if note.startswith(_OF_THESE))
        raise RenderError(
            f"There are too few points for a periodogram: {usable.sum()} with a measured flux; expected at "
            f"least {_MIN_POINTS}, and {2 * nterms + 2} in a filter with {nterms=}.{details[:400]}"
        )
    return light_curves


def _select_rows(columns: dict[str, list[Any]], notes: list[str]) -> tuple[Array, Array, Array, Mask]:
    """Return times, fluxes and errors, NaN where unusable, and which rows have all three."""
    reasons: Counter[str] = Counter()
    values = np.full((3, len(columns["mjd"])), np.nan)
    for i, row in enumerate(zip(*(columns[name] for name in COLUMNS[:3]), strict=True)):
        numbers, problem = _parse_row(row)
        if problem:
            reasons[problem] += 1
        else:
            values[:, i] = numbers
    if reasons:
        notes.append(f"{reasons.total()} rows without a measured flux, error or time are left out.")
    del reasons[_BLANK]
    notes.extend(f"{_OF_THESE} {number}: {reason}." for reason, number in reasons.most_common(_MAX_REASONS))
    time, flux, error = values
    return time, flux, error, np.isfinite(values).all(axis=0)


def _parse_row(row: tuple[Any, ...]) -> tuple[list[float], str]:
    """Return time, flux and error, and why a row cannot be used; empty if it can."""
    numbers = []
    for name, cell in zip(COLUMNS[:3], row, strict=True):
        number, problem = parse_number(name, cell)
        if number is not None and isinstance(cell, str):
            return [], f"{name}: {cell[:40]!r} is text; expected a number"
        if number is None:
            return [], problem or _BLANK
        if reason := explain_implausible(name, number):
            return [], reason
        numbers.append(number)
    return numbers, ""


def _compute_baseline(bands: list[BandLightCurve]) -> float:
    baseline = float(np.ptp(np.concatenate([band.time for band in bands])))
    if not baseline > _MIN_BASELINE:
        raise RenderError("All points are of the same time; a periodogram needs different ones.")
    if all(np.ptp(band.flux) == 0 for band in bands):
        raise RenderError("The flux is the same at all times; there is no period to be found in it.")
    return baseline


def _choose_grid(bands: list[BandLightCurve], baseline: float, settings: _Settings, notes: list[str]) -> FrequencyGrid:
    nyquist = max(len(band.time) for band in bands) / (2 * baseline)
    fmin, fmax = settings.fmin or 1 / baseline, settings.fmax or max(_DEFAULT_FMAX, nyquist)
    if fmin >= fmax:
        raise RenderError(f"fmin is {fmin:.6g}, fmax {fmax:.6g} per day; expected fmin below fmax, give both.")
    most = min(MAX_FREQUENCIES, _MAX_WORK // (len(bands) * (4 + settings.nterms**2)))
    size = math.ceil((fmax - fmin) * baseline * settings.oversampling) + 1
    if size > most and settings.fmax:
        raise RenderError(
            f"These are {size} frequencies, at most {most} can be taken here; "
            "expected a smaller fmax, a range from fmin to fmax that is narrower, or less oversampling."
        )
    if size > most:
        size = most
        fmax = fmin + (most - 1) / (baseline * settings.oversampling)
        notes.append(f"The range ends at {fmax:.6g} per day, after {most} frequencies; give fmin and fmax.")
    return FrequencyGrid(fmin, (fmax - fmin) / (size - 1), size)


def _find_best_periods(
    bands: list[BandLightCurve], grid: FrequencyGrid, powers: Array, settings: _Settings
) -> list[dict[str, Any]]:
    # peaks within 1.5 / baseline cannot be told apart (Loumos & Deeming 1978, Ap&SS 56, 285)
    distance = math.ceil(1.5 * settings.oversampling)
    peaks = find_power_peaks(bands, grid, powers, settings.nterms, distance, settings.peaks)
    false_alarms = [false_alarm_probability(peak.power, bands, grid, settings.nterms) for peak in peaks]
    roles = assign_roles(peaks, bands, grid, settings.nterms, false_alarms)
    periods: list[dict[str, Any]] = []
    for peak, role, false_alarm in zip(peaks, roles, false_alarms, strict=True):
        stronger = [period["frequency"] for period in periods if period["role"] in INDEPENDENT_ROLES]
        chance = role.residual_false_alarm if role.role == "candidate" else false_alarm
        caveats = find_period_caveats(peak.frequency, chance, stronger, grid, bands)
        periods.append({**_describe_peak(peak, role), "false_alarm_probability": false_alarm, "caveats": caveats})
    if false_alarms[0] <= HIGH_FALSE_ALARM:
        outside = find_rivals_outside(peaks[0], bands, grid, settings.nterms)
        periods[0]["caveats"] += [*outside[:1], *find_rivals(peaks[1:])[:1]]
    return periods


def _describe_peak(peak: Peak, role: PeriodRole) -> dict[str, Any]:
    return {
        "period": 1 / peak.frequency,
        "period_error": peak.period_error,
        "frequency": peak.frequency,
        "frequency_error": peak.frequency_error,
        "power": peak.power,
        "delta_chi2": peak.delta_chi2,
        "prewhitened_false_alarm_probability": role.residual_false_alarm,
        "role": role.role,
        "description": role.description,
        "related_frequency": role.related_frequency,
    }


def _bin_frequencies(
    frequencies: Array, powers: Array, window: Array | None, notes: list[str]
) -> dict[str, list[float] | None]:
    """Return all frequencies with power and window, or the highest of each bin."""
    width = -(-len(powers) // MAX_BINS)
    if width > 1:
        notes.append(f"Of {len(powers)} frequencies the strongest of each {width} is shown; best periods are of all.")
        strongest = _split_bins(powers, width).argmax(axis=1)
        places = strongest + width * np.arange(len(strongest))
        frequencies, powers = frequencies[places], powers[places]
        window = None if window is None else _split_bins(window, width).max(axis=1)
    return {
        "frequencies": [float(f"{frequency:.12g}") for frequency in frequencies],
        "power": _round_powers(powers),
        "window_power": None if window is None else _round_powers(window),
    }


def _split_bins(values: Array, width: int) -> Array:
    """Return one row for each bin; the last is filled with what is below all values."""
    return np.concatenate([values, np.full(-len(values) % width, -1.0)]).reshape(-1, width)


def _round_powers(powers: Array) -> list[float]:
    return [float(power) for power in powers.round(7)]
