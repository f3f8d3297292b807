"""The edge to S3: everything that is too large for a record, in one private bucket.

::

    analyses/<id>/inputs.json                     what was sent, without secrets of the service
    analyses/<id>/documents/<uuid>/document.json  what a callback brought, as it came
    analyses/<id>/documents/<uuid>/plots/0.png    and so on: the document's binary parts
    analyses/<id>/documents/<uuid>/renders/…      what the renderer made of it
    renders/periodograms/<hash>.json              made of just these points, and -rows.json: the points
    batches/<id>.json                             the sources of a batch, and its request
    uploads/documents/<owner>/<uuid>.json         a document on its way, too large for a request
    uploads/answers/<uuid>.json                   an answer too large for API Gateway
    fits/<uuid>/payload.json                      what the supernova fitter has to do
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from chalicelib import settings
from chalicelib.aws import get_account_id, get_client

__all__ = [
    "BlobRef",
    "blob_exists",
    "delete_blobs",
    "get_blob_size",
    "join_blobs",
    "presign_download",
    "presign_upload",
    "read_blob",
    "write_blob",
]

PART_BYTES = 16 * 1024 * 1024
"""The size of the pieces in which a large blob is written; S3 wants 5 MB at least."""


@dataclass(frozen=True)
class BlobRef:
    """A blob, where a text could stand as well."""

    key: str


def _bucket() -> str:
    return settings.resource_name(get_account_id())


def write_blob(key: str, data: bytes, content_type: str) -> None:
    """Store a blob."""
    get_client("s3").put_object(Bucket=_bucket(), Key=key, Body=data, ContentType=content_type)


def read_blob(key: str) -> bytes | None:
    """Return a blob, or None if there is none."""
    try:
        answer = get_client("s3").get_object(Bucket=_bucket(), Key=key)
    except get_client("s3").exceptions.NoSuchKey:
        return None
    return bytes(answer["Body"].read())


def get_blob_size(key: str) -> int:
    """Return how many bytes a blob has; -1 if there is none."""
    try:
        return int(get_client("s3").head_object(Bucket=_bucket(), Key=key)["ContentLength"])
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey", "NotFound"):
            return -1
        raise


def blob_exists(key: str) -> bool:
    """Say whether there is such a blob."""
    return get_blob_size(key) >= 0


def join_blobs(key: str, pieces: Iterable[str | BlobRef], content_type: str) -> None:
    """Write texts and blobs behind each other into one blob, a part in memory at a time."""
    s3, where = get_client("s3"), {"Bucket": _bucket(), "Key": key}
    upload = {**where, "UploadId": s3.create_multipart_upload(**where, ContentType=content_type)["UploadId"]}
    try:
        parts = [
            {"PartNumber": n, "ETag": s3.upload_part(**upload, PartNumber=n, Body=part)["ETag"]}
            for n, part in enumerate(_parts(pieces), start=1)
        ]
        s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    except BaseException:
        s3.abort_multipart_upload(**upload)
        raise


def _parts(pieces: Iterable[str | BlobRef]) -> Iterator[bytes]:
    held = bytearray()
    for piece in pieces:
        for chunk in [piece.encode()] if isinstance(piece, str) else _chunks(piece.key):
            held += chunk
            if len(held) >= PART_BYTES:
                yield bytes(held)
                held.clear()
    yield bytes(held)


def _chunks(key: str) -> Iterator[bytes]:
    body = get_client("s3").get_object(Bucket=_bucket(), Key=key)["Body"]
    yield from iter(lambda: body.read(PART_BYTES // 4), b"")


def presign_download(key: str, *, file_name: str | None = None) -> str:
    """Return a presigned URL by which a blob can be read for `settings.LINK_SECONDS`.

    Parameters
    ----------
    key : str
        Which blob.
    file_name : str, optional
        Make a browser save it under this name, rather than show it.
    """
    query: dict[str, Any] = {"Bucket": _bucket(), "Key": key}
    if file_name:
        query["ResponseContentDisposition"] = f'attachment; filename="{file_name}"'
    return str(get_client("s3").generate_presigned_url("get_object", query, ExpiresIn=settings.LINK_SECONDS))


def presign_upload(key: str, content_type: str, seconds: int = settings.LINK_SECONDS) -> str:
    """Return a presigned URL to which a blob can be PUT for some seconds."""
    query = {"Bucket": _bucket(), "Key": key, "ContentType": content_type}
    return str(get_client("s3").generate_presigned_url("put_object", query, ExpiresIn=seconds))


def delete_blobs(prefix: str) -> None:
    """Delete all blobs whose key begins with `prefix`."""
    pages = get_client("s3").get_paginator("list_objects_v2").paginate(Bucket=_bucket(), Prefix=prefix)
    for page in pages:
        keys = [{"Key": found["Key"]} for found in page.get("Contents", [])]
        if keys:
            get_client("s3").delete_objects(Bucket=_bucket(), Delete={"Objects": keys, "Quiet": True})
