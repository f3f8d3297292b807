"""The arithmetic of aliases: which frequencies the rhythm of the observations makes of another.

Data taken at night repeat each day, by the Sun and by the stars, and each year. A true frequency f then also
shows at |n ± f| cycles for whole n (VanderPlas 2018, ApJS 236, 16, section 7), and what varies with the hour, the
Moon or the airmass shows at n per day itself.
"""

from dataclasses import dataclass

#: Cycles per day of the Sun and of the stars.
DAY_FREQUENCIES = {"day": 1.0, "sidereal day": 1.00273791}
_YEAR_FREQUENCY = 1 / 365.25
#: With a shorter baseline (days) nothing repeats daily.
MIN_DAILY_BASELINE = 1.0
#: In years, likewise; shorter ones cannot tell a peak from its alias of a year.
_MIN_YEARS = 2.0
_MAX_YEARLY_MULTIPLE = 2
#: Frequencies that differ by more are not the same, however short the baseline (1/day).
_MAX_TOLERANCE = 0.25
_MAX_HARMONIC = 4


@dataclass(frozen=True)
class Alias:
    """How a frequency follows from another one.

    Attributes
    ----------
    cycle : str
        "day", "sidereal day" or "year".
    number : int
        Cycles between the two, positive.
    relation : str
        "+" for f + n, "−" for f − n, "reflected" for n − f.
    """

    cycle: str
    number: int
    relation: str


def compute_tolerance(baseline: float) -> float:
    """Return the difference within which two frequencies are the same (1/day)."""
    return min(1 / baseline, _MAX_TOLERANCE)


def find_alias(frequency: float, other: float, baseline: float) -> Alias | None:
    """Find how a frequency is an alias of another one.

    Parameters
    ----------
    frequency, other : float
        1/day.
    baseline : float
        Days.

    Returns
    -------
    Alias or None
    """
    if baseline < MIN_DAILY_BASELINE:
        return None
    tolerance = compute_tolerance(baseline)
    direct = "+" if frequency > other else "−"
    for cycle, unit in DAY_FREQUENCIES.items():
        for distance, relation in ((abs(frequency - other), direct), (frequency + other, "reflected")):
            number = match_multiple(distance, unit, tolerance)
            if number:
                return Alias(cycle, number, relation)
    if baseline * _YEAR_FREQUENCY < _MIN_YEARS:
        return None
    number = match_multiple(abs(frequency - other), _YEAR_FREQUENCY, tolerance)
    return Alias("year", number, direct) if 0 < number <= _MAX_YEARLY_MULTIPLE else None


def find_sampling_cycle(frequency: float, baseline: float, tolerance: float) -> tuple[str, int] | None:
    """Find the rhythm of the observations that a frequency is a multiple of: its name and the multiple."""
    if baseline < MIN_DAILY_BASELINE:
        return None
    for cycle, unit in DAY_FREQUENCIES.items():
        number = match_multiple(frequency, unit, tolerance)
        if number:
            return cycle, number
    return None


def find_harmonic(frequency: float, other: float, baseline: float) -> float | None:
    """Find which multiple of another period a frequency's period is: 2, 3, 4 or 1/2, 1/3, 1/4."""
    tolerance = 0.5 / baseline
    for number in range(2, _MAX_HARMONIC + 1):
        if abs(frequency - other / number) <= tolerance:
            return float(number)
        if abs(frequency - number * other) <= tolerance:
            return 1 / number
    return None


def match_multiple(frequency: float, unit: float, tolerance: float) -> int:
    """Return which positive multiple of a unit a frequency is; 0 if none."""
    number = round(frequency / unit)
    return number if abs(frequency - number * unit) <= tolerance else 0
