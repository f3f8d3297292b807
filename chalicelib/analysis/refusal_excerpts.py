"""What a service said when it refused, made fit to be shown to those who manage it.

Everything in it is hostile, or an accident: an error page, a traceback, the request itself with
the credentials in it.
"""

import codecs
import html
import json
import re
from collections.abc import Iterable
from urllib.parse import quote

from chalicelib import egress

__all__ = ["clean_excerpt"]

LONGEST = 200
BLANK = "***"

MARKUP = re.compile(
    r"(?is)<!--.*?(?:-->|\Z)"  # comments
    r"|<(script|style)\b.*?(?:</\1\s*>|\Z)"  # elements that are not read
    r"|</?[a-z!?][^<>]*>"  # tags
)


def clean_excerpt(body: bytes, secrets: Iterable[str]) -> str:
    """Return the beginning of a refusal as plain text, on one line.

    Parameters
    ----------
    body : bytes
        The body, or the first `egress.SHORT_BODY` bytes of it.
    secrets : iterable of str
        What the service was sent and nobody shall see; it is blanked out, however it is quoted.

    Returns
    -------
    str
        At most 200 printable characters; none if the body is no text.
    """
    forms = {form for secret in secrets if secret for form in _forms(secret)}
    text = _blanked(_decoded(body), forms)
    if len(body) >= egress.SHORT_BODY:
        # It was cut, perhaps within a secret.
        text = text[: -max(map(len, forms), default=1)]
    # After each step anew: what was quoted, or torn apart by markup, is itself again.
    for clean in (_without_markup, html.unescape, _on_one_line):
        text = _blanked(clean(text), forms)
    return text[:LONGEST]


def _decoded(body: bytes) -> str:
    if b"\0" in body:
        return ""
    try:
        # Not bytes.decode: the last character may be cut in two.
        return codecs.getincrementaldecoder("utf-8")().decode(body)
    except UnicodeDecodeError:
        return body.decode("latin-1")


def _without_markup(text: str) -> str:
    return MARKUP.sub(" ", text)


def _on_one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() and c not in "<>" else " " for c in text).split())


def _forms(secret: str) -> set[str]:
    """Return a text as it is, on one line, and as JSON (in three manners), HTML and URLs quote it."""
    quoted = json.dumps(secret)[1:-1]
    unicode = json.dumps(secret, ensure_ascii=False)[1:-1]
    return {
        secret,
        _on_one_line(secret) or secret,
        quoted,
        quoted.replace("/", r"\/"),
        unicode,
        html.escape(secret),
        quote(secret, safe=""),
    }


def _blanked(text: str, forms: Iterable[str]) -> str:
    longest_first = sorted(forms, key=len, reverse=True)
    return (
        re.sub("|".join(map(re.escape, longest_first)), BLANK, text, flags=re.IGNORECASE) if forms else text
    )
