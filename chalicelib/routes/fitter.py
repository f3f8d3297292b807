"""The supernova fitter's door, as any SkyPortal knocks at it."""

from typing import Annotated, Any, Literal

from chalicelib import fitter_door
from chalicelib.routes.http import Answer, Call
from chalicelib.routes.operations import Routes
from chalicelib.schemas.base import Schema, View

routes = Routes(__name__)


class FitterState(View):
    """What the fitter says at its door; the whole body, without the envelope."""

    status: Literal["active", "pending"]
    message: str


class FitterPayload(Schema, forbid_unknown_fields=False):
    """What any SkyPortal sends to an analysis service."""

    callback_url: str
    inputs: dict[str, Any]


@routes.open_to_all("GET", "/fitter/supernova", answers=FitterState, bare=True)
def say_hello(call: Call) -> Answer:
    """Ask whether the supernova fitter is there."""
    return Answer({"status": "active", "message": "The supernova fitter is at work."}, bare=True)


@routes.open_to_all("POST", "/fitter/supernova", answers=FitterState, bare=True)
def accept(call: Call, body: Annotated[dict[str, Any], FitterPayload]) -> Answer:
    """Fit a supernova: the payload that services are sent, with the fitter's own token."""
    fitter_door.accept(call.headers.get("authorization"), body)
    return Answer(
        {"status": "pending", "message": "The fit is queued; its result will be called back."}, bare=True
    )
