"""Sources: where they are, their redshift, and whose they are."""

from typing import Any

from chalicelib.analysis import analysis_views
from chalicelib.errors import BusyError, ForbiddenError, InvalidError
from chalicelib.routes.http import Call, Reply
from chalicelib.routes.operations import Routes
from chalicelib.routes.path_parameters import SourceId
from chalicelib.schemas.people import Acl
from chalicelib.schemas.sources import (
    NewSource,
    RemovalQuery,
    SavedSource,
    Source,
    SourceChange,
    SourceQuery,
    Sources,
    SourcesQuery,
)
from chalicelib.sources import (
    phot_stat,
    photometry,
    remarks,
    source_deletion,
    source_lists,
    source_records,
    spectra,
    summaries,
)

routes = Routes(__name__)


@routes.post("/sources", Acl.UPLOAD_DATA, answers=SavedSource, raises=(ForbiddenError, BusyError))
def save_source(call: Call, body: NewSource) -> dict[str, str]:
    """Save a source; one that is there is updated, or saved to more groups.

    Whoever may not see the source that is there only saves it to their own groups. An id whose
    source is being deleted is free again after a minute or two (429 until then).
    """
    return {"id": source_records.save_source(call.requester, body, call.public_url)}


@routes.get("/sources", answers=Sources, raises=(InvalidError, ForbiddenError))
def list_sources(call: Call, query: SourcesQuery) -> Reply:
    """List the sources that you may see, newest first, a page at a time.

    By the beginning of their id (`sourceID`) they come in order of the id. A cone (`ra`, `dec`,
    `radius`) has all that it holds counted; one with too many sources near it is refused. The
    header `X-Next-Cursor` is there when there is more: send it back as `cursor`.
    """
    page = source_lists.list_sources(call.requester, query)
    data = {
        "sources": source_records.sources_to_json(call.requester, page.sources),
        "totalMatches": page.total,
        "pageNumber": query.pageNumber,
        "numPerPage": query.numPerPage,
    }
    return Reply(data, headers={"X-Next-Cursor": page.cursor} if page.cursor else {})


@routes.get("/sources/{source_id}", answers=Source)
def get_source(call: Call, source_id: SourceId, query: SourceQuery) -> dict[str, Any]:
    """Read a source with its annotations and classifications, and what else the query asks for."""
    requester = call.requester
    (source,) = source_records.sources_to_json(
        requester, [source_records.get_visible_source(requester, source_id)]
    )
    source |= summaries.get_summaries(requester, source_id)
    source["annotations"] = remarks.list_remarks(requester, source_id, "annotation")
    source["classifications"] = remarks.list_remarks(requester, source_id, "classification")
    if query.includeComments:
        source["comments"] = remarks.list_remarks(requester, source_id, "comment")
    if query.includePhotometry:
        source["photometry"] = photometry.get_light_curve(requester, source_id, "mag")
    if query.includeSpectra:
        source["spectra"] = spectra.list_spectra(requester, source_id)
    if query.includePhotStats:
        stats = phot_stat.compute_phot_stat(requester, source_id)
        source["photstats"] = [stats] if stats else []
    if query.includeAnalyses:
        source["analyses"] = analysis_views.analyses_to_json(
            requester, analysis_views.find_source_analyses(requester, source_id)
        )
    return source


@routes.patch("/sources/{source_id}", Acl.UPLOAD_DATA, raises=(ForbiddenError, BusyError))
def update_source(call: Call, source_id: SourceId, body: SourceChange) -> None:
    """Change what is known of a source; what is left out stays as it was."""
    source_records.update_source(call.requester, source_id, body, call.public_url)


@routes.delete("/sources/{source_id}", Acl.UPLOAD_DATA, raises=(InvalidError, ForbiddenError, BusyError))
def delete_source(call: Call, source_id: SourceId, query: RemovalQuery) -> None:
    """Take a source out of a group of yours, or delete it with all its data and analyses.

    With `group_id` any member of the group may do so; without it only the owner or an
    administrator. A deleted source is gone at once; its data are deleted soon after, and then its
    id can be saved anew.
    """
    if query.group_id is not None:
        return source_deletion.remove_source_from_group(call.requester, source_id, query.group_id)
    if call.query:
        # A slip of the pen in "group_id" must not delete more than was meant.
        raise InvalidError("group_id: nothing else can be asked for here; without it the source is deleted.")
    return source_deletion.delete_source(call.requester, source_id)
