"""Photometry: points as they are uploaded, changed, listed and shown."""

from typing import Annotated, Literal

from msgspec import UNSET, UnsetType

from chalicelib.schemas.base import PagedByCursor, Query, Schema, View
from chalicelib.schemas.fields import GroupIds, Id, Moment, Object, SourceId, Time, describe
from chalicelib.schemas.people import GroupList

Number = float | None
Numbers = float | None | list[float | None]
Words = str | None | list[str | None]
Objects = Object | list[Object | None] | None

_MJD = "When it was observed, as modified Julian date (days, UTC)."
_FILTER = "The bandpass, by sncosmo's name."
_INSTRUMENT = "The id of the instrument."
_FLUX = "The flux, on the scale of zp and magsys; null for a non-detection without a measured flux."
_FLUXERR = "The standard error of the flux, on the same scale; greater than 0."
_ZP = "The magnitude of a flux of 1; by default 23.9 (AB), so the unit is µJy."
_MAG = "The magnitude; null for a non-detection, which needs a limiting_mag."
_MAGERR = "The standard error of the magnitude; required with it."
_LIMIT = "The limiting magnitude of the observation."
_LIMIT_DEFAULT = f"{_LIMIT} By default that of 3 standard errors."
_NSIGMA = "How many standard errors the flux of the limiting magnitude is."
_MAGSYS = "The magnitude system: ab, or vega for bandpasses whose magnitude of Vega is known here."
_ORIGIN = "Where the point comes from; points of different origins are different observations."
_ALTDATA = "Anything else that is known of the point; at most 2000 characters of JSON."
_RA = "The measured right ascension, in degrees."
_DEC = "The measured declination, in degrees."
_RA_UNC = "Standard error of the right ascension, in arcseconds."
_DEC_UNC = "Standard error of the declination, in arcseconds."

_REF_FLUX = "The flux of the reference image that was subtracted, on the scale of ref_zp."
_REF_FLUXERR = "Its standard error."
_REF_ZP = "The magnitude of a ref_flux of 1; by default 23.9 (AB)."
_MAGREF = "The magnitude of the reference image, in place of ref_flux."
_E_MAGREF = "Its standard error."
_GROUPS = 'Who can see it: ids of your groups, or "all" for the public group. Your single-user group joins them.'


class PostedPhotometry(Schema):
    """Points of one source: columns, or single values for all rows; at most 10,000 rows.

    Either in flux space (flux, fluxerr) or in magnitude space (mag, magerr, limiting_mag).
    """

    obj_id: SourceId
    mjd: Annotated[float | list[float], describe(_MJD, [59303.3575, 59304.41])]
    filter: Annotated[str | list[str], describe(_FILTER, ["ztfg", "ztfr"])]
    instrument_id: Annotated[int | list[int], describe(_INSTRUMENT, 1)]
    flux: Annotated[Numbers, describe(_FLUX, [434.3, None])] = None
    fluxerr: Annotated[Numbers, describe(_FLUXERR, [19.3, 21.0])] = None
    zp: Annotated[Numbers, describe(_ZP, 23.9)] = None
    mag: Annotated[Numbers, describe(_MAG)] = None
    magerr: Annotated[Numbers, describe(_MAGERR)] = None
    limiting_mag: Annotated[Numbers, describe(_LIMIT)] = None
    limiting_mag_nsigma: Annotated[Numbers, describe(f"{_NSIGMA} 3 by default.")] = None
    magsys: Annotated[Words, describe(f"{_MAGSYS} ab by default.", "ab")] = None
    origin: Annotated[Words, describe(_ORIGIN, "fp")] = None
    altdata: Annotated[Objects, describe(_ALTDATA, {"seeing": 1.2})] = None
    ra: Annotated[Numbers, describe(_RA, 202.5051)] = None
    dec: Annotated[Numbers, describe(_DEC, 13.4112)] = None
    ra_unc: Annotated[Numbers, describe(_RA_UNC, 0.1)] = None
    dec_unc: Annotated[Numbers, describe(_DEC_UNC, 0.1)] = None
    ref_flux: Annotated[Numbers, describe(_REF_FLUX)] = None
    ref_fluxerr: Annotated[Numbers, describe(_REF_FLUXERR)] = None
    ref_zp: Annotated[Numbers, describe(_REF_ZP)] = None
    magref: Annotated[Numbers, describe(_MAGREF)] = None
    e_magref: Annotated[Numbers, describe(_E_MAGREF)] = None
    group_ids: Annotated[GroupIds, describe(_GROUPS)] = None


class PhotometryChange(Schema):
    """Changes of a point; omitted fields stay as they are. With zp or magsys, send all that they scale."""

    mjd: Annotated[float | UnsetType, describe(_MJD, 59303.3575)] = UNSET
    filter: Annotated[str | UnsetType, describe(_FILTER, "ztfg")] = UNSET
    instrument_id: Annotated[int | UnsetType, describe(_INSTRUMENT, 1)] = UNSET
    flux: Annotated[Number | UnsetType, describe(_FLUX, 434.3)] = UNSET
    fluxerr: Annotated[float | UnsetType, describe(_FLUXERR, 19.3)] = UNSET
    zp: Annotated[Number | UnsetType, describe(_ZP, 23.9)] = UNSET
    mag: Annotated[Number | UnsetType, describe(_MAG)] = UNSET
    magerr: Annotated[Number | UnsetType, describe(_MAGERR)] = UNSET
    limiting_mag: Annotated[Number | UnsetType, describe(_LIMIT)] = UNSET
    limiting_mag_nsigma: Annotated[Number | UnsetType, describe(_NSIGMA)] = UNSET
    magsys: Annotated[str | UnsetType | None, describe(_MAGSYS, "ab")] = UNSET
    origin: Annotated[str | UnsetType | None, describe(_ORIGIN, "fp")] = UNSET
    altdata: Annotated[Object | UnsetType | None, describe(_ALTDATA, {"seeing": 1.2})] = UNSET
    ra: Annotated[Number | UnsetType, describe(_RA, 202.5051)] = UNSET
    dec: Annotated[Number | UnsetType, describe(_DEC, 13.4112)] = UNSET
    ra_unc: Annotated[Number | UnsetType, describe(_RA_UNC, 0.1)] = UNSET
    dec_unc: Annotated[Number | UnsetType, describe(_DEC_UNC, 0.1)] = UNSET
    ref_flux: Annotated[Number | UnsetType, describe(_REF_FLUX)] = UNSET
    ref_fluxerr: Annotated[Number | UnsetType, describe(_REF_FLUXERR)] = UNSET
    ref_zp: Annotated[Number | UnsetType, describe(_REF_ZP)] = UNSET
    magref: Annotated[Number | UnsetType, describe(_MAGREF)] = UNSET
    e_magref: Annotated[Number | UnsetType, describe(_E_MAGREF)] = UNSET
    group_ids: Annotated[GroupIds, describe("Its new groups; unchanged if omitted.")] = None


RowIds = Annotated[list[int], describe("The id of each row, in their order.", [17, 18])]


class Uploaded(View):
    """The ids of new points."""

    ids: RowIds
    upload_id: Annotated[str, describe("The id of this upload.", "upload-17")]


class NewIds(View):
    """The ids of new points, and of points that existed already."""

    ids: RowIds


_FORMAT = "Magnitudes, fluxes in µJy with the zp of magsys, or both."
Format = Annotated[Literal["mag", "flux", "both"], describe(_FORMAT)]
System = Annotated[Literal["ab", "vega"], describe(_MAGSYS)]
MinDate = Annotated[Moment | None, describe("Not before this: ISO 8601, in UTC unless an offset is given.")]
MaxDate = Annotated[Moment | None, describe("Not after this: ISO 8601, in UTC unless an offset is given.")]


class PhotometryQuery(Query):
    """The form of photometry."""

    format: Format = "mag"
    magsys: System = "ab"


_NEWEST = "Whether to return, of points of one instrument, filter and time, only the one uploaded last."


class LightCurveQuery(PhotometryQuery):
    """The form of a light curve."""

    deduplicatePhotometry: Annotated[bool, describe(_NEWEST)] = False


_IGNORE_FLUX = (
    "Whether an observation exists already if all but flux and fluxerr are the same. Only administrators may."
)
_OVERWRITE = "With `duplicate_ignore_flux`: existing observations with an origin get the new flux and fluxerr."


class RefreshQuery(Query):
    """Which observations exist already, and what becomes of them."""

    duplicate_ignore_flux: Annotated[bool, describe(_IGNORE_FLUX)] = False
    overwrite_flux: Annotated[bool, describe(_OVERWRITE)] = False


class RangeBody(Schema):
    """Filters in the body of the GET, as in SkyPortal; they have priority over the query."""

    instrument_ids: Annotated[list[Id] | None, describe("Only of these instruments; of all if omitted.", [1])] = None
    min_date: MinDate = None
    max_date: MaxDate = None


_INSTRUMENT_IDS = "Only of these instruments: ids separated by commas."


class RangeQuery(PagedByCursor):
    """The photometry to list, and its form."""

    format: Format = "mag"
    magsys: System = "ab"

    obj_id: Annotated[SourceId | None, describe("Only of this source.", "SN1")] = None
    instrument_ids: Annotated[list[Id] | None, describe(_INSTRUMENT_IDS, [1, 4])] = None
    min_date: MinDate = None
    max_date: MaxDate = None
    numPerPage: Annotated[int, describe("Sources per page.", ge=1, le=50)] = 20


class Point(View):
    """A point of photometry, with SkyPortal's keys: those of magnitudes, those of fluxes, or both."""

    id: Annotated[int, describe("The id of the point.", 17)]
    obj_id: SourceId
    mjd: Annotated[float, describe(_MJD, 59303.3575)]
    filter: Annotated[str, describe(_FILTER, "ztfg")]
    instrument_id: Annotated[int, describe(_INSTRUMENT, 1)]
    instrument_name: Annotated[str | None, describe("The name of the instrument.", "ZTF")]
    magsys: System
    snr: Annotated[Number, describe("Flux divided by its error; null without a flux.", 22.5)]
    origin: Annotated[str, describe(_ORIGIN, "fp")]
    altdata: Annotated[Object | None, describe(_ALTDATA, {"seeing": 1.2})]
    ra: Annotated[Number, describe(_RA, 202.5051)]
    dec: Annotated[Number, describe(_DEC, 13.4112)]
    ra_unc: Annotated[Number, describe(_RA_UNC, 0.1)]
    dec_unc: Annotated[Number, describe(_DEC_UNC, 0.1)]
    groups: GroupList
    created_at: Time
    mag: Annotated[Number | UnsetType, describe(_MAG, 17.3)] = UNSET
    magerr: Annotated[Number | UnsetType, describe(_MAGERR, 0.05)] = UNSET
    limiting_mag: Annotated[float | UnsetType, describe(_LIMIT_DEFAULT, 20.3)] = UNSET
    flux: Annotated[Number | UnsetType, describe("The flux, in µJy.", 434.3)] = UNSET
    fluxerr: Annotated[float | UnsetType, describe("The error of the flux, in µJy.", 19.3)] = UNSET
    zp: Annotated[float | UnsetType, describe("The magnitude of 1 µJy in magsys.", 23.9)] = UNSET
    ref_flux: Annotated[Number | UnsetType, describe("The flux of the reference image, in µJy.")] = UNSET
    ref_fluxerr: Annotated[Number | UnsetType, describe("Its error.")] = UNSET
    tot_flux: Annotated[Number | UnsetType, describe("The flux plus that of the reference, in µJy.")] = UNSET
    tot_fluxerr: Annotated[Number | UnsetType, describe("Its error.")] = UNSET
    magref: Annotated[Number | UnsetType, describe("The magnitude of the reference image.")] = UNSET
    e_magref: Annotated[Number | UnsetType, describe("Its error.")] = UNSET
    magtot: Annotated[Number | UnsetType, describe("The magnitude of the flux plus that of the reference.")] = UNSET
    e_magtot: Annotated[Number | UnsetType, describe("Its error.")] = UNSET
