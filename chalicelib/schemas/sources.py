"""Sources, spectra and instruments."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from chalicelib.schemas.base import GroupIds, Id, Name, Schema, check_size

__all__ = ["FIELDS", "NewInstrument", "NewSource", "NewSpectrum", "NewTelescope", "SourceChange", "SourceId"]

SourceId = Annotated[str, Meta(pattern=r"^[0-9A-Za-z._+-]+$(?!\n)", max_length=200)]
Word = Annotated[str, Meta(max_length=200)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]


class SourceChange(Schema):
    """What can be said of a source; what a request leaves out stays as it was."""

    ra: Annotated[float, Meta(ge=0, lt=360)] | UnsetType | None = UNSET
    dec: Latitude | UnsetType | None = UNSET
    redshift: Annotated[float, Meta(gt=-1, le=1200)] | UnsetType | None = UNSET
    redshift_error: Annotated[float, Meta(ge=0)] | UnsetType | None = UNSET
    redshift_origin: Word | UnsetType | None = UNSET
    alias: Annotated[list[Name], Meta(max_length=100)] | UnsetType | None = UNSET
    origin: Word | UnsetType | None = UNSET
    transient: bool | UnsetType | None = UNSET
    varstar: bool | UnsetType | None = UNSET
    is_roid: bool | UnsetType | None = UNSET
    altdata: dict[str, Any] | UnsetType | None = UNSET
    group_ids: GroupIds = None

    def __post_init__(self) -> None:
        if self.altdata is not UNSET:
            check_size("altdata", self.altdata)


FIELDS = tuple(name for name in SourceChange.__struct_fields__ if name != "group_ids")
"""What is kept of a source."""


class NewSource(SourceChange, kw_only=True):
    id: SourceId


Column = Annotated[list[float], Meta(min_length=1, max_length=10_000)]


class NewSpectrum(Schema):
    obj_id: SourceId
    instrument_id: Id
    observed_at: datetime
    wavelengths: Column
    fluxes: Column
    errors: Column | None = None
    units: Word | None = None
    origin: Word | None = None
    type: Word = "source"
    label: Word | None = None
    altdata: dict[str, Any] | None = None
    group_ids: GroupIds = None

    def __post_init__(self) -> None:
        check_size("altdata", self.altdata)
        lengths = {len(column) for column in (self.wavelengths, self.fluxes, self.errors) if column}
        if len(lengths) != 1:
            raise ValueError("wavelengths, fluxes and errors must have the same number of values")


class NewTelescope(Schema):
    name: Name
    nickname: Name | None = None
    lat: Latitude | None = None
    lon: Annotated[float, Meta(ge=-180, le=360)] | None = None
    elevation: float | None = None
    diameter: Annotated[float, Meta(gt=0)] | None = None
    skycam_link: str | None = None
    robotic: bool = False
    fixed_location: bool = True


class NewInstrument(Schema):
    name: Name
    type: Word = "imager"
    band: Word | None = None
    telescope_id: Id | None = None
    filters: Annotated[list[Name], Meta(max_length=500)] = []
