"""Analysis services."""

import json
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from chalicelib.schemas.base import GroupIds, Name, Schema

__all__ = ["AnalysisType", "Authentication", "InputType", "NewService", "ServiceChange"]


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


def _object_or_json(value: Any) -> Any:
    """Take a JSON string for the object that it holds."""
    if not isinstance(value, str):
        return value
    if not value.strip():
        return {}
    try:
        return json.loads(value)
    except ValueError as error:
        raise ValueError(
            f"it must be an object or a JSON string of one, and is no valid JSON: {error}"
        ) from None


def _url(value: str) -> str:
    try:
        parts = urlsplit(value)
        valid = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1) > 0
    except ValueError:
        valid = False
    if not valid or any(character.isspace() for character in value):
        raise ValueError("it must be an address such as https://example.org/analysis (http or https)")
    if parts.username or parts.password:
        raise ValueError("credentials do not belong into the address; use authentication_type")
    return value


JsonObject = Annotated[dict[str, Any], BeforeValidator(_object_or_json)]
Url = Annotated[str, Field(max_length=2000), AfterValidator(_url)]
Text = Annotated[str, Field(max_length=5000)]


class ServiceChange(Schema):
    """The fields of a service that can be changed: all of them."""

    name: Name | None = None
    display_name: Text | None = None
    description: Text | None = None
    version: Text | None = None
    contact_name: Text | None = None
    contact_email: Text | None = None
    url: Url | None = None
    optional_analysis_parameters: Text | dict[str, Any] | None = None
    authentication_type: Authentication | None = None
    authinfo: JsonObject | None = Field(None, alias="_authinfo")
    enabled: bool | None = None
    analysis_type: AnalysisType | None = None
    input_data_types: list[InputType] | None = None
    timeout: Annotated[float, Field(gt=0, le=30 * 86400)] | None = None
    upload_only: bool | None = None
    display_on_resource_dropdown: bool | None = None
    is_summary: bool | None = None
    group_ids: GroupIds = None


class NewService(ServiceChange):
    name: Name
    url: Url
    authentication_type: Authentication
    analysis_type: AnalysisType
