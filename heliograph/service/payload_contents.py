"""A payload, checked: what a portal sends to a service, as decoded JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn

from heliograph.errors import InputError

MAX_PAYLOAD_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Payload:
    """What a portal sends.

    Attributes
    ----------
    callback_url : str
        Empty if there is none; it holds a secret.
    inputs : mapping
        CSV texts by kind.
    parameters : mapping or None
        Values that the user has set.
    deadline : float or None
        Unix seconds after which the portal takes no callback.
    json_results : bool
        Whether the portal asks for a copy as JSON of results that are joblib.
    body : mapping
        The whole.
    """

    callback_url: str
    inputs: Mapping[str, Any]
    parameters: Any
    deadline: float | None
    json_results: bool
    body: Mapping[str, Any]


def decode_payload(raw: bytes) -> Payload:
    """Decode and check the bytes of a payload.

    Raises
    ------
    InputError
        If they are no JSON object, or a part is malformed.
    """
    return parse_payload(decode_body(raw))


def decode_body(raw: bytes) -> object:
    """Decode the bytes of a payload, whatever it holds.

    Raises
    ------
    InputError
        If they are no JSON, or too many.
    """
    if len(raw) > MAX_PAYLOAD_BYTES:
        raise InputError(f"The payload has more than {MAX_PAYLOAD_BYTES // 1024**2} MB; send less.")
    try:
        return json.loads(raw, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError("The payload is not JSON; send an object with inputs and callback_url.") from None


def _refuse_constant(text: str) -> NoReturn:
    raise InputError(f"The payload holds {text}, which is not JSON; leave unknown values null.")


def parse_payload(body: object) -> Payload:
    """Check a payload.

    Raises
    ------
    InputError
        If a part is malformed; the message names it.
    """
    if not isinstance(body, Mapping):
        raise InputError("The payload is not an object; send one with inputs and callback_url.")
    inputs = body.get("inputs")
    if not isinstance(inputs, Mapping):
        raise InputError("The payload has no inputs; expected an object with a CSV text for each kind of data.")
    url = body.get("callback_url")
    # SkyPortal names parameters in inputs alone
    parameters = inputs.get("analysis_parameters")
    return Payload(
        callback_url=url if isinstance(url, str) else "",
        inputs=inputs,
        parameters=body.get("analysis_parameters") if parameters is None else parameters,
        deadline=_parse_deadline(body.get("invalid_after")),
        json_results=_parse_flag("json_results", body.get("json_results", False)),
        body=body,
    )


def _parse_flag(name: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise InputError(f"{name} is {str(value)[:40]!r}; expected true or false.")


def get_callback_url(body: object) -> str:
    """Return the callback URL of a decoded payload, of which nothing is known.

    Raises
    ------
    InputError
        If there is none.
    """
    url = body.get("callback_url") if isinstance(body, Mapping) else None
    if isinstance(url, str) and url.lower().startswith(("http://", "https://")):
        return url
    raise InputError("The payload has no callback_url; expected an http or https URL.")


def find_deadline(body: object) -> float | None:
    """Return the deadline of a decoded payload, of which nothing is known; None also for one that is malformed."""
    try:
        return _parse_deadline(body.get("invalid_after")) if isinstance(body, Mapping) else None
    except InputError:
        return None


def _parse_deadline(value: object) -> float | None:
    if value in (None, "", "None"):
        return None
    try:
        moment = datetime.fromisoformat(value)  # type: ignore[arg-type]
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, OverflowError):
        raise InputError(
            f"invalid_after is {str(value)[:40]!r}; expected a time such as 2026-11-22 04:14:15.9."
        ) from None
