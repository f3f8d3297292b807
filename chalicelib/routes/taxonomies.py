"""Taxonomies: the classes that sources are classified by."""

from typing import Any

from chalicelib.errors import BusyError, ForbiddenError, InvalidError
from chalicelib.routes.operations import Call, Routes
from chalicelib.routes.path_parameters import TaxonomyId
from chalicelib.schemas.people import Acl
from chalicelib.schemas.taxonomies import NewTaxonomy, Taxonomy, TaxonomyChange, TaxonomyRef
from chalicelib.sources import taxonomies

routes = Routes(__name__, __doc__)


@routes.post("/taxonomy", Acl.POST_TAXONOMY, answers=TaxonomyRef, raises=(InvalidError, ForbiddenError))
def create_taxonomy(call: Call, body: NewTaxonomy) -> dict[str, int]:
    """Add a taxonomy, or a new version of one: then your older versions are no longer the latest."""
    return {"taxonomy_id": taxonomies.create_taxonomy(call.requester, body)}


@routes.get("/taxonomy", answers=list[Taxonomy])
def list_taxonomies(call: Call) -> list[dict[str, Any]]:
    """List the taxonomies that you can see."""
    return taxonomies.list_taxonomies(call.requester)


@routes.get("/taxonomy/{taxonomy_id}", answers=Taxonomy)
def get_taxonomy(call: Call, taxonomy_id: TaxonomyId) -> dict[str, Any]:
    """Return a taxonomy."""
    return taxonomies.get_taxonomy(call.requester, taxonomy_id)


@routes.put("/taxonomy/{taxonomy_id}", Acl.POST_TAXONOMY, raises=(InvalidError, ForbiddenError, BusyError))
def update_taxonomy(call: Call, taxonomy_id: TaxonomyId, body: TaxonomyChange) -> None:
    """Change a taxonomy of yours; omitted fields stay as they are, and the hierarchy cannot change."""
    taxonomies.update_taxonomy(call.requester, taxonomy_id, body)


@routes.delete("/taxonomy/{taxonomy_id}", Acl.POST_TAXONOMY, raises=(ForbiddenError,))
def delete_taxonomy(call: Call, taxonomy_id: TaxonomyId) -> None:
    """Delete a taxonomy of yours; classifications by it stay as they are."""
    taxonomies.delete_taxonomy(call.requester, taxonomy_id)
