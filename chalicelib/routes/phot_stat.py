"""PhotStats: what the light curve of a source amounts to."""

from typing import Any

from chalicelib.errors import InvalidError
from chalicelib.routes.http import Call
from chalicelib.routes.operations import Routes
from chalicelib.routes.path_parameters import SourceId
from chalicelib.schemas.people import Acl
from chalicelib.schemas.phot_stat import PhotStat
from chalicelib.sources import phot_stat

routes = Routes(__name__)


@routes.get("/sources/{source_id}/phot_stat", answers=PhotStat)
def get_phot_stat(call: Call, source_id: SourceId) -> dict[str, Any]:
    """Read the PhotStats of a source, of the photometry that you may see.

    They are there as soon as there is photometry, and always up to date.
    """
    return phot_stat.get_phot_stat(call.requester, source_id)


@routes.post("/sources/{source_id}/phot_stat", Acl.SYSTEM_ADMIN, raises=(InvalidError,))
def create_phot_stat(call: Call, source_id: SourceId) -> None:
    """Make the PhotStats of a source that has none: without photometry, or after they were deleted."""
    phot_stat.create_phot_stat(call.requester, source_id, again=False)


@routes.put("/sources/{source_id}/phot_stat", Acl.SYSTEM_ADMIN)
def recreate_phot_stat(call: Call, source_id: SourceId) -> None:
    """Make the PhotStats of a source again from scratch, or for the first time."""
    phot_stat.create_phot_stat(call.requester, source_id, again=True)


@routes.delete("/sources/{source_id}/phot_stat", Acl.SYSTEM_ADMIN)
def delete_phot_stat(call: Call, source_id: SourceId) -> None:
    """Delete the PhotStats of a source, until they are made again or its photometry is written."""
    phot_stat.delete_phot_stat(call.requester, source_id)
