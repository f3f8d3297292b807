"""Sources."""

from typing import Annotated

from msgspec import UNSET, UnsetType

from chalicelib.schemas.analyses import Analysis
from chalicelib.schemas.base import PagedByCursor, Query, Schema, View, check_size
from chalicelib.schemas.fields import GroupIds, Id, Name, Object, SourceId, Word, describe
from chalicelib.schemas.people import RecordView
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
    group_ids: GroupIds = None

    def __post_init__(self) -> None:
        for name, value in (("altdata", self.altdata), ("alias", self.alias)):
            if value is not UNSET:
                check_size(name, value)


FIELDS = tuple(name for name in SourceChange.__struct_fields__ if name != "group_ids")
"""The fields that are stored with a source."""


class NewSource(SourceChange, kw_only=True):
    """A source to save; a new one needs ``ra`` and ``dec``, both null if the position is unknown."""

    id: SourceId


class SourceQuery(Query):
    """Optional parts of a source."""

    includePhotometry: Annotated[bool, describe("Add its photometry, in magnitudes.")] = False
    includeSpectra: Annotated[bool, describe("Add its spectra.")] = False
    includeAnalyses: Annotated[bool, describe("Add its analyses, newest first.")] = False
    includeComments: Annotated[bool, describe("Add its comments, oldest first.")] = False
    includePhotStats: Annotated[bool, describe("Add its PhotStats, as `photstats`.")] = False


GroupFilter = Annotated[list[Id], describe("Only in one of these groups: ids separated by commas.", [1, 4])]
NamePrefix = Annotated[str, describe("Only ids that start with this.", "ZTF21", max_length=200)]
ConeRa = Annotated[float, describe("Right ascension of a cone's centre, in degrees.", 202.505, ge=0, le=360)]
ConeDec = Annotated[float, describe("Declination of a cone's centre, in degrees.", 13.41, ge=-90, le=90)]
ConeRadius = Annotated[float, describe("Radius of the cone, in degrees; at most 5.", 0.001, ge=0)]


class SourcesQuery(PagedByCursor):
    """Filters of the list of sources; a source must satisfy all of them."""

    group_ids: GroupFilter | None = None
    sourceID: NamePrefix | None = None
    ra: ConeRa | None = None
    dec: ConeDec | None = None
    radius: ConeRadius | None = None

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


class RemovalQuery(Query):
    """What to delete of a source."""

    group_id: Annotated[Id | None, describe(_GROUP_ID, 4)] = None


class SavedSource(View):
    """The id of a source that was saved."""

    id: SourceId


Summary = Annotated[str, describe("The newest summary by an analysis.")]
SummaryHistory = Annotated[list[Object], describe("Its summaries, newest first.")]
PhotometryList = Annotated[list[Object], describe("Its photometry, in order of time.")]
SpectrumList = Annotated[list[Object], describe("Its spectra.")]
Classifications = Annotated[list[Classification], describe("Its classifications, oldest first.")]


class Source(RecordView):
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
    summary: Summary | UnsetType | None = UNSET
    summary_history: SummaryHistory | UnsetType = UNSET
    annotations: Annotated[list[Annotation], describe("Its annotations.")] | UnsetType = UNSET
    classifications: Classifications | UnsetType = UNSET
    comments: Annotated[list[Comment], describe("Its comments, oldest first.")] | UnsetType = UNSET
    photometry: PhotometryList | UnsetType = UNSET
    spectra: SpectrumList | UnsetType = UNSET
    photstats: Annotated[list[PhotStat], describe("Its PhotStats: one, or none.")] | UnsetType = UNSET
    analyses: Annotated[list[Analysis], describe("Its analyses, newest first.")] | UnsetType = UNSET


_TOTAL = "Number of sources on all pages. It is exact, except that `sourceID` counts at most 1000."


class Sources(View):
    """A page of sources."""

    sources: Annotated[list[Source], describe("The sources of this page.")]
    totalMatches: Annotated[int, describe(_TOTAL, 4711)]
    pageNumber: Annotated[int, describe("The number of this page, counted from 1.", 1)]
    numPerPage: Annotated[int, describe("Sources per page.", 100)]
