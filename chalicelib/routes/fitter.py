"""The supernova fitter's door, as any SkyPortal knocks at it."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from chalicelib import fitter_endpoint
from chalicelib.errors import UnauthorizedError
from chalicelib.routes.http import Call, Reply
from chalicelib.routes.operations import Routes
from chalicelib.schemas.base import Schema, View

routes = Routes(__name__)


class FitterState(View):
    """What the fitter says at its door; the whole body, without the envelope."""

    status: Annotated[
        Literal["active", "pending"], Meta(description="pending if it has something to fit now.")
    ]
    message: Annotated[
        str,
        Meta(
            description="The same in words.", examples=["The fit is queued; its result will be called back."]
        ),
    ]


class FitterPayload(Schema, forbid_unknown_fields=False):
    """What the fitter reads of that which any SkyPortal sends to an analysis service."""

    callback_url: Annotated[
        str,
        Meta(
            description="Where the result is to be sent; http or https.",
            examples=[
                "https://skyportal.example.org/api/webhook/obj_analysis/555ce6d4-15cf-4a6e-8f3b-0c2d1e9a7b65"
            ],
            extra_json_schema={"pattern": r"^https?://[^/\s]"},
        ),
    ]
    inputs: Annotated[
        dict[str, Any],
        Meta(
            description="CSV texts, `photometry` and `redshift`, and `analysis_parameters`.",
            examples=[
                {
                    "photometry": "mjd,flux,fluxerr,filter,magsys,zp\n59303.3575,434.3,19.3,ztfg,ab,23.9\n",
                    "redshift": "redshift\n0.04608\n",
                    "analysis_parameters": {"source": "salt3", "fix_z": True},
                }
            ],
        ),
    ]


@routes.open_to_all("GET", "/fitter/supernova", answers=FitterState, bare=True)
def get_fitter_status(call: Call) -> Reply:
    """Ask whether the supernova fitter is there."""
    return Reply({"status": "active", "message": "The supernova fitter is at work."}, bare=True)


@routes.open_to_all("POST", "/fitter/supernova", answers=FitterState, bare=True, raises=(UnauthorizedError,))
def fit_supernova(call: Call, body: Annotated[dict[str, Any], FitterPayload]) -> Reply:
    """Fit a supernova: the payload that services are sent, with the fitter's own token."""
    fitter_endpoint.accept_fit(call.headers.get("authorization"), body)
    return Reply(
        {"status": "pending", "message": "The fit is queued; its result will be called back."}, bare=True
    )
