"""Remarks on a source: annotations, comments, classifications."""

from typing import Annotated, Any

from chalicelib.errors import BusyError, ForbiddenError, InvalidError, NotFoundError
from chalicelib.routes.operations import Call, Routes
from chalicelib.routes.path_parameters import AnnotationId, ClassificationId, CommentId, SourceId
from chalicelib.schemas import remarks as schemas
from chalicelib.schemas.base import parse_body
from chalicelib.schemas.people import Acl
from chalicelib.sources import remarks
from chalicelib.sources.source_records import get_visible_source

annotation_routes = Routes("annotations", "Annotations of a source.")
comment_routes = Routes("comments", "Comments on a source.")
classification_routes = Routes("classifications", "Classifications of a source.")

CREATE_ERRORS = (InvalidError, ForbiddenError)
UPDATE_ERRORS = (InvalidError, ForbiddenError, BusyError)
DELETE_ERRORS = (ForbiddenError, BusyError)

ANNOTATIONS = "/sources/{source_id}/annotations"
ANNOTATION = "/sources/{source_id}/annotations/{annotation_id}"
COMMENTS = "/sources/{source_id}/comments"
COMMENT = "/sources/{source_id}/comments/{comment_id}"
CLASSIFICATION = "/classification/{classification_id}"


PostedClassifications = Annotated[dict[str, Any], schemas.NewClassification]
"""One classification, or an object with a list of them."""


@annotation_routes.post(ANNOTATIONS, Acl.ANNOTATE, answers=schemas.AnnotationRef, raises=CREATE_ERRORS)
def create_annotation(call: Call, source_id: SourceId, body: schemas.NewAnnotation) -> dict[str, int]:
    """Annotate a source; it has one annotation of each origin, which PUT changes."""
    return {"annotation_id": remarks.create_annotation(call.requester, source_id, body)}


@annotation_routes.get(ANNOTATIONS, answers=list[schemas.Annotation])
def list_annotations(call: Call, source_id: SourceId) -> list[dict[str, Any]]:
    """List the annotations of a source that you can see, oldest first."""
    get_visible_source(call.requester, source_id)
    return remarks.list_remarks(call.requester, source_id, "annotation")


@annotation_routes.get(ANNOTATION, answers=schemas.Annotation)
def get_annotation(call: Call, source_id: SourceId, annotation_id: AnnotationId) -> dict[str, Any]:
    """Return an annotation of a source."""
    return remarks.get_remark(call.requester, "annotation", annotation_id, source_id)


@annotation_routes.put(ANNOTATION, Acl.ANNOTATE, raises=UPDATE_ERRORS)
def update_annotation(
    call: Call, source_id: SourceId, annotation_id: AnnotationId, body: schemas.AnnotationChange
) -> None:
    """Change an annotation of yours; omitted fields stay as they are."""
    remarks.update_annotation(call.requester, source_id, annotation_id, body)


@annotation_routes.delete(ANNOTATION, Acl.ANNOTATE, raises=DELETE_ERRORS)
def delete_annotation(call: Call, source_id: SourceId, annotation_id: AnnotationId) -> None:
    """Delete an annotation of yours; administrators can delete any."""
    remarks.delete_remark(call.requester, "annotation", annotation_id, source_id)


@comment_routes.post(COMMENTS, Acl.COMMENT, answers=schemas.CommentRef, raises=CREATE_ERRORS)
def create_comment(call: Call, source_id: SourceId, body: schemas.NewComment) -> dict[str, int]:
    """Comment on a source."""
    return {"comment_id": remarks.create_comment(call.requester, source_id, body)}


@comment_routes.get(COMMENTS, answers=list[schemas.Comment])
def list_comments(call: Call, source_id: SourceId) -> list[dict[str, Any]]:
    """List the comments of a source that you can see, oldest first."""
    get_visible_source(call.requester, source_id)
    return remarks.list_remarks(call.requester, source_id, "comment")


@comment_routes.get(COMMENT, answers=schemas.Comment)
def get_comment(call: Call, source_id: SourceId, comment_id: CommentId) -> dict[str, Any]:
    """Return a comment of a source."""
    return remarks.get_remark(call.requester, "comment", comment_id, source_id)


@comment_routes.put(COMMENT, Acl.COMMENT, raises=UPDATE_ERRORS)
def update_comment(call: Call, source_id: SourceId, comment_id: CommentId, body: schemas.CommentChange) -> None:
    """Change a comment of yours; omitted fields stay as they are."""
    remarks.update_comment(call.requester, source_id, comment_id, body)


@comment_routes.delete(COMMENT, Acl.COMMENT, raises=DELETE_ERRORS)
def delete_comment(call: Call, source_id: SourceId, comment_id: CommentId) -> None:
    """Delete a comment of yours; administrators can delete any."""
    remarks.delete_remark(call.requester, "comment", comment_id, source_id)


@classification_routes.post(
    "/classification", Acl.CLASSIFY, answers=schemas.ClassificationRef, raises=(*CREATE_ERRORS, NotFoundError)
)
def create_classification(call: Call, body: PostedClassifications) -> dict[str, Any]:
    """Classify a source; if a taxonomy is named, it must have the class.

    This starts the default analyses of the class. Several classifications are sent as a list in
    `classifications`; all are checked before the first is added.
    """
    is_list = "classifications" in body
    several = parse_body(schemas.NewClassifications, body if is_list else {"classifications": [body]})
    ids = remarks.create_classifications(call.requester, several.classifications, call.public_url)
    return {"classification_id": ids[-1], **({"classification_ids": ids} if is_list else {})}


@classification_routes.get(CLASSIFICATION, answers=schemas.Classification)
def get_classification(call: Call, classification_id: ClassificationId) -> dict[str, Any]:
    """Return a classification."""
    return remarks.get_remark(call.requester, "classification", classification_id)


@classification_routes.put(CLASSIFICATION, Acl.CLASSIFY, raises=UPDATE_ERRORS)
def update_classification(call: Call, classification_id: ClassificationId, body: schemas.ClassificationChange) -> None:
    """Change a classification of yours; omitted fields stay as they are."""
    remarks.update_classification(call.requester, classification_id, body, call.public_url)


@classification_routes.delete(CLASSIFICATION, Acl.CLASSIFY, raises=DELETE_ERRORS)
def delete_classification(call: Call, classification_id: ClassificationId) -> None:
    """Delete a classification of yours; administrators can delete any."""
    remarks.delete_remark(call.requester, "classification", classification_id)


@classification_routes.get("/sources/{source_id}/classifications", answers=list[schemas.Classification])
def list_classifications(call: Call, source_id: SourceId) -> list[dict[str, Any]]:
    """List the classifications of a source that you can see, oldest first."""
    get_visible_source(call.requester, source_id)
    return remarks.list_remarks(call.requester, source_id, "classification")
