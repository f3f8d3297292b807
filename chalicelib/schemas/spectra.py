"""Spectra."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from chalicelib.schemas.base import Query, Schema, View, check_size
from chalicelib.schemas.fields import GroupIds, Id, Moment, Object, SourceId, Time, Word, describe
from chalicelib.schemas.people import Person, RecordView
from heliograph_guards.plausible_values import explain_implausible

MAX_BINS = 50_000

Column = Annotated[list[float], Meta(min_length=1, max_length=MAX_BINS)]
Wavelengths = Annotated[Column, describe("Wavelengths, in Å.", [4000.0, 4001.5])]
Fluxes = Annotated[Column, describe("Flux densities, in `units`; one per wavelength.", [1.2e-16, 1.3e-16])]
Errors = Annotated[Column | None, describe("Standard errors of the fluxes, or null.", [2e-18, 2e-18])]
_UNITS = "Units of the fluxes; SkyPortal has Jy, AB and erg/s/cm/cm/AA."
Units = Annotated[Word | None, describe(_UNITS, "erg/s/cm/cm/AA")]
InstrumentId = Annotated[Id, describe("The instrument.", 1)]
Origin = Annotated[Word | None, describe("Where the spectrum comes from.", "WISeREP")]
_KIND = "The target: the source, its host galaxy, or the centre of the host."
KINDS = ("source", "host", "host_center")
Kind = Annotated[Literal["source", "host", "host_center"], describe(_KIND)]
KindName = Annotated[Word, describe(_KIND, "source", extra_json_schema={"enum": list(KINDS)})]
"""The type in a request: checked by `check_kind`, whose message SkyPortal's clients know."""
Label = Annotated[Word | None, describe("A short label.", "near peak")]
_ALTDATA = "Anything else that is known of it; at most 50,000 characters of JSON."
Altdata = Annotated[Object | None, describe(_ALTDATA, {"slit": 1.5})]
UserIds = Annotated[list[Id], Meta(max_length=100)]
Reducers = Annotated[UserIds, describe("Ids of the users who reduced it.", [2])]
Observers = Annotated[UserIds, describe("Ids of the users who took it.", [2])]
Pis = Annotated[UserIds, describe("Ids of the principal investigators.", [2])]
FileName = Annotated[Word | None, describe("The name of the file that it was read from.", "SN1_LRIS.ascii")]
UploadName = Annotated[str, describe("The name of the file; of a path, its last part is kept.", max_length=4000)]
ObservedAt = Annotated[Moment, describe("When it was taken: ISO 8601, in UTC unless an offset is given.")]
NoRequest = Annotated[None, describe("Must be null: Heliograph has no requests.")]
NoAssignment = Annotated[None, describe("Must be null: Heliograph has no assignments.")]
ExternalReducer = Annotated[Word | None, describe("Who reduced it, as text.", "A. Nova")]
ExternalObserver = Annotated[Word | None, describe("Who took it, as text.", "A. Nova")]
ExternalPi = Annotated[Word | None, describe("The principal investigator, as text.", "A. Nova")]

PEOPLE = {"reduced_by": "reducers", "observed_by": "observers", "pi": "pis"}
"""The fields of a request that name users by id, and the fields of the answer that show them."""


def check_kind(kind: str) -> None:
    """Check the type of a spectrum; for ``__post_init__`` of schemas.

    Raises
    ------
    ValueError
        If there is no such type.
    """
    if kind not in KINDS:
        raise ValueError(f"type: {kind[:60]!r} is no type of a spectrum. Must be one of: {', '.join(KINDS)}")


def check_columns(wavelengths: Sequence[float], fluxes: Sequence[float], errors: Sequence[float] | None) -> None:
    """Check the columns of a spectrum: the one place for all ways to upload and change it.

    Raises
    ------
    ValueError
        If they have different lengths, or a wavelength cannot be in angstrom.
    """
    lengths = {len(column) for column in (wavelengths, fluxes, errors) if column}
    if len(lengths) != 1:
        raise ValueError("wavelengths, fluxes and errors must have the same number of values")
    for value in (min(wavelengths), max(wavelengths)):
        if reason := explain_implausible("wavelengths", value):
            raise ValueError(reason)


class SpectrumDetails(Schema):
    """What an upload says of a spectrum besides its values."""

    obj_id: SourceId
    instrument_id: InstrumentId
    observed_at: ObservedAt
    units: Units = None
    origin: Origin = None
    type: KindName = "source"
    label: Label = None
    reduced_by: Reducers = []
    observed_by: Observers = []
    pi: Pis = []
    external_reducer: ExternalReducer = None
    external_observer: ExternalObserver = None
    external_pi: ExternalPi = None
    followup_request_id: NoRequest = None
    assignment_id: NoAssignment = None
    group_ids: GroupIds = None

    def __post_init__(self) -> None:
        check_kind(self.type)


class NewSpectrum(SpectrumDetails, kw_only=True):
    """A new spectrum."""

    wavelengths: Wavelengths
    fluxes: Fluxes
    errors: Errors = None
    altdata: Altdata = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_size("altdata", self.altdata)
        check_columns(self.wavelengths, self.fluxes, self.errors)


_ASCII = (
    "The text of a file: an optional header of lines `# KEY: VALUE` or `# KEY = VALUE / COMMENT`, then rows of two or "
    "more columns, separated by blanks, commas or semicolons. Wavelengths, in Å, increase from row to row."
)
Ascii = Annotated[str, describe(_ASCII, "# EXPTIME: 600.0\n4000.0 1.2e-16\n4001.5 1.3e-16\n", min_length=1)]
_COLUMN = Meta(ge=0, le=10_000)
WaveColumn = Annotated[int, _COLUMN, describe("The column of the wavelengths, counted from 0.", 0)]
FluxColumn = Annotated[int, _COLUMN, describe("The column of the fluxes, counted from 0.", 1)]
ErrorColumn = Annotated[
    Annotated[int, _COLUMN] | None, describe("The column of the errors, counted from 0; null if there is none.")
]


class SpectrumFile(Schema):
    """A file to read without storing it."""

    ascii: Ascii
    wave_column: WaveColumn = 0
    flux_column: FluxColumn = 1
    fluxerr_column: ErrorColumn = None


class NewSpectrumFile(SpectrumDetails, kw_only=True):
    """A new spectrum in a file."""

    ascii: Ascii
    wave_column: WaveColumn = 0
    flux_column: FluxColumn = 1
    fluxerr_column: ErrorColumn = None
    filename: UploadName | None = None


class ParsedSpectrum(View):
    """What a file says."""

    wavelengths: Wavelengths
    fluxes: Fluxes
    errors: Errors
    altdata: Annotated[Object | None, describe("The header; null if there is none.", {"EXPTIME": 600.0})]
    original_file_string: Annotated[str, describe("The text of the file.")]


class SpectrumChange(Schema):
    """Changes of a spectrum; omitted fields stay as they are."""

    obj_id: Annotated[SourceId, describe("Its source, which cannot change.", "SN1")] | UnsetType = UNSET
    instrument_id: InstrumentId | UnsetType = UNSET
    observed_at: ObservedAt | UnsetType = UNSET
    wavelengths: Wavelengths | UnsetType = UNSET
    fluxes: Fluxes | UnsetType = UNSET
    errors: Errors | UnsetType = UNSET
    units: Units | UnsetType = UNSET
    origin: Origin | UnsetType = UNSET
    type: KindName | UnsetType = UNSET
    label: Label | UnsetType = UNSET
    altdata: Altdata | UnsetType = UNSET
    reduced_by: Reducers | UnsetType = UNSET
    observed_by: Observers | UnsetType = UNSET
    pi: Pis | UnsetType = UNSET
    external_reducer: ExternalReducer | UnsetType = UNSET
    external_observer: ExternalObserver | UnsetType = UNSET
    external_pi: ExternalPi | UnsetType = UNSET
    followup_request_id: NoRequest = None
    assignment_id: NoAssignment = None
    group_ids: Annotated[GroupIds, describe("Groups that it is also shared with; it keeps those that it has.")] = None

    def __post_init__(self) -> None:
        if self.type is not UNSET:
            check_kind(self.type)
        if self.altdata is not UNSET:
            check_size("altdata", self.altdata)


_ORIGINAL_FILE = "The file that it was read from, with `includeOriginalFile`; null if there is none."


class Spectrum(RecordView):
    """A spectrum, with SkyPortal's keys."""

    id: Annotated[int, describe("The id of the spectrum.", 1)]
    obj_id: SourceId
    instrument_id: InstrumentId
    instrument_name: Annotated[str | None, describe("The name of the instrument.", "SEDM")]
    telescope_id: Annotated[int | None, describe("The telescope of the instrument, if it has one.", 1)]
    telescope_name: Annotated[str | None, describe("The name of the telescope.", "P60")]
    observed_at: Time
    wavelengths: Wavelengths
    fluxes: Fluxes
    errors: Errors
    units: Units
    origin: Origin
    type: Kind
    label: Label
    altdata: Altdata
    reducers: Annotated[list[Person], describe("The users who reduced it.")]
    observers: Annotated[list[Person], describe("The users who took it.")]
    pis: Annotated[list[Person], describe("The principal investigators.")]
    external_reducer: ExternalReducer
    external_observer: ExternalObserver
    external_pi: ExternalPi
    original_file_filename: FileName
    followup_request_id: NoRequest
    assignment_id: NoAssignment
    owner_id: Annotated[int, describe("The user who uploaded it.", 1)]
    owner: Annotated[Person | None, describe("The user who uploaded it; null if deleted.")]
    original_file_string: Annotated[str | UnsetType | None, describe(_ORIGINAL_FILE)] = UNSET


MINIMAL_FIELDS = (
    "id", "obj_id", "owner_id", "origin", "type", "label", "observed_at", "created_at", "modified", "instrument_id",
    "original_file_filename", "followup_request_id", "assignment_id", "altdata",
)  # fmt: skip
"""The fields that ``minimalPayload`` leaves, as in SkyPortal."""

_MINIMAL = {
    "type": "object",
    "properties": {name: {"description": f"As in a whole spectrum: `{name}`."} for name in MINIMAL_FIELDS},
    "required": list(MINIMAL_FIELDS),
    "additionalProperties": False,
}
_LISTED = "The spectra of this page, by the time of observation."
SpectrumList = Annotated[
    list[Object],
    describe(_LISTED, extra_json_schema={"items": {"anyOf": [{"$ref": "#/components/schemas/Spectrum"}, _MINIMAL]}}),
]

Texts = Annotated[list[Annotated[str, Meta(max_length=200)]], Meta(max_length=50)]
InstrumentIds = Annotated[list[Id], describe("Only of these instruments: ids separated by commas.", [1, 4])]
GroupFilter = Annotated[list[Id], describe("Only shared with one of these groups: ids separated by commas.", [1, 4])]
NamePart = Annotated[str, describe("Only of sources whose id holds this.", "ZTF21", max_length=200)]
Refused = Annotated[str, Meta(description="Refused: Heliograph has none.", max_length=5000)]
_MINIMAL_PAYLOAD = f"Answer only {', '.join(MINIMAL_FIELDS)}."

_WITH_FILES = "Add the text of the file that each was read from: at most 20 spectra a page."

_REFUSED = {
    "followupRequestIDs": "Heliograph has no follow-up requests",
    "assignmentIDs": "Heliograph has no assignments",
    **dict.fromkeys(
        ("commentsFilter", "commentsFilterAuthor", "commentsFilterBefore", "commentsFilterAfter"),
        "spectra have no comments in Heliograph",
    ),
}
"""Filters of SkyPortal that no spectrum would satisfy: refused, since an empty list would mislead."""


IncludeOriginalFile = Annotated[bool, describe("Add the text of the file that it was read from.")]
_NORMALIZATION = "`median` divides fluxes and errors by the median of the absolute fluxes."


class SpectrumQuery(Query):
    """Optional parts of a spectrum."""

    includeOriginalFile: IncludeOriginalFile = False


class SourceSpectraQuery(SpectrumQuery):
    """The order and the form of the spectra of a source."""

    normalization: Annotated[Literal["median"] | None, describe(_NORMALIZATION)] = None
    sortBy: Annotated[Literal["observed_at", "created_at"], describe("The time that orders them.")] = "observed_at"
    sortOrder: Annotated[Literal["asc", "desc"], describe("Oldest first, or newest first.")] = "asc"


class SpectraPage(Query):
    """A page of spectra."""

    cursor: Annotated[Id | None, describe("The `X-Next-Cursor` of the page before.", 1234)] = None
    numPerPage: Annotated[int, describe("Most spectra of this page.", 100, ge=1, le=500)] = 100


class SpectraQuery(SpectraPage):
    """Filters of the list of spectra; a spectrum must satisfy all of them."""

    groupIDs: GroupFilter | None = None
    objID: NamePart | None = None
    instrumentIDs: InstrumentIds | None = None
    observedAfter: Annotated[Moment | None, describe("Only observed at this time or later.")] = None
    observedBefore: Annotated[Moment | None, describe("Only observed at this time or earlier.")] = None
    modifiedAfter: Annotated[Moment | None, describe("Only changed at this time or later.")] = None
    modifiedBefore: Annotated[Moment | None, describe("Only changed at this time or earlier.")] = None
    origin: Annotated[Texts | None, describe("Only of an origin that holds one of these texts.", ["Keck"])] = None
    label: Annotated[Texts | None, describe("Only with a label that holds one of these texts.", ["peak"])] = None
    type: Annotated[Texts | None, describe(f"Only of these types: {', '.join(KINDS)}.", ["source"])] = None
    minimalPayload: Annotated[bool, describe(_MINIMAL_PAYLOAD)] = False
    includeOriginalFile: Annotated[bool, describe(_WITH_FILES)] = False
    followupRequestIDs: Refused | None = None
    assignmentIDs: Refused | None = None
    commentsFilter: Refused | None = None
    commentsFilterAuthor: Refused | None = None
    commentsFilterBefore: Refused | None = None
    commentsFilterAfter: Refused | None = None

    def __post_init__(self) -> None:
        for name, reason in _REFUSED.items():
            if getattr(self, name) is not None:
                raise ValueError(f"{name}: {reason}; leave it out")
        for kind in self.type or ():
            if kind not in KINDS:
                raise ValueError(f"type: {kind[:60]!r} is not in list of allowed spectrum types: {', '.join(KINDS)}")


class SpectrumRangeQuery(SpectraPage):
    """Spectra between two dates."""

    instrument_ids: InstrumentIds | None = None
    min_date: Annotated[Moment | None, describe("Only observed at this time or later.")] = None
    max_date: Annotated[Moment | None, describe("Only observed at this time or earlier.")] = None


class SourceSpectra(View):
    """The spectra of a source."""

    obj_id: SourceId
    spectra: Annotated[list[Spectrum], describe("The spectra that you can see, in the order of `sortBy`.")]


def _split_texts(texts: list[str] | str | None) -> list[str]:
    """Return the texts of a list, or of a text that separates them by commas."""
    parts = texts.split(",") if isinstance(texts, str) else texts or []
    return [part.strip() for part in parts if part.strip()]


_NAMES = Annotated[list[Annotated[str, Meta(max_length=200)]], Meta(max_length=1000)]
_OBJ_IDS = "Only these sources: a list, or text that separates them by commas."
_CLASSES = "Only sources with one of these classifications, as `obj_ids`; those by machine learning do not count."
_THRESHOLD = "Only classifications of at least this probability count."
_MAX_SOURCES = "Most sources of the answer; above 300, 300."


class SpectraSelection(Schema):
    """The sources whose spectra are collected."""

    group_id: Annotated[Id | None, describe("Only sources of this group.", 4)] = None
    obj_ids: Annotated[_NAMES | Annotated[str, Meta(max_length=200_000)] | None, describe(_OBJ_IDS, ["SN1"])] = None
    classifications: Annotated[_NAMES | Annotated[str, Meta(max_length=200_000)] | None, describe(_CLASSES, ["Ia"])] = (
        None
    )
    classificationProbThreshold: Annotated[float | None, describe(_THRESHOLD, 0.5)] = None
    maxSources: Annotated[int, describe(_MAX_SOURCES, 200, ge=1, le=1000)] = 200

    @property
    def source_ids(self) -> list[str]:
        """The chosen sources, each once; empty if all are."""
        return list(dict.fromkeys(_split_texts(self.obj_ids)))

    @property
    def classes(self) -> set[str]:
        """The chosen classifications; empty if all are."""
        return set(_split_texts(self.classifications))


class PhaseAnchors(View):
    """The times of a source that phases of its spectra are counted from."""

    id: SourceId
    redshift: Annotated[float | None, describe("The redshift.", 0.0246)]
    first_detected_mjd: Annotated[float | None, describe("The first detection, as modified Julian date.", 59303.3)]
    peak_mjd: Annotated[float | None, describe("The brightest detection, as modified Julian date.", 59321.4)]
    tns_discovery_date: Annotated[Any, describe("`discoverydate` of its `tns_info`.", "2021-03-30 08:34:33")]


class SpectrumValues(View):
    """The values of a spectrum."""

    obj_id: SourceId
    observed_at: Time
    wavelengths: Wavelengths
    fluxes: Fluxes


class BulkSpectra(View):
    """The spectra of many sources."""

    sources: Annotated[list[PhaseAnchors], describe("The sources, also those without spectra.")]
    spectra: Annotated[list[SpectrumValues], describe("Their spectra that you can see, by time of observation.")]
    truncated: Annotated[bool, describe("Whether there are more sources or spectra; `notes` says which.")]
