"""Periodograms of light curves: the frequencies to look at, the power there, the best periods.

A source is ``{"mjd": [...], "flux": [...], "fluxerr": [...], "filter": [...]}``. The frequencies run
from one period in the data, ``fmin`` = 1 / baseline, to ``fmax`` = 10 per day, which takes in RR Lyrae
and most eclipsing binaries, or to the mean Nyquist frequency of the fullest filter where that is higher
(in uneven times it is no limit: VanderPlas 2018, ApJS 236, 16). They are ``oversampling`` steps to the
width of a peak, 1 / baseline.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.signal import find_peaks

from fitter_lambda.errors import RenderError
from fitter_lambda.renderer.lomb_scargle import Band, Grid, false_alarm_probability, power
from fitter_lambda.renderer.options import checked, number, whole

__all__ = ["periodogram"]

Array = npt.NDArray[np.float64]

COLUMNS = ("mjd", "flux", "fluxerr", "filter")
MAX_POINTS = 200_000
MAX_FILTERS = 40
MAX_FREQUENCIES = 500_000
#: Bounds the time: frequencies × filters × (4 + nterms²), which goes as the seconds do.
_MOST_WORK = 60_000_000
#: More than these are put together in bins: a browser draws no more.
MAX_SHOWN = 50_000
_FEWEST_POINTS = 5
#: Days; times that differ by less are the same.
_SHORTEST = 1e-6
_FMAX = 10.0
_FREQUENCY = (number(1e-6, 1e6), "a frequency from 1e-6 to 1e6 per day")
_CHECKS = {
    "fmin": _FREQUENCY,
    "fmax": _FREQUENCY,
    "oversampling": (number(1, 50), "a number of frequencies to a peak's width, from 1 to 50"),
    "nterms": (whole(1, 6), "a whole number of harmonics from 1 to 6"),
    "peaks": (whole(1, 50), "a whole number of periods from 1 to 50"),
}
_METHOD = (
    "generalised Lomb-Scargle with floating means (Zechmeister & Kürster 2009); several filters by the "
    "multi-phase model (VanderPlas & Ivezić 2015); sums by non-uniform FFT (FINUFFT)"
)
_FALSE_ALARM = (
    "upper bound for white Gaussian noise with these relative errors (Davies 1987; Baluev 2008, 2009)"
)


def periodogram(source: object, options: object) -> dict[str, Any]:
    """Compute the periodogram of a light curve.

    Parameters
    ----------
    source : object
        Columns of equal length: days, fluxes and their errors in one unit, names of filters. Rows
        without any of the numbers are left out.
    options : object
        ``fmin``, ``fmax`` (1/day), ``oversampling`` (5), ``nterms`` (1), ``peaks`` (5), or None.

    Returns
    -------
    dict
        ``frequencies`` (1/day) and ``power`` (0 to 1), at most `MAX_SHOWN` of them; ``best_periods``,
        highest power first, each with ``period`` (days), ``frequency``, ``power`` and
        ``false_alarm_probability``; what was used for it; and ``notes``, sentences on what was left out.

    Raises
    ------
    RenderError
        Too few data, or options that are impossible, with them or together.
    """
    chosen = {"oversampling": 5.0, "nterms": 1, "peaks": 5} | checked(options, _CHECKS, "options", "option")
    notes: list[str] = []
    columns = _columns(source)
    bands = _bands(columns, chosen["nterms"], notes)
    baseline = _baseline(bands)
    grid = _grid(bands, baseline, chosen, notes)
    powers = power(list(bands.values()), grid, chosen["nterms"])
    best = _best_periods(list(bands.values()), grid, powers, chosen)
    used = sum(len(band.time) for band in bands.values())
    return {
        **_shown(grid.frequencies, powers, notes),
        "best_periods": best,
        "nterms": chosen["nterms"],
        "filters": list(bands),
        "num_points": used,
        "num_left_out": len(columns["mjd"]) - used,
        "baseline": baseline,
        "fmin": grid.start,
        "fmax": grid.start + grid.width,
        "oversampling": chosen["oversampling"],
        "method": _METHOD,
        "normalization": "standard",
        "false_alarm_method": _FALSE_ALARM,
        "notes": notes,
    }


def _columns(source: object) -> dict[str, list[Any]]:
    if not isinstance(source, Mapping) or not all(isinstance(source.get(name), list) for name in COLUMNS):
        raise RenderError(f"The light curve is no object with the lists {', '.join(COLUMNS)}.")
    columns = {name: source[name] for name in COLUMNS}
    lengths = {len(column) for column in columns.values()}
    if len(lengths) != 1:
        raise RenderError("The light curve's lists have different lengths; each row needs one value in each.")
    if max(lengths) > MAX_POINTS:
        raise RenderError(f"The light curve has more than {MAX_POINTS} points; choose some of its filters.")
    if not all(isinstance(name, str) and 0 < len(name) <= 100 for name in columns["filter"]):
        raise RenderError("The light curve's filters are not all names of up to 100 characters.")
    return columns


def _bands(columns: dict[str, list[Any]], nterms: int, notes: list[str]) -> dict[str, Band]:
    """The filters that have enough usable rows, in the order of their names."""
    time, flux, error = (_numbers(columns[name]) for name in COLUMNS[:3])
    names = np.array(columns["filter"], dtype=object)
    usable = (np.abs(time) < 1e7) & (np.abs(flux) < 1e30) & (error > 1e-30) & (error < 1e30)
    if len(time) > usable.sum():
        notes.append(f"{len(time) - usable.sum()} rows without a measured flux, error or time are left out.")
    named = sorted(set(names[usable]))
    if len(named) > MAX_FILTERS:
        raise RenderError(f"There are {len(named)} filters, at most {MAX_FILTERS} can be taken; choose some.")
    bands = {}
    for name in named:
        rows = usable & (names == name)
        # a filter's constant and harmonics, and one row that can disagree with them
        if rows.sum() >= 2 * nterms + 2:
            bands[name] = Band(time[rows], flux[rows], error[rows])
        else:
            notes.append(f"The filter {name} is left out: {rows.sum()} points are too few for {nterms=}.")
    count = sum(len(band.time) for band in bands.values())
    if count < _FEWEST_POINTS:
        raise RenderError(
            f"There are too few points for a periodogram: {usable.sum()} with a measured flux; expected at "
            f"least {_FEWEST_POINTS}, and {2 * nterms + 2} in a filter with {nterms=}."
        )
    return bands


def _numbers(values: list[Any]) -> Array:
    def real(value: Any) -> float:
        try:
            return float(value) if isinstance(value, (int, float)) else math.nan
        except OverflowError:
            return math.nan

    return np.array([real(value) for value in values], dtype=float)


def _baseline(bands: Mapping[str, Band]) -> float:
    times = np.concatenate([band.time for band in bands.values()])
    baseline = float(np.ptp(times))
    if not baseline > _SHORTEST:
        raise RenderError("All points are of the same time; a periodogram needs different ones.")
    if all(np.ptp(band.flux) == 0 for band in bands.values()):
        raise RenderError("The flux is the same at all times; there is no period to be found in it.")
    return baseline


def _grid(bands: Mapping[str, Band], baseline: float, chosen: dict[str, Any], notes: list[str]) -> Grid:
    fmin = chosen.get("fmin", 1 / baseline)
    nyquist = max(len(band.time) for band in bands.values()) / (2 * baseline)
    fmax = chosen.get("fmax", max(_FMAX, nyquist))
    if fmin >= fmax:
        raise RenderError(
            f"fmin is {fmin:.6g} and fmax {fmax:.6g} per day; expected fmin below fmax, give both."
        )
    most = min(MAX_FREQUENCIES, _MOST_WORK // (len(bands) * (4 + chosen["nterms"] ** 2)))
    size = math.ceil((fmax - fmin) * baseline * chosen["oversampling"]) + 1
    if size > most and "fmax" in chosen:
        raise RenderError(
            f"These are {size} frequencies, at most {most} can be taken here; "
            "expected a smaller fmax, a range from fmin to fmax that is narrower, or less oversampling."
        )
    if size > most:
        fmax, size = fmin + (most - 1) / (baseline * chosen["oversampling"]), most
        notes.append(f"The range ends at {fmax:.6g} per day, after {most} frequencies; give fmin and fmax.")
    return Grid(fmin, (fmax - fmin) / (size - 1), size)


def _best_periods(
    bands: list[Band], grid: Grid, powers: Array, chosen: dict[str, Any]
) -> list[dict[str, float]]:
    nterms = chosen["nterms"]
    best = []
    for place in _peaks(powers, math.ceil(1.5 * chosen["oversampling"]))[: chosen["peaks"]]:
        frequency, height = _refined(bands, grid, nterms, place)
        best.append({
            "period": 1 / frequency,
            "frequency": frequency,
            "power": height,
            "false_alarm_probability": false_alarm_probability(height, bands, grid, nterms),
        })  # fmt: skip
    return sorted(best, key=lambda period: -period["power"])


def _peaks(powers: Array, distance: int) -> npt.NDArray[np.int_]:
    """Indices of local maxima, highest first; of those that are too near to be told apart, the highest.

    That is 1.5 / baseline (Loumos & Deeming 1978, Ap&SS 56, 285). The ends of the range can be maxima.
    """
    padded = np.concatenate([[-1.0], powers, [-1.0]])
    places = find_peaks(padded, distance=distance)[0] - 1
    return np.asarray(places[np.argsort(-powers[places], kind="stable")])


def _refined(bands: list[Band], grid: Grid, nterms: int, place: int) -> tuple[float, float]:
    """Frequency and power of a peak, a hundred times finer than the grid."""
    low = grid.start + grid.step * max(0, place - 1)
    high = grid.start + grid.step * min(grid.size - 1, place + 1)
    fine = Grid(low, (high - low) / 200, 201)
    powers = power(bands, fine, nterms)
    return float(fine.frequencies[powers.argmax()]), float(powers.max())


def _shown(frequencies: Array, powers: Array, notes: list[str]) -> dict[str, list[float]]:
    """What the answer holds of the periodogram: all of it, or the strongest of each bin."""
    width = -(-len(powers) // MAX_SHOWN)
    if width > 1:
        notes.append(
            f"Of {len(powers)} frequencies the strongest of each {width} is shown; best periods are of all."
        )
        bins = np.concatenate([powers, np.full(-len(powers) % width, -1.0)]).reshape(-1, width)
        strongest = bins.argmax(axis=1) + width * np.arange(len(bins))
        frequencies, powers = frequencies[strongest], powers[strongest]
    return {
        "frequencies": [float(f"{frequency:.12g}") for frequency in frequencies],
        "power": powers.round(7).tolist(),
    }
