"""What services call back to; the token in the path is the permission."""

from typing import Any

from chalicelib.analysis import callback
from chalicelib.routes.http import Call, Routes

routes = Routes(__name__)


@routes.open_to_all("POST", "/webhook/obj_analysis/{token}")
def receive(call: Call, token: str) -> dict[str, Any]:
    callback.receive(token, call.body)
    return {}


@routes.open_to_all("PATCH", "/webhook/obj_analysis/{token}")
def progress(call: Call, token: str) -> dict[str, Any]:
    callback.progress(token, call.body)
    return {}
