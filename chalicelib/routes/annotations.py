"""Annotations of a source."""

from typing import Any

from chalicelib.errors import BusyError, ForbiddenError, InvalidError
from chalicelib.routes.http import Call
from chalicelib.routes.operations import Routes
from chalicelib.routes.path_parameters import AnnotationId, SourceId
from chalicelib.schemas.people import Acl
from chalicelib.schemas.remarks import Annotation, AnnotationChange, AnnotationRef, NewAnnotation
from chalicelib.sources import remarks, source_records

routes = Routes(__name__)


@routes.post(
    "/sources/{source_id}/annotations",
    Acl.ANNOTATE,
    answers=AnnotationRef,
    raises=(InvalidError, ForbiddenError),
)
def create_annotation(call: Call, source_id: SourceId, body: NewAnnotation) -> dict[str, int]:
    """Annotate a source; each origin once, an annotation that is there is changed by PUT."""
    return {"annotation_id": remarks.create_annotation(call.requester, source_id, body)}


@routes.get("/sources/{source_id}/annotations", answers=list[Annotation])
def list_annotations(call: Call, source_id: SourceId) -> list[dict[str, Any]]:
    """List the annotations of a source that you may see, oldest first."""
    source_records.get_visible_source(call.requester, source_id)
    return remarks.list_remarks(call.requester, source_id, "annotation")


@routes.get("/sources/{source_id}/annotations/{annotation_id}", answers=Annotation)
def get_annotation(call: Call, source_id: SourceId, annotation_id: AnnotationId) -> dict[str, Any]:
    """Read an annotation of a source."""
    return remarks.get_remark(call.requester, "annotation", annotation_id, source_id)


@routes.put(
    "/sources/{source_id}/annotations/{annotation_id}",
    Acl.ANNOTATE,
    raises=(InvalidError, ForbiddenError, BusyError),
)
def update_annotation(
    call: Call, source_id: SourceId, annotation_id: AnnotationId, body: AnnotationChange
) -> None:
    """Change an annotation of yours; what is left out stays as it was."""
    remarks.update_annotation(call.requester, source_id, annotation_id, body)


@routes.delete(
    "/sources/{source_id}/annotations/{annotation_id}", Acl.ANNOTATE, raises=(ForbiddenError, BusyError)
)
def delete_annotation(call: Call, source_id: SourceId, annotation_id: AnnotationId) -> None:
    """Delete an annotation of yours; administrators delete any."""
    remarks.delete_remark(call.requester, "annotation", annotation_id, source_id)
