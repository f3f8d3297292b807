"""Reading posted photometry: columns or single values, flux space or magnitude space.

Whatever comes is kept as flux in µJy on the AB system (see `magnitudes`).
"""

import json
import math
import re
from collections.abc import Callable
from typing import Any

from chalicelib.errors import InvalidError, TooLargeError
from chalicelib.sources.magnitudes import (
    DETECTION_SIGMA,
    POGSON,
    SYSTEMS,
    ZERO_POINT,
    magnitude_to_flux,
    zero_point,
)

__all__ = [
    "COLUMNS",
    "FLUX",
    "IDENTITY",
    "KNOWN",
    "MAGNITUDE",
    "POSITION",
    "ZERO_POINT",
    "BadRowsError",
    "Row",
    "parse_row",
    "parse_rows",
    "require_known_fields",
]  # fmt: skip

MAX_ROWS = 10_000
MAX_ALTDATA = 2000
MAX_ALTDATA_IN_ALL = 2_500_000
LATEST_MJD = 1_000_000.0
"""A thousand years from now; what is later is a Julian date that was not modified."""

SMALLEST_ERROR = 1e-30
"""Errors below this are no measurement's, and would underflow."""

Row = dict[str, Any]

FLUX = ("flux", "fluxerr", "zp")
MAGNITUDE = ("mag", "magerr", "limiting_mag", "limiting_mag_nsigma")
POSITION = ("ra", "dec", "ra_unc", "dec_unc")
COMMON = ("mjd", "filter", "instrument_id", "magsys", "origin", "altdata", *POSITION)
NUMBERS = frozenset(("mjd", *FLUX, *MAGNITUDE, *POSITION))
KNOWN = frozenset((*COMMON, *FLUX, *MAGNITUDE))
BESIDES = frozenset(("obj_id", "group_ids"))
NOT_HERE = {
    "stream_ids": "there are no streams here; share photometry by group_ids",
    "assignment_id": "there are no assignments here; leave it out",
    "alert_id": "there are no alerts here; origin and altdata say where a point comes from",
}
"""Fields of SkyPortal that may be sent empty only."""

FILTER = re.compile(r"[0-9A-Za-z][0-9A-Za-z_:./+-]{0,63}")

IDENTITY = ("instrument_id", "filter", "origin", "mjd", "flux", "fluxerr")
"""Two rows that agree in these are the same observation."""

COLUMNS = (*IDENTITY, "limiting_mag", "altdata", *POSITION)
"""What a row is kept as. The limiting magnitude (AB) is blank unless it was posted."""


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


def parse_rows(body: dict[str, Any], instruments: dict[int, dict[str, Any]]) -> list[Row]:
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
    rows: list[Row] = []
    complaints: dict[int, str] = {}
    for number in range(count):
        try:
            rows.append(_row({name: values[number] for name, values in table.items()}, instruments))
        except (ValueError, InvalidError) as error:
            complaints[number] = str(error)
    if complaints:
        raise BadRowsError(complaints, count)
    if sum(len(json.dumps(row["altdata"])) for row in rows) > MAX_ALTDATA_IN_ALL:
        raise TooLargeError("altdata: too much for one request. Send the rows in several.")
    return rows


def parse_row(given: dict[str, Any], instruments: dict[int, dict[str, Any]]) -> Row:
    """Return a single point as a row of `COLUMNS`, by the same rules.

    Raises
    ------
    InvalidError
        Naming the field that is wrong.
    """
    lists = sorted(name for name, value in given.items() if isinstance(value, list))
    if lists:
        raise InvalidError(f"{lists[0]}: give a single value; this is one point.")
    _check_space(given)
    try:
        return _row(dict(given), instruments)
    except ValueError as error:
        raise InvalidError(str(error)) from None


def _columns(body: dict[str, Any]) -> tuple[dict[str, list[Any]], int]:
    """Return the body as columns of one length, and that length."""
    require_known_fields(body)
    given = {name: value for name, value in body.items() if name in KNOWN and value is not None}
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


def require_known_fields(body: dict[str, Any]) -> None:
    """Refuse fields that photometry does not have.

    Raises
    ------
    InvalidError
        Naming the field.
    """
    for name, why in NOT_HERE.items():
        if body.get(name) not in (None, [], ""):
            raise InvalidError(f"{name}: {why}.")
    unknown = set(body) - KNOWN - BESIDES - NOT_HERE.keys()
    if unknown:
        known = ", ".join(sorted(KNOWN | BESIDES))
        raise InvalidError(f"{min(unknown)[:40]}: there is no such field; the fields are {known}.")


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


def _row(given: Row, instruments: dict[int, Any]) -> Row:
    for name in NUMBERS & given.keys():
        given[name] = _number(name, given[name])
    if given["mjd"] is None or not -LATEST_MJD < given["mjd"] < LATEST_MJD:
        raise ValueError(f"mjd: {given['mjd']} is no modified Julian date (the Julian date - 2400000.5)")
    altdata = given.get("altdata")
    if not isinstance(altdata, dict | None) or len(json.dumps(altdata)) > MAX_ALTDATA:
        raise ValueError(f"altdata: it must be an object of at most {MAX_ALTDATA} characters of JSON")
    observed = _observed_with(given, instruments)
    read: Callable[[Row, float], Row] = _flux_row if "fluxerr" in given else _magnitude_row
    return {
        "mjd": given["mjd"],
        **observed,
        **read(given, zero_point(_system(given), observed["filter"])),
        "origin": str(given.get("origin") or "")[:200],
        "altdata": altdata,
        **_position(given),
    }


def _system(given: Row) -> str:
    system = str(given.get("magsys") or "ab").lower()
    if system not in SYSTEMS:
        raise ValueError(f"magsys: {system[:40]!r} is not taken; convert to AB ('ab') or Vega ('vega')")
    return system


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


def _position(given: Row) -> Row:
    position = {name: given.get(name) for name in POSITION}
    ra, dec, *uncertainties = position.values()
    if (ra is None) != (dec is None):
        raise ValueError("ra, dec: give both, in degrees, or neither")
    if ra is not None and dec is not None and not (0 <= ra < 360 and -90 <= dec <= 90):
        raise ValueError(f"ra, dec: {ra}, {dec} is no position; ra from 0 to 360, dec from -90 to 90 degrees")
    if any(value is not None and value < 0 for value in uncertainties):
        raise ValueError("ra_unc, dec_unc: an uncertainty is not negative")
    return position


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


def _flux_row(given: Row, zero: float) -> Row:
    flux, fluxerr, own_zero = given.get("flux"), given["fluxerr"], given.get("zp")
    if own_zero is None and zero != ZERO_POINT:
        raise ValueError("zp: required with magsys 'vega': the Vega magnitude of a flux of 1")
    scale = 1.0 if own_zero is None else magnitude_to_flux(own_zero, zero)
    if fluxerr is None or fluxerr * scale < SMALLEST_ERROR:
        raise ValueError("fluxerr: required, and greater than 0")
    return {
        "flux": None if flux is None else flux * scale,
        "fluxerr": fluxerr * scale,
        "limiting_mag": None,
    }


def _magnitude_row(given: Row, zero: float) -> Row:
    mag, magerr, limit = given.get("mag"), given.get("magerr"), given.get("limiting_mag")
    nsigma = given.get("limiting_mag_nsigma") or DETECTION_SIGMA
    if not 0.1 <= nsigma <= 100:
        raise ValueError("limiting_mag_nsigma: it must be between 0.1 and 100")
    limit_flux = None if limit is None else magnitude_to_flux(limit, zero)
    kept = {"limiting_mag": None if limit is None else limit + (ZERO_POINT - zero)}
    if mag is None:
        if limit_flux is None:
            raise ValueError("limiting_mag: required where mag is blank")
        return {"flux": None, "fluxerr": limit_flux / nsigma, **kept}
    if magerr is None or magerr < SMALLEST_ERROR:
        raise ValueError("magerr: required with mag, and greater than 0")
    flux = magnitude_to_flux(mag, zero)
    return {"flux": flux, "fluxerr": magerr * flux / POGSON, **kept}
