"""The edge to S3: everything that is too large for a record, in one private bucket.

`blob_keys` says where each blob lies.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from botocore.exceptions import ClientError

from chalicelib import settings
from chalicelib.aws import get_account_id, get_client
from chalicelib.blob_keys import ANALYSES

PART_BYTES = 16 * 1024 * 1024
"""Bytes of a part in a multipart upload; S3 requires at least 5 MB."""


TIERED_BYTES = 128 * 1024
"""Size from which S3 keeps what is not read for a month at half the price."""


@dataclass(frozen=True)
class BlobRef:
    """A blob that stands in place of a text."""

    key: str


def _get_bucket() -> str:
    return settings.resource_name(get_account_id())


def write_blob(key: str, data: bytes, content_type: str = "application/json") -> None:
    """Store a blob."""
    storage = "INTELLIGENT_TIERING" if key.startswith(ANALYSES) and len(data) >= TIERED_BYTES else "STANDARD"
    get_client("s3").put_object(
        Bucket=_get_bucket(), Key=key, Body=data, ContentType=content_type, StorageClass=storage
    )


def read_blob(key: str) -> bytes | None:
    """Return a blob, or None if there is none."""
    response = _open_blob(key)
    return None if response is None else bytes(response["Body"].read())


def read_small_blob(key: str, most: int) -> bytes | None:
    """Return a blob with one request, or None if it has more than `most` bytes; empty if there is none."""
    response = _open_blob(key)
    if response is None:
        return b""
    if response["ContentLength"] > most:
        response["Body"].close()
        return None
    return bytes(response["Body"].read())


@dataclass(frozen=True)
class BlobFile:
    """A blob with its content type."""

    content: bytes
    content_type: str


def read_file(key: str, most: int) -> BlobFile | None:
    """Return a blob and its content type with one request, or None if it has more than `most` bytes or is gone."""
    response = _open_blob(key)
    if response is None:
        return None
    if response["ContentLength"] > most:
        response["Body"].close()
        return None
    return BlobFile(bytes(response["Body"].read()), str(response["ContentType"]))


def _open_blob(key: str) -> dict[str, Any] | None:
    s3 = get_client("s3")
    try:
        response: dict[str, Any] = s3.get_object(Bucket=_get_bucket(), Key=key)
    except s3.exceptions.NoSuchKey:
        return None
    return response


def get_blob_size(key: str) -> int:
    """Return the bytes of a blob; -1 if there is none."""
    try:
        return int(get_client("s3").head_object(Bucket=_get_bucket(), Key=key)["ContentLength"])
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey", "NotFound"):
            return -1
        raise


def blob_exists(key: str) -> bool:
    """Return whether there is such a blob."""
    return get_blob_size(key) >= 0


def join_blobs(key: str, pieces: Iterable[str | BlobRef], content_type: str) -> None:
    """Join texts and blobs into one blob, with one part in memory at a time."""
    s3 = get_client("s3")
    target = {"Bucket": _get_bucket(), "Key": key}
    upload = {**target, "UploadId": s3.create_multipart_upload(**target, ContentType=content_type)["UploadId"]}
    try:
        parts = [
            {"PartNumber": n, "ETag": s3.upload_part(**upload, PartNumber=n, Body=part)["ETag"]}
            for n, part in enumerate(_iterate_parts(pieces), start=1)
        ]
        s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    except BaseException:
        s3.abort_multipart_upload(**upload)
        raise


def _iterate_parts(pieces: Iterable[str | BlobRef]) -> Iterator[bytes]:
    buffer = bytearray()
    for piece in pieces:
        for chunk in [piece.encode()] if isinstance(piece, str) else _iterate_chunks(piece.key):
            buffer += chunk
            if len(buffer) >= PART_BYTES:
                yield bytes(buffer)
                buffer.clear()
    yield bytes(buffer)


def _iterate_chunks(key: str) -> Iterator[bytes]:
    body = get_client("s3").get_object(Bucket=_get_bucket(), Key=key)["Body"]
    yield from iter(lambda: body.read(PART_BYTES // 4), b"")


def presign_download(key: str, *, file_name: str | None = None) -> str:
    """Return a presigned URL to read a blob, valid for `settings.LINK_SECONDS`.

    Parameters
    ----------
    key : str
        The blob.
    file_name : str, optional
        Have browsers save it under this name instead of showing it.
    """
    query: dict[str, Any] = {"Bucket": _get_bucket(), "Key": key}
    if file_name:
        query["ResponseContentDisposition"] = make_disposition(file_name)
    s3 = get_client("s3")
    return str(s3.generate_presigned_url("get_object", query, ExpiresIn=settings.LINK_SECONDS))


def make_disposition(file_name: str) -> str:
    """Return the header that has browsers save a file under a name (RFC 6266)."""
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", file_name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name, safe='')}"


def presign_upload(key: str, content_type: str, seconds: int = settings.LINK_SECONDS, size: int | None = None) -> str:
    """Return a presigned URL to PUT a blob, valid for `seconds`; if `size` is given, of exactly so many bytes."""
    query: dict[str, Any] = {"Bucket": _get_bucket(), "Key": key, "ContentType": content_type}
    if size is not None:
        query["ContentLength"] = size
    return str(get_client("s3").generate_presigned_url("put_object", query, ExpiresIn=seconds))


@dataclass(frozen=True)
class BlobEntry:
    """A blob in a list: its key, and when it was written (Unix seconds)."""

    key: str
    modified: float


def list_blobs(prefix: str, after: str, most: int) -> list[BlobEntry]:
    """Return the next blobs whose key begins with `prefix`, by key, at most 1000."""
    page = get_client("s3").list_objects_v2(Bucket=_get_bucket(), Prefix=prefix, StartAfter=after, MaxKeys=most)
    return [BlobEntry(entry["Key"], entry["LastModified"].timestamp()) for entry in page.get("Contents", [])]


def delete_blobs(prefix: str) -> None:
    """Delete all blobs whose key begins with `prefix`."""
    for page in get_client("s3").get_paginator("list_objects_v2").paginate(Bucket=_get_bucket(), Prefix=prefix):
        if keys := [entry["Key"] for entry in page.get("Contents", [])]:
            delete_keys(keys)


def delete_keys(keys: Iterable[str]) -> None:
    """Delete blobs, at most 1000."""
    objects = [{"Key": key} for key in keys]
    get_client("s3").delete_objects(Bucket=_get_bucket(), Delete={"Objects": objects, "Quiet": True})
