"""Secrets that must appear nowhere: made up, used everywhere, and then looked for in several encodings."""

import base64
import json
import logging
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import quote

from chalicelib import queues
from tests.faults.records import get_bucket, get_client, load_records
from tests.faults.simulation import Simulation

__all__ = ["ENCODINGS", "captured_logs", "find_secret", "iterate_stored_texts", "make_secret"]

ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": lambda text: text,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 of a longer text": lambda text: base64.b64encode(f"a {text}".encode()).decode(),
    "URL-safe base64": lambda text: base64.urlsafe_b64encode(f"ab {text}".encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "upper-case hex": lambda text: text.encode().hex(":").upper(),
    "URL-encoded": lambda text: quote(text, safe=""),
    "all URL-encoded": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "reversed": lambda text: text[::-1],
    "JSON": lambda text: json.dumps(json.dumps(text)),
    "escaped": lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text),
    "HTML": lambda text: "".join(f"&#{ord(letter)};" for letter in text),
    "split by blanks": lambda text: " ".join(text),
    "split by lines": lambda text: "\n".join(text[start : start + 3] for start in range(0, len(text), 3)),
    "upper case": lambda text: text.upper(),
}
"""How a careless or hostile service may repeat a secret."""

FRAGMENT = 10
"""Letters of a secret that nobody may see in a row."""


def make_secret(name: str) -> str:
    """Return a secret with signs that the encodings change."""
    return f"k4n/{name}+q8z%w2v"


def find_secret(text: bytes, secret: str) -> str | None:
    """Return the encoding in which a text holds a secret, or a good part of it; None if in none."""
    content = text.decode("latin-1")
    # What stands between the letters of a secret does not hide it.
    squeezed = re.sub(r"[^0-9A-Za-z]", "", content).lower()
    for name, fragment in _iterate_fragments(secret):
        if fragment in content or re.sub(r"[^0-9A-Za-z]", "", fragment).lower() in squeezed:
            return name
    return None


def _iterate_fragments(secret: str) -> Iterator[tuple[str, str]]:
    """Return texts that betray a secret, with the name of their encoding."""
    head = secret[-FRAGMENT:]
    yield "plain", head
    yield "reversed", head[::-1]
    yield "hex", head.encode().hex()
    yield "URL-encoded", quote(head, safe="")
    yield "escaped", ENCODINGS["escaped"](head)
    yield "HTML", ENCODINGS["HTML"](head)
    for shift in range(3):
        # The first and the last group depend on what stands around.
        yield "base64", base64.b64encode(b"." * shift + secret.encode()).decode()[8:-4]


def iterate_stored_texts() -> Iterator[tuple[str, bytes]]:
    """Return everything that is stored, with its place: records, blobs, messages."""
    records = load_records()
    for items in (records.registry, records.parts, records.analyses):
        for key, item in items.items():
            for name, value in item.items():
                yield f"record {key} {name}", _unpack(value)
    for key in records.blobs:
        yield f"blob {key}", get_client("s3").get_object(Bucket=get_bucket(), Key=key)["Body"].read()
    for queue in (queues.DISPATCH, queues.JOBS, queues.FIT, queues.DEAD_LETTERS, "jobs-dead"):
        messages = get_client("sqs").receive_message(
            QueueUrl=queues._url(queue), MaxNumberOfMessages=10, VisibilityTimeout=0
        )
        yield f"queue {queue}", repr(messages.get("Messages")).encode()


def _unpack(value: object) -> bytes:
    if not hasattr(value, "value"):
        return repr(value).encode()
    try:
        return zlib.decompress(bytes(value.value))
    except zlib.error:
        return bytes(value.value)


@contextmanager
def captured_logs() -> Iterator[list[str]]:
    """Collect all log records, with their tracebacks, inside the `with` block."""
    lines: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(logging.Formatter().format(record))

    handler = Collector(logging.DEBUG)
    root = logging.getLogger()
    before = logging.root.manager.disable
    logging.disable(logging.NOTSET)
    root.addHandler(handler)
    try:
        yield lines
    finally:
        root.removeHandler(handler)
        logging.disable(before)


def find_secrets(s: Simulation, secrets: dict[str, str], logs: list[str]) -> list[str]:
    """Return where secrets are, that are nobody's business."""
    places = [*iterate_stored_texts(), ("the log", "\n".join(logs).encode())]
    places += [(f"the answer of {path}", text) for path, text in s.answers]
    return [
        f"{place} holds {name} ({encoding})"
        for place, text in places
        for name, secret in secrets.items()
        if (encoding := find_secret(text, secret))
    ]
