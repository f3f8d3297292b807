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
        describe("range_end, sampling_window, daily_alias, few_cycles or high_false_alarm_probability.", "daily_alias"),
    ]
    value: Annotated[
        float,
        describe(
            "Of a range_end: that end, in 1/day; a sampling_window: n per day; a daily_alias: the stronger frequency, "
            "in 1/day; few_cycles: the number of cycles; a high_false_alarm_probability: the probability.",
            1.7665,
        ),
    ]
    message: Annotated[str, describe("The same as a sentence.")]


class Period(View):
    """A period that the light curve may have."""

    period: Annotated[float, describe("The period, in days.", 0.5661)]
    frequency: Annotated[float, describe("Its frequency, in 1/day.", 1.7665)]
    power: Annotated[float, describe("Its power, from 0 to 1.", 0.83)]
    false_alarm_probability: Annotated[float, describe("Probability that noise has a peak this high.", 1e-12)]
    caveats: Annotated[list[PeriodCaveat], describe("What to beware of; empty if nothing is known.")]


class Periodogram(View):
    """A generalised Lomb-Scargle periodogram of one filter, or of several together."""

    frequencies: Annotated[list[float], describe("Frequencies, in 1/day.", [0.01, 0.02])]
    power: Annotated[list[float], describe("The power at each frequency, from 0 to 1.", [0.1, 0.2])]
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
    false_alarm_method: Annotated[str, describe("The method of the false alarm probabilities.")]
    notes: Annotated[list[str], describe("What was not used, and why.")]
