"""The routes, one blueprint a resource: a request in, an envelope out."""

from chalice.app import Chalice

from chalicelib.routes import analyses, fitter, people, services, sources, sysinfo, unknown, webhook

__all__ = ["register"]


def register(app: Chalice) -> None:
    """Give an app all the routes that there are."""
    for room in (sysinfo, people, sources, services, analyses, webhook, fitter):
        app.register_blueprint(room.routes)
    known = {path: list(methods) for path, methods in app.routes.items()}
    app.register_blueprint(unknown.routes_but(known))
