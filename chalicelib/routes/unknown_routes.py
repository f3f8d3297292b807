"""Requests that match no other route: 404 for an unknown path, 405 for an unknown method."""

import re

from chalicelib.errors import MethodError, NotFoundError
from chalicelib.operation_signature import CATCH_ALL
from chalicelib.routes.operations import Call, Routes

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

OTHER_RESOURCES = re.compile(r"/(?!obj/)[^/]+/(?:[^/]+/analysis(?:_upload)?(?:/[^/]+)?|analysis(?:/.*)?)")
"""Paths like those of analyses, but of a resource type other than ``obj``."""


def catch_all_routes(known_routes: dict[str, list[str]]) -> Routes:
    """Return the routes that match all other requests.

    Parameters
    ----------
    known_routes : dict
        The methods of each other route, by the pattern of its paths.
    """
    routes = Routes(__name__, __doc__)
    for method in METHODS:

        @routes.open_to_all(method, CATCH_ALL)
        def refuse_unknown_route(call: Call) -> None:
            raise_unknown_route(call.method, call.unknown_path, known_routes)

    return routes


def raise_unknown_route(method: str, path: str, known_routes: dict[str, list[str]]) -> None:
    """Raise the error for a request that matches no route.

    Raises
    ------
    MethodError
        If the path exists with other methods, or is that of analyses of an unknown resource type.
    NotFoundError
        Otherwise.
    """
    for pattern, methods in known_routes.items():
        if re.fullmatch(pattern, path):
            raise MethodError(f"{path[:200]} has no method {method}; it has {', '.join(sorted(methods))}.", methods)
    if OTHER_RESOURCES.fullmatch(path):
        resource = path.split("/")[1]
        raise MethodError(f"Only the resource type 'obj' has analyses, not {resource[:40]!r}.")
    raise NotFoundError(f"There is no route {path[:200]}. All routes begin with /api, such as /api/sysinfo.")
