"""Sources."""

from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from chalicelib.schemas.analyses import Analysis
from chalicelib.schemas.base import (
    GroupIds,
    Id,
    Name,
    PagedByCursor,
    Query,
    Schema,
    SourceId,
    Switch,
    Time,
    View,
    Word,
    check_size,
)
from chalicelib.schemas.people import Group
from chalicelib.schemas.phot_stat import PhotStat
from chalicelib.schemas.remarks import Annotation, Classification, Comment

__all__ = [
    "FIELDS", "NewSource", "RemovalQuery", "SavedSource", "Source", "SourceChange", "SourceQuery",
    "Sources", "SourcesQuery",
]  # fmt: skip

Ra = Annotated[
    float, Meta(ge=0, lt=360, description="Right ascension (ICRS), in degrees.", examples=[202.5050541])
]
Dec = Annotated[
    float, Meta(ge=-90, le=90, description="Declination (ICRS), in degrees.", examples=[13.4111859])
]
Redshift = Annotated[float, Meta(gt=-1, le=1200, description="Its redshift.", examples=[0.0246])]
RedshiftError = Annotated[
    float, Meta(ge=0, description="The standard error of the redshift.", examples=[0.0002])
]
RedshiftOrigin = Annotated[Word, Meta(description="Where the redshift comes from.", examples=["host galaxy"])]
Alias = Annotated[
    list[Name], Meta(max_length=100, description="What it is called elsewhere.", examples=[["SN 2021hiz"]])
]
Origin = Annotated[Word, Meta(description="Who found it, or where the record comes from.", examples=["ZTF"])]
Transient = Annotated[bool, Meta(description="Whether it is a transient.")]
Varstar = Annotated[bool, Meta(description="Whether it is a variable star.")]
IsRoid = Annotated[bool, Meta(description="Whether it is an asteroid.")]
Altdata = Annotated[
    dict[str, Any],
    Meta(
        description="Whatever else is known of it; at most 50,000 characters of JSON.",
        examples=[{"host": "M 87"}],
    ),
]


class SourceChange(Schema):
    """What can be said of a source; what a request leaves out stays as it was."""

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
"""What is kept of a source."""


class NewSource(SourceChange, kw_only=True):
    """A source to be saved; a new one needs ``ra`` and ``dec``, both null if its position is unknown."""

    id: SourceId


class SourceQuery(Query):
    """What to tell of a source besides itself."""

    includePhotometry: Annotated[Switch, Meta(description="Add its photometry, in magnitudes.")] = False
    includeSpectra: Annotated[Switch, Meta(description="Add its spectra.")] = False
    includeAnalyses: Annotated[Switch, Meta(description="Add its analyses, newest first.")] = False
    includeComments: Annotated[Switch, Meta(description="Add its comments, oldest first.")] = False
    includePhotStats: Annotated[Switch, Meta(description="Add its PhotStats, as `photstats`.")] = False


class SourcesQuery(PagedByCursor):
    """Which sources to list; with several conditions, those that meet them all."""

    group_ids: (
        Annotated[
            str, Meta(description="Saved to one of these groups: ids with commas between.", examples=["1,4"])
        ]
        | None
    ) = None
    sourceID: (
        Annotated[str, Meta(max_length=200, description="How the id begins.", examples=["ZTF21"])] | None
    ) = None
    ra: (
        Annotated[
            float,
            Meta(
                ge=0,
                le=360,
                description="Right ascension of the centre of a cone, in degrees.",
                examples=[202.505],
            ),
        ]
        | None
    ) = None
    dec: (
        Annotated[
            float,
            Meta(
                ge=-90,
                le=90,
                description="Declination of the centre of a cone, in degrees.",
                examples=[13.41],
            ),
        ]
        | None
    ) = None
    radius: (
        Annotated[
            float, Meta(ge=0, description="Radius of the cone, in degrees; at most 5.", examples=[0.001])
        ]
        | None
    ) = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if len({part is None for part in (self.ra, self.dec, self.radius)}) > 1:
            raise ValueError("ra, dec, radius: a cone needs all three, in degrees")

    @property
    def cone(self) -> tuple[float, float, float] | None:
        """The cone asked for: ``ra``, ``dec`` and ``radius`` in degrees."""
        if self.ra is None or self.dec is None or self.radius is None:
            return None
        return self.ra, self.dec, self.radius


class RemovalQuery(Query):
    """What to take away of a source."""

    group_id: Annotated[
        Id | None,
        Meta(
            description="Only take it out of this group; left out, the source is deleted whole.", examples=[4]
        ),
    ] = None


class SavedSource(View):
    """A source that was saved."""

    id: SourceId


class Source(View):
    """A source, with SkyPortal's keys; what was not asked for is left out."""

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
    groups: Annotated[list[Group], Meta(description="Those of its groups that you see.")]
    created_at: Time
    modified: Time
    summary: (
        Annotated[str, Meta(description="The newest summary that an analysis wrote.")] | UnsetType | None
    ) = UNSET
    summary_history: (
        Annotated[list[dict[str, Any]], Meta(description="Its summaries, newest first.")] | UnsetType
    ) = UNSET
    annotations: Annotated[list[Annotation], Meta(description="Its annotations.")] | UnsetType = UNSET
    classifications: (
        Annotated[list[Classification], Meta(description="Its classifications, oldest first.")] | UnsetType
    ) = UNSET
    comments: Annotated[list[Comment], Meta(description="Its comments, oldest first.")] | UnsetType = UNSET
    photometry: (
        Annotated[list[dict[str, Any]], Meta(description="Its photometry, in order of time.")] | UnsetType
    ) = UNSET
    spectra: Annotated[list[dict[str, Any]], Meta(description="Its spectra.")] | UnsetType = UNSET
    photstats: Annotated[list[PhotStat], Meta(description="Its PhotStats: one, or none.")] | UnsetType = UNSET
    analyses: Annotated[list[Analysis], Meta(description="Its analyses, newest first.")] | UnsetType = UNSET


class Sources(View):
    """A page of sources."""

    sources: Annotated[list[Source], Meta(description="The sources of this page.")]
    totalMatches: Annotated[
        int,
        Meta(
            description=(
                "How many sources there are on all pages: exact, but for those whose id begins with "
                "`sourceID`, of which at most 1000 are counted."
            ),
            examples=[4711],
        ),
    ]
    pageNumber: Annotated[int, Meta(description="Which page this is, counted from 1.", examples=[1])]
    numPerPage: Annotated[int, Meta(description="How many are on a page.", examples=[100])]
