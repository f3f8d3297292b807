"""The supernova fitter's door, as any SkyPortal knocks at it."""

from chalicelib import fitter_door
from chalicelib.routes.http import Answer, Call, Routes

routes = Routes(__name__)


@routes.open_to_all("GET", "/fitter/supernova")
def say_hello(call: Call) -> Answer:
    return Answer({"status": "active", "message": "The supernova fitter is at work."}, bare=True)


@routes.open_to_all("POST", "/fitter/supernova")
def accept(call: Call) -> Answer:
    fitter_door.accept(call.headers.get("authorization"), call.body)
    return Answer(
        {"status": "pending", "message": "The fit is queued; its result will be called back."}, bare=True
    )
