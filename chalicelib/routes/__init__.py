"""The routes, one blueprint a resource: a request in, an envelope out."""

from chalice.app import Chalice

from chalicelib.routes import (
    analyses,
    fitter,
    groups,
    instruments,
    photometry,
    products,
    services,
    sources,
    spectra,
    sysinfo,
    tokens,
    unknown,
    users,
    webhook,
)  # fmt: skip
from chalicelib.routes.operations import Operation

__all__ = ["OPERATIONS", "register"]

ROOMS = (
    sysinfo, users, groups, tokens, instruments, sources, photometry, spectra, services, analyses, products,
    webhook, fitter,
)  # fmt: skip

OPERATIONS: list[Operation] = [operation for room in ROOMS for operation in room.routes.operations]
"""Every operation that there is, in the order of the documentation."""


def register(app: Chalice) -> None:
    """Give an app all the routes that there are."""
    for room in ROOMS:
        app.register_blueprint(room.routes)
    known = {path: list(methods) for path, methods in app.routes.items()}
    app.register_blueprint(unknown.routes_but(known))
