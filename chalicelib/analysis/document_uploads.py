"""Documents that no request can carry: uploaded to S3, then named by their ``upload_id``.

The API function never holds one. It asks the function *documents*, which has the memory, to read
the upload and to store its parts; only then does the record name them.
"""

import uuid
from typing import Any

from chalicelib import blobs, lambda_functions, settings
from chalicelib.analysis import documents
from chalicelib.errors import HeliographError, InvalidError, TooLargeError
from chalicelib.json_text import parse_json

__all__ = ["accept_document", "create_document_upload", "read_uploaded_document"]

TYPE = "application/json"


def create_document_upload(owner: str) -> dict[str, Any]:
    """Return where a large document can be PUT, and the name by which it is known afterwards.

    Parameters
    ----------
    owner : str
        Who uploads; nobody else can name the upload.
    """
    upload_id = str(uuid.uuid4())
    url = blobs.presign_upload(_key(owner, upload_id), TYPE, settings.UPLOAD_SECONDS)
    return {
        "upload_id": upload_id,
        "url": url,
        "method": "PUT",
        "headers": {"Content-Type": TYPE},
        "expires_in": settings.UPLOAD_SECONDS,
    }


def accept_document(
    owner: str, analysis_id: int, analysis: dict[str, Any] | None
) -> documents.StoredDocument:
    """Store the document of an analysis, whether it stands in the request or was uploaded before.

    Parameters
    ----------
    owner : str
        Who sends it.
    analysis_id : int
        The analysis.
    analysis : dict or None
        The document, or ``{"upload_id": …}``.

    Raises
    ------
    InvalidError
        If it is malformed, or there is no such upload.
    TooLargeError
        If the upload is larger than `settings.DOCUMENT_BYTES`.
    """
    if not analysis or set(analysis) != {"upload_id"}:
        return documents.store_document(analysis_id, documents.parse_document(analysis))
    key = _key(owner, str(analysis["upload_id"]))
    _check(key)
    try:
        answer = lambda_functions.invoke_function(
            lambda_functions.DOCUMENTS, {"upload": key, "analysis_id": analysis_id}
        )
    except lambda_functions.FunctionFailed:
        raise InvalidError("analysis: the uploaded document is too complicated to be read.") from None
    if "error" in answer:
        raise InvalidError(str(answer["error"]))
    return documents.StoredDocument(**answer)


def read_uploaded_document(upload: str, analysis_id: int) -> dict[str, Any]:
    """Read an uploaded document and store its parts; for the function *documents*.

    Returns
    -------
    dict
        The fields of a `documents.Stored`, or an ``error``.
    """
    try:
        analysis = parse_json(blobs.read_blob(upload) or b"null", "analysis")
        if not isinstance(analysis, dict):
            raise InvalidError("analysis: the upload must be the JSON object that would stand there.")
        stored = documents.store_document(analysis_id, documents.parse_document(analysis))
    except HeliographError as error:
        return {"error": str(error)}
    # The upload stays for its day: whatever refuses the analysis now, it can be named again.
    return {"prefix": stored.prefix, "products": stored.products}


def _key(owner: str, upload_id: str) -> str:
    name = upload_id if upload_id.replace("-", "").isalnum() and len(upload_id) <= 36 else "none"
    return f"uploads/documents/{owner}/{name}.json"


def _check(key: str) -> None:
    size = blobs.get_blob_size(key)
    if size < 0:
        raise InvalidError(
            "analysis.upload_id: there is no such upload. "
            "POST …/upload gives an address; PUT the document there."
        )
    if size > settings.DOCUMENT_BYTES:
        most = settings.DOCUMENT_BYTES >> 20
        raise TooLargeError(
            f"The upload takes {size >> 20} MB, at most {most} MB are taken. Thin the samples."
        )
