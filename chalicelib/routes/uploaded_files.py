"""Files in requests: the body itself, or the one file of a form."""

import re
from typing import NamedTuple

from chalicelib import settings
from chalicelib.errors import InvalidError, TooLargeError

_BOUNDARY = re.compile(r'boundary="?([^";,]{1,70})"?', re.IGNORECASE)
_NAME = re.compile(r'(?:^|[;\s])(filename|name)\*?="?([^";]*)"?', re.IGNORECASE)


class _Part(NamedTuple):
    """A part of a form: the name of its field, whether it is a file, and its content."""

    name: str
    is_file: bool
    content: bytes


def extract_file(body: bytes, content_type: str) -> bytes:
    """Return the file that a request carries.

    Parameters
    ----------
    body : bytes
        The body of the request.
    content_type : str
        Its header Content-Type; all but forms are taken for the file itself.

    Raises
    ------
    InvalidError
        If a form does not have exactly one file.
    TooLargeError
        If the file is larger than `settings.REQUEST_BYTES`.
    """
    if len(body) > settings.REQUEST_BYTES:
        limit = settings.REQUEST_BYTES / 1e6
        raise TooLargeError(f"The file has {len(body) / 1e6:.1f} MB; at most {limit:.1f} are allowed. Split it.")
    if not content_type.strip().lower().startswith("multipart/form-data"):
        return body
    boundary = _BOUNDARY.search(content_type)
    parts = _split_form(body, boundary[1].encode()) if boundary else []
    files = [part for part in parts if part.is_file] or parts
    fields = [part.name for part in parts if part not in files]
    if len(files) != 1:
        raise InvalidError(f"The form has {len(files)} files; send one, as in curl -F file=@night.csv.")
    if fields:
        raise InvalidError(
            f"The form has a field {fields[0][:40]!r}; send such values in the query, as in ?dry_run=true."
        )
    return files[0].content


def _split_form(body: bytes, boundary: bytes) -> list[_Part]:
    sections = (b"\r\n" + body).split(b"\r\n--" + boundary)[1:]
    parts = []
    for section in sections:
        head, separator, content = section.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if separator and not section.startswith(b"--"):
            names = dict(_NAME.findall(head.decode("utf-8", "replace")))
            parts.append(_Part(names.get("name", ""), "filename" in names, content))
    return parts
