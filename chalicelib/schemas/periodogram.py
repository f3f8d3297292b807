"""Periodograms."""

from typing import Annotated

from msgspec import Meta

from chalicelib.schemas.base import Query, View
from chalicelib.schemas.fields import describe

FilterNames = Annotated[list[str], Meta(max_length=200)]
Frequency = Annotated[float, Meta(ge=1e-6, le=1e6)]
_FILTERS = "The filters to use, separated by commas; all by default."
_FMIN = "The lowest frequency, in 1/day; by default one period over the span of the data."
_FMAX = "The highest frequency, in 1/day; by default 10, or the mean Nyquist frequency if that is higher."
_NTERMS = "Number of harmonics of the model."
_OVERSAMPLING = "Frequencies per width of a peak."


class PeriodogramQuery(Query):
    """The options of a periodogram."""

    filters: Annotated[FilterNames | None, describe(_FILTERS, ["ztfg", "ztfr"])] = None
    fmin: Annotated[Frequency | None, describe(_FMIN, 0.01)] = None
    fmax: Annotated[Frequency | None, describe(_FMAX, 10.0)] = None
    oversampling: Annotated[float, describe(_OVERSAMPLING, 5, ge=1, le=50)] = 5.0
    nterms: Annotated[int, describe(_NTERMS, 1, ge=1, le=6)] = 1
    peaks: Annotated[int, describe("Number of best periods.", 5, ge=1, le=50)] = 5
    window: Annotated[bool, describe("Add window_power, the sampling window.", True)] = False

    def __post_init__(self) -> None:
        if self.fmin is not None and self.fmax is not None and self.fmin >= self.fmax:
            raise ValueError(f"fmin, fmax: fmin ({self.fmin}) must be lower than fmax ({self.fmax})")

    @property
    def bands(self) -> set[str]:
        """The filters to use; empty for all."""
        return set(self.filters or ())


class PeriodCaveat(View):
    """What to beware of in a period."""

    kind: Annotated[
        str,
        describe(
            "range_end, sampling_window, daily_alias, yearly_alias, rival_peak, few_cycles or "
            "high_false_alarm_probability.",
            "daily_alias",
        ),
    ]
    value: Annotated[
        float,
        describe(
            "Of a range_end: that end, in 1/day; a sampling_window: n per day; an alias: the stronger frequency, in "
            "1/day; a rival_peak: the frequency of a peak that fits nearly as well, or better outside the range; "
            "few_cycles: the number of cycles; a high_false_alarm_probability: the probability.",
            1.7665,
        ),
    ]
    message: Annotated[str, describe("The same as a sentence.")]


class Period(View):
    """A period that the light curve may have."""

    period: Annotated[float, describe("The period, in days.", 0.5661)]
    period_error: Annotated[
        float | None, describe("Its standard deviation, in days; null at an end of the range.", 0.0002)
    ]
    frequency: Annotated[float, describe("Its frequency, in 1/day.", 1.7665)]
    frequency_error: Annotated[
        float | None, describe("The frequency's standard deviation, in 1/day; null at an end of the range.", 0.0006)
    ]
    power: Annotated[float, describe("Its power, from 0 to 1.", 0.83)]
    delta_chi2: Annotated[
        float,
        describe(
            "By how much χ² is higher than with the strongest period, in units of that one's reduced χ² where it is "
            "above 1: below 9, the two can hardly be told apart.",
            67.7,
        ),
    ]
    role: Annotated[
        str,
        describe(
            "What the peak is: candidate (a period of its own), alias or harmonic (of a stronger peak), sampling (the "
            "rhythm of the observations), range_end (no whole peak) or noise.",
            "alias",
        ),
    ]
    description: Annotated[str, describe("The same in words.", "1-day alias of 0.5661 d (f − 1)")]
    related_frequency: Annotated[
        float | None,
        describe("Of an alias or a harmonic: the stronger frequency that makes it, in 1/day; else null.", 1.7665),
    ]
    false_alarm_probability: Annotated[
        float,
        describe(
            "Probability that noise alone has a peak this high. It means something for the strongest peak; an alias "
            "owes its height to that one.",
            1e-12,
        ),
    ]
    prewhitened_false_alarm_probability: Annotated[
        float,
        describe(
            "Probability that noise alone has a peak as high as what is left here after the stronger peaks that are "
            "no aliases or harmonics, three at most, were subtracted. Low: a period of its own.",
            0.9,
        ),
    ]
    caveats: Annotated[list[PeriodCaveat], describe("What to beware of; empty if nothing is known.")]


class Periodogram(View):
    """A generalised Lomb-Scargle periodogram of one filter, or of several together."""

    frequencies: Annotated[list[float], describe("Frequencies, in 1/day.", [0.01, 0.02])]
    power: Annotated[list[float], describe("The power at each frequency, from 0 to 1.", [0.1, 0.2])]
    window_power: Annotated[
        list[float] | None,
        describe("With window=true: the sampling window at each frequency, from 0 to 1; else null.", [0.9, 0.1]),
    ]
    best_periods: Annotated[list[Period], describe("The highest peaks, highest first.")]
    nterms: Annotated[int, describe(_NTERMS)]
    filters: Annotated[list[str], describe("The filters that were used.", ["ztfg"])]
    num_points: Annotated[int, describe("Number of points that were used.", 300)]
    num_left_out: Annotated[int, describe("Number of points that were not used.", 2)]
    baseline: Annotated[float, describe("Days from the first point to the last.", 900.5)]
    fmin: Annotated[float, describe("The lowest frequency, in 1/day.", 0.0011)]
    fmax: Annotated[float, describe("The highest frequency, in 1/day.", 10.0)]
    oversampling: Annotated[float, describe(_OVERSAMPLING, 5)]
    method: Annotated[str, describe("The method, with references.")]
    normalization: Annotated[str, describe("The normalisation of the power.", "standard")]
    false_alarm_level: Annotated[
        float | None,
        describe("The power that noise alone reaches in 1 % of such data; null if there are too few points.", 0.2),
    ]
    false_alarm_method: Annotated[str, describe("The method of the false alarm probabilities.")]
    period_error_method: Annotated[str, describe("The method of the periods' errors.")]
    notes: Annotated[list[str], describe("What was not used, and why.")]
