"""Parts of paths: ids and names."""

from dataclasses import dataclass
from typing import Annotated

from chalicelib.errors import ForbiddenError, HeliographError, InvalidError, NotFoundError
from chalicelib.schemas.fields import LARGEST_ID


@dataclass(frozen=True)
class PathPart:
    """What a part of a path refers to, and the error if that does not exist."""

    what: str
    error: type[HeliographError]

    def parse_id(self, text: str) -> int:
        """Return an id.

        Raises
        ------
        HeliographError
            `error`, if the text is not an id, and so refers to nothing.
        """
        if not text.isascii() or not text.isdecimal() or len(text) > 16 or int(text) > LARGEST_ID:
            raise self.error(f"There is no {self.what} {text[:40]!r}.")
        return int(text)


AclName = Annotated[str, PathPart("ACL", InvalidError)]
AnalysisId = Annotated[int, PathPart("analysis", ForbiddenError)]
AnnotationId = Annotated[int, PathPart("annotation", NotFoundError)]
BatchId = Annotated[int, PathPart("batch", ForbiddenError)]
CallbackToken = Annotated[str, PathPart("callback", ForbiddenError)]
ClassificationId = Annotated[int, PathPart("classification", NotFoundError)]
CommentId = Annotated[int, PathPart("comment", NotFoundError)]
DefaultAnalysisId = Annotated[int, PathPart("default analysis", ForbiddenError)]
GroupId = Annotated[int, PathPart("group", ForbiddenError)]
InstrumentId = Annotated[int, PathPart("instrument", NotFoundError)]
ListingId = Annotated[int, PathPart("listing", ForbiddenError)]
PhotometryId = Annotated[int, PathPart("point of photometry", NotFoundError)]
PlotNumber = Annotated[int, PathPart("plot", NotFoundError)]
QueueName = Annotated[str, PathPart("queue", NotFoundError)]
RoleName = Annotated[str, PathPart("role", InvalidError)]
ServiceId = Annotated[int, PathPart("analysis service", ForbiddenError)]
SourceId = Annotated[str, PathPart("source", NotFoundError)]
SpectrumId = Annotated[int, PathPart("spectrum", NotFoundError)]
TaxonomyId = Annotated[int, PathPart("taxonomy", NotFoundError)]
TelescopeId = Annotated[int, PathPart("telescope", NotFoundError)]
TokenId = Annotated[str, PathPart("token", ForbiddenError)]
UploadId = Annotated[str, PathPart("upload", NotFoundError)]
UserId = Annotated[int, PathPart("user", ForbiddenError)]
