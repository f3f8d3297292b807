"""What to beware of in a period: aliases of the day, the ends of the range, few cycles, chance.

Data taken at night repeat each day, by the Sun and by the stars. A true frequency f then also shows at
|n ± f| per day for whole n (VanderPlas 2018, ApJS 236, 16, section 7), and what varies with the hour, the
Moon or the airmass shows at n per day itself.
"""

from collections.abc import Sequence
from typing import Any, TypedDict

import numpy as np

from fitter_lambda.arrays import Array
from fitter_lambda.renderer.lomb_scargle import BandLightCurve, FrequencyGrid

#: Cycles per day of the Sun and of the stars.
_DAY_FREQUENCIES = {"day": 1.0, "sidereal day": 1.00273791}
#: With a shorter baseline (days) nothing repeats daily.
_MIN_DAILY_BASELINE = 1.0
#: Frequencies that differ by more are not the same, however short the baseline (1/day).
_MAX_TOLERANCE = 0.25
_MIN_CYCLES = 2.0
_HIGH_FALSE_ALARM = 0.01


class Caveat(TypedDict):
    """What to beware of, and the number that it is about.

    Attributes
    ----------
    kind : str
        "range_end" (value: that end, 1/day), "sampling_window" (n per day), "daily_alias" (the stronger
        frequency, 1/day), "few_cycles" (cycles observed) or "high_false_alarm_probability" (itself).
    value : float
    message : str
    """

    kind: str
    value: float
    message: str


def find_period_caveats(
    period: dict[str, Any], stronger_frequencies: Sequence[float], grid: FrequencyGrid, bands: Sequence[BandLightCurve]
) -> list[Caveat]:
    """Find what to beware of in one of the best periods.

    Parameters
    ----------
    period : dict
        With ``frequency`` (1/day) and ``false_alarm_probability``.
    stronger_frequencies : sequence of float
        The frequencies of all higher peaks (1/day).
    grid : FrequencyGrid
        The range that was searched.
    bands : sequence of BandLightCurve

    Returns
    -------
    list of Caveat
        Empty if there is none.
    """
    time = np.concatenate([band.time for band in bands])
    baseline = float(np.ptp(time))
    frequency = period["frequency"]
    caveats = _find_range_end(frequency, grid, baseline)
    if baseline >= _MIN_DAILY_BASELINE:
        tolerance = min(1 / baseline, _MAX_TOLERANCE)
        caveats += _find_sampling_window(frequency, time, tolerance)
        caveats += _find_daily_alias(frequency, stronger_frequencies, tolerance)
    caveats += _find_few_cycles(frequency, baseline)
    return caveats + _find_high_false_alarm(period["false_alarm_probability"])


def _find_range_end(frequency: float, grid: FrequencyGrid, baseline: float) -> list[Caveat]:
    """Find a peak less than half a peak's width from an end: its top may lie beyond."""
    for end, name in ((grid.start, "lower"), (grid.start + grid.width, "upper")):
        if abs(frequency - end) < max(0.5 / baseline, grid.step):
            message = (
                f"The peak lies at the {name} end of the range, {end:.6g} per day; "
                "the true one may lie beyond: search with another fmin or fmax."
            )
            return [Caveat(kind="range_end", value=end, message=message)]
    return []


def _find_sampling_window(frequency: float, time: Array, tolerance: float) -> list[Caveat]:
    for name, day_frequency in _DAY_FREQUENCIES.items():
        number = _match_multiple(frequency, day_frequency, tolerance)
        if number:
            window = float(np.abs(np.mean(np.exp(2j * np.pi * number * day_frequency * time))))
            message = (
                f"The frequency is that of the observations, {number} per {name}, within the resolution "
                f"(the sampling window there is {window:.2f} of its maximum)."
            )
            return [Caveat(kind="sampling_window", value=float(number), message=message)]
    return []


def _find_daily_alias(frequency: float, stronger_frequencies: Sequence[float], tolerance: float) -> list[Caveat]:
    """Find the first stronger frequency g with |n ± g| equal to this one."""
    for stronger in stronger_frequencies:
        for name, day_frequency in _DAY_FREQUENCIES.items():
            for distance, sign in ((abs(frequency - stronger), "-"), (frequency + stronger, "+")):
                number = _match_multiple(distance, day_frequency, tolerance)
                if number:
                    relation = "sum" if sign == "+" else "difference"
                    message = (
                        f"It may be an alias of the stronger peak at {stronger:.6g} per day: their {relation} is "
                        f"{number} per {name}, within the resolution."
                    )
                    return [Caveat(kind="daily_alias", value=stronger, message=message)]
    return []


def _match_multiple(frequency: float, day_frequency: float, tolerance: float) -> int:
    """Return which positive multiple of a day's frequency this is; 0 if none."""
    number = round(frequency / day_frequency)
    return number if abs(frequency - number * day_frequency) <= tolerance else 0


def _find_few_cycles(frequency: float, baseline: float) -> list[Caveat]:
    cycles = frequency * baseline
    if cycles >= _MIN_CYCLES:
        return []
    message = f"Only {cycles:.2g} cycles were observed; fewer than {_MIN_CYCLES:g} do not show that anything repeats."
    return [Caveat(kind="few_cycles", value=cycles, message=message)]


def _find_high_false_alarm(probability: float) -> list[Caveat]:
    if probability <= _HIGH_FALSE_ALARM:
        return []
    message = f"Noise alone has a peak this high in up to {100 * probability:.2g} % of such data."
    return [Caveat(kind="high_false_alarm_probability", value=probability, message=message)]
