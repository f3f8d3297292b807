"""What a service receives, checked: data rows, redshift, parameters, where to call back."""

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass

from fitter_lambda.errors import PayloadError
from fitter_lambda.input.fit_parameters import Parameters, parse_parameters
from fitter_lambda.input.light_curve import Row, read_rows

__all__ = ["Payload", "callback_url_of", "parse_payload"]

_MAX_REDSHIFT = 5.0


@dataclass(frozen=True)
class Payload:
    """A checked payload.

    Attributes
    ----------
    resource_id : str
        The source's id, for titles.
    rows : list of Row
        Photometry as it came.
    redshift, redshift_error : float or None
        None where unknown.
    position : tuple of float, or None
        Right ascension and declination (degrees).
    dereddened : bool
        The photometry came corrected for the extinction by the Milky Way, and says so.
    parameters : Parameters
    """

    resource_id: str
    rows: list[Row]
    redshift: float | None
    redshift_error: float | None
    position: tuple[float, float] | None
    dereddened: bool
    parameters: Parameters


def parse_payload(payload: object) -> Payload:
    """Check a payload.

    Parameters
    ----------
    payload : object
        Decoded JSON; nothing about it is trusted.

    Returns
    -------
    Payload

    Raises
    ------
    PayloadError
        Something is missing or malformed; the message names it.
    """
    if not isinstance(payload, Mapping):
        raise PayloadError("The payload is not a JSON object; send one with inputs and callback_url.")
    inputs = payload.get("inputs")
    if not isinstance(inputs, Mapping):
        raise PayloadError("The payload has no inputs; expected an object with photometry and redshift.")
    given = inputs.get("analysis_parameters")
    parameters = parse_parameters(payload.get("analysis_parameters") if given is None else given)
    redshift, redshift_error = _read_redshift(inputs.get("redshift"))
    if parameters.fix_z and redshift is None:
        raise PayloadError("fix_z is True but the source has no redshift; set one, or use fix_z=False.")
    resource_id = payload.get("resource_id")
    name = "".join(c for c in resource_id if c.isprintable())[:80] if isinstance(resource_id, str) else ""
    rows, position = read_rows(inputs.get("photometry")), _read_position(payload.get("resource"))
    dereddened = isinstance(payload.get("extinction"), Mapping)
    return Payload(name, rows, redshift, redshift_error, position, dereddened, parameters)


def callback_url_of(payload: object) -> str | None:
    """Where to call back: the http(s) URL in a payload, None when there is none."""
    url = payload.get("callback_url") if isinstance(payload, Mapping) else None
    if isinstance(url, str) and url.lower().startswith(("http://", "https://")):
        return url
    return None


def _read_position(resource: object) -> tuple[float, float] | None:
    if not isinstance(resource, Mapping):
        return None
    ra, dec = resource.get("ra"), resource.get("dec")
    if isinstance(ra, bool) or isinstance(dec, bool):
        return None
    if not isinstance(ra, (int, float)) or not isinstance(dec, (int, float)):
        return None
    return (float(ra), float(dec)) if abs(ra) <= 360 and abs(dec) <= 90 else None


def _read_redshift(text: object) -> tuple[float | None, float | None]:
    """Redshift and its error from one CSV row; None where blank."""
    if not isinstance(text, str):
        return None, None
    try:
        row = next(csv.DictReader(io.StringIO(text.replace("\0", ""))), {})
    except csv.Error:
        raise PayloadError("inputs.redshift is not CSV; expected a header and one row.") from None
    redshift, error = _number(row.get("redshift")), _number(row.get("redshift_error"))
    if redshift is not None and not 0 < redshift <= _MAX_REDSHIFT:
        raise PayloadError(f"The redshift is {redshift:g}; expected one above 0 and up to {_MAX_REDSHIFT:g}.")
    if error is not None and not 0 <= error <= _MAX_REDSHIFT:
        raise PayloadError(f"The redshift error is {error:g}; expected a number from 0 to {_MAX_REDSHIFT:g}.")
    return redshift, error


def _number(value: object) -> float | None:
    try:
        number = float(value) if isinstance(value, str) and value.strip() else math.nan
    except ValueError:
        raise PayloadError(f"inputs.redshift holds {str(value)[:40]!r} where a number is expected.") from None
    return number if math.isfinite(number) else None
