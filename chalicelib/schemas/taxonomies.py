"""Taxonomies: the classes that sources are classified by."""

import json
from typing import Annotated, Any

from msgspec import UNSET, UnsetType

from chalicelib.schemas.base import Schema, View
from chalicelib.schemas.fields import GroupIds, Name, Object, describe
from chalicelib.schemas.people import RecordView

MAX_HIERARCHY = 300_000
"""Most characters of JSON of a hierarchy."""

MAX_DEPTH = 45
"""Most levels of a hierarchy; each has two of JSON, which has 100 in all."""

TaxonomyName = Annotated[Name, describe("The name of the taxonomy.", "Sitewide Taxonomy")]
Hierarchy = Annotated[
    Object,
    describe(
        'The classes, as a tree: `{"class": name, "subclasses": [{"class": …}, …]}`; other keys are '
        "kept. At most 300,000 characters of JSON, 45 levels deep.",
        {"class": "Supernova", "subclasses": [{"class": "Ia"}, {"class": "II"}]},
    ),
]
TaxonomyVersion = Annotated[str, describe("The version.", "1.0", min_length=1, max_length=50)]
_PROVENANCE = "https://github.com/profjsb/timedomain-taxonomy"
Provenance = Annotated[str, describe("Where the taxonomy comes from.", _PROVENANCE, max_length=2000)]
IsLatest = Annotated[bool, describe("Whether it is the latest version of this name.")]


class NewTaxonomy(Schema):
    """A new taxonomy; its name and version together are unique."""

    name: TaxonomyName
    hierarchy: Hierarchy
    version: TaxonomyVersion
    provenance: Provenance | None = None
    isLatest: IsLatest = True
    group_ids: GroupIds = None

    def __post_init__(self) -> None:
        length = len(json.dumps(self.hierarchy))
        if length > MAX_HIERARCHY:
            raise ValueError(f"hierarchy: {length} characters of JSON; at most {MAX_HIERARCHY} are allowed")
        _check_class(self.hierarchy, "hierarchy", 1)


class TaxonomyChange(Schema):
    """Changes of a taxonomy; omitted fields stay as they are. The hierarchy cannot change."""

    name: TaxonomyName | UnsetType = UNSET
    version: TaxonomyVersion | UnsetType = UNSET
    provenance: Provenance | UnsetType | None = UNSET
    isLatest: IsLatest | UnsetType = UNSET
    hierarchy: Annotated[
        None, describe("It cannot change, since classifications name its classes: add a new version.")
    ] = None
    group_ids: GroupIds = None


def _check_class(node: Any, path: str, depth: int) -> None:
    """Check a class of a taxonomy and its subclasses.

    Raises
    ------
    ValueError
        If a class has no name, or the tree is too deep; the message names the place.
    """
    if depth > MAX_DEPTH:
        raise ValueError(f"hierarchy: more than {MAX_DEPTH} levels deep")
    name = node.get("class") if isinstance(node, dict) else None
    if not isinstance(name, str) or not 0 < len(name) <= 200:
        raise ValueError(f'{path}: expected {{"class": name, "subclasses": […]}} with a name of 1 to 200 characters')
    subclasses = node.get("subclasses") or []
    if not isinstance(subclasses, list):
        raise ValueError(f"{path}.subclasses: expected a list of classes")
    for number, subclass in enumerate(subclasses):
        _check_class(subclass, f"{path}.subclasses.{number}"[:500], depth + 1)


class TaxonomyRef(View):
    """The id of a new taxonomy."""

    taxonomy_id: Annotated[int, describe("The id of the new taxonomy.", 1)]


class Taxonomy(RecordView):
    """A taxonomy."""

    id: Annotated[int, describe("The id of the taxonomy.", 1)]
    name: TaxonomyName
    hierarchy: Hierarchy
    version: TaxonomyVersion
    provenance: Provenance | None
    isLatest: IsLatest
