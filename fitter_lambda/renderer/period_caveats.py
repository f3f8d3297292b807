"""What to beware of in a period: aliases, ends of the range, few cycles, rivals, chance."""

from collections.abc import Sequence
from typing import TypedDict

import numpy as np

from fitter_lambda.arrays import Array
from fitter_lambda.renderer.lomb_scargle import BandLightCurve, FrequencyGrid
from fitter_lambda.renderer.period_aliases import (
    DAY_FREQUENCIES,
    MIN_DAILY_BASELINE,
    compute_tolerance,
    find_alias,
    find_sampling_cycle,
)
from fitter_lambda.renderer.period_peaks import Peak, refine_maximum

_MIN_CYCLES = 2.0
#: A peak of noise is this high in so many light curves: a higher probability is said, a lower one is a finding.
HIGH_FALSE_ALARM = 0.01
#: Δχ² of three standard deviations of one parameter.
_MAX_RIVAL_CHI2 = 9.0


class Caveat(TypedDict):
    """What to beware of, and the number that it is about.

    Attributes
    ----------
    kind : str
        "range_end" (value: that end, 1/day), "sampling_window" (n per day), "daily_alias" or "yearly_alias"
        (the stronger frequency, 1/day), "rival_peak" (the other frequency, 1/day), "few_cycles" (cycles
        observed) or "high_false_alarm_probability" (itself).
    value : float
    message : str
    """

    kind: str
    value: float
    message: str


def find_period_caveats(
    frequency: float,
    false_alarm: float,
    stronger_frequencies: Sequence[float],
    grid: FrequencyGrid,
    bands: Sequence[BandLightCurve],
) -> list[Caveat]:
    """Find what to beware of in one of the best periods.

    Parameters
    ----------
    frequency : float
        1/day.
    false_alarm : float
        Its false-alarm probability.
    stronger_frequencies : sequence of float
        The frequencies of higher peaks that aliases are sought of (1/day).
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
    return [
        *_find_range_end(frequency, grid, baseline),
        *_find_sampling_window(frequency, time, baseline),
        *_find_alias_caveat(frequency, stronger_frequencies, baseline),
        *_find_few_cycles(frequency, baseline),
        *_find_high_false_alarm(false_alarm),
    ]


def find_rivals(peaks: Sequence[Peak]) -> list[Caveat]:
    """Find the peaks that fit nearly as well as the strongest, as caveats of that one."""
    return [
        Caveat(
            kind="rival_peak",
            value=peak.frequency,
            message=f"The peak at {peak.period_text} d fits nearly as well (χ² is higher by {peak.delta_chi2:.1f}, "
            f"less than {_MAX_RIVAL_CHI2:g}): it may be the true one.",
        )
        for peak in peaks
        if peak.delta_chi2 < _MAX_RIVAL_CHI2
    ]


def find_rivals_outside(
    strongest: Peak, bands: Sequence[BandLightCurve], grid: FrequencyGrid, nterms: int
) -> list[Caveat]:
    """Find an alias of the strongest peak that lies outside the range and has more power."""
    baseline = float(np.ptp(np.concatenate([band.time for band in bands])))
    if baseline < MIN_DAILY_BASELINE:
        return []
    caveats = []
    for number in (-2, -1, 1, 2):
        frequency = abs(strongest.frequency + number)
        if frequency < 1 / baseline or grid.start <= frequency <= grid.start + grid.width:
            continue
        maximum = refine_maximum(bands, frequency - 0.5 / baseline, frequency + 0.5 / baseline, nterms)
        if maximum.power > strongest.power:
            message = (
                f"Outside the range, its 1-day alias at {1 / maximum.frequency:.6g} d has more power "
                f"({maximum.power:.3f}): search there with another fmin or fmax."
            )
            caveats.append(Caveat(kind="rival_peak", value=maximum.frequency, message=message))
    return caveats


def find_range_end(frequency: float, grid: FrequencyGrid, baseline: float) -> tuple[str, float] | None:
    """Find the end of the range that a peak is less than half a peak's width from: its name and frequency."""
    for end, name in ((grid.start, "lower"), (grid.start + grid.width, "upper")):
        if abs(frequency - end) < max(0.5 / baseline, grid.step):
            return name, end
    return None


def _find_range_end(frequency: float, grid: FrequencyGrid, baseline: float) -> list[Caveat]:
    match = find_range_end(frequency, grid, baseline)
    if match is None:
        return []
    name, end = match
    message = (
        f"The peak lies at the {name} end of the range, {end:.6g} per day; "
        "the true one may lie beyond: search with another fmin or fmax."
    )
    return [Caveat(kind="range_end", value=end, message=message)]


def _find_sampling_window(frequency: float, time: Array, baseline: float) -> list[Caveat]:
    match = find_sampling_cycle(frequency, baseline, compute_tolerance(baseline))
    if match is None:
        return []
    cycle, number = match
    window = float(np.abs(np.mean(np.exp(2j * np.pi * number * DAY_FREQUENCIES[cycle] * time))))
    message = (
        f"The frequency is that of the observations, {number} per {cycle}, within the resolution "
        f"(the sampling window there is {window:.2f} of its maximum)."
    )
    return [Caveat(kind="sampling_window", value=float(number), message=message)]


def _find_alias_caveat(frequency: float, stronger_frequencies: Sequence[float], baseline: float) -> list[Caveat]:
    """Find the first stronger frequency that this one is an alias of."""
    for stronger in stronger_frequencies:
        alias = find_alias(frequency, stronger, baseline)
        if alias:
            relation = "sum" if alias.relation == "reflected" else "difference"
            message = (
                f"It may be an alias of the stronger peak at {stronger:.6g} per day: their {relation} is "
                f"{alias.number} per {alias.cycle}, within the resolution."
            )
            kind = "yearly_alias" if alias.cycle == "year" else "daily_alias"
            return [Caveat(kind=kind, value=stronger, message=message)]
    return []


def _find_few_cycles(frequency: float, baseline: float) -> list[Caveat]:
    cycles = frequency * baseline
    if cycles >= _MIN_CYCLES:
        return []
    message = f"Only {cycles:.2g} cycles were observed; fewer than {_MIN_CYCLES:g} do not show that anything repeats."
    return [Caveat(kind="few_cycles", value=cycles, message=message)]


def _find_high_false_alarm(probability: float) -> list[Caveat]:
    if probability <= HIGH_FALSE_ALARM:
        return []
    message = f"Noise alone has a peak this high in up to {100 * probability:.2g} % of such data."
    return [Caveat(kind="high_false_alarm_probability", value=probability, message=message)]
