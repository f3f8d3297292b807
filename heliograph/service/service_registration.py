"""Register a service in a portal, or bring its registration up to date."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from heliograph.connection import Connection
from heliograph.errors import ArgumentError, PortalError
from heliograph.service.analysis_service import Service


class Registration(NamedTuple):
    """A service as a portal knows it: its id, and whether it is new there."""

    service_id: int
    is_new: bool


def register(
    service: Service,
    connection: Connection,
    url: str,
    *,
    token: str | None = None,
    group_ids: Sequence[int] | None = None,
) -> Registration:
    """Register a service, or change the registration of the same name.

    Parameters
    ----------
    service : Service
    connection : Connection
        A portal, Heliograph or SkyPortal, with a token that may manage services.
    url : str
        Where the portal reaches the service.
    token : str, optional
        What the portal shall send, as the service was told by ``serve(token=…)``. A portal that signs nothing, as
        SkyPortal, needs one.
    group_ids : sequence of int, optional
        The groups that may use it; all your groups for a new one, unchanged for another.

    Raises
    ------
    ArgumentError
        If the address is not valid, or the portal needs a token.
    PortalError
        If the portal refuses.
    """
    _check_url(url)
    signs = is_signing_portal(connection)
    if not signs and token is None:
        raise ArgumentError(
            f"{connection.url} does not sign its requests, so the service must know it by a token; give one, "
            "and the same to the serving process."
        )
    body = _build_body(service, url, token, for_skyportal=not signs)
    if group_ids is not None:
        body["group_ids"] = list(group_ids)
    same = [entry for entry in connection.get("/analysis_service") if entry.get("name") == service.name]
    if same:
        connection.patch(f"/analysis_service/{int(same[0]['id'])}", body)
        return Registration(int(same[0]["id"]), False)
    return Registration(int(connection.post("/analysis_service", body)["id"]), True)


def is_signing_portal(connection: Connection) -> bool:
    """Return whether a portal signs its requests to services: Heliograph does, SkyPortal does not.

    Raises
    ------
    PortalError
        If it is no portal.
    """
    document = connection.send("GET", "/sysinfo").json()
    if not isinstance(document, dict) or document.get("status") != "success":
        raise PortalError(f"{connection.url} does not answer as a portal; check the address.", 200)
    return bool(document.get("public_key"))


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_valid = False
    if not is_valid or "@" in url or any(character.isspace() for character in url):
        raise ArgumentError(f"The address {url[:80]!r} is not valid; expected one such as https://fits.example.org.")


def _build_body(service: Service, url: str, token: str | None, *, for_skyportal: bool) -> dict[str, Any]:
    body = {**service.declaration(for_skyportal=for_skyportal), "url": url, "authentication_type": "none"}
    if token is not None:
        credentials: Any = {"header_token": {"Authorization": f"Bearer {token}"}}
        body["authentication_type"] = "header_token"
        body["_authinfo"] = json.dumps(credentials) if for_skyportal else credentials
    if for_skyportal:
        body["optional_analysis_parameters"] = json.dumps(body["optional_analysis_parameters"])
    return body
