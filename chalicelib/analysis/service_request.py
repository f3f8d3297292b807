"""One request to a service: the stored inputs in an envelope, signed, and what came of it."""

import json
from dataclasses import dataclass
from typing import Any, Literal

from chalicelib import blobs, egress, services
from chalicelib.analysis.batch_header import BATCH_HEADER
from chalicelib.analysis.callback_tokens import recover_callback_token
from chalicelib.analysis.refusal_excerpts import describe_body
from chalicelib.analysis.request_signing import build_signature_headers
from chalicelib.analysis.sealed_parameters import open_parameters
from chalicelib.authentication import build_request_auth
from chalicelib.blob_keys import inputs_key
from chalicelib.tables.analysis_items import AnalysisItem
from chalicelib.tables.base import timestamp
from chalicelib.tables.services import ServiceItem


@dataclass(frozen=True)
class Outcome:
    """What came of a request.

    Attributes
    ----------
    kind : {'sent', 'unanswered', 'retry', 'wait', 'failed', 'unsent'}
        Whether the service has the data, may have them, should be sent them again, asks to be sent them later, or
        cannot be sent them; or whether there was no request.
    message : str
        The same in words, for the readers of the analysis.
    retry_after : float, optional
        Seconds that the service asks to wait.
    health : str
        What it tells of the service, whatever becomes of the analysis.
    refusal : dict, optional
        What a refusing service said, for those who manage it.
    """

    kind: Literal["sent", "unanswered", "retry", "wait", "failed", "unsent"]
    message: str
    health: Literal["works", "fails", "is busy", "asks to wait", "unknown"] = "unknown"
    retry_after: float | None = None
    refusal: dict[str, Any] | None = None


def send_to_service(item: AnalysisItem, service: ServiceItem) -> Outcome:
    """Send the inputs of a leased analysis to its service."""
    inputs = blobs.read_blob(inputs_key(item.id))
    if inputs is None:
        return Outcome("failed", "The stored inputs do not exist any more. Start the analysis again.")
    try:
        token = recover_callback_token(item.id, item.created_at, item.callback_hash or "")
    except LookupError:
        return Outcome("failed", "The deployment's secret was replaced before the data were sent. Start it again.")
    auth = build_request_auth(service.fields.authentication_type, services.get_credentials(service))
    secret_parameters = open_parameters(service.id, item.author_id, item.sealed_parameters or {})
    body = _build_body(item, token, auth.body, _add_parameters(inputs, secret_parameters))
    batch = {BATCH_HEADER: str(item.batch_id)} if item.batch_id else {}
    headers = {**auth.headers, **batch, **build_signature_headers(f"analysis-{item.id}", body)}
    try:
        response = egress.post_to_service(service.fields.url, body, headers, auth.auth)
    except egress.AddressRefused as error:
        return Outcome("failed", f"The service cannot be called: {error}.")
    except egress.ConnectionFailed as error:
        return Outcome("retry", f"The service could not be reached: {error}.", "fails")
    except egress.ResponseTimedOut as error:
        return Outcome("unanswered", f"The data were sent, {error}; the service may be working.", "fails")
    if 200 <= response.status < 300:
        return Outcome("sent", "The service has the data and is working.", "works")
    # Readers of the analysis see only the status; what the service said is for those who manage it.
    refusal = {
        "at": timestamp(),
        "status": response.status,
        "excerpt": describe_body(response.body, {*auth.secrets, *secret_parameters.values(), token}),
        "analysis_id": item.id,
    }
    return _read_refusal(response, refusal)


def _read_refusal(response: egress.ServiceResponse, refusal: dict[str, Any]) -> Outcome:
    answer = f"The service answered HTTP {response.status}"
    if response.status in (429, 503) and response.retry_after is not None:
        return Outcome("wait", f"{answer}.", "asks to wait", response.retry_after, refusal)
    if response.status == 429:
        return Outcome("retry", f"{answer}.", "is busy", refusal=refusal)
    if response.status >= 500:
        return Outcome("retry", f"{answer}.", "fails", response.retry_after, refusal)
    # What it refuses, it has read.
    if 300 <= response.status < 400:
        advice = "redirects are not followed. Register the service's final address."
        return Outcome("failed", f"{answer}: {advice}", "works", refusal=refusal)
    return Outcome("failed", f"{answer} to the data.", "works", refusal=refusal)


def _add_parameters(inputs: bytes, parameters: dict[str, str]) -> bytes:
    """Return the inputs with further parameters in both of their places; most have none, and are not parsed."""
    if not parameters:
        return inputs
    document = json.loads(inputs)
    for place in (document, document["inputs"]):
        place["analysis_parameters"] = {**place["analysis_parameters"], **parameters}
    return json.dumps(document).encode()


def _build_body(item: AnalysisItem, token: str, auth_body: dict[str, str], inputs: bytes) -> bytes:
    """Put the envelope around the stored inputs, a JSON object, without parsing them."""
    envelope = {
        **auth_body,
        "callback_url": f"{item.public_url}/webhook/obj_analysis/{token}",
        "callback_method": "POST",
        "invalid_after": str(item.invalid_after).replace("T", " "),
    }
    return json.dumps(envelope).encode()[:-1] + b", " + inputs.strip()[1:]
