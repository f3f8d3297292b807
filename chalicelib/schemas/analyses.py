"""Analyses: starting, calling back, uploading, listing and reading them."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType, to_builtins

from chalicelib.schemas.base import PagedByCursor, Query, Schema, View, check_size
from chalicelib.schemas.fields import GroupIds, Id, Object, Time, Word, describe
from chalicelib.schemas.people import RecordView

COMPARISON = r"^([0-9A-Za-z_.\- ]+?)(<=|>=|==|!=|=|<|>)([^\n<>=][^\n]*)$(?!\n)"
"""A name, an operator, and a value."""

_DOCUMENT_KEYS = """Binary data are in base64.

- `inference_data`: `{format, data}` with format netcdf4, as arviz writes it.
- `plots`: a list of `{format, data}`.
- `results`: `{format, data}` with format json (an object, or its text), joblib, or any other format, which
  is stored unchanged.
- `posterior_samples` or `posteriors`: samples by the names of the parameters.
- `annotations`: a list of `{origin, data}`, which are written to the source with the analysis' id and
  verdict; not if the verdict is that the model does not describe the data.
- `verdict`: `{describes_data, word, message}`, whether the model describes the data; `word` is `good` or `doubtful`
  if it does, else `refuted`. Lists and pages show it.
- All other keys, such as `model_lightcurve`, are stored unchanged.
"""
_LIGHT_CURVES_NOTE = "As the service sent it; not in lists over many sources."

State = Annotated[
    Literal["queued", "pending", "completed", "failure", "timed_out", "cancelled"],
    describe(
        "queued: the data are not sent yet; pending: the service is working; completed: the service called "
        "back with results; failure: it reported an error, or could not be reached; timed_out: it did not "
        "call back in time; cancelled: its author cancelled it.",
        "completed",
    ),
]
Parameters = Annotated[
    Object,
    describe(
        "Values for the service's `optional_analysis_parameters`. Unknown names and missing required ones "
        "are refused; values take the declared type; a file is a data URL in base64.",
        {"source": "nugent-sn2p", "fix_z": "True"},
    ),
]
_OLD_NAME = "The older name of `analysis_parameters`, which has priority for a name in both."
OldParameters = Annotated[Object, describe(_OLD_NAME)]
ShowParameters = Annotated[bool, describe("Whether pages show the parameters beside the results.", True)]
ShowPlots = Annotated[bool, describe("Whether pages show the plots.", True)]
ShowCorner = Annotated[bool, describe("Whether pages show a corner plot.", False)]
_SUCCESS = "The word success if the results are usable; otherwise the analysis failed."
_SHORT_WORD = {"format": "with only letters, digits, blanks, and . _ -"}
ServiceStatus = Annotated[
    str, describe(_SUCCESS, "success", max_length=40, pattern=r"^[\w .-]*$(?!\n)", extra=_SHORT_WORD)
]
_MESSAGE = "Good results with chi^2/dof = 0.95."
Message = Annotated[str, describe("A message for people.", _MESSAGE)]
Document = Annotated[
    Object,
    describe(
        f"The results, which may be empty. {_DOCUMENT_KEYS}",
        {
            "inference_data": {"format": "netcdf4", "data": "iUhERg0KGgo="},
            "plots": [{"format": "png", "data": "iVBORw0KGgo="}],
            "results": {"format": "json", "data": {"chi2": 118.2, "parameters": {"z": 0.0461}}},
        },
    ),
]
DocumentOrUpload = Annotated[
    Document,
    Meta(
        description="The results, which may be empty; or only `{upload_id}` if they are over 4.4 MB and were "
        f"uploaded separately. {_DOCUMENT_KEYS}"
    ),
]
AnalysisNumber = Annotated[int, describe("The id of the analysis.", 32)]
AuthorName = Annotated[str | None, describe("The name of this user; null once the user is deleted.", "ada")]
StatusMessage = Annotated[str, describe("The service's message, or why the analysis failed.", _MESSAGE)]
BandpassFilter = Annotated[list[Word], describe("Bandpasses to keep.", ["ztfg", "ztfr"], max_length=200)]
_INSTRUMENTS = "Instruments to keep, by id or name."
InstrumentFilter = Annotated[list[int | Word], describe(_INSTRUMENTS, ["ZTF"], max_length=200)]


_EXCLUDED = "Points to leave out, by their ids; they are not deleted."
ExcludedPoints = Annotated[list[Id], describe(_EXCLUDED, [12, 31], max_length=5000)]


class PhotometryFilter(Schema, omit_defaults=True):
    """The photometry to send; an omitted field filters nothing."""

    filters: BandpassFilter | None = None
    instruments: InstrumentFilter | None = None
    exclude: ExcludedPoints | None = None


class InputFilters(Schema, omit_defaults=True):
    """The data of the source to send."""

    photometry: Annotated[PhotometryFilter | None, describe("The photometry to send.")] = None

    def __post_init__(self) -> None:
        check_size("input_filters", to_builtins(self))


_FILTERS = {"photometry": {"filters": ["ztfg"]}}
Filters = Annotated[InputFilters | None, describe("The data of the source to send.", _FILTERS)]


class NewAnalysis(Schema):
    """A request to start an analysis."""

    analysis_parameters: Parameters | None = None
    url_parameters: OldParameters | None = None
    input_filters: Filters = None
    show_parameters: ShowParameters = False
    show_plots: ShowPlots = False
    show_corner: ShowCorner = False
    group_ids: GroupIds = None

    @property
    def parameters(self) -> Object:
        """The parameters of both names."""
        return {**(self.url_parameters or {}), **(self.analysis_parameters or {})}


class Rerun(Schema):
    """Changes for a new run of an analysis; omitted fields are as in the first run."""

    analysis_parameters: Parameters | None = None
    url_parameters: OldParameters | None = None
    input_filters: Filters = None
    show_parameters: ShowParameters | None = None
    show_plots: ShowPlots | None = None
    show_corner: ShowCorner | None = None
    group_ids: GroupIds = None


_NEW_GROUPS = (
    'The groups that can see it from now on: ids of your groups, or "all" for the public group. Groups that are '
    "not named here see it no longer; you always do."
)
_FEW_IDS = Annotated[list[Id], Meta(min_length=1, max_length=1000)]


class AnalysisChange(Schema):
    """Changes of an analysis."""

    group_ids: Annotated[
        _FEW_IDS | Annotated[str, Meta(extra_json_schema={"const": "all"})], describe(_NEW_GROUPS, [2])
    ]


class Callback(Schema, forbid_unknown_fields=False):
    """The result of an analysis, sent by its service."""

    status: ServiceStatus
    message: Message | None = None
    analysis: DocumentOrUpload | None = None


_SOURCE = {"source": "salt3"}


class Upload(Callback, forbid_unknown_fields=False):
    """The result of an analysis, uploaded by a user."""

    status: ServiceStatus = "success"
    show_parameters: ShowParameters = True
    show_plots: ShowPlots = True
    show_corner: ShowCorner = True
    analysis_parameters: Annotated[Object, describe("The parameters used; only stored.", _SOURCE)] = {}
    group_ids: GroupIds = None

    def __post_init__(self) -> None:
        check_size("analysis_parameters", self.analysis_parameters)


class Progress(Schema):
    """The progress of a service."""

    progress: Annotated[float, describe("The fraction of the work done.", 0.4, ge=0, le=1)] | None = None
    message: Annotated[str | None, describe("The current step.", "Sampling.")] = None


_INCLUDE_DATA = "Add the document: as `data` of the record, and as `analysis` beside it."


_DETAILS = (
    "Add what SkyPortal's records do not have: `author_name`, `verdict`, light curves of models, their `model_summary`."
)
IncludeDetails = Annotated[bool, describe(_DETAILS)]


class AnalysisQuery(Query):
    """Optional parts of an analysis."""

    includeAnalysisData: Annotated[bool, describe(_INCLUDE_DATA)] = False
    includeFilename: Annotated[bool, describe("Add the name of its file.")] = False
    includeDetails: IncludeDetails = False


_COMPARISON = "A comparison that a scalar of the results must satisfy; dots lead into objects."
Comparison = Annotated[str, describe(_COMPARISON, "chi2<2", max_length=200, pattern=COMPARISON)]


class AnalysesQuery(PagedByCursor):
    """Filters of the list of analyses."""

    objID: Annotated[str | None, describe("Only of this source.", "ZTF21aaqjmps")] = None
    analysisServiceID: Annotated[Id | None, describe("Only of this service.", 1)] = None
    status: Annotated[State | None, describe("Only with this status.", "completed")] = None
    summaryOnly: Annotated[bool, describe("Only of services that write summaries.")] = False
    result: Comparison | None = None
    includeDetails: IncludeDetails = False


_WIDER = "A sentence for each group that may not see all data of the analysis at its source."
Warnings = Annotated[list[str], describe(_WIDER, [])]


class AnalysisGroupsQuery(Query):
    """The data of the source that would be sent."""

    input_filters: Annotated[
        str | None,
        describe(
            "The request's `input_filters`, as a JSON object.",
            '{"photometry": {"filters": ["ztfg"]}}',
            extra_json_schema={"contentMediaType": "application/json"},
        ),
    ] = None


class AnalysisGroup(View):
    """One of the requester's groups, as a group of a new analysis."""

    id: Annotated[int, describe("The id of the group.", 1)]
    name: Annotated[str, describe("The name of the group.", "Supernova Factory")]
    sees_all_data: Annotated[bool, describe("Whether its members may see all data that would be sent.", True)]
    is_default: Annotated[bool, describe("Whether the analysis belongs to it if the request names no group.", True)]


class ResultsQuery(Query):
    """The form of the results."""

    download: Annotated[bool, describe("Answer a file to save.")] = False


_SERVICE = "What the service does."


class VerdictView(View):
    """Whether the service's model describes the data."""

    describes_data: Annotated[bool, describe("False: the results are not to be used.", True)]
    word: Annotated[
        Literal["good", "doubtful", "refuted"],
        describe("doubtful: the model fits, but something speaks against its numbers; the message says what.", "good"),
    ]
    message: Annotated[str, describe("The service's words.", "The model describes the data (misfit p = 0.4).")]


Verdict = Annotated[VerdictView | None, describe("The service's verdict; null if it gave none.")]
_DETAIL = "Only with `includeDetails`."


class Analysis(RecordView):
    """An analysis, with SkyPortal's keys."""

    id: AnalysisNumber
    obj_id: Annotated[str, describe("The source.", "ZTF21aaqjmps")]
    analysis_service_id: Annotated[int, describe("The service.", 1)]
    analysis_service_name: Annotated[str | None, describe("The service's display name.", "Supernova fitter")]
    analysis_service_description: Annotated[str | None, describe(_SERVICE, "Fits light curves by sncosmo.")]
    author_id: Annotated[int, describe("The user who started or uploaded it.", 1)]
    status: State
    status_message: StatusMessage
    analysis_parameters: Annotated[Object, describe("The parameters; files by their names.", _SOURCE)]
    input_filters: Annotated[Object | None, describe("The data of the source that were sent.", _FILTERS)]
    show_parameters: ShowParameters
    show_plots: ShowPlots
    show_corner: ShowCorner
    last_activity: Annotated[Time, describe("The time of its last event; in UTC.")]
    duration: Annotated[float | None, describe("Seconds from the request to the results.", 41.5)]
    invalid_after: Annotated[Time | None, describe("Later callbacks are refused; UTC. Null for uploads.")]
    hash: Annotated[str | None, describe("The MD5 of its document.", "d41d8cd98f00b204e9800998ecf8427e")]
    num_plots: Annotated[int, describe("Number of plots; they are numbered from 0.", 2)]
    model_lightcurve: Annotated[Any, describe(f"The model's light curve. {_LIGHT_CURVES_NOTE}")] = UNSET
    model_lightcurves: Annotated[Any, describe(f"The models' light curves. {_LIGHT_CURVES_NOTE}")] = UNSET
    model_name: Annotated[Any, describe(f"The model's name. {_LIGHT_CURVES_NOTE}")] = UNSET
    model_summary: Annotated[Any, describe(f"The model's log evidence, redshift, peak. {_LIGHT_CURVES_NOTE}")] = UNSET
    n_detections: Annotated[Any, describe(f"Number of fitted detections. {_LIGHT_CURVES_NOTE}")] = UNSET
    author_name: Annotated[str | UnsetType | None, describe(f"The author's user name. {_DETAIL}", "ada")] = UNSET
    verdict: Annotated[VerdictView | UnsetType | None, describe(f"The service's verdict, if any. {_DETAIL}")] = UNSET
    filename: Annotated[str | UnsetType | None, describe("Its file name; only with `includeFilename`.")] = UNSET
    data: Annotated[Document | UnsetType, describe("The document; only with `includeAnalysisData`.")] = UNSET


_UPLOAD_ID = "The value for the callback, or for the upload request: `{upload_id}` as its `analysis`."
_UPLOAD_URL = "A presigned URL for the document; send it with this method and these headers."


class NewUploadUrl(Schema):
    """A document that is about to be uploaded."""

    size: Annotated[int | None, describe("Its size in bytes.", 12_000_000)] = None

    def __post_init__(self) -> None:
        if self.size is not None and self.size < 1:
            raise ValueError("size: expected the number of bytes, at least 1")


class UploadUrl(View):
    """Where and how to upload a large document: the JSON value of ``analysis``."""

    upload_id: Annotated[str, describe(_UPLOAD_ID, "0b0f3b52-54f4-4a2e-9d7c-3a6b6f1b2c3d")]
    url: Annotated[str, describe(_UPLOAD_URL, "https://heliograph-prod.s3.amazonaws.com/uploads/documents/…")]
    method: Annotated[Literal["PUT"], describe("The method of the upload.")]
    headers: Annotated[dict[str, str], describe("Headers to send.", {"Content-Type": "application/json"})]
    expires_in: Annotated[int, describe("Seconds until the URL expires.", 3600)]


class Status(View):
    """The status of an analysis."""

    id: AnalysisNumber
    status: State
    message: StatusMessage
    progress: Annotated[float | None, describe("The fraction done, from 0 to 1; null if unknown.", 1.0)]
    verdict: Verdict
