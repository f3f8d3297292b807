"""The edge to S3: everything that is too large for a record, in one private bucket.

::

    analyses/<id>/inputs.json                     what was sent, without secrets of the service
    analyses/<id>/documents/<uuid>/document.json  what a callback brought, as it came
    analyses/<id>/documents/<uuid>/plots/0.png    and so on: the document's binary parts
    analyses/<id>/documents/<uuid>/renders/…      what the renderer made of it
    fits/<uuid>/payload.json                      what the supernova fitter has to do
"""

from typing import Any

from botocore.exceptions import ClientError

from chalicelib import settings
from chalicelib.aws import account_id, client

__all__ = ["delete_under", "exists", "get", "link", "put", "upload_link"]


def _bucket() -> str:
    return settings.name(account_id())


def put(key: str, data: bytes, content_type: str) -> None:
    """Store a blob."""
    client("s3").put_object(Bucket=_bucket(), Key=key, Body=data, ContentType=content_type)


def get(key: str) -> bytes | None:
    """Return a blob, or None if there is none."""
    try:
        answer = client("s3").get_object(Bucket=_bucket(), Key=key)
    except client("s3").exceptions.NoSuchKey:
        return None
    return bytes(answer["Body"].read())


def exists(key: str) -> bool:
    """Say whether there is such a blob."""
    try:
        client("s3").head_object(Bucket=_bucket(), Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey", "NotFound"):
            return False
        raise
    return True


def link(key: str, *, file_name: str | None = None) -> str:
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
    return str(client("s3").generate_presigned_url("get_object", query, ExpiresIn=settings.LINK_SECONDS))


def upload_link(key: str, content_type: str) -> str:
    """Return a presigned URL to which a blob can be PUT for `settings.LINK_SECONDS`."""
    query = {"Bucket": _bucket(), "Key": key, "ContentType": content_type}
    return str(client("s3").generate_presigned_url("put_object", query, ExpiresIn=settings.LINK_SECONDS))


def delete_under(prefix: str) -> None:
    """Delete all blobs whose key begins with `prefix`."""
    pages = client("s3").get_paginator("list_objects_v2").paginate(Bucket=_bucket(), Prefix=prefix)
    for page in pages:
        keys = [{"Key": found["Key"]} for found in page.get("Contents", [])]
        if keys:
            client("s3").delete_objects(Bucket=_bucket(), Delete={"Objects": keys, "Quiet": True})
