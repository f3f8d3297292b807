"""The bytes of a file: what kind of file it is, and its text."""

import re

from chalicelib.errors import InvalidError

LIBRARY_FORMATS = ("fits", "votable", "ecsv")
"""Formats that the renderer opens."""

_NO_TABLES = (
    (b"\x1f\x8b", "is compressed (gzip); send the file that is inside"),
    (b"BZh", "is compressed (bzip2); send the file that is inside"),
    (b"\xfd7zXZ", "is compressed (xz); send the file that is inside"),
    (b"PK\x03\x04", "is a spreadsheet or a zip archive; save the table as CSV and send that"),
    (b"\xd0\xcf\x11\xe0", "is a spreadsheet; save the table as CSV and send that"),
    (b"%PDF", "is a PDF; send a table as text"),
    (b"\x89PNG", "is a picture; send a table as text"),
    (b"\x89HDF", "is HDF5; save the table as CSV and send that"),
    (b"PAR1", "is Parquet; save the table as CSV and send that"),
    (b"\x93NUMPY", "is a NumPy file; save the table as CSV and send that"),
)
"""First bytes of files that hold no table of text, and what to do."""

_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_ECSV = re.compile(rb"^#\s*%ECSV\b", re.MULTILINE)
_VOTABLE = re.compile(rb"<(\w+:)?VOTABLE\b", re.IGNORECASE)
_HTML = re.compile(rb"^\s*<(!doctype\s+html|html)", re.IGNORECASE)


def find_library_format(data: bytes) -> str | None:
    """Return which of `LIBRARY_FORMATS` a file has, or None."""
    start = data[:4000]
    if start.startswith(b"SIMPLE  ="):
        return "fits"
    if _VOTABLE.search(start):
        return "votable"
    return "ecsv" if _ECSV.search(start[:200]) else None


def decode_text(data: bytes) -> str:
    """Return a file's text.

    Raises
    ------
    InvalidError
        If the file is empty, or no text.
    """
    for mark, reason in _NO_TABLES:
        if data.startswith(mark):
            raise InvalidError(f"The file {reason}.")
    if _HTML.match(data):
        raise InvalidError("The file is a web page, perhaps of a log-in; send the table that it links to.")
    text = _decode(data)
    if "\0" in text:
        raise InvalidError("The file holds NUL characters, so it is no text; send a table as text.")
    if not text.strip():
        raise InvalidError("The file is empty: it has no rows. Send a line of column names and one for each point.")
    return text


def _decode(data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                raise InvalidError(f"The file begins like {encoding} text, but is none; send it as UTF-8.") from None
    try:
        return data.decode()
    except UnicodeDecodeError:
        # Digits and letters are the same in both; a µ or a name in a comment is then right, too.
        return data.decode("latin-1")
