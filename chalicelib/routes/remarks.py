"""Remarks on a source: annotations, comments, classifications."""

from typing import Annotated, Any

from msgspec import UNSET

from chalicelib.errors import BusyError, ForbiddenError, InvalidError, NotFoundError
from chalicelib.routes.operations import Call, Routes
from chalicelib.routes.path_parameters import AnnotationId, ClassificationId, CommentId, SourceId
from chalicelib.routes.responses import FileReply, Reply
from chalicelib.schemas import remarks as schemas
from chalicelib.schemas.base import parse_body
from chalicelib.schemas.people import Acl
from chalicelib.sources import attachments, classification_lists, remarks, votes
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
VOTES = "/classification/votes/{classification_id}"


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
    get_visible_source(call.requester, source_id)
    stored = attachments.store_attachment(source_id, body.attachment) if body.attachment else None
    return {"comment_id": remarks.create_comment(call.requester, source_id, body, stored)}


@comment_routes.get(COMMENTS, answers=list[schemas.Comment])
def list_comments(call: Call, source_id: SourceId, query: schemas.CommentsQuery) -> list[dict[str, Any]]:
    """List the comments of a source that you can see, oldest first."""
    get_visible_source(call.requester, source_id)
    comments = remarks.list_remarks(call.requester, source_id, "comment")
    if query.text:
        comments = [comment for comment in comments if query.text.lower() in comment["text"].lower()]
    if query.numPerPage is None:
        return comments
    start = (query.pageNumber - 1) * query.numPerPage
    if len(comments) > start + query.numPerPage:
        call.notes.append(f"There are {len(comments)} comments; ask for the next page.")
    return comments[start : start + query.numPerPage]


@comment_routes.get(COMMENT, answers=schemas.Comment)
def get_comment(call: Call, source_id: SourceId, comment_id: CommentId) -> dict[str, Any]:
    """Return a comment of a source."""
    return remarks.get_remark(call.requester, "comment", comment_id, source_id)


@comment_routes.put(COMMENT, Acl.COMMENT, raises=UPDATE_ERRORS)
def update_comment(call: Call, source_id: SourceId, comment_id: CommentId, body: schemas.CommentChange) -> None:
    """Change a comment of yours; omitted fields stay as they are."""
    remarks.get_own_remark(call.requester, "comment", comment_id, source_id)
    if body.attachment is UNSET:
        remarks.update_comment(call.requester, source_id, comment_id, body)
        return
    stored = attachments.store_attachment(source_id, body.attachment) if body.attachment else None
    before = remarks.update_comment(call.requester, source_id, comment_id, body, attachment=stored)
    attachments.delete_attachment(before)


@comment_routes.delete(COMMENT, Acl.COMMENT, raises=DELETE_ERRORS)
def delete_comment(call: Call, source_id: SourceId, comment_id: CommentId) -> None:
    """Delete a comment of yours; administrators can delete any."""
    comment = remarks.delete_remark(call.requester, "comment", comment_id, source_id)
    attachments.delete_attachment(comment.attachment)


@comment_routes.get(
    COMMENT + "/attachment",
    alias=COMMENT + "/attachment.pdf",
    file_type="application/octet-stream",
    answers=schemas.AttachmentText,
    raises=(InvalidError,),
)
def get_attachment(
    call: Call, source_id: SourceId, comment_id: CommentId, query: schemas.AttachmentQuery
) -> FileReply | dict[str, Any]:
    """Return the file of a comment; with `download=false` its text."""
    if not query.download:
        return attachments.read_attachment_text(call.requester, source_id, comment_id)
    attachment = attachments.get_attachment(call.requester, source_id, comment_id)
    return FileReply(attachment["key"], attachment["name"])


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
    return {"classification_ids": ids} if is_list else {"classification_id": ids[0]}


@classification_routes.get("/classification", answers=schemas.Classifications, raises=(InvalidError,))
def find_classifications(call: Call, query: schemas.ClassificationsQuery) -> Reply:
    """List the classifications of all sources that you can see, newest first, a page at a time.

    A request examines up to 300 of them; `notes` says when there are more, and the cursor goes on.
    """
    page = classification_lists.find_classifications(call.requester, query)
    call.notes += page.notes
    records = remarks.remarks_to_json(call.requester, page.items)
    return Reply({"classifications": records, "totalMatches": page.total}, next_cursor=page.cursor)


@classification_routes.get("/classification/sources", answers=list[str], raises=(InvalidError,))
def list_classified_sources(call: Call, query: schemas.ClassificationsQuery) -> Reply:
    """List the sources of a page of classifications, each once (see `GET /classification`)."""
    page = classification_lists.list_classified_sources(call.requester, query)
    call.notes += page.notes
    return Reply([item.source_id for item in page.items], next_cursor=page.cursor)


@classification_routes.post(VOTES, Acl.CLASSIFY, raises=(InvalidError, BusyError))
def vote(call: Call, classification_id: ClassificationId, body: schemas.NewVote) -> None:
    """Vote for or against a classification; a second vote replaces the first."""
    votes.vote(call.requester, classification_id, body.vote)


@classification_routes.delete(VOTES, Acl.CLASSIFY, raises=(BusyError,))
def delete_vote(call: Call, classification_id: ClassificationId) -> None:
    """Delete your vote on a classification."""
    votes.delete_vote(call.requester, classification_id)


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
