"""The supernova fitter and the spectrum fitter as analysis services, by SkyPortal's contract for services."""

from typing import Annotated, Any, Literal

from chalicelib import fitter_endpoint, queues
from chalicelib.analysis.batch_header import BATCH_HEADER
from chalicelib.errors import UnauthorizedError
from chalicelib.routes.operations import Call, Routes
from chalicelib.routes.responses import Reply
from chalicelib.schemas.base import Query, Schema, View
from chalicelib.schemas.fields import describe

routes = Routes(__name__, __doc__)

QUEUED = "The fit is queued; its result will be called back."
CallbackUrl = Annotated[
    str,
    describe(
        "The result is sent here; http or https.",
        "https://skyportal.example.org/api/webhook/obj_analysis/555ce6d4-15cf-4a6e-8f3b-0c2d1e9a7b65",
        extra_json_schema={"pattern": r"^https?://[^/\s]"},
    ),
]
Inputs = Annotated[
    dict[str, Any],
    describe(
        "CSV texts, `photometry` (or `spectra`) and `redshift`, and `analysis_parameters`.",
        {
            "photometry": "mjd,flux,fluxerr,filter,magsys,zp\n59303.3575,434.3,19.3,ztfg,ab,23.9\n",
            "redshift": "redshift\n0.04608\n",
            "analysis_parameters": {"source": "salt3", "fix_z": True},
        },
    ),
]


class FitterState(View):
    """The state of the fitter: the whole body, without the envelope."""

    status: Annotated[Literal["active", "pending"], describe("pending if it has accepted a fit.")]
    message: Annotated[str, describe("The same in words.", QUEUED)]


class FitterPayload(Schema, forbid_unknown_fields=False):
    """The part of SkyPortal's payload for services that the fitter reads."""

    callback_url: CallbackUrl
    inputs: Inputs


class FitterQuery(Query):
    """What the callback holds."""

    json_results: Annotated[bool, describe("Send a copy of `results`, which are joblib, as JSON.")] = False


@routes.open_to_all("GET", "/fitter/supernova", answers=FitterState, bare=True)
def get_fitter_status(call: Call) -> Reply:
    """Return whether the supernova fitter is available."""
    return Reply({"status": "active", "message": "The supernova fitter is at work."}, bare=True)


@routes.open_to_all("POST", "/fitter/supernova", answers=FitterState, bare=True, raises=(UnauthorizedError,))
def fit_supernova(call: Call, query: FitterQuery, body: Annotated[dict[str, Any], FitterPayload]) -> Reply:
    """Fit a supernova: the payload for services, with the fitter's own token."""
    queue = fitter_endpoint.choose_fit_queue(call.headers.get(BATCH_HEADER))
    fitter_endpoint.accept_fit(call.headers.get("authorization"), body, query.json_results, queue)
    return Reply({"status": "pending", "message": QUEUED}, bare=True)


@routes.open_to_all("GET", "/fitter/spectrum", answers=FitterState, bare=True)
def get_spectrum_fitter_status(call: Call) -> Reply:
    """Return whether the spectrum fitter is available."""
    return Reply({"status": "active", "message": "The spectrum fitter is at work."}, bare=True)


@routes.open_to_all("POST", "/fitter/spectrum", answers=FitterState, bare=True, raises=(UnauthorizedError,))
def fit_spectrum(call: Call, body: Annotated[dict[str, Any], FitterPayload]) -> Reply:
    """Fit a spectrum: the payload for services, with the fitter's own token."""
    fitter_endpoint.accept_fit(call.headers.get("authorization"), body, json_results=False, queue=queues.SPECTRUM)
    return Reply({"status": "pending", "message": QUEUED}, bare=True)
