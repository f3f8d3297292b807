"""The web app on AWS: the files of web/ in their bucket, and a config.json that says where the API is."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra.cloudformation import CloudFormationStack

__all__ = ["empty", "publish"]

_FOLDER = Path(__file__).resolve().parent.parent / "web"

# The names of files do not change with what is in them, and modules must fit each other: so nobody keeps
# one without asking whether it is still the same.
_CACHE = "no-cache"

# Python's own table and not the machine's.
_TYPES = mimetypes.MimeTypes()


def publish(session: Any, stage: str, api: str, folder: Path = _FOLDER) -> str:
    """Bring the web app's bucket to a folder's state, and return the app's address.

    Parameters
    ----------
    session
        A boto3 session.
    stage
        The stage, whose stack is there.
    api
        The API's address.
    folder
        The web app's files.
    """
    s3, bucket = session.client("s3"), _bucket(session, stage)
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in _files(folder)}
    files["config.json"] = json.dumps({"api": api.rstrip("/")}).encode()
    for key, data in files.items():
        s3.put_object(Bucket=bucket, Key=key, Body=data, ContentType=_type(key), CacheControl=_CACHE)
    _delete(s3, bucket, but=set(files))
    return CloudFormationStack(session.client("cloudformation"), f"heliograph-{stage}").get_outputs()[
        "WebUrl"
    ]


def empty(session: Any, stage: str) -> None:
    """Take every file out of the bucket, without which CloudFormation does not delete it."""
    s3 = session.client("s3")
    try:
        _delete(s3, _bucket(session, stage))
    except s3.exceptions.NoSuchBucket:
        return


def _bucket(session: Any, stage: str) -> str:
    return f"heliograph-{stage}-web-{session.client('sts').get_caller_identity()['Account']}"


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path


def _type(name: str) -> str:
    kind = _TYPES.guess_type(name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def _delete(s3: Any, bucket: str, but: frozenset[str] | set[str] = frozenset()) -> None:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        keys = [{"Key": found["Key"]} for found in page.get("Contents", []) if found["Key"] not in but]
        if keys:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
