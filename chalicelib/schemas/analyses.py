"""Starting an analysis, calling back, uploading."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from chalicelib.schemas.base import GroupIds, Id, Query, Schema, Switch, View, Word, check_size
from chalicelib.schemas.people import Group

__all__ = [
    "AnalysesQuery", "Analysis", "AnalysisQuery", "Callback", "CornerQuery", "Invitation", "NewAnalysis",
    "Progress", "ResultsQuery", "Status", "Upload",
]  # fmt: skip


State = Literal["queued", "pending", "completed", "failure", "timed_out", "cancelled"]


class PhotometryFilter(Schema, omit_defaults=True):
    filters: Annotated[list[Word], Meta(max_length=200)] | None = None
    instruments: Annotated[list[int | Word], Meta(max_length=200)] | None = None


class InputFilters(Schema, omit_defaults=True):
    photometry: PhotometryFilter | None = None


class NewAnalysis(Schema):
    """A request for an analysis; ``url_parameters`` is the older name of ``analysis_parameters``."""

    analysis_parameters: dict[str, Any] | None = None
    url_parameters: dict[str, Any] | None = None
    input_filters: InputFilters | None = None
    show_parameters: bool = False
    show_plots: bool = False
    show_corner: bool = False
    group_ids: GroupIds = None

    @property
    def chosen(self) -> dict[str, Any]:
        """The parameters, by whichever name they came."""
        return {**(self.url_parameters or {}), **(self.analysis_parameters or {})}


class Callback(Schema, forbid_unknown_fields=False):
    """What a service calls back with."""

    status: str
    message: str | None = None
    analysis: dict[str, Any] | None = None


class Upload(Callback, forbid_unknown_fields=False):
    """The same document, posted by a user, with what to show of it."""

    status: str = "success"
    show_parameters: bool = True
    show_plots: bool = True
    show_corner: bool = True
    analysis_parameters: dict[str, Any] = {}
    group_ids: GroupIds = None

    def __post_init__(self) -> None:
        check_size("analysis_parameters", self.analysis_parameters)


class Progress(Schema):
    """How far a service has come."""

    progress: Annotated[float, Meta(ge=0, le=1)] | None = None
    message: str | None = None


class AnalysisQuery(Query):
    """What to tell of an analysis besides its record."""

    includeAnalysisData: Switch = False
    includeFilename: Switch = False


class AnalysesQuery(Query):
    """Which analyses to list."""

    objID: str | None = None
    analysisServiceID: Id | None = None
    status: State | None = None
    summaryOnly: Switch = False
    result: Word | None = None
    pageNumber: Annotated[int, Meta(ge=1)] = 1
    numPerPage: Annotated[int, Meta(ge=1, le=500)] = 100
    cursor: Id | None = None


class ResultsQuery(Query):
    """How to give the results."""

    download: Switch = False


class CornerQuery(Query):
    """Keyword arguments of ``corner.corner``, together as JSON or each by its name."""

    plot_kwargs: str | None = None


class Analysis(View):
    """An analysis, with SkyPortal's keys."""

    id: int
    obj_id: str
    analysis_service_id: int
    analysis_service_name: str | None
    analysis_service_description: str | None
    author_id: int
    status: State
    status_message: str
    analysis_parameters: dict[str, Any]
    input_filters: dict[str, Any] | None
    show_parameters: bool
    show_plots: bool
    show_corner: bool
    created_at: str
    modified: str
    last_activity: str
    duration: float | None
    invalid_after: str | None
    hash: str | None
    num_plots: int
    groups: list[Group]
    model_lightcurve: Any = UNSET
    model_lightcurves: Any = UNSET
    model_name: Any = UNSET
    n_detections: Any = UNSET
    filename: str | UnsetType | None = UNSET
    data: dict[str, Any] | UnsetType = UNSET


class Invitation(View):
    """Where a large document can be put: the JSON that would stand under ``analysis``."""

    upload_id: Annotated[str, Meta(description='What the callback then says: {"upload_id": …}')]
    url: Annotated[str, Meta(description="A presigned address")]
    method: Literal["PUT"]
    headers: Annotated[dict[str, str], Meta(description="Headers that the PUT must carry")]
    expires_in: Annotated[int, Meta(description="Seconds for which the address works")]


class Status(View):
    """How far an analysis is."""

    id: int
    status: str
    message: str
    progress: float | None
