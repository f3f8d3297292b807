"""The routes, one blueprint a resource: a request in, an envelope out."""

from chalice.app import Chalice

from chalicelib.routes import (
    analyses,
    analysis_products,
    annotations,
    api_tokens,
    batches,
    classifications,
    comments,
    dead_letters,
    default_analyses,
    documentation,
    fitter,
    groups,
    instruments,
    periodogram,
    phot_stat,
    photometry,
    services,
    sources,
    spectra,
    sysinfo,
    taxonomies,
    unknown_routes,
    users,
    webhook,
)  # fmt: skip
from chalicelib.routes.operations import Operation

__all__ = ["OPERATIONS", "register"]

ROOMS = (
    sysinfo, users, groups, api_tokens, instruments, sources, photometry, phot_stat, periodogram, spectra,
    annotations, comments, classifications, taxonomies, services, default_analyses, analyses,
    analysis_products, batches, webhook, fitter, dead_letters,
)  # fmt: skip

OPERATIONS: list[Operation] = [operation for room in ROOMS for operation in room.routes.operations]
"""Every operation that there is, in the order of the documentation."""

DOCUMENTATION = documentation.build_documentation_routes(list(OPERATIONS))
OPERATIONS += DOCUMENTATION.operations


def register(app: Chalice) -> None:
    """Give an app all the routes that there are."""
    for room in ROOMS:
        app.register_blueprint(room.routes)
    app.register_blueprint(DOCUMENTATION)
    known = {path: list(methods) for path, methods in app.routes.items()}
    app.register_blueprint(unknown_routes.catch_all_routes(known))
