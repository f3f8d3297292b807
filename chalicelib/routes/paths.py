"""What stands in a path: ids, and names."""

from dataclasses import dataclass
from typing import Annotated

from chalicelib.errors import ForbiddenError, HeliographError, NotFoundError
from chalicelib.schemas.base import LARGEST_ID

__all__ = [
    "AnalysisId", "AnnotationId", "BatchId", "CallbackToken", "ClassificationId", "CommentId",
    "DefaultAnalysisId", "GroupId",
    "InPath", "InstrumentId", "PhotometryId", "PlotNumber", "QueueName", "ServiceId", "SourceId",
    "SpectrumId", "TaxonomyId", "TelescopeId", "TokenId", "UploadId", "UserId",
]  # fmt: skip


@dataclass(frozen=True)
class InPath:
    """What a part of a path names, and the error if there is no such thing."""

    what: str
    error: type[HeliographError]

    def number(self, text: str) -> int:
        """Return an id.

        Raises
        ------
        HeliographError
            `error`, if it is no id: whatever it names does not exist.
        """
        if not text.isascii() or not text.isdecimal() or len(text) > 16 or int(text) > LARGEST_ID:
            raise self.error(f"There is no {self.what} {text[:40]!r}.")
        return int(text)


AnalysisId = Annotated[int, InPath("analysis", ForbiddenError)]
AnnotationId = Annotated[int, InPath("annotation", NotFoundError)]
BatchId = Annotated[int, InPath("batch", ForbiddenError)]
CallbackToken = Annotated[str, InPath("callback", ForbiddenError)]
ClassificationId = Annotated[int, InPath("classification", NotFoundError)]
CommentId = Annotated[int, InPath("comment", NotFoundError)]
DefaultAnalysisId = Annotated[int, InPath("default analysis", ForbiddenError)]
GroupId = Annotated[int, InPath("group", ForbiddenError)]
InstrumentId = Annotated[int, InPath("instrument", NotFoundError)]
PhotometryId = Annotated[int, InPath("point of photometry", NotFoundError)]
PlotNumber = Annotated[int, InPath("plot", NotFoundError)]
QueueName = Annotated[str, InPath("queue", NotFoundError)]
ServiceId = Annotated[int, InPath("analysis service", ForbiddenError)]
SourceId = Annotated[str, InPath("source", NotFoundError)]
SpectrumId = Annotated[int, InPath("spectrum", NotFoundError)]
TaxonomyId = Annotated[int, InPath("taxonomy", NotFoundError)]
TelescopeId = Annotated[int, InPath("telescope", NotFoundError)]
TokenId = Annotated[str, InPath("token", ForbiddenError)]
UploadId = Annotated[str, InPath("upload", NotFoundError)]
UserId = Annotated[int, InPath("user", ForbiddenError)]
