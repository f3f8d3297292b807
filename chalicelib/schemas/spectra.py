"""Spectra."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta

from chalicelib.schemas.base import GroupIds, Id, Schema, Word, check_size
from chalicelib.schemas.sources import SourceId

__all__ = ["NewSpectrum"]

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
