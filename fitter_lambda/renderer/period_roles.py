"""What each peak of a periodogram is: a period of its own, or what another one makes.

Peaks are judged from the highest down. Each that stands for itself is subtracted (see `prewhitening`) before the
next are judged, as an alias of it goes with it and another period stays. What has the frequency of an alias is
called one in any case: that a second period hides there cannot be told.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fitter_lambda.renderer.lomb_scargle import BandLightCurve, FrequencyGrid
from fitter_lambda.renderer.period_aliases import Alias, find_alias, find_harmonic, find_sampling_cycle
from fitter_lambda.renderer.period_caveats import HIGH_FALSE_ALARM, find_range_end
from fitter_lambda.renderer.period_peaks import Peak
from fitter_lambda.renderer.prewhitening import (
    MAX_SUBTRACTED,
    Residuals,
    compute_residual_false_alarm,
    subtract_periods,
)

#: Roles of peaks that stand for themselves.
INDEPENDENT_ROLES = ("candidate", "range_end", "sampling")
#: With a short baseline, any frequency would be near a whole number per day (1/day).
_MAX_SAMPLING_TOLERANCE = 0.02
_MULTIPLES = {2: "twice", 3: "3 times", 4: "4 times", 1 / 2: "half of", 1 / 3: "a third of", 1 / 4: "a quarter of"}


@dataclass(frozen=True)
class PeriodRole:
    """What a peak is.

    Attributes
    ----------
    role : str
        "candidate": a period of its own; "alias" or "harmonic" of a stronger one; "sampling": the rhythm of
        the observations; "range_end": no whole peak; "noise".
    description : str
        The same in words.
    related_frequency : float or None
        Of the stronger peak that makes this one (1/day).
    residual_false_alarm : float
        Probability that noise alone has a peak as high as what is left here after all stronger independent
        peaks were subtracted. For the strongest it is the false-alarm probability.
    """

    role: str
    description: str
    related_frequency: float | None
    residual_false_alarm: float


def assign_roles(
    peaks: Sequence[Peak], bands: Sequence[BandLightCurve], grid: FrequencyGrid, nterms: int, false_alarms: list[float]
) -> list[PeriodRole]:
    """Tell what each peak is.

    Parameters
    ----------
    peaks : sequence of Peak
        Highest first.
    bands : sequence of BandLightCurve
    grid : FrequencyGrid
        The range that was searched.
    nterms : int
    false_alarms : list of float
        The false-alarm probability of each peak.

    Returns
    -------
    list of PeriodRole
        In the order of the peaks.
    """
    baseline = float(np.ptp(np.concatenate([band.time for band in bands])))
    independent: list[Peak] = []
    residuals = Residuals(list(bands), 0)
    roles = []
    for peak, false_alarm in zip(peaks, false_alarms, strict=True):
        left = compute_residual_false_alarm(residuals, peak.frequency, grid, nterms) if independent else false_alarm
        relation = _find_relation(peak, independent, baseline, left)
        role = (
            _find_own_place(peak, grid, baseline, left)
            or relation
            or _judge_significance(independent, false_alarm, left)
        )
        roles.append(role)
        if role.role in INDEPENDENT_ROLES and relation is None and left <= HIGH_FALSE_ALARM:
            independent.append(peak)
            if len(independent) <= MAX_SUBTRACTED:
                residuals = subtract_periods(bands, [each.frequency for each in independent], nterms)
    return roles


def _find_own_place(peak: Peak, grid: FrequencyGrid, baseline: float, left: float) -> PeriodRole | None:
    """Return the role of a peak at an end of the range, or at the rhythm of the observations."""
    end = find_range_end(peak.frequency, grid, baseline)
    if end:
        description = f"at the {end[0]} edge of the range ({end[1]:.6g} per day): the peak may lie beyond"
        return PeriodRole("range_end", description, None, left)
    sampling = find_sampling_cycle(peak.frequency, baseline, min(1 / baseline, _MAX_SAMPLING_TOLERANCE))
    if sampling:
        return PeriodRole("sampling", f"rhythm of the observations: {sampling[1]} per {sampling[0]}", None, left)
    return None


def _find_relation(peak: Peak, independent: Sequence[Peak], baseline: float, left: float) -> PeriodRole | None:
    """Return the role of an alias or a harmonic of the first independent peak that makes one here."""
    for other in independent:
        alias = find_alias(peak.frequency, other.frequency, baseline)
        if alias:
            return PeriodRole("alias", _describe_alias(alias, other), other.frequency, left)
        multiple = find_harmonic(peak.frequency, other.frequency, baseline)
        if multiple:
            return PeriodRole("harmonic", f"{_MULTIPLES[multiple]} {other.period_text} d", other.frequency, left)
    return None


def _describe_alias(alias: Alias, other: Peak) -> str:
    if alias.cycle == "year":
        return f"{alias.number}-cycle-per-year alias of {other.period_text} d"
    formula = f"{alias.number} − f" if alias.relation == "reflected" else f"f {alias.relation} {alias.number}"
    cycle = "sidereal-day" if alias.cycle == "sidereal day" else "1-day"
    return f"{cycle} alias of {other.period_text} d ({formula})"


def _judge_significance(independent: Sequence[Peak], false_alarm: float, left: float) -> PeriodRole:
    if not independent and left <= HIGH_FALSE_ALARM:
        return PeriodRole("candidate", "strongest period", None, left)
    names = " and ".join(f"{peak.period_text} d" for peak in independent[:MAX_SUBTRACTED])
    verb = "is" if len(independent[:MAX_SUBTRACTED]) == 1 else "are"
    if left <= HIGH_FALSE_ALARM:
        return PeriodRole("candidate", f"remains when {names} {verb} subtracted", None, left)
    if false_alarm <= HIGH_FALSE_ALARM:
        return PeriodRole("alias", f"gone when {names} {verb} subtracted", independent[0].frequency, left)
    return PeriodRole("noise", "not significant: noise alone has such peaks", None, left)
