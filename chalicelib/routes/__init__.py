"""The routes: each view takes a request and returns the data of its answer.

- ``operations``: requests, views and routes; the checks before a view is called
- ``path_parameters``: ids and names in paths
- ``responses``: what views return, and the HTTP responses built from it
- ``analyses``: start, upload, read, cancel, delete analyses
- ``analysis_products``: plots, results, figures of the posterior, inference data, sent inputs
- ``batches``: the same analysis for many sources
- ``dead_letters``: messages whose processing failed too often
- ``default_analyses``: analyses that start automatically
- ``documentation``: the OpenAPI document and its page
- ``favorites``: favourite sources
- ``fitter``: the supernova fitter and the spectrum fitter as analysis services
- ``instruments``: telescopes and instruments
- ``people``: users, ACLs and roles, groups and tokens
- ``photometry``: light curves, PhotStats, periodograms
- ``photometry_files``: files of light curves, as they lie on disk
- ``remarks``: annotations, comments, classifications
- ``remembered_answers``: requests that are repeated with their `Idempotency-Key`
- ``repeated_deletions``: deletions whose answer was lost
- ``services``: analysis services
- ``sources``: sources and their lists
- ``spectra``: spectra
- ``sysinfo``: information about this deployment
- ``taxonomies``: the classes that sources are classified by
- ``uploaded_files``: the file that a request carries
- ``unknown_routes``: 404 and 405 for all other requests
- ``webhook``: callbacks of analysis services
"""

import re

from chalice.app import Chalice

from chalicelib.operation_signature import Operation, get_path_parts
from chalicelib.routes import (
    analyses,
    analysis_products,
    batches,
    dead_letters,
    default_analyses,
    documentation,
    favorites,
    fitter,
    instruments,
    people,
    photometry,
    photometry_files,
    remarks,
    services,
    sources,
    spectra,
    sysinfo,
    taxonomies,
    unknown_routes,
    webhook,
)

__all__ = ["OPERATIONS", "register"]

ROUTES = [
    sysinfo.routes, people.user_routes, people.role_routes, people.group_routes, people.token_routes,
    instruments.routes, sources.routes, favorites.routes, photometry.routes, photometry_files.routes,
    photometry.phot_stat_routes,
    photometry.periodogram_routes, spectra.routes, remarks.annotation_routes, remarks.comment_routes,
    remarks.classification_routes, taxonomies.routes, services.routes, default_analyses.routes, analyses.routes,
    analysis_products.routes, batches.routes, webhook.routes, fitter.routes, dead_letters.routes,
]  # fmt: skip
"""All routes, in the order of the documentation."""

ROUTES.append(
    documentation.build_documentation_routes([operation for routes in ROUTES for operation in routes.operations])
)

OPERATIONS: list[Operation] = [operation for routes in ROUTES for operation in routes.operations]
"""All operations, in the order of the documentation."""


def register(app: Chalice) -> None:
    """Register all routes with an app."""
    for routes in ROUTES:
        app.register_blueprint(routes)
    numbers = {name for operation in OPERATIONS for name, (kind, _) in get_path_parts(operation).items() if kind is int}
    known_routes = {
        re.sub(r"{(\w+)}", lambda part: "[0-9]+" if part[1] in numbers else "[^/]+", path): list(methods)
        for path, methods in app.routes.items()
    }
    app.register_blueprint(unknown_routes.catch_all_routes(known_routes))
