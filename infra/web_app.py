"""The web app on AWS: the files of web/ in their bucket, and a config.json with the API's address."""

import json
import mimetypes
from collections.abc import Collection
from pathlib import Path
from typing import Any

from infra import PROJECT

_CACHE_CONTROL = "no-cache"
"""Browsers must revalidate: file names do not change with the content, and modules must match each other."""

_MIME_TYPES = mimetypes.MimeTypes()
"""Python's own table, independent of the machine's."""


def publish_web_app(
    s3: Any, bucket: str, api_url: str, folder: Path = PROJECT / "web", docs: Path = PROJECT / "docs"
) -> None:
    """Make the web app's bucket equal to a folder, with the guides in ``docs/``.

    Parameters
    ----------
    s3
        A client of S3.
    bucket
        The bucket's name.
    api_url
        The API's address.
    folder
        The web app's files; hidden ones are left out.
    docs
        The guides, in Markdown.
    """
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }
    files |= {f"docs/{path.name}": path.read_bytes() for path in docs.glob("*.md")}
    files["config.json"] = json.dumps({"api": api_url.rstrip("/")}).encode()
    for key, data in files.items():
        s3.put_object(Bucket=bucket, Key=key, Body=data, ContentType=_guess_type(key), CacheControl=_CACHE_CONTROL)
    delete_objects(s3, bucket, except_keys=files)


def _guess_type(name: str) -> str:
    if name.endswith(".md"):
        # Browsers would save a file of the type text/markdown instead of showing it.
        return "text/plain; charset=utf-8"
    mime_type = _MIME_TYPES.guess_type(name)[0] or "application/octet-stream"
    return f"{mime_type}; charset=utf-8" if mime_type.startswith("text/") else mime_type


def delete_objects(s3: Any, bucket: str, except_keys: Collection[str] = ()) -> None:
    """Delete the objects of a bucket; earlier versions of them stay until they expire."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        keys = [item["Key"] for item in page.get("Contents", []) if item["Key"] not in except_keys]
        if keys:
            objects = [{"Key": key} for key in keys]
            s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
