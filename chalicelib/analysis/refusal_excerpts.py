"""What a refusing service said, for those who manage the service, if it is plain and short.

The body is not trusted: a service may repeat its credentials in any code, and a manager who did not enter them
must not find them. Nothing can redact every code, so only text passes in which none could hide.
"""

import base64
import codecs
import re
from collections.abc import Iterable

from chalicelib import egress

MAX_EXCERPT = 200
"""Most bytes of a body that is shown."""

_MOST_DIGITS = 12
"""Digits of a text that is shown: more could be codes of characters."""

_SHARED = 4
"""Letters and digits in a row that a text must not share with a secret."""

_PLAIN = re.compile(r"[\w\s.,:;!?'\"()\[\]{}/_=+*°%-]*")
_PLAIN_WORD = re.compile(r"[^\W\d_]?[^\W\d_A-Z]*|[A-Z]+|\d{1,4}|\w{1,4}")


def describe_body(body: bytes, secrets: Iterable[str]) -> str:
    """Return the body of a refusal on one line if it is plain and short; else how long it is.

    Parameters
    ----------
    body : bytes
        The body, or the first `egress.SHORT_BODY` bytes of it.
    secrets : iterable of str
        Secrets that the service was sent.
    """
    if not body:
        return ""
    text = _decode(body)
    if text is not None and _is_plain(text) and not any(_may_hold(text, secret) for secret in secrets if secret):
        return text
    length = f"{len(body)} bytes" if len(body) < egress.SHORT_BODY else f"{egress.SHORT_BODY} bytes or more"
    return f"({length}; only plain text of at most {MAX_EXCERPT} bytes is shown)"


def _decode(body: bytes) -> str | None:
    """Return a short body as one line of text, or None if it is long or no text."""
    if len(body) > MAX_EXCERPT:
        return None
    try:
        return " ".join(body.decode().split())
    except UnicodeDecodeError:
        return None


def _is_plain(text: str) -> bool:
    words = re.split(r"[\W_]+", text)
    return (
        _PLAIN.fullmatch(text) is not None
        and all(_PLAIN_WORD.fullmatch(word) for word in words)
        and sum(character.isdigit() for character in text) <= _MOST_DIGITS
    )


def _may_hold(text: str, secret: str) -> bool:
    """Say whether a text shares a run of characters with a secret in some code, or holds it in pieces."""
    letters = _normalize(text)
    return any(_shares_run(letters, form) or _holds_pieces(letters, form) for form in _list_forms(secret))


def _list_forms(secret: str) -> set[str]:
    content = secret.encode("utf-8", "surrogatepass")
    forms = {
        secret,
        secret[::-1],
        codecs.encode(secret, "rot13"),
        content.hex(),
        base64.b64encode(content).decode(),
        base64.b32encode(content).decode(),
    }
    return {_normalize(form) for form in forms} - {""}


def _normalize(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())


def _shares_run(text: str, form: str) -> bool:
    length = min(_SHARED, len(form))
    return any(form[start : start + length] in text for start in range(len(form) - length + 1))


def _holds_pieces(text: str, form: str) -> bool:
    characters = iter(text)
    return all(character in characters for character in form)
