"""What services call back to; the token in the path is the permission."""

from typing import Annotated, Any

from chalicelib.analysis import callback
from chalicelib.errors import LateError, UnavailableError
from chalicelib.routes.http import Call
from chalicelib.routes.operations import Routes
from chalicelib.routes.path_parameters import CallbackToken
from chalicelib.schemas.analyses import Callback, Progress, UploadUrl

routes = Routes(__name__)


@routes.open_to_all(
    "POST", "/webhook/obj_analysis/{token}", answers=dict[str, Any], raises=(LateError, UnavailableError)
)
def receive_callback(
    call: Call, token: CallbackToken, body: Annotated[dict[str, Any], Callback]
) -> dict[str, Any]:
    """Bring the results of an analysis: once, with the token that the service was sent."""
    callback.receive_callback(token, body)
    return {}


@routes.open_to_all("POST", "/webhook/obj_analysis/{token}/upload", answers=UploadUrl, raises=(LateError,))
def create_callback_upload(call: Call, token: CallbackToken) -> dict[str, Any]:
    """Ask where to PUT a document over 6 MB; the callback then names its `upload_id`."""
    return callback.create_callback_upload(token)


@routes.open_to_all("PATCH", "/webhook/obj_analysis/{token}", answers=dict[str, Any], raises=(LateError,))
def report_progress(
    call: Call, token: CallbackToken, body: Annotated[dict[str, Any], Progress]
) -> dict[str, Any]:
    """Say how far an analysis has come."""
    callback.record_progress(token, body)
    return {}
