"""Spectra in ASCII files: columns of numbers below a header of ``#`` lines.

What the file says is stored as it reads, or refused with the line and the reason: no row is left out, and no
value is guessed. The header becomes the spectrum's ``altdata``, in SkyPortal's form: ``KEY: VALUE``, or a FITS
card ``KEY = VALUE / COMMENT``, which becomes an object of both.
"""

import math
import re
from collections.abc import Iterator
from pathlib import PureWindowsPath
from typing import Any, NamedTuple

from chalicelib.access import Requester
from chalicelib.errors import InvalidError
from chalicelib.schemas.base import check_size, sent_fields
from chalicelib.schemas.fields import LARGEST_ID
from chalicelib.schemas.spectra import MAX_BINS, NewSpectrum, NewSpectrumFile, SpectrumFile, check_columns
from chalicelib.sources.spectra import create_spectrum

MOST_PROBLEMS = 3
"""Lines that one message names."""

LONGEST_NAME = 200

LONGEST_KEY = 60
"""Characters of a key in a header: longer ones are prose."""

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"[+-]?(?:0|[1-9]\d*)", re.ASCII)
_SIGN = re.compile(r"=|:(?=\s|$)")
_COMMENTARY = re.compile(r"(?P<key>COMMENT|HISTORY):?\s+(?P<value>.*)")
_QUOTED_CARD = re.compile(r"'(?P<text>(?:[^']|'')*)'\s*(?:/\s*(?P<comment>.*))?")
_COMMENT_SIGN = re.compile(r"(?:^|\s)/(?:\s|$)")


class _Row(NamedTuple):
    line: int
    cells: list[str]


class _Contents(NamedTuple):
    """The columns of a file, and its header."""

    wavelengths: list[float]
    fluxes: list[float]
    errors: list[float] | None
    header: dict[str, Any] | None


def parse_spectrum_file(request: SpectrumFile) -> dict[str, Any]:
    """Return what a file says, without storing it.

    Raises
    ------
    InvalidError
        If it cannot be read as a whole; the message names the lines.
    """
    contents = _parse_file(request)
    columns = {"wavelengths": contents.wavelengths, "fluxes": contents.fluxes, "errors": contents.errors}
    return {**columns, "altdata": contents.header, "original_file_string": request.ascii}


def create_spectrum_of_file(requester: Requester, request: NewSpectrumFile) -> int:
    """Add the spectrum of a file, and keep the file; return the spectrum's id.

    Raises
    ------
    InvalidError
        If the file cannot be read as a whole, or the rest of the request is not valid.
    TooLargeError
        If no item has room for the spectrum or for the file.
    """
    contents = _parse_file(request)
    name = PureWindowsPath(request.filename or "").name or None
    if name and len(name) > LONGEST_NAME:
        raise InvalidError(f"filename: {len(name)} characters; at most {LONGEST_NAME} are allowed.")
    details = sent_fields(request, "ascii", "wave_column", "flux_column", "fluxerr_column", "filename")
    spectrum = NewSpectrum(
        **details,
        wavelengths=contents.wavelengths,
        fluxes=contents.fluxes,
        errors=contents.errors,
        altdata=contents.header,
    )
    return create_spectrum(requester, spectrum, original_file=request.ascii, file_name=name)


def _parse_file(request: SpectrumFile | NewSpectrumFile) -> _Contents:
    text = request.ascii.removeprefix("\ufeff")
    if re.match(r"SIMPLE\s*=", text):
        raise InvalidError("ascii: this is a FITS file. Send the text of an ASCII file, or the columns as JSON.")
    lines = [line.strip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    rows = _split_rows(lines)
    _require_columns(request, rows[0])
    _require_equal_rows(rows)
    wavelengths = _parse_column(rows, request.wave_column)
    fluxes = _parse_column(rows, request.flux_column)
    errors = None if request.fluxerr_column is None else _parse_column(rows, request.fluxerr_column)
    _require_increase(rows, wavelengths)
    header = _parse_header(line.lstrip("#").strip() for line in lines if line.startswith("#"))
    try:
        check_columns(wavelengths, fluxes, errors)
        check_size("ascii (its header)", header)
    except ValueError as error:
        raise InvalidError(f"{error}.") from None
    return _Contents(wavelengths, fluxes, errors, header)


def _split_rows(lines: list[str]) -> list[_Row]:
    """Return the cells of all lines with values; the first of them decides on the separator."""
    filled = [(number, line) for number, line in enumerate(lines, 1) if line and not line.startswith("#")]
    if not filled:
        raise InvalidError("ascii: it has no rows. Expected two or more columns: wavelength in angstrom, flux.")
    if len(filled) > MAX_BINS:
        raise InvalidError(f"ascii: {len(filled)} rows; at most {MAX_BINS} are allowed. Send wider bins.")
    separator = next((sign for sign in (",", ";") if sign in filled[0][1]), None)
    return [_Row(number, [cell.strip() for cell in line.split(separator)]) for number, line in filled]


def _require_columns(request: SpectrumFile | NewSpectrumFile, first: _Row) -> None:
    count = len(first.cells)
    if count < 2:
        raise InvalidError(
            f"ascii: line {first.line} has 1 column; expected two or more, wavelength in angstrom and flux, "
            "separated by blanks or commas. Begin the lines of the header with #."
        )
    chosen: dict[int, str] = {}
    for name in ("wave_column", "flux_column", "fluxerr_column"):
        column = getattr(request, name)
        if column is None:
            continue
        if column >= count:
            raise InvalidError(
                f"{name}: {column}, but the rows have {count} columns: expected 0 to {count - 1}, counted from 0."
            )
        if column in chosen:
            raise InvalidError(f"{name}: {column} is the {chosen[column]}, too; choose another column.")
        chosen[column] = name


def _require_equal_rows(rows: list[_Row]) -> None:
    count = len(rows[0].cells)
    _refuse(
        f"line {row.line} has {len(row.cells)} columns, the first row has {count}"
        for row in rows
        if len(row.cells) != count
    )


def _parse_column(rows: list[_Row], column: int) -> list[float]:
    values = [_parse_number(row.cells[column]) for row in rows]
    _refuse(
        f"line {row.line}, column {column}: {row.cells[column][:40]!r} is not a finite number"
        for row, value in zip(rows, values, strict=True)
        if value is None
    )
    return [value for value in values if value is not None]


def _parse_number(text: str) -> float | None:
    """Return a finite number, also with Fortran's exponent ``D``; None for anything else."""
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text.replace("d", "e").replace("D", "e"))
    return value if math.isfinite(value) else None


def _require_increase(rows: list[_Row], wavelengths: list[float]) -> None:
    _refuse(
        f"line {row.line}: the wavelength {value:.12g} "
        + ("is that of the row before, too" if value == last else f"is less than {last:.12g} in the row before")
        + "; expected wavelengths that increase"
        for row, last, value in zip(rows[1:], wavelengths, wavelengths[1:], strict=False)
        if value <= last
    )


def _refuse(problems: Iterator[str]) -> None:
    """Raise InvalidError with the first problems, if there are any."""
    sentences = list(problems)
    if not sentences:
        return
    rest = len(sentences) - MOST_PROBLEMS
    more = f". {rest} more lines have this problem" if rest > 0 else ""
    raise InvalidError(f"ascii: {'. '.join(sentences[:MOST_PROBLEMS])}{more}.")


def _parse_header(lines: Iterator[str]) -> dict[str, Any] | None:
    """Return the entries of header lines, None without a header; lines of another form stay in the file alone."""
    header: dict[str, Any] = {}
    is_empty = True
    for line in lines:
        is_empty = False
        if commentary := _COMMENTARY.fullmatch(line):
            texts = [header[commentary["key"]]] if commentary["key"] in header else []
            header[commentary["key"]] = "\n".join([*texts, commentary["value"]])
        elif sign := _SIGN.search(line):
            key, text = line[: sign.start()].rstrip(), line[sign.end() :].strip()
            if 0 < len(key) <= LONGEST_KEY and ":" not in key:
                header[key] = _parse_card(text) if sign[0] == "=" else _parse_value(text)
    return None if is_empty else header


def _parse_card(text: str) -> Any:
    """Return the value of a FITS card (FITS 4.0, section 4.2), with its comment if it has one."""
    if quoted := _QUOTED_CARD.fullmatch(text):
        # Blanks at the end of a FITS string mean nothing.
        value: Any = quoted["text"].replace("''", "'").rstrip()
        comment = quoted["comment"]
    else:
        sign = _COMMENT_SIGN.search(text)
        plain, comment = (text[: sign.start()].rstrip(), text[sign.end() :].strip()) if sign else (text, None)
        value = {"T": True, "F": False}.get(plain, _parse_value(plain))
    return {"value": value, "comment": comment} if comment else value


def _parse_value(text: str) -> Any:
    """Return a number, a boolean, null or text.

    Unlike YAML, which SkyPortal reads headers by, text such as ``23:43:47.24``, ``05313416`` or ``off`` stays
    text: a declination in base 60 would lose the sign of -00:30, and a serial number its zero.
    """
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    if text in ("", "null", "~"):
        return None
    if text in ("True", "true", "False", "false"):
        return text in ("True", "true")
    if _WHOLE.fullmatch(text):
        return int(text) if len(text) < 18 and abs(int(text)) <= LARGEST_ID else text
    is_fraction = "." in text or "e" in text or "E" in text
    number = _parse_number(text) if is_fraction else None
    return text if number is None else number
