"""Sources."""

from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from chalicelib.schemas.base import GroupIds, Name, Query, Schema, Switch, Word, check_size

__all__ = ["FIELDS", "NewSource", "SourceChange", "SourceId", "SourceQuery"]

SourceId = Annotated[str, Meta(pattern=r"^[0-9A-Za-z._+-]+$(?!\n)", max_length=200)]
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


class SourceQuery(Query):
    """What to tell of a source besides itself."""

    includePhotometry: Switch = False
    includeSpectra: Switch = False
    includeAnalyses: Switch = False
