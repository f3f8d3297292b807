"""Analyses in S3 and SQS, for a service on AWS Lambda: the only module that uses AWS.

Under ``<prefix>/<name>/`` lie ``payload.json``, ``document.json`` from the end of the analysis until it is called back,
and ``queued``, an empty object by which repeats are recognized.
"""

import json
import logging
import os
import re
from collections.abc import Mapping
from typing import Any, Self, cast

from heliograph.service.payload_contents import MAX_PAYLOAD_BYTES
from heliograph.service.service_result import MAX_DOCUMENT_BYTES, CallbackDocument

PREFIX = "analyses"

_KEY = re.compile(r"([a-z][a-z0-9_-]{0,40}/[0-9a-f-]{32,40})/payload\.json")


_logger = logging.getLogger(__name__)


def show_message(record: Mapping[str, Any]) -> None:
    """Let a message that Lambda has received be delivered again at once; if that fails, it is after a time."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    sqs = boto3.client("sqs")
    account, name = str(record["eventSourceARN"]).split(":")[-2:]
    url = f"{sqs.meta.endpoint_url}/{account}/{name}"
    try:
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=record["receiptHandle"], VisibilityTimeout=0)
    except (BotoCoreError, ClientError) as error:
        _logger.warning("a message stays hidden for a time: %s", type(error).__name__)


class StoredAnalysis:
    """The objects of one analysis, in the bucket that the environment names (``BUCKET``)."""

    def __init__(self, place: str) -> None:
        import boto3

        self.name = place.rpartition("/")[2]
        self._place = place
        self._bucket = os.environ["BUCKET"]
        self._s3 = boto3.client("s3")

    @classmethod
    def from_message(cls, body: object) -> Self | None:
        """Return the analysis that a message of the queue names, or None if it names none."""
        try:
            message = json.loads(body) if isinstance(body, str) else None
        except (ValueError, RecursionError):
            return None
        key = message.get("key") if isinstance(message, dict) else None
        match = _KEY.fullmatch(key) if isinstance(key, str) else None
        return cls(match.group(1)) if match else None

    def is_queued(self) -> bool:
        """Return whether the analysis came before."""
        return self._load("queued", 1) is not None

    def queue_payload(self, raw: bytes) -> None:
        """Store a payload, and have it done; the marker comes last, so that a repeat mends a crash in between."""
        import boto3

        self._put("payload.json", raw)
        message = json.dumps({"key": f"{self._place}/payload.json"})
        boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody=message)
        self._put("queued", b"")

    def load_payload(self) -> bytes | None:
        """Load the payload; None if it is missing."""
        return self._load("payload.json", MAX_PAYLOAD_BYTES)

    def load_document(self) -> CallbackDocument | None:
        """Load the finished document; None if there is none yet."""
        raw = self._load("document.json", 2 * MAX_DOCUMENT_BYTES)
        try:
            return cast("CallbackDocument", json.loads(raw)) if raw is not None else None
        except (ValueError, RecursionError):
            return None

    def save_document(self, document: CallbackDocument) -> None:
        """Save a finished document."""
        self._put("document.json", json.dumps(document, allow_nan=False).encode())

    def delete(self) -> None:
        """Delete payload and document; missing ones are no error."""
        keys = [{"Key": f"{self._place}/{name}"} for name in ("payload.json", "document.json")]
        self._s3.delete_objects(Bucket=self._bucket, Delete={"Objects": keys, "Quiet": True})

    def _put(self, name: str, content: bytes) -> None:
        options = {"Body": content, "ContentType": "application/json"}
        self._s3.put_object(Bucket=self._bucket, Key=f"{self._place}/{name}", **options)

    def _load(self, name: str, limit: int) -> bytes | None:
        from botocore.exceptions import ClientError

        try:
            response: Any = self._s3.get_object(Bucket=self._bucket, Key=f"{self._place}/{name}")
        except ClientError as error:
            # a missing permission (403) is raised, so that the queue delivers the message again
            if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "404"):
                return None
            raise
        return None if response["ContentLength"] > limit else cast("bytes", response["Body"].read())
