"""Reading posted photometry: columns or single values, flux space or magnitude space.

Whatever comes is kept as flux in µJy on the AB system, for which the zero point is
23.9 mag = 2.5 log10(3631 Jy / 1 µJy) (Oke & Gunn 1983, ApJ 266, 713):
``flux = 10 ** ((23.9 - mag) / 2.5)`` and ``fluxerr = magerr * flux * ln(10) / 2.5``.
"""

import json
import math
import re
from collections.abc import Callable
from typing import Any

from chalicelib.errors import InvalidError, TooLargeError

__all__ = ["COLUMNS", "ZERO_POINT", "BadRowsError", "Row", "read_rows"]

ZERO_POINT = 23.9
MAX_ROWS = 10_000
MAX_ALTDATA = 2000
MAX_ALTDATA_IN_ALL = 2_500_000
SMALLEST_ERROR = 1e-30
"""Errors below this are no measurement's, and would underflow."""

POGSON = 2.5 / math.log(10)

Row = dict[str, Any]

FLUX = ("flux", "fluxerr", "zp")
MAGNITUDE = ("mag", "magerr", "limiting_mag", "limiting_mag_nsigma")
COMMON = ("mjd", "filter", "instrument_id", "magsys", "origin", "altdata")
NUMBERS = frozenset(("mjd", *FLUX, *MAGNITUDE))
BESIDES = frozenset(("obj_id", "group_ids", "stream_ids", "assignment_id"))
FILTER = re.compile(r"[0-9A-Za-z][0-9A-Za-z_:./+-]{0,63}")

COLUMNS = ("mjd", "flux", "fluxerr", "filter", "instrument_id", "origin", "altdata")
"""What a row is kept as."""


class BadRowsError(InvalidError):
    """Some rows are wrong; nothing was written.

    Parameters
    ----------
    complaints : dict
        What is wrong, by the number of the row (counted from 0).
    total : int
        How many rows there were.
    """

    def __init__(self, complaints: dict[int, str], total: int) -> None:
        self.rows = sorted(complaints)
        shown = "; ".join(f"row {row}: {complaints[row]}" for row in self.rows[:20])
        more = f"; and rows {', '.join(map(str, self.rows[20:]))}" if len(self.rows) > 20 else ""
        super().__init__(f"{len(self.rows)} of {total} rows are wrong, nothing was written. {shown}{more}")


def read_rows(body: dict[str, Any], instruments: dict[int, dict[str, Any]]) -> list[Row]:
    """Return posted photometry as rows of `COLUMNS`.

    Parameters
    ----------
    body : dict
        Columns (lists) or single values, which hold for every row.
    instruments : dict
        The instruments that there are, by id.

    Raises
    ------
    InvalidError
        If the fields do not fit together.
    BadRowsError
        Naming exactly the rows that are wrong.
    """
    table, count = _columns(body)
    read = _flux_row if "flux" in table or "fluxerr" in table else _magnitude_row
    rows: list[Row] = []
    complaints: dict[int, str] = {}
    for number in range(count):
        given = {name: values[number] for name, values in table.items()}
        try:
            rows.append(_row(given, read, instruments))
        except ValueError as error:
            complaints[number] = str(error)
    if complaints:
        raise BadRowsError(complaints, count)
    if sum(len(json.dumps(row["altdata"])) for row in rows) > MAX_ALTDATA_IN_ALL:
        raise TooLargeError("altdata: too much for one request. Send the rows in several.")
    return rows


def _columns(body: dict[str, Any]) -> tuple[dict[str, list[Any]], int]:
    """Return the body as columns of one length, and that length."""
    known = {*COMMON, *FLUX, *MAGNITUDE}
    unknown = set(body) - known - BESIDES
    if unknown:
        raise InvalidError(
            f"{min(unknown)}: there is no such field; the fields are {', '.join(sorted(known | BESIDES))}."
        )
    given = {name: value for name, value in body.items() if name in known and value is not None}
    _check_space(given)
    lengths = {name: len(value) for name, value in given.items() if isinstance(value, list)}
    if len(set(lengths.values())) > 1:
        named = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise InvalidError(f"The columns must have the same number of values: {named}.")
    count = next(iter(lengths.values()), 1)
    if not 1 <= count <= MAX_ROWS:
        raise InvalidError(f"{count} rows: send between 1 and {MAX_ROWS} in one request.")
    return {
        name: value if isinstance(value, list) else [value] * count for name, value in given.items()
    }, count


def _check_space(given: dict[str, Any]) -> None:
    missing = [name for name in ("mjd", "filter", "instrument_id") if name not in given]
    if missing:
        raise InvalidError(f"{', '.join(missing)}: these fields are required.")
    in_flux = any(name in given for name in ("flux", "fluxerr"))
    in_magnitudes = any(name in given for name in MAGNITUDE)
    if in_flux and in_magnitudes:
        raise InvalidError("Give flux and fluxerr, or mag, magerr and limiting_mag; not both.")
    if in_flux and "fluxerr" not in given:
        raise InvalidError("fluxerr: required in flux space (flux may be blank for a non-detection).")
    if not in_flux and "limiting_mag" not in given and "mag" not in given:
        raise InvalidError(
            "Give flux and fluxerr (flux space) or mag, magerr and limiting_mag (magnitude space)."
        )


def _row(given: Row, read: Callable[[Row], tuple[float | None, float]], instruments: dict[int, Any]) -> Row:
    for name in NUMBERS & given.keys():
        given[name] = _number(name, given[name])
    if given["mjd"] is None:
        raise ValueError("mjd: required, in days")
    if str(given.get("magsys", "ab")).lower() != "ab":
        raise ValueError(f"magsys: {given['magsys']!r} is not taken; convert to the AB system, magsys 'ab'")
    altdata = given.get("altdata")
    if not isinstance(altdata, dict | None) or len(json.dumps(altdata)) > MAX_ALTDATA:
        raise ValueError(f"altdata: it must be an object of at most {MAX_ALTDATA} characters of JSON")
    flux, fluxerr = read(given)
    return {
        "mjd": given["mjd"],
        "flux": flux,
        "fluxerr": fluxerr,
        **_observed_with(given, instruments),
        "origin": str(given.get("origin") or "")[:200],
        "altdata": altdata,
    }


def _observed_with(given: Row, instruments: dict[int, Any]) -> Row:
    band, instrument_id = given["filter"], given["instrument_id"]
    if not isinstance(band, str) or not FILTER.fullmatch(band):
        raise ValueError(f"filter: {str(band)[:70]!r} is not the name of a bandpass, such as ztfg")
    instrument = instruments.get(instrument_id) if type(instrument_id) is int else None
    if instrument is None:
        raise ValueError(f"instrument_id: there is no instrument {str(instrument_id)[:40]}")
    if instrument["filters"] and band not in instrument["filters"]:
        raise ValueError(f"filter: instrument {instrument['name']} has no {band}")
    return {"filter": band, "instrument_id": instrument_id}


def _number(name: str, value: Any) -> float | None:
    if value is None or value == "":
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name}: {str(value)[:40]!r} is not a number") from None
    if isinstance(value, bool):
        raise ValueError(f"{name}: {value!r} is not a number")
    if math.isinf(number) or abs(number) > 1e30:
        raise ValueError(f"{name}: {number!r} is not a finite number of a sensible size")
    return None if math.isnan(number) else number


def _flux_row(given: Row) -> tuple[float | None, float]:
    fluxerr, zero_point = given.get("fluxerr"), given.get("zp")
    scale = 1.0 if zero_point is None else _from_magnitude(zero_point)
    if fluxerr is None or fluxerr * scale < SMALLEST_ERROR:
        raise ValueError("fluxerr: required, and greater than 0")
    flux = given.get("flux")
    return (None if flux is None else flux * scale), fluxerr * scale


def _magnitude_row(given: Row) -> tuple[float | None, float]:
    mag, magerr, limit = given.get("mag"), given.get("magerr"), given.get("limiting_mag")
    if mag is not None:
        if magerr is None or magerr < SMALLEST_ERROR:
            raise ValueError("magerr: required with mag, and greater than 0")
        flux = _from_magnitude(mag)
        return flux, magerr * flux / POGSON
    if limit is None:
        raise ValueError("limiting_mag: required where mag is blank")
    nsigma = given.get("limiting_mag_nsigma") or 3.0
    if not 0.1 <= nsigma <= 100:
        raise ValueError("limiting_mag_nsigma: it must be between 0.1 and 100")
    return None, _from_magnitude(limit) / nsigma


def _from_magnitude(magnitude: float) -> float:
    if not -50 <= magnitude <= 100:
        raise ValueError(f"{magnitude} is not a magnitude")
    return float(10 ** ((ZERO_POINT - magnitude) / 2.5))
