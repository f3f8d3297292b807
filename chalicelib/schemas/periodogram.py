"""Periodograms."""

from typing import Annotated

from msgspec import Meta

from chalicelib.schemas.base import Query, View

__all__ = ["Period", "Periodogram", "PeriodogramQuery"]

Frequency = Annotated[float, Meta(ge=1e-6, le=1e6)]
FMIN = "The lowest frequency, in 1/day: one period in the data, if left out."
FMAX = "The highest frequency, in 1/day: 10, or the mean Nyquist frequency if that is higher, if left out."
NTERMS = "Harmonics of the model."


class PeriodogramQuery(Query):
    """How to make a periodogram."""

    filters: Annotated[
        Annotated[str, Meta(max_length=2000)] | None,
        Meta(
            description="The filters to take, with commas between; all if left out.", examples=["ztfg,ztfr"]
        ),
    ] = None
    fmin: Annotated[Frequency | None, Meta(description=FMIN, examples=[0.01])] = None
    fmax: Annotated[Frequency | None, Meta(description=FMAX, examples=[10.0])] = None
    oversampling: Annotated[
        float, Meta(ge=1, le=50, description="Frequencies to the width of a peak.", examples=[5])
    ] = 5.0
    nterms: Annotated[int, Meta(ge=1, le=6, description=NTERMS, examples=[1])] = 1
    peaks: Annotated[int, Meta(ge=1, le=50, description="How many periods to tell.", examples=[5])] = 5

    def __post_init__(self) -> None:
        if self.fmin is not None and self.fmax is not None and self.fmin >= self.fmax:
            raise ValueError("fmin, fmax: fmin must be the lower of the two")

    @property
    def bands(self) -> set[str]:
        """The filters to take; none for all."""
        return {name.strip() for name in (self.filters or "").split(",") if name.strip()}


class Period(View):
    """A period that the light curve may have."""

    period: Annotated[float, Meta(description="The period, in days.", examples=[0.5661])]
    frequency: Annotated[float, Meta(description="Its frequency, in 1/day.", examples=[1.7665])]
    power: Annotated[float, Meta(description="Its power, from 0 to 1.", examples=[0.83])]
    false_alarm_probability: Annotated[
        float,
        Meta(description="The probability that noise alone has so high a power anywhere.", examples=[1e-12]),
    ]


class Periodogram(View):
    """A generalised Lomb-Scargle periodogram, of one filter or of several together."""

    frequencies: Annotated[list[float], Meta(description="Frequencies, in 1/day.", examples=[[0.01, 0.02]])]
    power: Annotated[list[float], Meta(description="The power at each, from 0 to 1.", examples=[[0.1, 0.2]])]
    best_periods: Annotated[list[Period], Meta(description="The highest peaks, highest first.")]
    nterms: Annotated[int, Meta(description=NTERMS)]
    filters: Annotated[list[str], Meta(description="The filters that were taken.", examples=[["ztfg"]])]
    num_points: Annotated[int, Meta(description="Points that were taken.", examples=[300])]
    num_left_out: Annotated[int, Meta(description="Points that were not.", examples=[2])]
    baseline: Annotated[float, Meta(description="Days from the first point to the last.", examples=[900.5])]
    fmin: Annotated[float, Meta(description="The lowest frequency, in 1/day.", examples=[0.0011])]
    fmax: Annotated[float, Meta(description="The highest frequency, in 1/day.", examples=[10.0])]
    oversampling: Annotated[float, Meta(description="Frequencies to the width of a peak.", examples=[5])]
    method: Annotated[str, Meta(description="How it was computed, with references.")]
    normalization: Annotated[str, Meta(description="The normalisation of the power.", examples=["standard"])]
    false_alarm_method: Annotated[str, Meta(description="Where the probabilities come from.")]
    notes: Annotated[list[str], Meta(description="What was left out, and why.")]
