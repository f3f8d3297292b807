"""The web app on AWS: the files of web/ in their bucket, and a config.json with the API's address."""

import json
import mimetypes
from collections.abc import Collection
from pathlib import Path
from typing import Any

from infra import PROJECT
from infra.cloudformation import CloudFormationStack

_CACHE_CONTROL = "no-cache"
"""Browsers must revalidate: file names do not change with the content, and modules must match each other."""

_MIME_TYPES = mimetypes.MimeTypes()
"""Python's own table, independent of the machine's."""


def publish_web_app(
    session: Any, stage: str, api_url: str, folder: Path = PROJECT / "web", docs: Path = PROJECT / "docs"
) -> str:
    """Make the web app's bucket equal to a folder, with the guides in ``docs/``, and return the app's address.

    Parameters
    ----------
    session
        A boto3 session.
    stage
        A deployed stage.
    api_url
        The API's address.
    folder
        The web app's files; hidden ones are left out.
    docs
        The guides, in Markdown.
    """
    s3 = session.client("s3")
    bucket = _get_bucket(session, stage)
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }
    files |= {f"docs/{path.name}": path.read_bytes() for path in docs.glob("*.md")}
    files["config.json"] = json.dumps({"api": api_url.rstrip("/")}).encode()
    for key, data in files.items():
        s3.put_object(Bucket=bucket, Key=key, Body=data, ContentType=_guess_type(key), CacheControl=_CACHE_CONTROL)
    _delete_objects(s3, bucket, except_keys=files)
    stack = CloudFormationStack(session.client("cloudformation"), f"heliograph-{stage}")
    return stack.get_outputs()["WebUrl"]


def empty_web_bucket(session: Any, stage: str) -> None:
    """Delete all files of the web app; CloudFormation deletes only empty buckets."""
    s3 = session.client("s3")
    try:
        _delete_objects(s3, _get_bucket(session, stage))
    except s3.exceptions.NoSuchBucket:
        return


def _get_bucket(session: Any, stage: str) -> str:
    return f"heliograph-{stage}-web-{session.client('sts').get_caller_identity()['Account']}"


def _guess_type(name: str) -> str:
    if name.endswith(".md"):
        # Browsers would save a file of the type text/markdown instead of showing it.
        return "text/plain; charset=utf-8"
    mime_type = _MIME_TYPES.guess_type(name)[0] or "application/octet-stream"
    return f"{mime_type}; charset=utf-8" if mime_type.startswith("text/") else mime_type


def _delete_objects(s3: Any, bucket: str, except_keys: Collection[str] = ()) -> None:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        keys = [item["Key"] for item in page.get("Contents", []) if item["Key"] not in except_keys]
        if keys:
            objects = [{"Key": key} for key in keys]
            s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
