"""Storing documents, those that no request can carry included.

A large document is uploaded to S3 and named by its ``upload_id``. The API function never holds it:
the function *documents*, which has the memory, reads the upload and stores its parts; only then does
the record name them.
"""

import uuid
from dataclasses import dataclass
from typing import Any

import msgspec

from chalicelib import blobs, lambda_functions, settings
from chalicelib.analysis.documents import JSON_TYPE, Document, parse_document
from chalicelib.blob_keys import document_upload_key, new_document_prefix
from chalicelib.errors import HeliographError, InvalidError, TooLargeError, UnavailableError
from chalicelib.json_text import parse_json
from chalicelib.tables.analysis_items import Products

DOCUMENT_MEMORY = 1200 * 1024 * 1024
"""Bytes of memory that the values of an upload may take; the function that reads it has 3008 MB."""


@dataclass(frozen=True)
class StoredDocument:
    """A stored document: the prefix of its parts, and what the record says of it."""

    prefix: str
    products: Products


def create_document_upload(namespace: str, size: int | None) -> dict[str, Any]:
    """Return an upload URL for a large document, and the id that names the upload afterwards.

    Parameters
    ----------
    namespace : str
        Who uploads, such as ``user-7``; no one else can name the upload.
    size : int or None
        The bytes of the document: S3 refuses any other number. If None, the number is checked when the upload is
        named.

    Raises
    ------
    TooLargeError
        If it has more than `settings.DOCUMENT_BYTES`.
    """
    _check_size(size or 0)
    upload_id = str(uuid.uuid4())
    key = document_upload_key(namespace, upload_id)
    return {
        "upload_id": upload_id,
        "url": blobs.presign_upload(key, JSON_TYPE, settings.UPLOAD_SECONDS, size),
        "method": "PUT",
        "headers": {"Content-Type": JSON_TYPE},
        "expires_in": settings.UPLOAD_SECONDS,
    }


def store_document(namespace: str, analysis_id: int, analysis: dict[str, Any] | None) -> StoredDocument:
    """Store the document of an analysis, whether the request holds it or names an upload.

    Parameters
    ----------
    namespace : str
        Who sends it, such as ``analysis-12``.
    analysis_id : int
        The analysis.
    analysis : dict or None
        The document, or ``{"upload_id": …}``.

    Raises
    ------
    InvalidError
        If it is malformed, or the upload does not exist.
    TooLargeError
        If the upload has more than `settings.DOCUMENT_BYTES`.
    """
    if not analysis or set(analysis) != {"upload_id"}:
        return _write_parts(analysis_id, parse_document(analysis))
    key = document_upload_key(namespace, str(analysis["upload_id"]))
    _check_upload(key)
    try:
        reply = lambda_functions.invoke_function(
            lambda_functions.DOCUMENTS, {"upload": key, "analysis_id": analysis_id}
        )
    except lambda_functions.FunctionFailed:
        # What a document alone could do to the function is refused before it is read.
        raise UnavailableError(
            "The uploaded document could not be read at the moment. Send the request again; "
            "if that fails for minutes, send fewer or smaller parts."
        ) from None
    if "error" in reply:
        raise InvalidError(str(reply["error"]))
    return StoredDocument(reply["prefix"], msgspec.convert(reply["products"], Products))


def store_uploaded_document(upload: str, analysis_id: int) -> dict[str, Any]:
    """Read an uploaded document and store its parts; runs in the function *documents*.

    Returns
    -------
    dict
        ``prefix`` and ``products`` of the stored document, or an ``error``.
    """
    try:
        analysis = parse_json(blobs.read_blob(upload) or b"null", "analysis", DOCUMENT_MEMORY)
        if not isinstance(analysis, dict):
            raise InvalidError("analysis: the upload is not a JSON object. Upload what `analysis` would hold.")
        stored = _write_parts(analysis_id, parse_document(analysis))
    except HeliographError as error:
        return {"error": str(error)}
    # The upload stays until it expires: if the analysis is refused now, it can be named again.
    return {"prefix": stored.prefix, "products": msgspec.to_builtins(stored.products)}


def _write_parts(analysis_id: int, document: Document) -> StoredDocument:
    prefix = new_document_prefix(analysis_id)
    for name, (data, content_type) in document.parts.items():
        blobs.write_blob(prefix + name, data, content_type)
    return StoredDocument(prefix, document.products)


def _check_upload(key: str) -> None:
    size = blobs.get_blob_size(key)
    if size < 0:
        raise InvalidError(
            "analysis.upload_id: no such upload. POST …/upload returns an address; PUT the document there first."
        )
    _check_size(size)


def _check_size(size: int) -> None:
    if size > settings.DOCUMENT_BYTES:
        most = settings.DOCUMENT_BYTES >> 20
        raise TooLargeError(f"The upload has {size >> 20} MB; the limit is {most} MB. Thin the samples.")
