"""What people and services say of a source: annotations, comments, classifications."""

from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from chalicelib.schemas.base import GroupIds, Id, Name, Schema, Time, View, Word, check_size
from chalicelib.schemas.people import Group, Person

__all__ = [
    "Annotation",
    "AnnotationChange",
    "AnnotationRef",
    "Classification",
    "ClassificationChange",
    "ClassificationRef",
    "Comment",
    "CommentChange",
    "CommentRef",
    "NewAnnotation",
    "NewClassification",
    "NewComment",
    "Person",
]  # fmt: skip

SourceName = Annotated[str, Meta(description="The source that it is about.", examples=["ZTF21aaqjmps"])]
AuthorId = Annotated[int, Meta(description="The user who wrote it.", examples=[1])]
Groups = Annotated[list[Group], Meta(description="The groups that see it, as far as you see them.")]
AnnotationOrigin = Annotated[
    Name,
    Meta(
        description="What it comes from; a source has one annotation of each origin.", examples=["gaia_dr3"]
    ),
]
Data = Annotated[
    dict[str, Any],
    Meta(
        description="What it says, by keys; at most 50,000 characters of JSON.", examples=[{"parallax": 0.3}]
    ),
]
CommentText = Annotated[
    str, Meta(min_length=1, max_length=20_000, description="What it says.", examples=["Rising again."])
]
Bot = Annotated[bool, Meta(description="Whether a program wrote it, rather than a person.")]
Origin = Annotated[Word, Meta(description="What it comes from.", examples=["my_classifier 1.2"])]
ClassName = Annotated[Name, Meta(description="The class.", examples=["Ia"])]
Probability = Annotated[
    float, Meta(ge=0, le=1, description="How probable it is; null if that is not said.", examples=[0.9])
]
TaxonomyId = Annotated[Id, Meta(description="The taxonomy that the class is one of.", examples=[1])]
Ml = Annotated[bool, Meta(description="Whether a machine learned to classify so, rather than a person.")]


class Remark(Schema):
    """What all remarks have in common."""

    obj_id: Annotated[
        str | None,
        Meta(description="The source, which the path names already.", examples=["ZTF21aaqjmps"]),
    ] = None
    group_ids: GroupIds = None


class NewAnnotation(Remark, kw_only=True):
    """An annotation to be added."""

    origin: AnnotationOrigin
    data: Data

    def __post_init__(self) -> None:
        check_size("data", self.data)


class AnnotationChange(Remark):
    """What to change of an annotation; what is left out stays as it was. Its origin cannot change."""

    origin: AnnotationOrigin | UnsetType = UNSET
    data: Data | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.data is not UNSET:
            check_size("data", self.data)


class AnnotationRef(View):
    """An annotation that was added."""

    annotation_id: Annotated[int, Meta(description="The id of the new annotation.", examples=[1])]


class Annotation(View):
    """An annotation."""

    id: Annotated[int, Meta(description="The id of the annotation.", examples=[1])]
    obj_id: SourceName
    origin: AnnotationOrigin
    data: Data
    author_id: AuthorId
    author: Person | None
    groups: Groups
    created_at: Time
    modified: Time


class NewComment(Remark, kw_only=True):
    """A comment to be added."""

    text: CommentText
    bot: Bot = False
    origin: Origin | None = None


class CommentChange(Remark):
    """What to change of a comment; what is left out stays as it was."""

    text: CommentText | UnsetType = UNSET
    bot: Bot | UnsetType = UNSET
    origin: Origin | UnsetType | None = UNSET


class CommentRef(View):
    """A comment that was added."""

    comment_id: Annotated[int, Meta(description="The id of the new comment.", examples=[1])]


class Comment(View):
    """A comment."""

    id: Annotated[int, Meta(description="The id of the comment.", examples=[1])]
    obj_id: SourceName
    text: CommentText
    bot: Bot
    origin: Origin | None
    author_id: AuthorId
    author: Person | None
    groups: Groups
    created_at: Time
    modified: Time


class NewClassification(Schema):
    """A classification to be added."""

    obj_id: SourceName
    classification: ClassName
    probability: Probability | None = None
    taxonomy_id: TaxonomyId | None = None
    origin: Origin | None = None
    ml: Ml = False
    group_ids: GroupIds = None


class ClassificationChange(Remark):
    """What to change of a classification; what is left out stays as it was."""

    classification: ClassName | UnsetType = UNSET
    probability: Probability | UnsetType | None = UNSET
    taxonomy_id: TaxonomyId | UnsetType | None = UNSET
    origin: Origin | UnsetType | None = UNSET
    ml: Ml | UnsetType = UNSET


class ClassificationRef(View):
    """A classification that was added."""

    classification_id: Annotated[int, Meta(description="The id of the new classification.", examples=[1])]


class Classification(View):
    """A classification."""

    id: Annotated[int, Meta(description="The id of the classification.", examples=[1])]
    obj_id: SourceName
    classification: ClassName
    probability: Probability | None
    taxonomy_id: TaxonomyId | None
    origin: Origin | None
    ml: Ml
    author_id: AuthorId
    author_name: Annotated[str | None, Meta(description="The name of who wrote it.", examples=["ada"])]
    groups: Groups
    created_at: Time
    modified: Time
