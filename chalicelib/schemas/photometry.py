"""Photometry: what may be posted, what is asked for, what a point is shown as."""

import re
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from chalicelib.schemas.base import GroupIds, Id, PagedByCursor, Query, Schema, SourceId, Time, View
from chalicelib.schemas.people import Group
from chalicelib.schemas.times import Moment

__all__ = [
    "NewIds", "PhotometryChange", "PhotometryQuery", "Point", "PostedPhotometry", "RangeBody", "RangeQuery",
    "Uploaded",
]  # fmt: skip

Number = float | None
Numbers = float | None | list[float | None]
Words = str | None | list[str | None]
Objects = dict[str, Any] | list[dict[str, Any] | None] | None

ID = "The id of the point."
MJD = "When it was observed, as modified Julian date (days, UTC)."
FILTER = "The bandpass, by sncosmo's name."
INSTRUMENT = "The instrument's id."
FLUX = "The flux, on the scale that zp and magsys say; null for a non-detection without a measured flux."
FLUXERR = "Its standard error, on the same scale; greater than 0."
ZP = "The magnitude of a flux of 1: 23.9 (AB) if the unit is µJy, which it is unless this is given."
MAG = "The magnitude; null for a non-detection, which then has a limiting_mag."
MAGERR = "The standard error of the magnitude; required with it."
LIMIT = "The limiting magnitude of the observation."
NSIGMA = "The number of standard errors that a flux of the limiting magnitude has."
MAGSYS = "The magnitude system: ab, or vega for bandpasses in which Vega's magnitude is known here."
ORIGIN = "Where the point comes from; points of different origins are different observations."
ALTDATA = "Whatever else is known of the point; at most 2000 characters of JSON."
RA = "Where it was seen: right ascension, in degrees."
DEC = "Where it was seen: declination, in degrees."
RA_UNC = "Standard error of the right ascension, in arcseconds."
DEC_UNC = "Standard error of the declination, in arcseconds."


class PostedPhotometry(Schema):
    """Points of one source: columns, or single values which hold for every row; at most 10,000 rows.

    Either flux space (flux, fluxerr) or magnitude space (mag, magerr, limiting_mag).
    """

    obj_id: SourceId
    mjd: Annotated[float | list[float], Meta(description=MJD, examples=[[59303.3575, 59304.41]])]
    filter: Annotated[str | list[str], Meta(description=FILTER, examples=[["ztfg", "ztfr"]])]
    instrument_id: Annotated[int | list[int], Meta(description=INSTRUMENT, examples=[1])]
    flux: Annotated[Numbers, Meta(description=FLUX, examples=[[434.3, None]])] = None
    fluxerr: Annotated[Numbers, Meta(description=FLUXERR, examples=[[19.3, 21.0]])] = None
    zp: Annotated[Numbers, Meta(description=ZP, examples=[23.9])] = None
    mag: Annotated[Numbers, Meta(description=MAG)] = None
    magerr: Annotated[Numbers, Meta(description=MAGERR)] = None
    limiting_mag: Annotated[Numbers, Meta(description=LIMIT)] = None
    limiting_mag_nsigma: Annotated[Numbers, Meta(description=NSIGMA + " 3 if left out.")] = None
    magsys: Annotated[Words, Meta(description=MAGSYS + " ab if left out.", examples=["ab"])] = None
    origin: Annotated[Words, Meta(description=ORIGIN, examples=["fp"])] = None
    altdata: Annotated[Objects, Meta(description=ALTDATA, examples=[{"seeing": 1.2}])] = None
    ra: Annotated[Numbers, Meta(description=RA, examples=[202.5051])] = None
    dec: Annotated[Numbers, Meta(description=DEC, examples=[13.4112])] = None
    ra_unc: Annotated[Numbers, Meta(description=RA_UNC, examples=[0.1])] = None
    dec_unc: Annotated[Numbers, Meta(description=DEC_UNC, examples=[0.1])] = None
    group_ids: GroupIds = None


class PhotometryChange(Schema):
    """What to change of a point; what is left out stays as it was. With zp or magsys give all they scale."""

    mjd: Annotated[float | UnsetType, Meta(description=MJD, examples=[59303.3575])] = UNSET
    filter: Annotated[str | UnsetType, Meta(description=FILTER, examples=["ztfg"])] = UNSET
    instrument_id: Annotated[int | UnsetType, Meta(description=INSTRUMENT, examples=[1])] = UNSET
    flux: Annotated[Number | UnsetType, Meta(description=FLUX, examples=[434.3])] = UNSET
    fluxerr: Annotated[float | UnsetType, Meta(description=FLUXERR, examples=[19.3])] = UNSET
    zp: Annotated[Number | UnsetType, Meta(description=ZP, examples=[23.9])] = UNSET
    mag: Annotated[Number | UnsetType, Meta(description=MAG)] = UNSET
    magerr: Annotated[Number | UnsetType, Meta(description=MAGERR)] = UNSET
    limiting_mag: Annotated[Number | UnsetType, Meta(description=LIMIT)] = UNSET
    limiting_mag_nsigma: Annotated[Number | UnsetType, Meta(description=NSIGMA)] = UNSET
    magsys: Annotated[str | UnsetType | None, Meta(description=MAGSYS, examples=["ab"])] = UNSET
    origin: Annotated[str | UnsetType | None, Meta(description=ORIGIN, examples=["fp"])] = UNSET
    altdata: Annotated[
        dict[str, Any] | UnsetType | None, Meta(description=ALTDATA, examples=[{"seeing": 1.2}])
    ] = UNSET
    ra: Annotated[Number | UnsetType, Meta(description=RA, examples=[202.5051])] = UNSET
    dec: Annotated[Number | UnsetType, Meta(description=DEC, examples=[13.4112])] = UNSET
    ra_unc: Annotated[Number | UnsetType, Meta(description=RA_UNC, examples=[0.1])] = UNSET
    dec_unc: Annotated[Number | UnsetType, Meta(description=DEC_UNC, examples=[0.1])] = UNSET
    group_ids: Annotated[
        GroupIds, Meta(description="The groups that see it from now on; left out, those that see it now.")
    ] = None


class Uploaded(View):
    """Points that were uploaded."""

    ids: Annotated[list[int], Meta(description="The id of each row, in their order.", examples=[[17, 18]])]
    upload_id: Annotated[str, Meta(description="The id of all of them together.", examples=["upload-17"])]


class NewIds(View):
    """Points that were uploaded, or were there already."""

    ids: Annotated[list[int], Meta(description="The id of each row, in their order.", examples=[[17, 18]])]


Format = Annotated[
    Literal["mag", "flux", "both"],
    Meta(description="Whether to show magnitudes, fluxes in µJy with the zp of magsys, or both."),
]
System = Annotated[Literal["ab", "vega"], Meta(description=MAGSYS)]


class PhotometryQuery(Query):
    """How to show photometry."""

    format: Format = "mag"
    magsys: System = "ab"


class RangeBody(Schema):
    """Which photometry to list, in the body of the GET as SkyPortal takes it; it wins over the query."""

    instrument_ids: Annotated[
        list[Id] | None,
        Meta(description="Taken by one of these instruments; any, if left out.", examples=[[1]]),
    ] = None
    min_date: Annotated[
        Moment | None, Meta(description="Not before this: ISO 8601, in UTC unless an offset is given.")
    ] = None
    max_date: Annotated[
        Moment | None, Meta(description="Not after this: ISO 8601, in UTC unless an offset is given.")
    ] = None


class RangeQuery(PagedByCursor):
    """Which photometry to list, and how."""

    format: Format = "mag"
    magsys: System = "ab"

    obj_id: Annotated[SourceId | None, Meta(description="Of this source alone.", examples=["SN1"])] = None
    instrument_ids: Annotated[
        str, Meta(description="Taken by one of these instruments: ids with commas between.", examples=["1,4"])
    ] = ""
    min_date: Annotated[
        Moment | None, Meta(description="Not before this: ISO 8601, in UTC unless an offset is given.")
    ] = None
    max_date: Annotated[
        Moment | None, Meta(description="Not after this: ISO 8601, in UTC unless an offset is given.")
    ] = None
    numPerPage: Annotated[int, Meta(ge=1, le=50, description="How many sources on a page.")] = 20

    def __post_init__(self) -> None:
        super().__post_init__()
        if not re.fullmatch(r"\s*(\d{1,15}\s*(,\s*\d{1,15}\s*)*)?", self.instrument_ids, re.ASCII):
            raise ValueError("instrument_ids: ids are needed, with commas between, as in 1,4")

    @property
    def instruments(self) -> list[int]:
        """The instruments asked for."""
        return [int(number) for number in self.instrument_ids.split(",") if number.strip()]


class Point(View):
    """A point of photometry, with SkyPortal's keys: those of magnitudes, those of fluxes, or both."""

    id: Annotated[int, Meta(description=ID, examples=[17])]
    obj_id: SourceId
    mjd: Annotated[float, Meta(description=MJD, examples=[59303.3575])]
    filter: Annotated[str, Meta(description=FILTER, examples=["ztfg"])]
    instrument_id: Annotated[int, Meta(description=INSTRUMENT, examples=[1])]
    instrument_name: Annotated[str | None, Meta(description="The instrument's name.", examples=["ZTF"])]
    magsys: Annotated[Literal["ab", "vega"], Meta(description=MAGSYS)]
    snr: Annotated[Number, Meta(description="Flux by error; null without a flux.", examples=[22.5])]
    origin: Annotated[str, Meta(description=ORIGIN, examples=["fp"])]
    altdata: Annotated[dict[str, Any] | None, Meta(description=ALTDATA, examples=[{"seeing": 1.2}])]
    ra: Annotated[Number, Meta(description=RA, examples=[202.5051])]
    dec: Annotated[Number, Meta(description=DEC, examples=[13.4112])]
    ra_unc: Annotated[Number, Meta(description=RA_UNC, examples=[0.1])]
    dec_unc: Annotated[Number, Meta(description=DEC_UNC, examples=[0.1])]
    groups: Annotated[list[Group], Meta(description="The groups that see it, as far as you see them.")]
    created_at: Time
    mag: Annotated[Number | UnsetType, Meta(description=MAG, examples=[17.3])] = UNSET
    magerr: Annotated[Number | UnsetType, Meta(description=MAGERR, examples=[0.05])] = UNSET
    limiting_mag: Annotated[
        float | UnsetType,
        Meta(description=LIMIT + " Unless it was posted it is that of 3 standard errors.", examples=[20.3]),
    ] = UNSET
    flux: Annotated[Number | UnsetType, Meta(description="The flux, in µJy.", examples=[434.3])] = UNSET
    fluxerr: Annotated[float | UnsetType, Meta(description="Its error, in µJy.", examples=[19.3])] = UNSET
    zp: Annotated[
        float | UnsetType, Meta(description="The magnitude of 1 µJy in magsys.", examples=[23.9])
    ] = UNSET
