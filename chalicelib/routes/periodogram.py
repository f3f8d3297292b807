"""Periodograms."""

from chalicelib.errors import InvalidError, UnavailableError
from chalicelib.routes.http import Call, SplicedReply
from chalicelib.routes.operations import Routes
from chalicelib.routes.path_parameters import SourceId
from chalicelib.schemas.periodogram import Periodogram, PeriodogramQuery
from chalicelib.sources import periodogram

routes = Routes(__name__)


@routes.get("/sources/{source_id}/periodogram", answers=Periodogram, raises=(InvalidError, UnavailableError))
def get_periodogram(call: Call, source_id: SourceId, query: PeriodogramQuery) -> SplicedReply:
    """Look for periods in the photometry of a source that you may see, in flux.

    A generalised Lomb-Scargle periodogram, over several filters by the multi-phase model.
    """
    return SplicedReply(periodogram.locate_periodogram(call.requester, source_id, query))
