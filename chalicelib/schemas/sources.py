"""Sources."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from chalicelib.schemas.analyses import Analysis
from chalicelib.schemas.base import PagedByCursor, Query, Schema, View, check_size
from chalicelib.schemas.favorites import ListName
from chalicelib.schemas.fields import GroupIds, Id, Moment, Name, Object, SourceId, Time, Word, describe
from chalicelib.schemas.people import Group
from chalicelib.schemas.phot_stat import PhotStat
from chalicelib.schemas.remarks import Annotation, Classification, Comment

Ra = Annotated[float, describe("Right ascension (ICRS), in degrees.", 202.5050541, ge=0, lt=360)]
Dec = Annotated[float, describe("Declination (ICRS), in degrees.", 13.4111859, ge=-90, le=90)]
Redshift = Annotated[float, describe("The redshift.", 0.0246, gt=-1, le=1200)]
RedshiftError = Annotated[float, describe("The standard error of the redshift.", 0.0002, ge=0)]
RedshiftOrigin = Annotated[Word, describe("Where the redshift comes from.", "host galaxy")]
Alias = Annotated[list[Name], describe("Other names of the source.", ["SN 2021hiz"], max_length=100)]
Origin = Annotated[Word, describe("Who discovered it, or where the record comes from.", "ZTF")]
Transient = Annotated[bool, describe("Whether it is a transient.")]
Varstar = Annotated[bool, describe("Whether it is a variable star.")]
IsRoid = Annotated[bool, describe("Whether it is an asteroid.")]
Degrees = Annotated[float, Meta(ge=-360, le=360)]
Measured = Annotated[float, Meta(ge=-1e300, le=1e300)]
RaDiscovery = Annotated[Degrees, describe("Right ascension when it was discovered, in degrees.")]
DecDiscovery = Annotated[Degrees, describe("Declination when it was discovered, in degrees.")]
RaError = Annotated[Measured, describe("The error of the right ascension at discovery, in arcsec.")]
DecError = Annotated[Measured, describe("The error of the declination at discovery, in arcsec.")]
Offset = Annotated[Measured, describe("Offset from the nearest static object, in arcsec.")]
ReferenceTime = Annotated[Measured, describe("A reference time, as a modified Julian date.", 59305.2)]
NearestDistance = Annotated[Measured, describe("Distance to the nearest static source, in arcsec.")]
NearestMagnitude = Annotated[Measured, describe("Magnitude of the nearest static source.")]
NearestError = Annotated[Measured, describe("The error of this magnitude.")]
MpcName = Annotated[Word, describe("Name by the Minor Planet Center.")]
TnsName = Annotated[Word, describe("Name by the Transient Name Server.", "SN 2021hiz")]
TnsInfo = Annotated[Object, describe("What the Transient Name Server says of it.")]
Score = Annotated[Measured, describe("Score by machine learning.", 0.97)]
DetectionCount = Annotated[int, describe("Number of detections when it was discovered.", ge=0, le=2**53)]
_ALTDATA = "Anything else that is known of it; at most 50,000 characters of JSON."
Altdata = Annotated[Object, describe(_ALTDATA, {"host": "M 87"})]


class SourceChange(Schema):
    """Changes of a source; omitted fields stay as they are."""

    ra: Ra | UnsetType | None = UNSET
    dec: Dec | UnsetType | None = UNSET
    redshift: Redshift | UnsetType | None = UNSET
    redshift_error: RedshiftError | UnsetType | None = UNSET
    redshift_origin: RedshiftOrigin | UnsetType | None = UNSET
    alias: Alias | UnsetType | None = UNSET
    origin: Origin | UnsetType | None = UNSET
    transient: Transient | UnsetType | None = UNSET
    varstar: Varstar | UnsetType | None = UNSET
    is_roid: IsRoid | UnsetType | None = UNSET
    altdata: Altdata | UnsetType | None = UNSET
    ra_dis: RaDiscovery | UnsetType | None = UNSET
    dec_dis: DecDiscovery | UnsetType | None = UNSET
    ra_err: RaError | UnsetType | None = UNSET
    dec_err: DecError | UnsetType | None = UNSET
    offset: Offset | UnsetType | None = UNSET
    t0: ReferenceTime | UnsetType | None = UNSET
    dist_nearest_source: NearestDistance | UnsetType | None = UNSET
    mag_nearest_source: NearestMagnitude | UnsetType | None = UNSET
    e_mag_nearest_source: NearestError | UnsetType | None = UNSET
    mpc_name: MpcName | UnsetType | None = UNSET
    tns_name: TnsName | UnsetType | None = UNSET
    tns_info: TnsInfo | UnsetType | None = UNSET
    score: Score | UnsetType | None = UNSET
    detect_photometry_count: DetectionCount | UnsetType | None = UNSET
    group_ids: GroupIds = None

    def __post_init__(self) -> None:
        for name, value in (("altdata", self.altdata), ("alias", self.alias), ("tns_info", self.tns_info)):
            if value is not UNSET:
                check_size(name, value)


FIELDS = tuple(name for name in SourceChange.__struct_fields__ if name != "group_ids")
"""The fields that are stored with a source."""


class NewSource(SourceChange, kw_only=True):
    """A source to save; a new one needs ``ra`` and ``dec``, both null if the position is unknown."""

    id: SourceId


PhotometryExists = Annotated[bool, describe("Add whether it has photometry.")]
SpectrumExists = Annotated[bool, describe("Add whether it has spectra.")]
PeriodExists = Annotated[bool, describe("Add whether an annotation holds a `period`.")]
CommentExists = Annotated[bool, describe("Add whether it has comments.")]
WithComments = Annotated[bool, describe("Add its comments, oldest first.")]
WithPhotStats = Annotated[bool, describe("Add its PhotStats, as `photstats`.")]
WithDetectionStats = Annotated[bool, describe("The same as `includePhotStats`, by SkyPortal's name.")]
WithClassifications = Annotated[bool, describe("Add its classifications, oldest first.")]
_DEDUPLICATE = "Of the photometry of one instrument, filter and time, only the newest point."


class SourceQuery(Query):
    """Optional parts of a source."""

    includePhotometryExists: PhotometryExists = False
    includeSpectrumExists: SpectrumExists = False
    includePeriodExists: PeriodExists = False
    includeCommentExists: CommentExists = False
    includeComments: WithComments = False
    includePhotStats: WithPhotStats = False
    includeDetectionStats: WithDetectionStats = False
    includePhotometry: Annotated[bool, describe("Add its photometry, in magnitudes.")] = False
    includeSpectra: Annotated[bool, describe("Add its spectra.")] = False
    includeAnalyses: Annotated[bool, describe("Add its analyses, newest first.")] = False
    deduplicatePhotometry: Annotated[bool, describe(_DEDUPLICATE)] = False


_NAME_PART = (
    "Only with this anywhere in the id, an alias or the TNS name: in any case, with or without blanks, and with or "
    "without SN, AT or ZTF before a year (`SN 2021hiz` finds `AT2021hiz`). Reads some 7000 sources per MB."
)
_LIST_NAME = "Only on this list of yours: `favorites`."
GroupFilter = Annotated[list[Id], describe("Only in one of these groups: ids separated by commas.", [1, 4])]
NamePrefix = Annotated[str, describe("Only ids that start with this.", "ZTF21", max_length=200)]
NamePart = Annotated[str, describe(_NAME_PART, "21hiz", max_length=200)]
ConeRa = Annotated[float, describe("Right ascension of a cone's centre, in degrees.", 202.505, ge=0, le=360)]
ConeDec = Annotated[float, describe("Declination of a cone's centre, in degrees.", 13.41, ge=-90, le=90)]
ConeRadius = Annotated[float, describe("Radius of the cone, in degrees; at most 5.", 0.001, ge=0)]


Text = Annotated[str, Meta(max_length=200)]
Texts = Annotated[list[Text], Meta(max_length=50)]
Limit = Annotated[float, Meta(ge=-1e6, le=1e6)]
Detections = Annotated[int, Meta(ge=0, le=2**53)]
_CLASSIFICATIONS = "Only with one of these classes: `class` or `taxonomy: class`."
_ANNOTATIONS = "Only with these annotations: `name`, or `name:value:comparison` by eq, ne, lt, le, gt or ge."
_SORT = (
    "id, saved_at, created_at, modified, ra, dec, redshift, origin, tns_name, t0, score, classification, "
    "altdata.<key> or annotation.<origin>.<key>; sources without the value come last."
)
_SAVE_SUMMARY = "Answer only who saved each source to which group, and when."


class SourcesQuery(PagedByCursor):
    """Filters of the list of sources; a source must satisfy all of them."""

    includePhotometryExists: PhotometryExists = False
    includeSpectrumExists: SpectrumExists = False
    includePeriodExists: PeriodExists = False
    includeCommentExists: CommentExists = False
    includeComments: WithComments = False
    includePhotStats: WithPhotStats = False
    includeDetectionStats: WithDetectionStats = False
    includeClassifications: WithClassifications = False
    group_ids: GroupFilter | None = None
    sourceID: NamePrefix | None = None
    name: NamePart | None = None
    listName: Annotated[ListName | None, describe(_LIST_NAME)] = None
    ra: ConeRa | None = None
    dec: ConeDec | None = None
    radius: ConeRadius | None = None
    rejectedSourceIDs: Annotated[Texts | None, describe("None of these ids.")] = None
    alias: Annotated[Text | None, describe("Only with another name that holds this.")] = None
    origin: Annotated[Text | None, describe("Only of an origin that holds this.")] = None
    simbadClass: Annotated[Text | None, describe("Only of this class in `altdata.simbad.class`.")] = None
    TNSname: Annotated[Text | None, describe("Only with a TNS name that holds this.")] = None
    hasTNSname: Annotated[bool, describe("Only with a TNS name.")] = False
    hasNoTNSname: Annotated[bool, describe("Only without a TNS name.")] = False
    minRedshift: Annotated[Limit | None, describe("Only with at least this redshift.")] = None
    maxRedshift: Annotated[Limit | None, describe("Only with at most this redshift.")] = None
    savedAfter: Annotated[Moment | None, describe("Only saved at this time or later.")] = None
    savedBefore: Annotated[Moment | None, describe("Only saved at this time or earlier.")] = None
    savedByCurrentUser: Annotated[bool, describe("Only those that you saved first.")] = False
    createdOrModifiedAfter: Annotated[Moment | None, describe("Only changed at this time or later.")] = None
    classifications: Annotated[Texts | None, describe(_CLASSIFICATIONS, ["Sitewide Taxonomy: Ia"])] = None
    classifications_simul: Annotated[bool, describe("Only with all of `classifications`.")] = False
    nonclassifications: Annotated[Texts | None, describe("Only with none of these classes.")] = None
    classified: Annotated[bool, describe("Only with a classification.")] = False
    unclassified: Annotated[bool, describe("Only without classification.")] = False
    hasSpectrum: Annotated[bool, describe("Only with a spectrum.")] = False
    hasNoSpectrum: Annotated[bool, describe("Only without spectrum.")] = False
    hasSpectrumAfter: Annotated[Moment | None, describe("Only with a spectrum of this time or later.")] = None
    hasSpectrumBefore: Annotated[Moment | None, describe("Only with a spectrum of this time or earlier.")] = None
    annotationsFilter: Annotated[Texts | None, describe(_ANNOTATIONS, ["period:0.6:le"])] = None
    annotationsFilterOrigin: Annotated[Texts | None, describe("Only annotations of these origins count.")] = None
    annotationsFilterAfter: Annotated[Moment | None, describe("Only annotations since then count.")] = None
    annotationsFilterBefore: Annotated[Moment | None, describe("Only annotations until then count.")] = None
    commentsFilter: Annotated[Texts | None, describe("Only with comments that hold these texts.")] = None
    commentsFilterAfter: Annotated[Moment | None, describe("Only comments since then count.")] = None
    commentsFilterBefore: Annotated[Moment | None, describe("Only comments until then count.")] = None
    startDate: Annotated[Moment | None, describe("Only last detected at this time or later.")] = None
    endDate: Annotated[Moment | None, describe("Only last detected at this time or earlier.")] = None
    minPeakMagnitude: Annotated[Limit | None, describe("Only with a peak magnitude of at least this.")] = None
    maxPeakMagnitude: Annotated[Limit | None, describe("Only with a peak magnitude of at most this.")] = None
    minLatestMagnitude: Annotated[Limit | None, describe("Only last detected at this magnitude or more.")] = None
    maxLatestMagnitude: Annotated[Limit | None, describe("Only last detected at this magnitude or less.")] = None
    numberDetections: Annotated[Detections | None, describe("Only with at least so many detections.")] = None
    excludeForcedPhotometry: Annotated[bool, describe("Detections by forced photometry do not count.")] = False
    sortBy: Annotated[Text | None, describe(_SORT, "redshift")] = None
    sortOrder: Annotated[Literal["asc", "desc"], describe("The order of `sortBy`.")] = "asc"
    removeNested: Annotated[bool, describe("Leave out the groups of each source.")] = False
    saveSummary: Annotated[bool, describe(_SAVE_SUMMARY)] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if len({part is None for part in (self.ra, self.dec, self.radius)}) > 1:
            raise ValueError("ra, dec, radius: a cone needs all three, in degrees")

    @property
    def cone(self) -> tuple[float, float, float] | None:
        """The cone: ``ra``, ``dec`` and ``radius`` in degrees."""
        if self.ra is None or self.dec is None or self.radius is None:
            return None
        return self.ra, self.dec, self.radius


_GROUP_ID = "Only remove it from this group; if omitted, the source is deleted."


PARTS = tuple(name for name in SourcesQuery.__struct_fields__ if name.startswith("include"))
"""The parameters that add parts to each source."""


class RemovalQuery(Query):
    """What to delete of a source."""

    group_id: Annotated[Id | None, describe(_GROUP_ID, 4)] = None


class ExistsQuery(Query):
    """A cone in which a source may exist."""

    ra: Ra | None = None
    dec: Dec | None = None
    radius: Annotated[float, describe("Radius of the cone, in degrees; at most 5.", 0.001, gt=0)] | None = None

    @property
    def cone(self) -> tuple[float, float, float] | None:
        """The centre and the radius, or None if not all are there."""
        if self.ra is None or self.dec is None or self.radius is None:
            return None
        return self.ra, self.dec, self.radius


ExistingIds = Annotated[list[str], describe("The ids of at most 20 such sources.", ["SN2021abc"])]


class SourceExistence(View):
    """Whether a source exists that you can see."""

    source_exists: Annotated[bool, describe("Whether there is one.", True)]
    message: Annotated[str, describe("The same in words.", "A source with the name SN2021abc exists.")]


class SavedSource(View):
    """The id of a source that was saved."""

    id: SourceId


Summary = Annotated[str, describe("The newest summary by an analysis.")]
SummaryHistory = Annotated[list[Object], describe("Its summaries, newest first.")]
PhotometryList = Annotated[list[Object], describe("Its photometry, in order of time.")]
SpectrumList = Annotated[list[Object], describe("Its spectra.")]
Classifications = Annotated[list[Classification], describe("Its classifications, oldest first.")]


class SavedGroup(Group):
    """A group that a source is saved to."""

    saved_at: Annotated[Time, describe("When the source was first saved.")]


SOURCE_REFERENCE = {"$ref": "#/components/schemas/Source"}
SAVE_SUMMARY = {
    "type": "object",
    "properties": {
        "obj_id": {"type": "string"},
        "group_id": {"type": "integer"},
        "saved_by_id": {"type": "integer"},
        "saved_at": {"type": "string"},
        "active": {"const": True},
        "requested": {"const": False},
    },
    "required": ["obj_id", "group_id", "saved_by_id", "saved_at", "active", "requested"],
    "additionalProperties": False,
}

_DM = (
    "Distance modulus, by a distance in altdata (dm, parallax, dist_kpc, dist_Mpc, dist_pc, dist_cm) or else by the "
    "redshift and Planck18; null below 350 km/s, where peculiar velocities decide."
)


class Source(View):
    """A source, with SkyPortal's keys; optional parts are omitted unless requested."""

    id: SourceId
    ra: Ra | None
    dec: Dec | None
    redshift: Redshift | None
    redshift_error: RedshiftError | None
    redshift_origin: RedshiftOrigin | None
    alias: Alias | None
    origin: Origin | None
    transient: Transient | None
    varstar: Varstar | None
    is_roid: IsRoid | None
    altdata: Altdata | None
    ra_dis: RaDiscovery | None
    dec_dis: DecDiscovery | None
    ra_err: RaError | None
    dec_err: DecError | None
    offset: Offset | None
    t0: ReferenceTime | None
    dist_nearest_source: NearestDistance | None
    mag_nearest_source: NearestMagnitude | None
    e_mag_nearest_source: NearestError | None
    mpc_name: MpcName | None
    tns_name: TnsName | None
    tns_info: TnsInfo | None
    score: Score | None
    detect_photometry_count: DetectionCount | None
    dm: Annotated[float | None, describe(_DM, 35.2)]
    luminosity_distance: Annotated[float | None, describe("Luminosity distance, in Mpc.", 110.9)]
    angular_diameter_distance: Annotated[float | None, describe("Angular diameter distance, in Mpc.", 105.6)]
    gal_lon: Annotated[float | None, describe("Galactic longitude, in degrees.", 332.9)]
    gal_lat: Annotated[float | None, describe("Galactic latitude, in degrees.", 73.1)]
    created_at: Time
    modified: Time
    groups: (
        Annotated[list[SavedGroup], describe("The groups that it is saved to, as far as you see them.")] | UnsetType
    ) = UNSET
    photometry_exists: Annotated[bool, describe("Whether it has photometry.")] | UnsetType = UNSET
    spectrum_exists: Annotated[bool, describe("Whether it has spectra.")] | UnsetType = UNSET
    period_exists: Annotated[bool, describe("Whether an annotation holds a period.")] | UnsetType = UNSET
    comment_exists: Annotated[bool, describe("Whether it has comments.")] | UnsetType = UNSET
    summary: Summary | UnsetType | None = UNSET
    summary_history: SummaryHistory | UnsetType = UNSET
    annotations: Annotated[list[Annotation], describe("Its annotations.")] | UnsetType = UNSET
    classifications: Classifications | UnsetType = UNSET
    comments: Annotated[list[Comment], describe("Its comments, oldest first.")] | UnsetType = UNSET
    photometry: PhotometryList | UnsetType = UNSET
    spectra: SpectrumList | UnsetType = UNSET
    photstats: Annotated[list[PhotStat], describe("Its PhotStats: one, or none.")] | UnsetType = UNSET
    analyses: Annotated[list[Analysis], describe("Its analyses, newest first.")] | UnsetType = UNSET


_TOTAL = (
    "Number of sources on all pages. It is exact, except that `sourceID` alone counts at most 1000, and that with "
    "other filters those after the sources examined for this page are not counted (`notes` says so)."
)
_SOURCES = "The sources of this page; with `saveSummary`, objects of `obj_id`, `group_id`, `saved_by_id`, `saved_at`."
SourceList = Annotated[
    list[Object], describe(_SOURCES, extra_json_schema={"items": {"anyOf": [SOURCE_REFERENCE, SAVE_SUMMARY]}})
]


class Sources(View):
    """A page of sources."""

    sources: SourceList
    totalMatches: Annotated[int, describe(_TOTAL, 4711)]
    pageNumber: Annotated[int, describe("The number of this page, counted from 1.", 1)]
    numPerPage: Annotated[int, describe("Sources per page.", 100)]
