"""Publishing: an analysis that was made elsewhere, stored with a source."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from heliograph.analysis import Analysis, get_analysis
from heliograph.connection import Connection, encode_json, quote_part
from heliograph.errors import ArgumentError, ForbiddenError, RefusedError
from heliograph.lookups import Groups, find_group_ids
from heliograph.pictures import to_image
from heliograph.plain_values import to_plain
from heliograph.posterior_files import encode_posterior
from heliograph.records import Record, check_number
from heliograph.source import MOST_BYTES, Source

_UNCALLED_URL = "https://example.org"
"""Of a service that takes uploads only."""


def publish_analysis(
    source: Source,
    *,
    name_of_service: str,
    inference_data: Any,
    plots: Any,
    results: Mapping[str, Any] | None,
    message: str,
    annotations: Mapping[str, Any] | None,
    parameters: Mapping[str, Any] | None,
    analysis_type: str,
    groups: Groups,
) -> Analysis:
    """Store an analysis with a source; see `Heliograph.publish`."""
    connection = source._connection
    document = build_document(inference_data, plots, results, annotations)
    if not document:
        raise ArgumentError("Nothing to publish: give inference_data, plots, results or annotations.")
    body = {
        "message": message,
        "analysis_parameters": to_plain(parameters or {}, "parameters"),
        "group_ids": find_group_ids(connection, groups),
    }
    body = {name: value for name, value in body.items() if value is not None}
    service_id = _provide_service(connection, name_of_service, analysis_type)
    path = f"/obj/{quote_part(source.name)}/analysis_upload/{service_id}"
    stored = _store_document(connection, path, document)
    answer = Record(connection.post(path, {**body, "analysis": stored}))
    return get_analysis(connection, check_number(answer.get("id")))


def build_document(
    inference_data: Any, plots: Any, results: Mapping[str, Any] | None, annotations: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return the document of an analysis: JSON, with files in base64."""
    document: dict[str, Any] = {}
    if inference_data is not None:
        document["inference_data"] = {"format": "netcdf4", "data": _to_base64(encode_posterior(inference_data))}
    images = [to_image(picture, f"plot_{number}") for number, picture in enumerate(_list_pictures(plots))]
    if images:
        document["plots"] = [{"format": image.format, "data": _to_base64(image.content)} for image in images]
    if results is not None:
        document["results"] = {"format": "json", "data": _check_mapping("results", results)}
    if annotations is not None:
        document["annotations"] = [{"data": _check_mapping("annotations", annotations)}]
    return document


def _list_pictures(plots: Any) -> Sequence[Any]:
    """Return several pictures as they are, and one as the only one."""
    return list(plots) if isinstance(plots, list | tuple | Iterator) else [plots] if plots is not None else []


def _check_mapping(name: str, values: Any) -> Any:
    if not isinstance(values, Mapping):
        raise ArgumentError(f"{name}: expected a dict, not {type(values).__name__}.")
    return to_plain(values, name)


def _provide_service(connection: Connection, name: str, analysis_type: str) -> int:
    """Return the id of the service that takes the uploads; it is registered once."""
    number = _find_upload_service(connection, name)
    if number is not None:
        return number
    service = {
        "name": name,
        "display_name": name,
        "url": _UNCALLED_URL,
        "authentication_type": "none",
        "analysis_type": analysis_type,
        "input_data_types": [],
        "upload_only": True,
    }
    try:
        return check_number(Record(connection.post("/analysis_service", service)).get("id"))
    except (RefusedError, ForbiddenError):
        # somebody else may have registered it meanwhile
        number = _find_upload_service(connection, name)
        if number is None:
            raise
        return number


def _find_upload_service(connection: Connection, name: str) -> int | None:
    for service in connection.get_records("/analysis_service"):
        if service.get("name") == name:
            if not service.get("upload_only"):
                raise ArgumentError(
                    f"name_of_service: {name!r} is sent data, and takes no uploads; choose another name."
                )
            return check_number(service.get("id"))
    return None


def _store_document(connection: Connection, path: str, document: dict[str, Any]) -> dict[str, Any]:
    """Return the document, or what stands for it after it was sent to the portal's storage."""
    content = encode_json(document)
    if len(content) <= MOST_BYTES or connection.is_skyportal:
        return document
    place = Record(connection.post(f"{path}/upload", {"size": len(content)}))
    connection.put_in_storage(str(place.get("url")), content, place.get("headers") or {})
    return {"upload_id": place.get("upload_id")}


def _to_base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
