"""Analysis services."""

import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

from msgspec import UNSET, UnsetType, field

from chalicelib.errors import HeliographError
from chalicelib.json_text import parse_json
from chalicelib.schemas.base import Query, Schema, View
from chalicelib.schemas.fields import GroupIds, Name, Text, Time, describe
from chalicelib.schemas.people import RecordView


class Authentication(StrEnum):
    """How requests to a service are authenticated; its ``_authinfo`` holds the credentials."""

    NONE = "none"
    HEADER_TOKEN = "header_token"  # noqa: S105 - a name, not a secret
    API_KEY = "api_key"
    BASIC = "HTTPBasicAuth"
    DIGEST = "HTTPDigestAuth"
    OAUTH1 = "OAuth1"


class AnalysisType(StrEnum):
    """What a service does."""

    LIGHT_CURVE = "lightcurve_fitting"
    SPECTRUM = "spectrum_fitting"
    META = "meta_analysis"


class InputType(StrEnum):
    """A kind of data of a source that a service can receive, as a CSV text."""

    PHOTOMETRY = "photometry"
    SPECTRA = "spectra"
    REDSHIFT = "redshift"
    ANNOTATIONS = "annotations"
    COMMENTS = "comments"
    CLASSIFICATIONS = "classifications"


ServiceName = Annotated[Name, describe("Unique among all services.", "My Awesome RR Lyrae Fitter")]
DisplayName = Annotated[Text | None, describe("The name that pages show; `name` if null.", "RR Lyrae fitter")]
Description = Annotated[Text | None, describe("What the service does.", "Fits RR Lyrae to templates.")]
Version = Annotated[Text | None, describe("The version of the service.", "1.0")]
ContactName = Annotated[Text | None, describe("A person to ask about it.", "I. M. Astronomer")]
ContactEmail = Annotated[Text | None, describe("How to reach them.", "astronomer@analysis.edu")]
Url = Annotated[
    str,
    describe(
        "Data are POSTed to this URL: http or https, a public address, without credentials. "
        "Redirects are not followed.",
        "https://amazing.analysis.edu:6801/analysis/rrl_analysis",
        max_length=2000,
        extra_json_schema={"pattern": r"^https?://[^/\s@]+(/\S*)?$"},
    ),
]
OptionalParameters = Annotated[
    str | dict[str, Any] | None,
    describe(
        "The parameters that a request may set, as an object or its JSON text: for each name a list of "
        'suggested values, or `{"type": "string" | "number" | "file" | "secret", "default", "required", '
        '"title", "description", "suggestions"}`.',
        {"rrl_type": ["ab", "c", "d", "e"], "n_walkers": {"type": "number", "default": 32}},
    ),
]
AuthenticationType = Annotated[Authentication, describe("How requests are authenticated.", "header_token")]
AuthInfo = Annotated[
    str | dict[str, Any] | None,
    describe(
        "The credentials, as an object or its JSON text; they are encrypted and never shown again. "
        'header_token: `{"header_token": {header: value}}`; api_key: `{"api_key", "api_key_name"}` (sent '
        'in the JSON body under that name); HTTPBasicAuth and HTTPDigestAuth: `{"username", "password"}`; '
        'OAuth1: `{"app_key", "app_secret", "user_oauth_token", "user_oauth_token_secret"}`. They may '
        "also be nested under the name of the type.",
        {"header_token": {"Authorization": "Bearer MY_TOKEN"}},
    ),
]
Enabled = Annotated[bool, describe("A disabled service starts no analyses.")]
Kind = Annotated[AnalysisType, describe("What the service does.", "lightcurve_fitting")]
_INPUT_TYPES = "The data that it receives; none if omitted: then it receives the source and the parameters."
InputTypes = Annotated[list[InputType], describe(_INPUT_TYPES, ["photometry", "redshift"])]
_TIMEOUT = "Most seconds from sending the data to the callback; 3600 by default."
Timeout = Annotated[float, describe(_TIMEOUT, 3600.0, ge=1, le=30 * 86400)]
_AT_ONCE = (
    "Most requests that it is sent at a time, until it acknowledges them; other analyses wait in line. 10 by default. "
    "One service is sent half of what a deployment sends at a time, at most."
)
RequestsAtOnce = Annotated[int, describe(_AT_ONCE, 10, ge=1, le=100)]
UploadOnly = Annotated[bool, describe("True if users upload its analyses and no data are sent.")]
OnDropdown = Annotated[bool, describe("Whether pages of sources offer it.")]
IsSummary = Annotated[bool, describe("Whether its completed analyses set the `summary` of their source.")]


class ServiceChange(Schema):
    """Changes of a service: all fields can change."""

    aliases: ClassVar[Mapping[str, str]] = MappingProxyType({"authinfo": "_authinfo"})

    name: ServiceName | None = None
    display_name: DisplayName = None
    description: Description = None
    version: Version = None
    contact_name: ContactName = None
    contact_email: ContactEmail = None
    url: Url | None = None
    optional_analysis_parameters: OptionalParameters = None
    authentication_type: AuthenticationType | None = None
    authinfo: AuthInfo = field(default=None, name="_authinfo")
    enabled: Enabled | None = None
    analysis_type: Kind | None = None
    input_data_types: InputTypes | None = None
    timeout: Timeout | None = None
    requests_at_once: RequestsAtOnce | None = None
    upload_only: UploadOnly | None = None
    display_on_resource_dropdown: OnDropdown | None = None
    is_summary: IsSummary | None = None
    group_ids: GroupIds = None

    def __post_init__(self) -> None:
        if self.url is not None:
            _check_url_form(self.url)
        if isinstance(self.authinfo, str):
            self.authinfo = _parse_authinfo(self.authinfo)

    @property
    def credentials(self) -> dict[str, Any] | None:
        """``_authinfo`` as an object."""
        return self.authinfo if isinstance(self.authinfo, dict) else None


class NewService(ServiceChange, kw_only=True):
    """A new service; optional fields may follow later."""

    name: ServiceName
    url: Url
    authentication_type: AuthenticationType
    analysis_type: Kind


class Refusal(View):
    """The last time that a service refused an analysis."""

    at: Annotated[Time, describe("When it refused.")]
    status: Annotated[int, describe("The HTTP status of its response.", 503)]
    excerpt: Annotated[str, describe("Its response, if that is plain and short; else its length.", "Out of disk space")]
    analysis_id: Annotated[int, describe("The analysis.", 32)]


_VERDICT = "It answered HTTP 405: it is there. A service need not answer GET, only POST."


class Ping(View):
    """Whether a service can be reached."""

    allowed: Annotated[bool, describe("Whether it may be called: its address is public, or exempt.", True)]
    reached: Annotated[bool, describe("Whether it responded, with any status.", True)]
    status: Annotated[int | None, describe("The HTTP status of its response.", 405)]
    seconds: Annotated[float | None, describe("Seconds until the response.", 0.21)]
    message: Annotated[str, describe("The result, and what to do about it.", _VERDICT)]


class SendingState(StrEnum):
    """Whether a service is sent analyses."""

    SENDING = "sending"
    PAUSED = "paused"
    ASKED_TO_WAIT = "asked to wait"


_NEXT_TRY = "When it is sent an analysis again; null if it may be now, or with the next analysis."
_LAST_ERROR = "Why its last attempt failed; null after a success. What it answered is in `last_refusal`."
_WAITING = "How many analyses wait in its line; counted up to 1000."
_FAILURES = "Attempts in a row that failed for its own fault; after five it is paused."


class Sending(View):
    """How a service is sent analyses at present."""

    state: Annotated[SendingState, describe("Whether it is sent analyses.")]
    message: Annotated[str, describe("The same in words.", "It is sent analyses as they come; none waits.")]
    next_try_at: Annotated[Time | None, describe(_NEXT_TRY)]
    failures: Annotated[int, describe(_FAILURES, 0)]
    last_error: Annotated[str | None, describe(_LAST_ERROR, "The service answered HTTP 503.")]
    last_error_at: Annotated[Time | None, describe("When it failed; in UTC.")]
    waiting: Annotated[int, describe(_WAITING, 0)]


class ServiceQuery(Query):
    """Optional parts of a service."""

    includeDetails: Annotated[bool, describe("Add `requests_at_once`, and `sending` for those who manage it.")] = False


_DETAIL = "Only with `includeDetails`."


class Service(RecordView):
    """An analysis service, without its credentials."""

    id: Annotated[int, describe("The id of the service.", 1)]
    name: ServiceName
    display_name: Annotated[str, describe("The name that pages show.", "RR Lyrae fitter")]
    description: Description
    version: Version
    contact_name: ContactName
    contact_email: ContactEmail
    url: Url
    optional_analysis_parameters: OptionalParameters
    authentication_type: AuthenticationType
    enabled: Enabled
    analysis_type: Kind
    input_data_types: InputTypes
    timeout: Timeout
    upload_only: UploadOnly
    display_on_resource_dropdown: OnDropdown
    is_summary: IsSummary
    requests_at_once: Annotated[
        int | UnsetType, describe(f"Most requests that it is sent at a time. {_DETAIL}", 10)
    ] = UNSET
    sending: Annotated[
        Sending | UnsetType | None, describe(f"How it is sent analyses; null for those who do not manage it. {_DETAIL}")
    ] = UNSET


def _parse_authinfo(text: str) -> dict[str, Any]:
    """Return the object in a JSON text."""
    try:
        authinfo = parse_json(text, "_authinfo") if text.strip() else {}
    except HeliographError as error:
        raise ValueError(f"{error} Expected an object, or the JSON text of one.") from None
    if not isinstance(authinfo, dict):
        raise ValueError("_authinfo: expected an object or the JSON text of one")
    return authinfo


def _check_url_form(url: str) -> None:
    """Check that a URL is one of HTTP without credentials; raise ValueError if not."""
    try:
        parts = urlsplit(url)
        is_valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        # Brackets are of IPv6 addresses alone.
        is_valid = is_valid and ("[" in parts.netloc) == (":" in (parts.hostname or ""))
    except ValueError:
        is_valid = False
    if not is_valid or any(character.isspace() for character in url):
        raise ValueError("url: expected an address such as https://example.org/analysis (http or https)")
    if parts.username or parts.password:
        raise ValueError("url: credentials are not allowed in the address; use authentication_type")
    if strange := [character for character in parts.hostname or "" if not _is_host_character(character)]:
        raise ValueError(
            f"url: the host {parts.hostname} has the character {strange[0]!r}; expected a name such as "
            "example.org, or an IP address"
        )


def _is_host_character(character: str) -> bool:
    # Letters of any script, with their marks; colons are of IPv6 addresses.
    return character in "-._:" or unicodedata.category(character)[0] in "LMN"
