"""Whatever no other route takes: 404 for a path that is not there, 405 for a method that it lacks."""

import re

from chalicelib.errors import MethodError, NotFoundError
from chalicelib.routes.http import Call
from chalicelib.routes.operations import Routes

__all__ = ["METHODS", "catch_all_routes", "raise_unknown_route"]

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")

OTHER_RESOURCES = re.compile(r"/(?!obj/)[^/]+/(?:[^/]+/analysis(?:_upload)?(?:/[^/]+)?|analysis(?:/.*)?)")
"""What looks like a route of analyses, of something that is not an ``obj``."""


def catch_all_routes(known: dict[str, list[str]]) -> Routes:
    """Return the routes that take what `known` does not.

    Parameters
    ----------
    known : dict
        The methods of every other route, by path.
    """
    routes = Routes(__name__)
    for method in METHODS:

        @routes.open_to_all(method, "/{proxy+}")
        def nothing_there(call: Call) -> None:
            raise_unknown_route(call.method, call.path, known)

    return routes


def raise_unknown_route(method: str, path: str, known: dict[str, list[str]]) -> None:
    """Say what is wrong with a request that no route takes.

    Raises
    ------
    MethodError
        If the path exists, or analyses of such a resource type do not.
    NotFoundError
        Otherwise.
    """
    for pattern, methods in known.items():
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", pattern), path):
            there = ", ".join(sorted(methods))
            raise MethodError(f"{path[:200]} has no method {method}; it has {there}.", methods)
    if OTHER_RESOURCES.fullmatch(path):
        resource = path.split("/")[1]
        raise MethodError(f"Analyses are of the resource type 'obj', not of {resource[:40]!r}.")
    raise NotFoundError(f"There is no route {path[:200]}. All of them begin with /api, such as /api/sysinfo.")
