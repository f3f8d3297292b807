"""Analysis services."""

import json
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlsplit

from msgspec import Meta, field

from chalicelib.schemas.base import GroupIds, Name, Schema, Text, Time, View
from chalicelib.schemas.people import Group

__all__ = [
    "AnalysisType",
    "Authentication",
    "InputType",
    "NewService",
    "Ping",
    "Refusal",
    "Service",
    "ServiceChange",
]


class Authentication(StrEnum):
    """How a service knows who calls; its ``_authinfo`` holds what this needs."""

    NONE = "none"
    HEADER_TOKEN = "header_token"  # noqa: S105 - a name, no secret
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
    """A kind of data that a service may want of a source; each is sent as a CSV text."""

    PHOTOMETRY = "photometry"
    SPECTRA = "spectra"
    REDSHIFT = "redshift"
    ANNOTATIONS = "annotations"
    COMMENTS = "comments"
    CLASSIFICATIONS = "classifications"


ServiceName = Annotated[
    Name, Meta(description="Unique among all services.", examples=["My Awesome RR Lyrae Fitter"])
]
DisplayName = Annotated[
    Text | None, Meta(description="What people are shown; the name if null.", examples=["RR Lyrae fitter"])
]
Description = Annotated[
    Text | None,
    Meta(description="What it does, for those who choose it.", examples=["Fits RR Lyrae to templates."]),
]
Version = Annotated[
    Text | None, Meta(description="The version of the service, as it numbers them.", examples=["1.0"])
]
ContactName = Annotated[Text | None, Meta(description="Whom to ask about it.", examples=["I. M. Astronomer"])]
ContactEmail = Annotated[
    Text | None, Meta(description="How to reach them.", examples=["astronomer@analysis.edu"])
]
Url = Annotated[
    str,
    Meta(
        max_length=2000,
        description=(
            "Where the data are POSTed: http or https, a public address, without credentials in it. "
            "Redirects are not followed."
        ),
        examples=["https://amazing.analysis.edu:6801/analysis/rrl_analysis"],
        extra_json_schema={"pattern": r"^https?://[^/\s@]+(/\S*)?$"},
    ),
]
OptionalParameters = Annotated[
    str | dict[str, Any] | None,
    Meta(
        description=(
            "The parameters that a request may choose, as an object or a JSON string of one: for each name "
            'a list of suggested values, or `{"type": "string" | "number" | "file", "default", "required", '
            '"title", "description"}`.'
        ),
        examples=[{"rrl_type": ["ab", "c", "d", "e"], "n_walkers": {"type": "number", "default": 32}}],
    ),
]
AuthenticationType = Annotated[
    Authentication,
    Meta(description="How a request to the service proves who sends it.", examples=["header_token"]),
]
AuthInfo = Annotated[
    str | dict[str, Any] | None,
    Meta(
        description=(
            "The credentials, as an object or a JSON string of one; they are encrypted and never shown "
            'again. header_token: `{"header_token": {header: value}}`; api_key: `{"api_key", '
            '"api_key_name"}` (it travels in the JSON body under that name); HTTPBasicAuth and '
            'HTTPDigestAuth: `{"username", "password"}`; OAuth1: `{"app_key", "app_secret", '
            '"user_oauth_token", "user_oauth_token_secret"}`. They may stand within a key named like the '
            "type."
        ),
        examples=[{"header_token": {"Authorization": "Bearer MY_TOKEN"}}],
    ),
]
Enabled = Annotated[bool, Meta(description="Whether it may be asked: a disabled service starts nothing.")]
Kind = Annotated[AnalysisType, Meta(description="What the service does.", examples=["lightcurve_fitting"])]
InputTypes = Annotated[
    list[InputType],
    Meta(
        description="The data that it wants of a source; required, unless it is `upload_only`.",
        examples=[["photometry", "redshift"]],
    ),
]
Timeout = Annotated[
    float,
    Meta(
        ge=1,
        le=30 * 86400,
        description="Seconds that it may take from being sent the data to calling back; 3600 if not given.",
        examples=[3600.0],
    ),
]
UploadOnly = Annotated[
    bool, Meta(description="Whether users upload its analyses, rather than that it is sent data.")
]
OnDropdown = Annotated[bool, Meta(description="Whether pages of sources offer it to be started.")]
IsSummary = Annotated[
    bool, Meta(description="Whether its completed analyses set the `summary` of their source.")
]


class ServiceChange(Schema):
    """The fields of a service that can be changed: all of them."""

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
    upload_only: UploadOnly | None = None
    display_on_resource_dropdown: OnDropdown | None = None
    is_summary: IsSummary | None = None
    group_ids: GroupIds = None

    def __post_init__(self) -> None:
        if self.url is not None:
            _check_url(self.url)
        if isinstance(self.authinfo, str):
            self.authinfo = _object(self.authinfo)

    @property
    def credentials(self) -> dict[str, Any] | None:
        """``_authinfo`` as an object."""
        return self.authinfo if isinstance(self.authinfo, dict) else None


class NewService(ServiceChange, kw_only=True):
    """A service to be registered; the rest may follow later."""

    name: ServiceName
    url: Url
    authentication_type: AuthenticationType
    analysis_type: Kind


class Refusal(View):
    """How a service last refused an analysis."""

    at: Annotated[Time, Meta(description="When")]
    status: Annotated[int, Meta(description="The status of its answer", examples=[503])]
    excerpt: Annotated[
        str, Meta(description="The beginning of what it said, as clean text", examples=["Out of disk space"])
    ]
    analysis_id: Annotated[int, Meta(description="The analysis", examples=[32])]


class Ping(View):
    """What came of asking a service's address for a page."""

    allowed: Annotated[
        bool, Meta(description="Whether it may be called: its address is public, or exempt", examples=[True])
    ]
    reached: Annotated[bool, Meta(description="Whether it answered, whatever it said", examples=[True])]
    status: Annotated[int | None, Meta(description="The status of its answer", examples=[405])]
    seconds: Annotated[float | None, Meta(description="How long the answer took", examples=[0.21])]
    message: Annotated[
        str,
        Meta(
            description="What was found, and what to do about it",
            examples=["It answered HTTP 405: it is there. A service need not answer GET, only POST."],
        ),
    ]


class Service(View):
    """An analysis service as it is shown: never its credentials."""

    id: Annotated[int, Meta(description="The id of the service.", examples=[1])]
    name: ServiceName
    display_name: Annotated[str, Meta(description="What people are shown.", examples=["RR Lyrae fitter"])]
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
    groups: Annotated[list[Group], Meta(description="The groups that see it.")]
    created_at: Time
    modified: Time


def _object(text: str) -> dict[str, Any]:
    """Take a JSON string for the object that it holds."""
    try:
        found = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError) as error:
        raise ValueError(f"_authinfo: an object or a JSON string of one is needed: {error}") from None
    if not isinstance(found, dict):
        raise ValueError("_authinfo: an object or a JSON string of one is needed")
    return found


def _check_url(value: str) -> None:
    try:
        parts = urlsplit(value)
        valid = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1) > 0
    except ValueError:
        valid = False
    if not valid or any(character.isspace() for character in value):
        raise ValueError("url: an address such as https://example.org/analysis is needed (http or https)")
    if parts.username or parts.password:
        raise ValueError("url: credentials do not belong into the address; use authentication_type")
