"""Spectra."""

from typing import Annotated, Literal

from msgspec import Meta

from chalicelib.schemas.base import Schema, View, check_size
from chalicelib.schemas.fields import GroupIds, Id, Moment, Object, SourceId, Time, Word, describe
from chalicelib.schemas.people import Person, RecordView

MAX_BINS = 50_000

Column = Annotated[list[float], Meta(min_length=1, max_length=MAX_BINS)]
Wavelengths = Annotated[Column, describe("Wavelengths, in Å.", [4000.0, 4001.5])]
Fluxes = Annotated[Column, describe("Flux densities, in `units`; one per wavelength.", [1.2e-16, 1.3e-16])]
Errors = Annotated[Column | None, describe("Standard errors of the fluxes, or null.", [2e-18, 2e-18])]
_UNITS = "Units of the fluxes; SkyPortal has Jy, AB and erg/s/cm/cm/AA."
Units = Annotated[Word | None, describe(_UNITS, "erg/s/cm/cm/AA")]
InstrumentId = Annotated[Id, describe("The instrument.", 1)]
Origin = Annotated[Word | None, describe("Where the spectrum comes from.", "WISeREP")]
_KIND = "The target: the source, its host galaxy, or the centre of the host."
Kind = Annotated[Literal["source", "host", "host_center"], describe(_KIND)]
Label = Annotated[Word | None, describe("A short label.", "near peak")]
_ALTDATA = "Anything else that is known of it; at most 50,000 characters of JSON."
Altdata = Annotated[Object | None, describe(_ALTDATA, {"slit": 1.5})]
UserIds = Annotated[list[Id], Meta(max_length=100)]
ExternalReducer = Annotated[Word | None, describe("Who reduced it, as text.", "A. Nova")]
ExternalObserver = Annotated[Word | None, describe("Who took it, as text.", "A. Nova")]
ExternalPi = Annotated[Word | None, describe("The principal investigator, as text.", "A. Nova")]

PEOPLE = {"reduced_by": "reducers", "observed_by": "observers", "pi": "pis"}
"""The fields of a request that name users by id, and the fields of the answer that show them."""


class NewSpectrum(Schema):
    """A new spectrum."""

    obj_id: SourceId
    instrument_id: InstrumentId
    observed_at: Annotated[Moment, describe("When it was taken: ISO 8601, in UTC unless an offset is given.")]
    wavelengths: Wavelengths
    fluxes: Fluxes
    errors: Errors = None
    units: Units = None
    origin: Origin = None
    type: Kind = "source"
    label: Label = None
    altdata: Altdata = None
    reduced_by: Annotated[UserIds, describe("Ids of the users who reduced it.", [2])] = []
    observed_by: Annotated[UserIds, describe("Ids of the users who took it.", [2])] = []
    pi: Annotated[UserIds, describe("Ids of the principal investigators.", [2])] = []
    external_reducer: ExternalReducer = None
    external_observer: ExternalObserver = None
    external_pi: ExternalPi = None
    followup_request_id: Annotated[None, describe("Must be null: Heliograph has no requests.")] = None
    assignment_id: Annotated[None, describe("Must be null: Heliograph has no assignments.")] = None
    group_ids: GroupIds = None

    def __post_init__(self) -> None:
        check_size("altdata", self.altdata)
        lengths = {len(column) for column in (self.wavelengths, self.fluxes, self.errors) if column}
        if len(lengths) != 1:
            raise ValueError("wavelengths, fluxes and errors must have the same number of values")


class Spectrum(RecordView):
    """A spectrum, with SkyPortal's keys."""

    id: Annotated[int, describe("The id of the spectrum.", 1)]
    obj_id: SourceId
    instrument_id: InstrumentId
    instrument_name: Annotated[str | None, describe("The name of the instrument.", "SEDM")]
    observed_at: Time
    wavelengths: Wavelengths
    fluxes: Fluxes
    errors: Errors
    units: Units
    origin: Origin
    type: Kind
    label: Label
    altdata: Altdata
    reducers: Annotated[list[Person], describe("The users who reduced it.")]
    observers: Annotated[list[Person], describe("The users who took it.")]
    pis: Annotated[list[Person], describe("The principal investigators.")]
    external_reducer: ExternalReducer
    external_observer: ExternalObserver
    external_pi: ExternalPi
    owner_id: Annotated[int, describe("The user who uploaded it.", 1)]


class SourceSpectra(View):
    """The spectra of a source."""

    obj_id: SourceId
    spectra: Annotated[list[Spectrum], describe("The spectra that you can see, oldest upload first.")]
