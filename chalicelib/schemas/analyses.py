"""Starting an analysis, calling back, uploading."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType, to_builtins

from chalicelib.schemas.analysis_fields import (
    IN_LISTS,
    AnalysisNumber,
    Document,
    DocumentOrUpload,
    Message,
    OldParameters,
    Parameters,
    ServiceStatus,
    ShowCorner,
    ShowParameters,
    ShowPlots,
    State,
    StatusMessage,
)
from chalicelib.schemas.base import (
    GroupIds,
    Id,
    PagedByCursor,
    Query,
    Schema,
    Switch,
    Time,
    View,
    Word,
    check_size,
)
from chalicelib.schemas.people import Group

__all__ = [
    "COMPARISON",
    "AnalysesQuery",
    "Analysis",
    "AnalysisQuery",
    "Callback",
    "CornerQuery",
    "NewAnalysis",
    "Progress",
    "Rerun",
    "ResultsQuery",
    "Status",
    "Upload",
    "UploadUrl",
]  # fmt: skip


class PhotometryFilter(Schema, omit_defaults=True):
    """Which photometry to send; what is left out filters nothing."""

    filters: (
        Annotated[
            list[Word],
            Meta(max_length=200, description="The bandpasses to keep.", examples=[["ztfg", "ztfr"]]),
        ]
        | None
    ) = None
    instruments: (
        Annotated[
            list[int | Word],
            Meta(
                max_length=200, description="The instruments to keep, by id or by name.", examples=[["ZTF"]]
            ),
        ]
        | None
    ) = None


class InputFilters(Schema, omit_defaults=True):
    """Which of the source's data to send."""

    photometry: Annotated[PhotometryFilter | None, Meta(description="Which photometry to send.")] = None

    def __post_init__(self) -> None:
        check_size("input_filters", to_builtins(self))


Filters = Annotated[
    InputFilters | None,
    Meta(description="Which of the source's data to send.", examples=[{"photometry": {"filters": ["ztfg"]}}]),
]


class NewAnalysis(Schema):
    """A request for an analysis; ``url_parameters`` is the older name of ``analysis_parameters``."""

    analysis_parameters: Parameters | None = None
    url_parameters: OldParameters | None = None
    input_filters: Filters = None
    show_parameters: ShowParameters = False
    show_plots: ShowPlots = False
    show_corner: ShowCorner = False
    group_ids: GroupIds = None

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters, under either name."""
        return {**(self.url_parameters or {}), **(self.analysis_parameters or {})}


class Rerun(Schema):
    """What shall be different when an analysis is started again; the rest stays as it was."""

    analysis_parameters: Parameters | None = None
    url_parameters: OldParameters | None = None
    input_filters: Filters = None
    show_parameters: ShowParameters | None = None
    show_plots: ShowPlots | None = None
    show_corner: ShowCorner | None = None
    group_ids: GroupIds = None


class Callback(Schema, forbid_unknown_fields=False):
    """What a service calls back with."""

    status: ServiceStatus
    message: Message | None = None
    analysis: DocumentOrUpload | None = None


class Upload(Callback, forbid_unknown_fields=False):
    """The same document, posted by a user, with what to show of it."""

    status: ServiceStatus = "success"
    show_parameters: ShowParameters = True
    show_plots: ShowPlots = True
    show_corner: ShowCorner = True
    analysis_parameters: Annotated[
        dict[str, Any],
        Meta(
            description="With what it was made; kept as it is, for readers.", examples=[{"source": "salt3"}]
        ),
    ] = {}
    group_ids: GroupIds = None

    def __post_init__(self) -> None:
        check_size("analysis_parameters", self.analysis_parameters)


class Progress(Schema):
    """How far a service has come."""

    progress: (
        Annotated[float, Meta(ge=0, le=1, description="Which part of the work is done.", examples=[0.4])]
        | None
    ) = None
    message: Annotated[str | None, Meta(description="What it is doing.", examples=["Sampling."])] = None


class AnalysisQuery(Query):
    """What to tell of an analysis besides its record."""

    includeAnalysisData: Annotated[
        Switch, Meta(description="Add the document: as `data` of the record, and as `analysis` beside it.")
    ] = False
    includeFilename: Annotated[Switch, Meta(description="Add the name of its file.")] = False


COMPARISON = r"^([0-9A-Za-z_.\- ]+?)(<=|>=|==|!=|=|<|>)([^\n<>=][^\n]*)$(?!\n)"
"""A name, an operator, and a value."""


class AnalysesQuery(PagedByCursor):
    """Which analyses to list."""

    objID: Annotated[str | None, Meta(description="Of this source only.", examples=["ZTF21aaqjmps"])] = None
    analysisServiceID: Annotated[Id | None, Meta(description="Of this service only.", examples=[1])] = None
    status: Annotated[State | None, Meta(description="In this state only.", examples=["completed"])] = None
    summaryOnly: Annotated[Switch, Meta(description="Of services that make summaries only.")] = False
    result: (
        Annotated[
            str,
            Meta(
                max_length=200,
                pattern=COMPARISON,
                description="A comparison that a scalar of the results must pass; dots lead into objects.",
                examples=["chi2<2"],
            ),
        ]
        | None
    ) = None


class ResultsQuery(Query):
    """How to give the results."""

    download: Annotated[Switch, Meta(description="Answer with a file to save, by a redirect.")] = False


class CornerQuery(Query):
    """Keyword arguments of ``corner.corner``, together as JSON or each by its name."""

    plot_kwargs: Annotated[
        str | None,
        Meta(
            description="Keyword arguments of `corner.corner`, as a JSON object.",
            examples=['{"bins": 30, "show_titles": true}'],
            extra_json_schema={"contentMediaType": "application/json"},
        ),
    ] = None


class Analysis(View):
    """An analysis, with SkyPortal's keys."""

    id: AnalysisNumber
    obj_id: Annotated[str, Meta(description="The source.", examples=["ZTF21aaqjmps"])]
    analysis_service_id: Annotated[int, Meta(description="The service.", examples=[1])]
    analysis_service_name: Annotated[
        str | None, Meta(description="What the service is shown as.", examples=["Supernova fitter"])
    ]
    analysis_service_description: Annotated[
        str | None, Meta(description="What the service does.", examples=["Fits light curves by sncosmo."])
    ]
    author_id: Annotated[int, Meta(description="Who started or uploaded it.", examples=[1])]
    status: State
    status_message: StatusMessage
    analysis_parameters: Annotated[
        dict[str, Any],
        Meta(
            description="The parameters that were chosen; files by their name.",
            examples=[{"source": "salt3"}],
        ),
    ]
    input_filters: Annotated[
        dict[str, Any] | None,
        Meta(
            description="Which of the source's data were sent.",
            examples=[{"photometry": {"filters": ["ztfg"]}}],
        ),
    ]
    show_parameters: ShowParameters
    show_plots: ShowPlots
    show_corner: ShowCorner
    created_at: Time
    modified: Time
    last_activity: Annotated[Time, Meta(description="When something last happened to it; in UTC.")]
    duration: Annotated[
        float | None, Meta(description="Seconds from the request to the results.", examples=[41.5])
    ]
    invalid_after: Annotated[
        Time | None, Meta(description="A callback that comes later is refused; in UTC. Null for an upload.")
    ]
    hash: Annotated[
        str | None,
        Meta(description="The MD5 of its document.", examples=["d41d8cd98f00b204e9800998ecf8427e"]),
    ]
    num_plots: Annotated[int, Meta(description="How many plots there are, counted from 0.", examples=[2])]
    groups: Annotated[list[Group], Meta(description="The groups that see it.")]
    model_lightcurve: Annotated[Any, Meta(description=f"The model's light curve. {IN_LISTS}")] = UNSET
    model_lightcurves: Annotated[Any, Meta(description=f"The models' light curves. {IN_LISTS}")] = UNSET
    model_name: Annotated[Any, Meta(description=f"The model's name. {IN_LISTS}")] = UNSET
    n_detections: Annotated[Any, Meta(description=f"How many detections were fitted. {IN_LISTS}")] = UNSET
    filename: Annotated[
        str | UnsetType | None, Meta(description="The name of its file, where `includeFilename` asks for it.")
    ] = UNSET
    data: Annotated[
        Document | UnsetType,
        Meta(description="The document of its service, where `includeAnalysisData` asks for it."),
    ] = UNSET


class UploadUrl(View):
    """Where a large document can be put: the JSON that would stand under ``analysis``."""

    upload_id: Annotated[
        str,
        Meta(
            description="What the callback then says: `{upload_id}` as its `analysis`.",
            examples=["0b0f3b52-54f4-4a2e-9d7c-3a6b6f1b2c3d"],
        ),
    ]
    url: Annotated[
        str,
        Meta(
            description="A presigned address, which takes the document once it is sent as it says here.",
            examples=["https://heliograph-prod.s3.amazonaws.com/uploads/documents/…"],
        ),
    ]
    method: Annotated[Literal["PUT"], Meta(description="How the document is sent there.")]
    headers: Annotated[
        dict[str, str],
        Meta(
            description="Headers that it must be sent with.", examples=[{"Content-Type": "application/json"}]
        ),
    ]
    expires_in: Annotated[int, Meta(description="Seconds for which the address works.", examples=[3600])]


class Status(View):
    """How far an analysis is."""

    id: AnalysisNumber
    status: State
    message: StatusMessage
    progress: Annotated[
        float | None,
        Meta(description="Which part is done, from 0 to 1; null if nobody said.", examples=[1.0]),
    ]
