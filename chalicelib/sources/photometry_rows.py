"""Rows of photometry, and parsing them from a request: columns or single values, flux or magnitudes.

A row is stored as flux in µJy on the AB system (see `magnitudes`).
"""

import json
import math
import re
from typing import Any, NamedTuple

from chalicelib.errors import InvalidError, TooLargeError
from chalicelib.sources import magnitudes
from heliograph_guards.plausible_values import explain_implausible

MAX_ROWS = 10_000
MAX_ALTDATA = 2000
MAX_ALTDATA_IN_ALL = 2_500_000
SMALLEST_ERROR = 1e-30
"""Smaller errors are no measurement's, and would underflow."""

FLUX = ("flux", "fluxerr", "zp")
MAGNITUDE = ("mag", "magerr", "limiting_mag", "limiting_mag_nsigma")
POSITION = ("ra", "dec", "ra_unc", "dec_unc")
REFERENCE = ("ref_flux", "ref_fluxerr", "ref_zp", "magref", "e_magref")
NUMBERS = frozenset(("mjd", *FLUX, *MAGNITUDE, *POSITION, *REFERENCE))
KNOWN = NUMBERS | {"filter", "instrument_id", "magsys", "origin", "altdata"}
NOT_OF_ROWS = frozenset(("obj_id", "group_ids"))
BLANK_WORDS = frozenset(("", "nan", "none", "null", "n/a", "na", "-", "--"))
"""Texts that mean that there is no value; any other that is no number is refused."""

UNSUPPORTED = {
    "stream_ids": "there are no streams here; share photometry by group_ids",
    "assignment_id": "there are no assignments here; leave it out",
    "alert_id": "there are no alerts here; origin and altdata say where a point comes from",
}
"""Fields of SkyPortal that may only be sent empty."""

FILTER = re.compile(r"[0-9A-Za-z][0-9A-Za-z_:./+-]{0,63}")

Fields = dict[str, Any]
"""The fields of a request, or of one of its rows."""

Instruments = dict[int, dict[str, Any]]
"""Instruments by id."""


class Row(NamedTuple):
    """A point of photometry.

    Attributes
    ----------
    flux : float or None
        In µJy (AB); None for a non-detection without a measured flux.
    fluxerr : float
        Its standard error, in µJy.
    limiting_mag : float or None
        The limiting magnitude (AB), if it was posted.
    ref_flux, ref_fluxerr : float or None
        The flux of the reference image that was subtracted, and its error, in µJy.
    """

    instrument_id: int
    filter: str
    origin: str
    mjd: float
    flux: float | None
    fluxerr: float
    limiting_mag: float | None = None
    altdata: dict[str, Any] | None = None
    ra: float | None = None
    dec: float | None = None
    ra_unc: float | None = None
    dec_unc: float | None = None
    ref_flux: float | None = None
    ref_fluxerr: float | None = None
    id: int = 0
    upload_id: str = ""
    owner_id: int = 0
    group_ids: list[int] = []
    created_at: str = ""

    @property
    def observation(self) -> tuple[Any, ...]:
        """What identifies the observation: two rows that agree in this are the same one."""
        return self[:6]

    @property
    def details(self) -> dict[str, Any]:
        """What may differ between two rows of the same observation."""
        return dict(zip(self._fields[6:14], self[6:14], strict=True))

    def in_place_of(self, old: "Row") -> "Row":
        """Return this row with the id, upload, owner, groups and creation time of another."""
        return Row(*self[:14], *old[14:])


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
        first = "; ".join(f"row {row}: {complaints[row]}" for row in self.rows[:20])
        more = f"; and rows {', '.join(map(str, self.rows[20:]))}" if len(self.rows) > 20 else ""
        super().__init__(f"{len(self.rows)} of {total} rows are wrong, nothing was written. {first}{more}")


def parse_rows(body: Fields, instruments: Instruments) -> list[Row]:
    """Return posted photometry as rows.

    Parameters
    ----------
    body : dict
        Columns (lists), or single values that hold for all rows.
    instruments : dict
        All instruments, by id.

    Raises
    ------
    InvalidError
        If the fields do not go together.
    BadRowsError
        Naming exactly the rows that are wrong.
    TooLargeError
        If altdata are too long.
    """
    columns, count = _parse_columns(body)
    rows: list[Row] = []
    complaints: dict[int, str] = {}
    for number in range(count):
        fields = {name: values[number] for name, values in columns.items()}
        try:
            rows.append(_fields_to_row(fields, instruments))
        except (ValueError, InvalidError) as error:
            complaints[number] = str(error)
    if complaints:
        raise BadRowsError(complaints, count)
    if sum(len(json.dumps(row.altdata)) for row in rows) > MAX_ALTDATA_IN_ALL:
        raise TooLargeError("altdata: too much for one request. Send the rows in several requests.")
    return rows


def parse_row(fields: Fields, instruments: Instruments) -> Row:
    """Return a single posted point as a row, by the rules of `parse_rows`.

    Raises
    ------
    InvalidError
        Naming the field that is wrong.
    """
    lists = sorted(name for name, value in fields.items() if isinstance(value, list))
    if lists:
        raise InvalidError(f"{lists[0]}: expected a single value, not a list; this is one point.")
    _require_one_space(fields)
    try:
        return _fields_to_row(dict(fields), instruments)
    except ValueError as error:
        raise InvalidError(str(error)) from None


def _parse_columns(body: Fields) -> tuple[dict[str, list[Any]], int]:
    """Return the body as columns of one length, and that length."""
    require_known_fields(body)
    fields = {name: value for name, value in body.items() if name in KNOWN and value is not None}
    _require_one_space(fields)
    lengths = {name: len(value) for name, value in fields.items() if isinstance(value, list)}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise InvalidError(f"The columns must have the same number of values: {listed}.")
    count = next(iter(lengths.values()), 1)
    if not 1 <= count <= MAX_ROWS:
        raise InvalidError(f"{count} rows: send between 1 and {MAX_ROWS} in one request.")
    columns = {name: value if isinstance(value, list) else [value] * count for name, value in fields.items()}
    return columns, count


def require_known_fields(body: Fields) -> None:
    """Require that photometry has all fields of a request.

    Raises
    ------
    InvalidError
        Naming the field that it does not have.
    """
    for name, reason in UNSUPPORTED.items():
        if body.get(name) not in (None, [], ""):
            raise InvalidError(f"{name}: {reason}.")
    unknown = set(body) - KNOWN - NOT_OF_ROWS - UNSUPPORTED.keys()
    if unknown:
        known = ", ".join(sorted(KNOWN | NOT_OF_ROWS))
        raise InvalidError(f"{min(unknown)[:40]}: there is no such field; the fields are {known}.")


def _require_one_space(fields: Fields) -> None:
    """Require what every row needs: its time, filter and instrument, and either flux or magnitude."""
    missing = [name for name in ("mjd", "filter", "instrument_id") if name not in fields]
    if missing:
        raise InvalidError(f"{', '.join(missing)}: these fields are required.")
    in_flux = not fields.keys().isdisjoint(("flux", "fluxerr"))
    if in_flux and not fields.keys().isdisjoint(MAGNITUDE):
        raise InvalidError("Give flux and fluxerr, or mag, magerr and limiting_mag; not both.")
    if in_flux and "fluxerr" not in fields:
        raise InvalidError("fluxerr: required with flux (only flux may be blank, for a non-detection).")
    if not in_flux and fields.keys().isdisjoint(("limiting_mag", "mag")):
        raise InvalidError("Give flux and fluxerr, or mag, magerr and limiting_mag.")


def _fields_to_row(fields: Fields, instruments: Instruments) -> Row:
    for name in NUMBERS & fields.keys():
        fields[name] = _parse_number(name, fields[name])
    mjd = fields["mjd"]
    if mjd is None:
        raise ValueError("mjd: required, a modified Julian date (the Julian date - 2400000.5)")
    altdata = fields.get("altdata")
    if not isinstance(altdata, dict | None) or len(json.dumps(altdata)) > MAX_ALTDATA:
        raise ValueError(f"altdata: expected an object of at most {MAX_ALTDATA} characters of JSON")
    instrument_id, band = _parse_bandpass(fields, instruments)
    system = str(fields.get("magsys") or "ab").lower()
    if system not in magnitudes.SYSTEMS:
        raise ValueError(f"magsys: expected 'ab' or 'vega', not {system[:40]!r}; convert to one of them")
    convert = _convert_flux if "fluxerr" in fields else _convert_magnitude
    zero = magnitudes.zero_point(system, band)
    measured = convert(fields, zero)
    reference = _convert_reference(fields, zero)
    origin = str(fields.get("origin") or "")[:200]
    return Row(instrument_id, band, origin, mjd, *measured, altdata, *_parse_position(fields), *reference)


def _parse_bandpass(fields: Fields, instruments: Instruments) -> tuple[int, str]:
    band, instrument_id = fields["filter"], fields["instrument_id"]
    if not isinstance(band, str) or not FILTER.fullmatch(band):
        raise ValueError(f"filter: {str(band)[:70]!r} is not the name of a bandpass, such as ztfg")
    number = _parse_instrument_id(instrument_id)
    instrument = instruments.get(number)
    if instrument is None:
        raise ValueError(f"instrument_id: there is no instrument {str(instrument_id)[:40]}")
    if instrument["filters"] and band not in instrument["filters"]:
        raise ValueError(f"filter: instrument {instrument['name']} has no {band}")
    return number, band


def _parse_instrument_id(value: Any) -> int:
    """Return an id in any spelling (1, "1", 1.0); 0, which no instrument has, if it is none."""
    try:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else 0.0
        return int(number) if number.is_integer() else 0
    except (ValueError, OverflowError):
        return 0


def _parse_position(fields: Fields) -> tuple[float | None, float | None, float | None, float | None]:
    ra, dec, *uncertainties = (fields.get(name) for name in POSITION)
    if (ra is None) != (dec is None):
        raise ValueError("ra, dec: give both, in degrees, or neither")
    if ra is not None and dec is not None and not (0 <= ra < 360 and -90 <= dec <= 90):
        raise ValueError(f"ra, dec: {ra}, {dec} is not a position: 0 <= ra < 360, -90 <= dec <= 90 (degrees)")
    if any(value is not None and value < 0 for value in uncertainties):
        raise ValueError("ra_unc, dec_unc: an uncertainty cannot be negative")
    return ra, dec, uncertainties[0], uncertainties[1]


def _parse_number(name: str, value: Any) -> float | None:
    if value is None or (isinstance(value, str) and value.strip().lower() in BLANK_WORDS):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name}: {str(value)[:40]!r} is not a number") from None
    if isinstance(value, bool):
        raise ValueError(f"{name}: {value!r} is not a number")
    if math.isnan(number):
        return None
    if not math.isfinite(number):
        raise ValueError(f"{name}: {str(value)[:40]!r} is not a finite number")
    if problem := explain_implausible(name, number):
        raise ValueError(problem)
    return number


Measurement = tuple[float | None, float, float | None]
"""The ``flux``, ``fluxerr`` and ``limiting_mag`` of a row."""


def _convert_flux(fields: Fields, zero: float) -> Measurement:
    flux, fluxerr, own_zero = fields.get("flux"), fields["fluxerr"], fields.get("zp")
    if own_zero is None and zero != magnitudes.ZERO_POINT:
        raise ValueError("zp: required with magsys 'vega': the Vega magnitude of a flux of 1")
    scale = 1.0 if own_zero is None else magnitudes.magnitude_to_flux(own_zero, zero)
    if fluxerr is None or fluxerr * scale < SMALLEST_ERROR:
        raise ValueError("fluxerr: required, and greater than 0")
    return None if flux is None else flux * scale, fluxerr * scale, None


def _convert_magnitude(fields: Fields, zero: float) -> Measurement:
    mag, magerr, limit = fields.get("mag"), fields.get("magerr"), fields.get("limiting_mag")
    nsigma = fields.get("limiting_mag_nsigma") or magnitudes.DETECTION_SIGMA
    if not 0.1 <= nsigma <= 100:
        raise ValueError("limiting_mag_nsigma: expected a number between 0.1 and 100")
    limit_flux = None if limit is None else magnitudes.magnitude_to_flux(limit, zero)
    limiting_mag = None if limit is None else limit + (magnitudes.ZERO_POINT - zero)
    if mag is None:
        if limit_flux is None:
            raise ValueError("limiting_mag: required where mag is blank")
        return None, limit_flux / nsigma, limiting_mag
    if magerr is None or magerr < SMALLEST_ERROR:
        raise ValueError("magerr: required with mag, and greater than 0")
    flux = magnitudes.magnitude_to_flux(mag, zero)
    return flux, magerr * flux / magnitudes.POGSON, limiting_mag


def _convert_reference(fields: Fields, zero: float) -> tuple[float | None, float | None]:
    """Return the flux of the reference image and its error, in µJy."""
    flux, fluxerr = fields.get("ref_flux"), fields.get("ref_fluxerr")
    mag, magerr = fields.get("magref"), fields.get("e_magref")
    if (flux, fluxerr) != (None, None) and (mag, magerr) != (None, None):
        raise ValueError("ref_flux, magref: give the flux of the reference or its magnitude, not both")
    if mag is not None:
        flux = magnitudes.magnitude_to_flux(mag, zero)
        return flux, None if magerr is None else magerr / magnitudes.POGSON * flux
    own_zero = fields.get("ref_zp")
    scale = 1.0 if own_zero is None else magnitudes.magnitude_to_flux(own_zero, zero)
    return (None if flux is None else flux * scale), (None if fluxerr is None else fluxerr * scale)


def row_references(row: Row) -> dict[str, float | None]:
    """Return the fluxes of the reference and of both together (µJy) of a row, with their errors; None if unknown."""
    total = None if row.flux is None or row.ref_flux is None else row.flux + row.ref_flux
    error = None if total is None or row.ref_fluxerr is None else math.hypot(row.fluxerr, row.ref_fluxerr)
    return {"ref_flux": row.ref_flux, "ref_fluxerr": row.ref_fluxerr, "tot_flux": total, "tot_fluxerr": error}


def row_reference_magnitudes(row: Row, zero: float) -> dict[str, float | None]:
    """Return the magnitudes of `row_references`, None where the flux is not positive."""
    fluxes = row_references(row)
    values: dict[str, float | None] = {}
    for mag, magerr, name in (("magref", "e_magref", "ref_flux"), ("magtot", "e_magtot", "tot_flux")):
        flux, error = fluxes[name], fluxes[f"{name}err"]
        is_positive = flux is not None and flux > 0
        values[mag] = magnitudes.flux_to_magnitude(flux, zero) if flux and is_positive else None
        values[magerr] = magnitudes.POGSON * (error / flux) if error is not None and flux and is_positive else None
    return values


def row_magnitudes(row: Row, zero: float = magnitudes.ZERO_POINT) -> dict[str, float | None]:
    """Return ``mag``, ``magerr`` and ``limiting_mag`` of a row.

    Parameters
    ----------
    row : Row
        The row.
    zero : float
        The magnitude of 1 µJy in the system of the magnitudes.

    Returns
    -------
    dict
        ``mag`` and ``magerr`` are None where the flux is not positive.
    """
    flux = row.flux or 0.0
    return {
        "mag": magnitudes.flux_to_magnitude(flux, zero) if flux > 0 else None,
        "magerr": magnitudes.POGSON * row.fluxerr / flux if flux > 0 else None,
        "limiting_mag": limiting_magnitude(row) - (magnitudes.ZERO_POINT - zero),
    }


def limiting_magnitude(row: Row) -> float:
    """Return the limiting magnitude (AB) of a row: as posted, or that of `magnitudes.DETECTION_SIGMA` errors."""
    if row.limiting_mag is not None:
        return row.limiting_mag
    return magnitudes.flux_to_magnitude(magnitudes.DETECTION_SIGMA * row.fluxerr, magnitudes.ZERO_POINT)
