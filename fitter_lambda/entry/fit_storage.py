"""Fits in progress, in S3: the only module that uses AWS.

Under ``fits/<uuid>/`` lie ``payload.json``, which the fitter's HTTP endpoint has stored, and
``document.json``, the callback document, from the end of the fit until it is delivered.
"""

import json
import os
import re
from typing import TYPE_CHECKING, Any, Self

import boto3
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from fitter_lambda.output.callback_document import CallbackDocument


_KEY = re.compile(r"fits/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/payload\.json")
_MAX_BYTES = 64 * 1024 * 1024


class StoredFit:
    """One fit's two objects, in the bucket that the environment names (``BUCKET``)."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._bucket = os.environ["BUCKET"]
        self._s3 = boto3.client("s3")

    @classmethod
    def from_key(cls, key: object) -> Self | None:
        """Return the fit whose payload has a key, or None if it is no such key."""
        match = _KEY.fullmatch(key) if isinstance(key, str) else None
        return cls(match.group(1)) if match else None

    def load_payload(self) -> object:
        """Load the payload as decoded JSON; None if it is missing or not JSON."""
        return self._load("payload.json")

    def load_document(self) -> "CallbackDocument | None":
        """Load the finished document; None if there is none yet."""
        return self._load("document.json")  # type: ignore[no-any-return]

    def save_document(self, document: "CallbackDocument") -> None:
        """Save a finished document."""
        body = json.dumps(document, allow_nan=False).encode()
        self._s3.put_object(
            Bucket=self._bucket, Key=self._key("document.json"), Body=body, ContentType="application/json"
        )

    def delete(self) -> None:
        """Delete both objects; missing ones are no error."""
        keys = [{"Key": self._key(name)} for name in ("payload.json", "document.json")]
        self._s3.delete_objects(Bucket=self._bucket, Delete={"Objects": keys, "Quiet": True})

    def _key(self, name: str) -> str:
        return f"fits/{self.name}/{name}"

    def _load(self, name: str) -> Any:
        try:
            response = self._s3.get_object(Bucket=self._bucket, Key=self._key(name))
        except ClientError as error:
            # a missing permission (403) is raised, so that the queue delivers the message again
            if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "404"):
                return None
            raise
        if response["ContentLength"] > _MAX_BYTES:
            return None
        try:
            return json.loads(response["Body"].read())
        except (ValueError, RecursionError):
            return None
