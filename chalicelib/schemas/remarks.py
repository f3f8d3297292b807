"""Remarks on a source by people and services: annotations, comments, classifications."""

from typing import Annotated, ClassVar

from msgspec import UNSET, UnsetType

from chalicelib.schemas.base import Schema, View, check_size
from chalicelib.schemas.fields import GroupIds, Id, Name, Object, Word, describe
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
TaxonomyId = Annotated[Id, describe("The taxonomy that defines the class.", 1)]
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


class NewComment(Remark, kw_only=True):
    """A new comment."""

    text: CommentText
    bot: Annotated[Bot, describe("True by default: the requests of people come from pages that send false.")] = True
    origin: Origin | None = None


class CommentChange(Remark):
    """Changes of a comment; omitted fields stay as they are."""

    text: CommentText | UnsetType = UNSET
    bot: Bot | UnsetType = UNSET
    origin: Origin | UnsetType | None = UNSET


class CommentRef(View):
    """The id of a new comment."""

    comment_id: Annotated[int, describe("The id of the new comment.", 1)]


class Comment(RemarkView):
    """A comment."""

    text: CommentText
    bot: Bot
    origin: Origin | None
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

    classification_id: Annotated[int, describe("The id of the new classification, or of the last.", 1)]
    classification_ids: Annotated[list[int], describe("The ids of several.", [1, 2])] | UnsetType = UNSET


class Classification(RemarkView):
    """A classification."""

    classification: ClassName
    probability: Probability | None
    taxonomy_id: TaxonomyId | None
    origin: Origin | None
    ml: Ml
    author_name: Annotated[str | None, describe("The name of the user who wrote it.", "ada")]
