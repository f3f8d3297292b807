"""Spectra."""

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from chalicelib.plausible_values import explain_implausible
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
KINDS = ("source", "host", "host_center")
Kind = Annotated[Literal["source", "host", "host_center"], describe(_KIND)]
KindName = Annotated[Word, describe(_KIND, "source", extra_json_schema={"enum": list(KINDS)})]
"""The type in a request: checked by `check_kind`, whose message SkyPortal's clients know."""
Label = Annotated[Word | None, describe("A short label.", "near peak")]
_ALTDATA = "Anything else that is known of it; at most 50,000 characters of JSON."
Altdata = Annotated[Object | None, describe(_ALTDATA, {"slit": 1.5})]
UserIds = Annotated[list[Id], Meta(max_length=100)]
Reducers = Annotated[UserIds, describe("Ids of the users who reduced it.", [2])]
Observers = Annotated[UserIds, describe("Ids of the users who took it.", [2])]
Pis = Annotated[UserIds, describe("Ids of the principal investigators.", [2])]
ObservedAt = Annotated[Moment, describe("When it was taken: ISO 8601, in UTC unless an offset is given.")]
NoRequest = Annotated[None, describe("Must be null: Heliograph has no requests.")]
NoAssignment = Annotated[None, describe("Must be null: Heliograph has no assignments.")]
ExternalReducer = Annotated[Word | None, describe("Who reduced it, as text.", "A. Nova")]
ExternalObserver = Annotated[Word | None, describe("Who took it, as text.", "A. Nova")]
ExternalPi = Annotated[Word | None, describe("The principal investigator, as text.", "A. Nova")]

PEOPLE = {"reduced_by": "reducers", "observed_by": "observers", "pi": "pis"}
"""The fields of a request that name users by id, and the fields of the answer that show them."""


def check_kind(kind: str) -> None:
    """Check the type of a spectrum; for ``__post_init__`` of schemas.

    Raises
    ------
    ValueError
        If there is no such type.
    """
    if kind not in KINDS:
        raise ValueError(f"type: {kind[:60]!r} is no type of a spectrum. Must be one of: {', '.join(KINDS)}")


def check_columns(wavelengths: Sequence[float], fluxes: Sequence[float], errors: Sequence[float] | None) -> None:
    """Check the columns of a spectrum: the one place for all ways to upload and change it.

    Raises
    ------
    ValueError
        If they have different lengths, or a wavelength cannot be in angstrom.
    """
    lengths = {len(column) for column in (wavelengths, fluxes, errors) if column}
    if len(lengths) != 1:
        raise ValueError("wavelengths, fluxes and errors must have the same number of values")
    for value in (min(wavelengths), max(wavelengths)):
        if reason := explain_implausible("wavelengths", value):
            raise ValueError(reason)


class SpectrumDetails(Schema):
    """What an upload says of a spectrum besides its values."""

    obj_id: SourceId
    instrument_id: InstrumentId
    observed_at: ObservedAt
    units: Units = None
    origin: Origin = None
    type: KindName = "source"
    label: Label = None
    reduced_by: Reducers = []
    observed_by: Observers = []
    pi: Pis = []
    external_reducer: ExternalReducer = None
    external_observer: ExternalObserver = None
    external_pi: ExternalPi = None
    followup_request_id: NoRequest = None
    assignment_id: NoAssignment = None
    group_ids: GroupIds = None

    def __post_init__(self) -> None:
        check_kind(self.type)


class NewSpectrum(SpectrumDetails, kw_only=True):
    """A new spectrum."""

    wavelengths: Wavelengths
    fluxes: Fluxes
    errors: Errors = None
    altdata: Altdata = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_size("altdata", self.altdata)
        check_columns(self.wavelengths, self.fluxes, self.errors)


class SpectrumChange(Schema):
    """Changes of a spectrum; omitted fields stay as they are."""

    obj_id: Annotated[SourceId, describe("Its source, which cannot change.", "SN1")] | UnsetType = UNSET
    instrument_id: InstrumentId | UnsetType = UNSET
    observed_at: ObservedAt | UnsetType = UNSET
    wavelengths: Wavelengths | UnsetType = UNSET
    fluxes: Fluxes | UnsetType = UNSET
    errors: Errors | UnsetType = UNSET
    units: Units | UnsetType = UNSET
    origin: Origin | UnsetType = UNSET
    type: KindName | UnsetType = UNSET
    label: Label | UnsetType = UNSET
    altdata: Altdata | UnsetType = UNSET
    reduced_by: Reducers | UnsetType = UNSET
    observed_by: Observers | UnsetType = UNSET
    pi: Pis | UnsetType = UNSET
    external_reducer: ExternalReducer | UnsetType = UNSET
    external_observer: ExternalObserver | UnsetType = UNSET
    external_pi: ExternalPi | UnsetType = UNSET
    followup_request_id: NoRequest = None
    assignment_id: NoAssignment = None
    group_ids: Annotated[GroupIds, describe("Groups that it is also shared with; it keeps those that it has.")] = None

    def __post_init__(self) -> None:
        if self.type is not UNSET:
            check_kind(self.type)
        if self.altdata is not UNSET:
            check_size("altdata", self.altdata)


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
    followup_request_id: NoRequest
    assignment_id: NoAssignment
    owner_id: Annotated[int, describe("The user who uploaded it.", 1)]


class SourceSpectra(View):
    """The spectra of a source."""

    obj_id: SourceId
    spectra: Annotated[list[Spectrum], describe("The spectra that you can see, oldest upload first.")]
