"""Sources, spectra and instruments."""

from typing import Annotated, Any

from pydantic import AwareDatetime, Field, NaiveDatetime, model_validator

from chalicelib.schemas.base import GroupIds, Id, Name, Schema

__all__ = ["NewInstrument", "NewSource", "NewSpectrum", "NewTelescope", "SourceChange", "SourceId"]

SourceId = Annotated[str, Field(pattern=r"^[0-9A-Za-z._+-]+$", max_length=200)]


class SourceChange(Schema):
    """What can be said of a source."""

    ra: Annotated[float, Field(ge=0, lt=360)] | None = None
    dec: Annotated[float, Field(ge=-90, le=90)] | None = None
    redshift: Annotated[float, Field(gt=-1, le=1200)] | None = None
    redshift_error: Annotated[float, Field(ge=0)] | None = None
    redshift_origin: Annotated[str, Field(max_length=200)] | None = None
    alias: list[Name] | None = None
    origin: Annotated[str, Field(max_length=200)] | None = None
    transient: bool | None = None
    varstar: bool | None = None
    is_roid: bool | None = None
    altdata: dict[str, Any] | None = None
    group_ids: GroupIds = None


class NewSource(SourceChange):
    id: SourceId


Column = Annotated[list[float], Field(min_length=1, max_length=10_000)]


class NewSpectrum(Schema):
    obj_id: SourceId
    instrument_id: Id
    observed_at: NaiveDatetime | AwareDatetime
    wavelengths: Column
    fluxes: Column
    errors: Column | None = None
    units: Annotated[str, Field(max_length=40)] | None = None
    origin: Annotated[str, Field(max_length=200)] | None = None
    type: Annotated[str, Field(max_length=40)] = "source"
    label: Annotated[str, Field(max_length=200)] | None = None
    altdata: dict[str, Any] | None = None
    group_ids: GroupIds = None

    @model_validator(mode="after")
    def _columns_agree(self) -> "NewSpectrum":
        lengths = {len(column) for column in (self.wavelengths, self.fluxes, self.errors) if column}
        if len(lengths) != 1:
            raise ValueError("wavelengths, fluxes and errors must have the same number of values")
        return self


class NewTelescope(Schema):
    name: Name
    nickname: Name | None = None
    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    lon: Annotated[float, Field(ge=-180, le=360)] | None = None
    elevation: float | None = None
    diameter: Annotated[float, Field(gt=0)] | None = None
    skycam_link: str | None = None
    robotic: bool = False
    fixed_location: bool = True


class NewInstrument(Schema):
    name: Name
    type: Annotated[str, Field(max_length=40)] = "imager"
    band: Annotated[str, Field(max_length=40)] | None = None
    telescope_id: Id | None = None
    filters: list[Name] = []
