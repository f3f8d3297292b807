"""What a refusing service said, as clean text for those who manage the service.

The body is not trusted: it may be an error page, a traceback, or the request itself with the
credentials in it.
"""

import codecs
import html
import json
import re
from collections.abc import Iterable
from urllib.parse import quote

from chalicelib import egress

MAX_EXCERPT = 200
REDACTED = "***"

MARKUP = re.compile(
    r"(?is)<!--.*?(?:-->|\Z)"  # comments
    r"|<(script|style)\b.*?(?:</\1\s*>|\Z)"  # elements that nobody reads
    r"|</?[a-z!?][^<>]*>"  # tags
)


def clean_excerpt(body: bytes, secrets: Iterable[str]) -> str:
    """Return the beginning of a response as plain text, on one line, without secrets.

    Parameters
    ----------
    body : bytes
        The body, or the first `egress.SHORT_BODY` bytes of it.
    secrets : iterable of str
        Secrets that the service was sent; each is redacted in every quoted form.

    Returns
    -------
    str
        At most 200 printable characters; empty if the body is not text.
    """
    forms = {form for secret in secrets if secret for form in _quoted_forms(secret)}
    text = _redact(_decode(body), forms)
    if len(body) >= egress.SHORT_BODY:
        # The body was cut, perhaps within a secret.
        text = text[: -max(map(len, forms), default=1)]
    # Redact again after each step: unescaping and removing markup can restore a secret.
    for clean in (_remove_markup, html.unescape, _to_one_line):
        text = _redact(clean(text), forms)
    return text[:MAX_EXCERPT]


def _decode(body: bytes) -> str:
    if b"\0" in body:
        return ""
    try:
        # Not bytes.decode: the last character may be cut.
        return codecs.getincrementaldecoder("utf-8")().decode(body)
    except UnicodeDecodeError:
        return body.decode("latin-1")


def _remove_markup(text: str) -> str:
    return MARKUP.sub(" ", text)


def _to_one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() and c not in "<>" else " " for c in text).split())


def _quoted_forms(secret: str) -> set[str]:
    """Return a secret as it is, on one line, and as JSON (three ways), HTML and URLs quote it."""
    quoted = json.dumps(secret)[1:-1]
    return {
        secret,
        _to_one_line(secret) or secret,
        quoted,
        quoted.replace("/", r"\/"),
        json.dumps(secret, ensure_ascii=False)[1:-1],
        html.escape(secret),
        quote(secret, safe=""),
    }


def _redact(text: str, forms: Iterable[str]) -> str:
    if not forms:
        return text
    longest_first = sorted(forms, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, longest_first)), REDACTED, text, flags=re.IGNORECASE)
