"""The fits under way, in S3: the only module that speaks to AWS.

Under ``fits/<uuid>/`` lie ``payload.json``, put there by the fitter's door, and ``document.json``,
the answer, from when it is finished until it is delivered.
"""

import json
import os
import re
from typing import Any

import boto3
from botocore.exceptions import ClientError

__all__ = ["Fit", "from_key"]

_KEY = re.compile(r"fits/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/payload\.json")
_MAX_BYTES = 64 * 1024 * 1024


def from_key(key: object) -> "Fit | None":
    """The fit that a queue message names; None when it is no such key."""
    match = _KEY.fullmatch(key) if isinstance(key, str) else None
    return Fit(match.group(1)) if match else None


class Fit:
    """One fit's two objects in the bucket that the environment names (``BUCKET``)."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._bucket = os.environ["BUCKET"]
        self._s3 = boto3.client("s3")

    def payload(self) -> object:
        """The payload as decoded JSON; None when it is gone or is not JSON."""
        return self._read("payload.json")

    def document(self) -> Any:
        """The finished document; None when there is none yet."""
        return self._read("document.json")

    def keep(self, document: dict[str, Any]) -> None:
        """Keep a finished document, before anyone hears of it."""
        body = json.dumps(document, allow_nan=False).encode()
        self._s3.put_object(
            Bucket=self._bucket, Key=self._key("document.json"), Body=body, ContentType="application/json"
        )

    def forget(self) -> None:
        """Delete both objects; those that are gone already are no matter."""
        keys = [{"Key": self._key(name)} for name in ("payload.json", "document.json")]
        self._s3.delete_objects(Bucket=self._bucket, Delete={"Objects": keys, "Quiet": True})

    def _key(self, name: str) -> str:
        return f"fits/{self.name}/{name}"

    def _read(self, name: str) -> Any:
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=self._key(name))
        except ClientError as error:
            # a missing permission (403) is not a missing object: the queue shall bring that again
            if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "404"):
                return None
            raise
        if answer["ContentLength"] > _MAX_BYTES:
            return None
        try:
            return json.loads(answer["Body"].read())
        except (ValueError, RecursionError):
            return None
