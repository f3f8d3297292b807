"""Remarks on a source by people and services: annotations, comments, classifications."""

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, UnsetType

from chalicelib.schemas.base import PagedByCursor, Query, Schema, View, check_size
from chalicelib.schemas.fields import GroupIds, Moment, Name, Object, Word, describe
from chalicelib.schemas.people import Person, RecordView

SourceName = Annotated[str, describe("The source.", "ZTF21aaqjmps")]
AuthorId = Annotated[int, describe("The user who wrote it.", 1)]
_ORIGIN = "Where it comes from; a source has one annotation of each origin."
AnnotationOrigin = Annotated[Name, describe(_ORIGIN, "gaia_dr3")]
_DATA = "Keys and values; at most 50,000 characters of JSON."
Data = Annotated[Object, describe(_DATA, {"parallax": 0.3})]
CommentText = Annotated[str, describe("The text.", "Rising again.", min_length=1, max_length=20_000)]
Bot = Annotated[bool, describe("True if a program wrote it, false if a person did.")]
Origin = Annotated[Word, describe("Where it comes from.", "my_classifier 1.2")]
ClassName = Annotated[Name, describe("The class.", "Ia")]
Probability = Annotated[float, describe("The probability; null if unknown.", 0.9, ge=0, le=1)]
TaxonomyId = Annotated[int, describe("The taxonomy that defines the class; 0 or null for none.", 1, ge=0)]
Ml = Annotated[bool, describe("True if a machine classified it, false if a person did.")]


class Remark(Schema):
    """The fields of all remarks."""

    ignored_fields: ClassVar[frozenset[str]] = frozenset(("author_id", "author_name", "ra", "dec", "redshift"))

    obj_id: Annotated[str | None, describe("The source; must be that of the path.", "ZTF21aaqjmps")] = None
    group_ids: GroupIds = None


class RemarkView(RecordView):
    """What all remarks show."""

    id: Annotated[int, describe("The id of the remark.", 1)]
    obj_id: SourceName
    author_id: AuthorId


class NewAnnotation(Remark, kw_only=True):
    """A new annotation."""

    origin: AnnotationOrigin
    data: Data

    def __post_init__(self) -> None:
        check_size("data", self.data)


class AnnotationChange(Remark):
    """Changes of an annotation; omitted fields stay as they are. The origin cannot change."""

    origin: AnnotationOrigin | UnsetType = UNSET
    data: Data | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.data is not UNSET:
            check_size("data", self.data)


class AnnotationRef(View):
    """The id of a new annotation."""

    annotation_id: Annotated[int, describe("The id of the new annotation.", 1)]


class Annotation(RemarkView):
    """An annotation."""

    origin: AnnotationOrigin
    data: Data
    author: Person | None


class Attachment(Schema):
    """A file."""

    name: Annotated[Name, describe("The name of the file.", "spectrum.csv")]
    body: Annotated[str, describe("Its content, in base64 or as a data URL.", "aGVsbG8=", max_length=4_400_000)]


AttachedFile = Annotated[Attachment | UnsetType | None, describe("A file beside the text.")]


class NewComment(Remark, kw_only=True):
    """A new comment."""

    text: CommentText
    bot: Annotated[Bot, describe("True by default: the requests of people come from pages that send false.")] = True
    origin: Origin | None = None
    attachment: AttachedFile = UNSET


class CommentChange(Remark):
    """Changes of a comment; omitted fields stay as they are."""

    text: CommentText | UnsetType = UNSET
    bot: Bot | UnsetType = UNSET
    origin: Origin | UnsetType | None = UNSET
    attachment: Annotated[AttachedFile, describe("Another file; null deletes it.")] = UNSET


class CommentsQuery(Query):
    """Which comments to list."""

    text: Annotated[Word | None, describe("Only those that contain this text, in any case.", "rising")] = None
    pageNumber: Annotated[int, describe("The page, counted from 1.", 1, ge=1, le=10**6)] = 1
    numPerPage: Annotated[int, describe("Comments per page; all if omitted.", 25, ge=1)] | None = None


class AttachmentQuery(Query):
    """How to answer an attachment."""

    download: Annotated[bool, describe("Answer the file; false answers its text as JSON.")] = True


class AttachmentText(View):
    """The text of an attachment."""

    comment_id: Annotated[int, describe("The comment.", 1)]
    attachment: Annotated[str, describe("The text of the file.", "wavelength,flux")]


class CommentRef(View):
    """The id of a new comment."""

    comment_id: Annotated[int, describe("The id of the new comment.", 1)]


class Comment(RemarkView):
    """A comment."""

    text: CommentText
    bot: Bot
    origin: Origin | None
    attachment_name: Annotated[str | None, describe("The name of the file beside the text.", "spectrum.csv")]
    author: Person | None


class NewClassification(Schema):
    """A new classification."""

    ignored_fields: ClassVar[frozenset[str]] = frozenset(("author_id", "author_name", "vote", "label"))

    obj_id: SourceName
    classification: ClassName
    probability: Probability | None = None
    taxonomy_id: TaxonomyId | None = None
    origin: Origin | None = None
    ml: Ml = False
    group_ids: GroupIds = None


class NewClassifications(Schema):
    """Several new classifications."""

    classifications: Annotated[list[NewClassification], describe("The classifications.", min_length=1, max_length=100)]


class ClassificationChange(Remark):
    """Changes of a classification; omitted fields stay as they are."""

    classification: ClassName | UnsetType = UNSET
    probability: Probability | UnsetType | None = UNSET
    taxonomy_id: TaxonomyId | UnsetType | None = UNSET
    origin: Origin | UnsetType | None = UNSET
    ml: Ml | UnsetType = UNSET


class ClassificationRef(View):
    """The id of a new classification."""

    classification_id: Annotated[int, describe("The id of the new classification.", 1)] | UnsetType = UNSET
    classification_ids: Annotated[list[int], describe("The ids, if a list was sent.", [1, 2])] | UnsetType = UNSET


class NewVote(Schema):
    """A vote on a classification."""

    vote: Annotated[Literal[-1, 1], describe("1 for it, -1 against it.", 1)]


class Vote(View):
    """A vote on a classification; a voter has one."""

    id: Annotated[int, describe("The same as `voter_id`.", 2)]
    classification_id: Annotated[int, describe("The classification.", 1)]
    voter_id: Annotated[int, describe("The user who voted.", 2)]
    vote: Annotated[int, describe("1 for it, -1 against it.", 1)]


_FIRST_DAY = "Only those made at this time or later: ISO 8601, in UTC unless an offset is given."
_LAST_DAY = "Only those made at this time or earlier."


class ClassificationsQuery(PagedByCursor):
    """Which classifications to list."""

    startDate: Annotated[Moment | None, describe(_FIRST_DAY)] = None
    endDate: Annotated[Moment | None, describe(_LAST_DAY)] = None
    classification: Annotated[ClassName | None, describe("Only of this class.", "Ia")] = None


class Classification(RemarkView):
    """A classification."""

    classification: ClassName
    probability: Probability | None
    taxonomy_id: Annotated[int, describe("The taxonomy that defines the class; 0 if none was named.", 1)]
    origin: Origin | None
    ml: Ml
    votes: Annotated[list[Vote], describe("The votes on it.")]
    author_name: Annotated[str | None, describe("The name of the user who wrote it.", "ada")]


class Classifications(View):
    """A page of classifications."""

    classifications: Annotated[list[Classification], describe("The classifications, newest first.")]
    totalMatches: Annotated[int, describe("How many were found; `notes` says when there are more.", 42)]
