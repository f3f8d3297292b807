"""Classifications of a source."""

from typing import Any

from chalicelib.errors import BusyError, ForbiddenError, InvalidError, NotFoundError
from chalicelib.routes.http import Call
from chalicelib.routes.operations import Routes
from chalicelib.routes.path_parameters import ClassificationId, SourceId
from chalicelib.schemas.people import Acl
from chalicelib.schemas.remarks import (
    Classification,
    ClassificationChange,
    ClassificationRef,
    NewClassification,
)
from chalicelib.sources import remarks, source_records

routes = Routes(__name__)


@routes.post(
    "/classification",
    Acl.CLASSIFY,
    answers=ClassificationRef,
    raises=(InvalidError, ForbiddenError, NotFoundError),
)
def create_classification(call: Call, body: NewClassification) -> dict[str, int]:
    """Classify a source; a taxonomy that is named must have the class.

    Default analyses that wait for this class start by themselves.
    """
    return {"classification_id": remarks.create_classification(call.requester, body, call.public_url)}


@routes.get("/classification/{classification_id}", answers=Classification)
def get_classification(call: Call, classification_id: ClassificationId) -> dict[str, Any]:
    """Read a classification."""
    return remarks.get_remark(call.requester, "classification", classification_id)


@routes.put(
    "/classification/{classification_id}", Acl.CLASSIFY, raises=(InvalidError, ForbiddenError, BusyError)
)
def update_classification(
    call: Call, classification_id: ClassificationId, body: ClassificationChange
) -> None:
    """Change a classification of yours; what is left out stays as it was."""
    remarks.update_classification(call.requester, classification_id, body, call.public_url)


@routes.delete("/classification/{classification_id}", Acl.CLASSIFY, raises=(ForbiddenError, BusyError))
def delete_classification(call: Call, classification_id: ClassificationId) -> None:
    """Delete a classification of yours; administrators delete any."""
    remarks.delete_remark(call.requester, "classification", classification_id)


@routes.get("/sources/{source_id}/classifications", answers=list[Classification])
def list_classifications(call: Call, source_id: SourceId) -> list[dict[str, Any]]:
    """List the classifications of a source that you may see, oldest first."""
    source_records.get_visible_source(call.requester, source_id)
    return remarks.list_remarks(call.requester, source_id, "classification")
