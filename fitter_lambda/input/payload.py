"""A payload, checked: what a portal sends to an analysis service, as decoded JSON."""

import csv
import io
import math
from collections.abc import Mapping

from fitter_lambda.errors import PayloadError
from fitter_lambda.input.fit_parameters import parse_parameters
from fitter_lambda.input.fit_request import FitRequest
from fitter_lambda.input.light_curve_rows import parse_csv_rows


def parse_payload(payload: object) -> FitRequest:
    """Check a payload.

    Parameters
    ----------
    payload : object
        Decoded JSON; nothing about it is trusted.

    Returns
    -------
    FitRequest

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
    options = inputs.get("analysis_parameters")
    parameters = parse_parameters(payload.get("analysis_parameters") if options is None else options)
    redshift, redshift_error = _parse_redshift(inputs.get("redshift"))
    resource_id = payload.get("resource_id")
    photometry = parse_csv_rows(inputs.get("photometry"))
    return FitRequest(
        rows=photometry.rows,
        parameters=parameters,
        redshift=redshift,
        redshift_error=redshift_error,
        position=_parse_position(payload.get("resource")),
        resource_id=resource_id if isinstance(resource_id, str) else "",
        dereddened=isinstance(payload.get("extinction"), Mapping),
        unused_columns=photometry.unused_columns,
    )


def get_json_results(payload: object) -> bool:
    """Return whether a payload asks for a JSON copy of the results, which are joblib for every SkyPortal.

    Raises
    ------
    PayloadError
        `json_results` is not a boolean.
    """
    value = payload.get("json_results", False) if isinstance(payload, Mapping) else False
    if isinstance(value, bool):
        return value
    raise PayloadError(f"json_results is {str(value)[:40]!r}; expected true or false.")


def _parse_position(resource: object) -> tuple[float, float] | None:
    if not isinstance(resource, Mapping):
        return None
    ra, dec = _parse_degrees(resource.get("ra")), _parse_degrees(resource.get("dec"))
    return (ra, dec) if abs(ra) <= 360 and abs(dec) <= 90 else None


def _parse_degrees(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= 360:
        return math.nan
    return float(value)


def _parse_redshift(text: object) -> tuple[float | None, float | None]:
    """Return redshift and its error from one CSV row; None where blank."""
    if not isinstance(text, str):
        return None, None
    try:
        row = next(csv.DictReader(io.StringIO(text.replace("\0", ""))), {})
    except csv.Error:
        raise PayloadError("inputs.redshift is not CSV; expected a header and one row.") from None
    return _parse_number(row.get("redshift")), _parse_number(row.get("redshift_error"))


def _parse_number(value: object) -> float | None:
    try:
        number = float(value) if isinstance(value, str) and value.strip() else math.nan
    except ValueError:
        raise PayloadError(f"inputs.redshift holds {str(value)[:40]!r} where a number is expected.") from None
    return number if math.isfinite(number) else None
