"""Photometry: what may be posted, what is asked for."""

from typing import Any, Literal

from chalicelib.schemas.base import GroupIds, Query, Schema
from chalicelib.schemas.sources import SourceId

__all__ = ["PhotometryQuery", "PostedPhotometry"]

Numbers = float | None | list[float | None]
Words = str | None | list[str | None]


class PostedPhotometry(Schema):
    """Columns, or single values which hold for every row."""

    obj_id: SourceId
    mjd: float | list[float]
    filter: str | list[str]
    instrument_id: int | list[int]
    flux: Numbers = None
    fluxerr: Numbers = None
    zp: Numbers = None
    mag: Numbers = None
    magerr: Numbers = None
    limiting_mag: Numbers = None
    limiting_mag_nsigma: Numbers = None
    magsys: Words = None
    origin: Words = None
    altdata: dict[str, Any] | list[dict[str, Any] | None] | None = None
    group_ids: GroupIds = None


class PhotometryQuery(Query):
    """How to show photometry."""

    format: Literal["mag", "flux", "both"] = "mag"
    magsys: Literal["ab"] = "ab"
