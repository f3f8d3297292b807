"""Analysis services."""

import json
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlsplit

from msgspec import Meta, field

from chalicelib.schemas.base import GroupIds, Name, Schema, Text, View
from chalicelib.schemas.people import Group

__all__ = ["AnalysisType", "Authentication", "InputType", "NewService", "Service", "ServiceChange"]


class Authentication(StrEnum):
    NONE = "none"
    HEADER_TOKEN = "header_token"  # noqa: S105 - a name, no secret
    API_KEY = "api_key"
    BASIC = "HTTPBasicAuth"
    DIGEST = "HTTPDigestAuth"
    OAUTH1 = "OAuth1"


class AnalysisType(StrEnum):
    LIGHT_CURVE = "lightcurve_fitting"
    SPECTRUM = "spectrum_fitting"
    META = "meta_analysis"


class InputType(StrEnum):
    PHOTOMETRY = "photometry"
    SPECTRA = "spectra"
    REDSHIFT = "redshift"
    ANNOTATIONS = "annotations"
    COMMENTS = "comments"
    CLASSIFICATIONS = "classifications"


Url = Annotated[str, Meta(max_length=2000)]


class ServiceChange(Schema):
    """The fields of a service that can be changed: all of them."""

    name: Name | None = None
    display_name: Text | None = None
    description: Text | None = None
    version: Text | None = None
    contact_name: Text | None = None
    contact_email: Text | None = None
    url: Url | None = None
    optional_analysis_parameters: str | dict[str, Any] | None = None
    authentication_type: Authentication | None = None
    authinfo: str | dict[str, Any] | None = field(default=None, name="_authinfo")
    enabled: bool | None = None
    analysis_type: AnalysisType | None = None
    input_data_types: list[InputType] | None = None
    timeout: Annotated[float, Meta(ge=1, le=30 * 86400)] | None = None
    upload_only: bool | None = None
    display_on_resource_dropdown: bool | None = None
    is_summary: bool | None = None
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

    name: Name
    url: Url
    authentication_type: Authentication
    analysis_type: AnalysisType


class Service(View):
    """An analysis service as it is shown: never its credentials."""

    id: int
    name: str
    display_name: str
    description: str | None
    version: str | None
    contact_name: str | None
    contact_email: str | None
    url: str
    optional_analysis_parameters: str | dict[str, Any]
    authentication_type: Authentication
    enabled: bool
    analysis_type: AnalysisType
    input_data_types: list[InputType]
    timeout: float
    upload_only: bool
    display_on_resource_dropdown: bool
    is_summary: bool
    groups: list[Group]
    created_at: str
    modified: str


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
