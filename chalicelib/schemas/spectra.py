"""Spectra."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from chalicelib.schemas.base import GroupIds, Id, Schema, SourceId, Time, View, Word, check_size
from chalicelib.schemas.people import Group, Person
from chalicelib.schemas.times import Moment

__all__ = ["PEOPLE", "NewSpectrum", "Person", "SourceSpectra", "Spectrum"]

MOST_BINS = 50_000

Column = Annotated[list[float], Meta(min_length=1, max_length=MOST_BINS)]
Wavelengths = Annotated[Column, Meta(description="Wavelengths, in Å.", examples=[[4000.0, 4001.5]])]
Fluxes = Annotated[
    Column, Meta(description="Flux densities, in `units`; one a wavelength.", examples=[[1.2e-16, 1.3e-16]])
]
Errors = Annotated[
    Column | None, Meta(description="Standard errors of the fluxes, or null.", examples=[[2e-18, 2e-18]])
]
Units = Annotated[
    Word | None,
    Meta(
        description="Units of the fluxes; SkyPortal knows Jy, AB and erg/s/cm/cm/AA.",
        examples=["erg/s/cm/cm/AA"],
    ),
]
InstrumentId = Annotated[Id, Meta(description="The instrument.", examples=[1])]
Origin = Annotated[Word | None, Meta(description="Where the spectrum comes from.", examples=["WISeREP"])]
Kind = Annotated[
    Literal["source", "host", "host_center"],
    Meta(description="Whether it is of the source, its host galaxy, or the centre of that."),
]
Label = Annotated[Word | None, Meta(description="What to call it.", examples=["near peak"])]
Altdata = Annotated[
    dict[str, Any] | None,
    Meta(
        description="Whatever else is known of it; at most 50,000 characters of JSON.",
        examples=[{"slit": 1.5}],
    ),
]
UserIds = Annotated[list[Id], Meta(max_length=100)]
External = Annotated[Word | None, Meta(examples=["A. Nova"])]

PEOPLE = {"reduced_by": "reducers", "observed_by": "observers", "pi": "pis"}
"""Fields that name users by their ids, and those that show them."""


class NewSpectrum(Schema):
    """A spectrum to be uploaded."""

    obj_id: SourceId
    instrument_id: InstrumentId
    observed_at: Annotated[
        Moment, Meta(description="When it was taken: ISO 8601, in UTC unless an offset is given.")
    ]
    wavelengths: Wavelengths
    fluxes: Fluxes
    errors: Errors = None
    units: Units = None
    origin: Origin = None
    type: Kind = "source"
    label: Label = None
    altdata: Altdata = None
    reduced_by: Annotated[UserIds, Meta(description="Ids of the users who reduced it.", examples=[[2]])] = []
    observed_by: Annotated[UserIds, Meta(description="Ids of the users who took it.", examples=[[2]])] = []
    pi: Annotated[UserIds, Meta(description="Ids of the principal investigators.", examples=[[2]])] = []
    external_reducer: Annotated[External, Meta(description="Who reduced it, in words.")] = None
    external_observer: Annotated[External, Meta(description="Who took it, in words.")] = None
    external_pi: Annotated[External, Meta(description="The principal investigator, in words.")] = None
    followup_request_id: Annotated[None, Meta(description="There are no requests here: null alone.")] = None
    assignment_id: Annotated[None, Meta(description="There are no assignments here: null alone.")] = None
    group_ids: GroupIds = None

    def __post_init__(self) -> None:
        check_size("altdata", self.altdata)
        lengths = {len(column) for column in (self.wavelengths, self.fluxes, self.errors) if column}
        if len(lengths) != 1:
            raise ValueError("wavelengths, fluxes and errors must have the same number of values")


class Spectrum(View):
    """A spectrum, with SkyPortal's keys."""

    id: Annotated[int, Meta(description="The id of the spectrum.", examples=[1])]
    obj_id: SourceId
    instrument_id: InstrumentId
    instrument_name: Annotated[str | None, Meta(description="Its name.", examples=["SEDM"])]
    observed_at: Time
    wavelengths: Wavelengths
    fluxes: Fluxes
    errors: Errors
    units: Units
    origin: Origin
    type: Kind
    label: Label
    altdata: Altdata
    reducers: Annotated[list[Person], Meta(description="The users who reduced it.")]
    observers: Annotated[list[Person], Meta(description="The users who took it.")]
    pis: Annotated[list[Person], Meta(description="The principal investigators.")]
    external_reducer: Annotated[External, Meta(description="Who reduced it, in words.")]
    external_observer: Annotated[External, Meta(description="Who took it, in words.")]
    external_pi: Annotated[External, Meta(description="The principal investigator, in words.")]
    owner_id: Annotated[int, Meta(description="The user who uploaded it.", examples=[1])]
    groups: Annotated[list[Group], Meta(description="The groups that see it, as far as you see them.")]
    created_at: Time
    modified: Time


class SourceSpectra(View):
    """The spectra of a source."""

    obj_id: SourceId
    spectra: Annotated[list[Spectrum], Meta(description="Those that you may see, oldest upload first.")]
