"""Taxonomies: the classes that a classification may be one of."""

import json
from typing import Annotated, Any

from msgspec import Meta

from chalicelib.schemas.base import GroupIds, Name, Schema, Time, View
from chalicelib.schemas.people import Group

__all__ = ["NewTaxonomy", "Taxonomy", "TaxonomyRef"]

LARGEST = 300_000
"""Characters of JSON."""

DEEPEST = 100
"""Classes within each other."""

TaxonomyName = Annotated[Name, Meta(description="Its name.", examples=["Sitewide Taxonomy"])]
Hierarchy = Annotated[
    dict[str, Any],
    Meta(
        description=(
            'The classes, as a tree: `{"class": name, "subclasses": [{"class": …}, …]}`; other keys are '
            "kept. At most 300,000 characters of JSON, 100 classes deep."
        ),
        examples=[{"class": "Supernova", "subclasses": [{"class": "Ia"}, {"class": "II"}]}],
    ),
]
TaxonomyVersion = Annotated[
    str, Meta(min_length=1, max_length=50, description="Its version.", examples=["1.0"])
]
Provenance = Annotated[
    str,
    Meta(
        max_length=2000,
        description="Where it comes from.",
        examples=["https://github.com/profjsb/timedomain-taxonomy"],
    ),
]
IsLatest = Annotated[bool, Meta(description="Whether it is the latest version of this name.")]


class NewTaxonomy(Schema):
    """A taxonomy to be added; its name with its version is unique."""

    name: TaxonomyName
    hierarchy: Hierarchy
    version: TaxonomyVersion
    provenance: Provenance | None = None
    isLatest: IsLatest = True
    group_ids: GroupIds = None

    def __post_init__(self) -> None:
        if len(json.dumps(self.hierarchy)) > LARGEST:
            raise ValueError(f"hierarchy: more than {LARGEST} characters of JSON")
        _check_class(self.hierarchy, "hierarchy", 1)


def _check_class(node: Any, place: str, depth: int) -> None:
    """Refuse what is no class of a taxonomy, or has such a subclass."""
    if depth > DEEPEST:
        raise ValueError(f"hierarchy: at most {DEEPEST} classes deep")
    name = node.get("class") if isinstance(node, dict) else None
    if not isinstance(name, str) or not 0 < len(name) <= 200:
        raise ValueError(f'{place}: {{"class": name, "subclasses": […]}} is needed')
    subclasses = node.get("subclasses") or []
    if not isinstance(subclasses, list):
        raise ValueError(f"{place}.subclasses: a list is needed")
    for number, subclass in enumerate(subclasses):
        _check_class(subclass, f"{place}.subclasses.{number}"[:500], depth + 1)


class TaxonomyRef(View):
    """A taxonomy that was added."""

    taxonomy_id: Annotated[int, Meta(description="The id of the new taxonomy.", examples=[1])]


class Taxonomy(View):
    """A taxonomy."""

    id: Annotated[int, Meta(description="The id of the taxonomy.", examples=[1])]
    name: TaxonomyName
    hierarchy: Hierarchy
    version: TaxonomyVersion
    provenance: Provenance | None
    isLatest: IsLatest
    groups: Annotated[list[Group], Meta(description="The groups that see it, as far as you see them.")]
    created_at: Time
    modified: Time
