"""Callbacks of analysis services; the token in the path authorizes them."""

from typing import Annotated, Any

from chalicelib.analysis import callback
from chalicelib.errors import LateError, UnavailableError
from chalicelib.routes.operations import Call, Routes
from chalicelib.routes.path_parameters import CallbackToken
from chalicelib.schemas.analyses import Callback, NewUploadUrl, Progress, UploadUrl

routes = Routes(__name__, __doc__)

Object = dict[str, Any]
PATH = "/webhook/obj_analysis/{token}"


@routes.open_to_all("POST", PATH, answers=Object, raises=(LateError, UnavailableError))
def receive_callback(call: Call, token: CallbackToken, body: Annotated[Object, Callback]) -> Object:
    """Send the results of an analysis, once, with the token that the service received."""
    callback.receive_callback(token, body)
    return {}


@routes.open_to_all("POST", PATH + "/upload", answers=UploadUrl, raises=(LateError,))
def create_callback_upload(call: Call, token: CallbackToken, body: NewUploadUrl) -> Object:
    """Create a URL to upload a document over 4.4 MB; the callback then names its `upload_id`.

    With its `size`, the URL takes a document of exactly so many bytes.
    """
    return callback.create_callback_upload(token, body.size)


@routes.open_to_all("PATCH", PATH, answers=Object, raises=(LateError,))
def report_progress(call: Call, token: CallbackToken, body: Annotated[Object, Progress]) -> Object:
    """Report the progress of an analysis."""
    callback.record_progress(token, body)
    return {}
