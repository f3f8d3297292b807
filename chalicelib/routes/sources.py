"""Sources: position, redshift, groups."""

from typing import Any

from chalicelib.analysis import analysis_views
from chalicelib.errors import BusyError, ForbiddenError, InvalidError
from chalicelib.routes.operations import Call, Routes
from chalicelib.routes.path_parameters import SourceId
from chalicelib.routes.responses import Reply
from chalicelib.schemas import sources as schemas
from chalicelib.schemas.people import Acl
from chalicelib.sources import (
    photometry,
    remarks,
    source_deletion,
    source_existence,
    source_lists,
    source_records,
    source_views,
    spectra,
    summaries,
)

routes = Routes(__name__, __doc__)


@routes.post("/sources", Acl.UPLOAD_DATA, answers=schemas.SavedSource, raises=(ForbiddenError, BusyError))
def save_source(call: Call, body: schemas.NewSource) -> dict[str, str]:
    """Save a source; an existing one is updated, or saved to the groups that you name.

    Of an existing source only the fields with a value change: null, `""`, `[]` and `{}` leave a field as it
    is (`PATCH` with null clears it), and without `group_ids` it stays in the groups that it is in. If you
    cannot see the existing source, the request is refused: a member of its groups can save it to one of yours.
    The id of a deleted source is free again after a minute or two (429 until then).
    """
    call.notes += source_records.save_source(call.requester, body, call.public_url)
    return {"id": body.id}


@routes.get("/sources", answers=schemas.Sources, raises=(InvalidError, ForbiddenError))
def list_sources(call: Call, query: schemas.SourcesQuery) -> Reply:
    """List the sources that you can see, newest first, a page at a time.

    `name` finds any part of a name or alias: it reads the names of all sources that you can see (128 read
    units for some 7000 of them), then the matches. With `sourceID` they are ordered by id. With a cone
    (`ra`, `dec`, `radius`) all its sources are counted; a cone with too many sources near it is refused. If
    there are more, the answer has the header `X-Next-Cursor`: send it as `cursor` for the next page. Other
    filters examine at most 2000 sources per request, those by remarks, spectra and photometry 300: `notes`
    says when there are more, and the cursor goes on. A list in another order (`sortBy`) must be within
    these limits.
    """
    page = source_lists.list_sources(call.requester, query)
    call.notes += page.notes
    data = {
        "sources": source_views.list_page(call.requester, page.sources, query),
        "totalMatches": page.total,
        "pageNumber": query.pageNumber,
        "numPerPage": query.numPerPage,
    }
    return Reply(data, next_cursor=page.cursor)


@routes.get(
    "/source_exists", answers=schemas.SourceExistence, beside={"obj_ids": schemas.ExistingIds}, raises=(InvalidError,)
)
def find_source_at(call: Call, query: schemas.ExistsQuery) -> Reply:
    """Say whether there is a source that you can see near a position; `obj_ids` beside `data` names at most 20."""
    existence, source_ids = source_existence.describe_existence(call.requester, None, query)
    return Reply(existence, beside={"obj_ids": source_ids})


@routes.get(
    "/source_exists/{source_id}",
    answers=schemas.SourceExistence,
    beside={"obj_ids": schemas.ExistingIds},
    raises=(InvalidError,),
)
def find_source(call: Call, source_id: SourceId, query: schemas.ExistsQuery) -> Reply:
    """Say whether there is a source of this name, or near a position, that you can see.

    Aliases and TNS names count, in any case, with or without blanks and SN, AT or ZTF before a year. `obj_ids`
    beside `data` names at most 20 such sources.
    """
    existence, source_ids = source_existence.describe_existence(call.requester, source_id, query)
    return Reply(existence, beside={"obj_ids": source_ids})


@routes.get("/sources/{source_id}/groups", answers=list[schemas.SavedGroup])
def list_source_groups(call: Call, source_id: SourceId) -> list[dict[str, Any]]:
    """List the groups of a source that you can see."""
    source = source_records.get_visible_source(call.requester, source_id)
    (record,) = source_records.sources_to_json(call.requester, [source])
    return list(record["groups"])


@routes.get("/sources/{source_id}", answers=schemas.Source)
def get_source(call: Call, source_id: SourceId, query: schemas.SourceQuery) -> dict[str, Any]:
    """Return a source with its annotations and classifications, and the parts that the query requests."""
    requester = call.requester
    item = source_records.get_visible_source(requester, source_id)
    (source,) = source_records.sources_to_json(requester, [item])
    source |= summaries.get_summaries(requester, source_id)
    source["annotations"] = remarks.list_remarks(requester, source_id, "annotation")
    source["classifications"] = remarks.list_remarks(requester, source_id, "classification")
    source_views.add_parts(requester, source, query)
    if query.includePhotometry:
        points = photometry.get_light_curve(requester, source_id, "mag")
        source["photometry"] = source_views.keep_newest(points) if query.deduplicatePhotometry else points
    if query.includeSpectra:
        source["spectra"] = spectra.list_spectra(requester, source_id)
    if query.includeAnalyses:
        analyses = analysis_views.find_source_analyses(requester, source_id)
        source["analyses"] = analysis_views.analyses_to_json(requester, analyses)
    return source


@routes.patch("/sources/{source_id}", Acl.UPLOAD_DATA, raises=(ForbiddenError, BusyError))
def update_source(call: Call, source_id: SourceId, body: schemas.SourceChange) -> None:
    """Change a source; omitted fields stay as they are."""
    source_records.update_source(call.requester, source_id, body, call.public_url)


@routes.delete("/sources/{source_id}", Acl.UPLOAD_DATA, raises=(InvalidError, ForbiddenError, BusyError))
def delete_source(call: Call, source_id: SourceId, query: schemas.RemovalQuery) -> None:
    """Remove a source from a group, or delete it with all its data and analyses.

    With `group_id`, any member of the group may remove it; without, only its owner or an administrator
    may delete it. A deleted source is invisible at once; its data are deleted soon after, and then its id
    can be used again.
    """
    if query.group_id is not None:
        return source_deletion.remove_source_from_group(call.requester, source_id, query.group_id)
    if call.query:
        # A typo in "group_id" must not delete the whole source.
        raise InvalidError("group_id: the only parameter here; to delete the source, send none.")
    return source_deletion.delete_source(call.requester, source_id)
