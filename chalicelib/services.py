"""The registry of analysis services: register, find, change and delete them."""

from typing import Any
from urllib.parse import urlsplit

from msgspec import convert, to_builtins
from msgspec.structs import replace

from chalicelib import queues, secrets
from chalicelib.access import Requester, has_permission, is_visible, resolve_group_ids
from chalicelib.analysis.line_waits import resume_sending, wake_line_by_id
from chalicelib.analysis.sending_state import get_sending_state
from chalicelib.analysis.service_parameters import load_stored_declarations, parse_declarations
from chalicelib.errors import BusyError, ForbiddenError, HiddenError, InvalidError
from chalicelib.jobs import DeleteServiceAnalyses
from chalicelib.people.groups import records_to_json
from chalicelib.schemas.base import sent_fields
from chalicelib.schemas.credentials import flatten_credentials
from chalicelib.schemas.people import Acl
from chalicelib.schemas.services import NewService, ServiceChange
from chalicelib.tables import services as services_table
from chalicelib.tables.base import NameTaken, StateChanged
from chalicelib.tables.service_lines import retire_service_line
from chalicelib.tables.services import ServiceFields, ServiceItem
from heliograph_guards.egress_policy import is_refused_url_host


def get_visible_service(requester: Requester, service_id: int) -> ServiceItem:
    """Return a service that the requester may see.

    Raises
    ------
    ForbiddenError
        If it does not exist, or is not visible to them (the same answer).
    """
    service = services_table.find_service(service_id)
    if service is None or not is_visible(requester, service):
        raise HiddenError(f"There is no analysis service {service_id} that you may see.")
    return service


def list_visible_services(requester: Requester) -> list[ServiceItem]:
    """Return the services that the requester may see."""
    return [service for service in services_table.iterate_services() if is_visible(requester, service)]


def register_service(requester: Requester, request: NewService) -> int:
    """Register a service; return its id.

    Raises
    ------
    InvalidError
        If its fields do not fit together, or its name is taken.
    """
    fields = convert(_sent_fields(request), ServiceFields)
    _validate_fields(fields)
    credentials = _validate_credentials(fields, request)
    group_ids = resolve_group_ids(requester, request.group_ids, requester.groups)
    service_id = services_table.next_service_id()
    values = {
        "fields": fields,
        "enabled": request.enabled is not False,
        "group_ids": group_ids,
        "authinfo": _encrypt(service_id, credentials),
        "owner_id": requester.user_id,
    }
    try:
        services_table.insert_service(service_id, request.name, values)
    except NameTaken:
        raise _name_taken(request.name) from None
    return service_id


def update_service(requester: Requester, service_id: int, request: ServiceChange) -> None:
    """Change a service, validated like a new one.

    Raises
    ------
    InvalidError
        If its fields do not fit together, or its name is taken; if it moves to another host without
        its credentials being sent again.
    BusyError
        If it is changed meanwhile.
    """
    service = get_visible_service(requester, service_id)
    fields = convert({**to_builtins(service.fields), **_sent_fields(request)}, ServiceFields)
    _validate_fields(fields)
    values: dict[str, Any] = {"fields": fields}
    same_type = fields.authentication_type == service.fields.authentication_type
    if request.credentials is not None or not same_type:
        values["authinfo"] = _encrypt(service_id, _validate_credentials(fields, request))
    elif service.authinfo and _origin(fields.url) != _origin(service.fields.url):
        raise InvalidError("_authinfo: send the credentials again when the url changes to another host.")
    if request.enabled is not None:
        values["enabled"] = request.enabled
    if request.group_ids:
        values["group_ids"] = resolve_group_ids(requester, request.group_ids, ())
    name = request.name or service.name
    try:
        services_table.update_service_item(service, name, values)
    except NameTaken:
        raise _name_taken(name) from None
    except StateChanged:
        raise BusyError("Another request changed the service. Read it again, then change it.") from None
    _update_sending(service, fields, is_reset="authinfo" in values)


def _update_sending(service: ServiceItem, fields: ServiceFields, *, is_reset: bool) -> None:
    """End the pause of a service whose address or credentials changed; let more be sent if it takes more at once."""
    if is_reset or fields.url != service.fields.url:
        resume_sending(service.id)
    elif fields.requests_at_once > service.fields.requests_at_once:
        wake_line_by_id(service.id)


def delete_service(requester: Requester, service_id: int) -> None:
    """Delete a service; the queue deletes its analyses."""
    service = get_visible_service(requester, service_id)
    # The job comes first: after a crash between the two it finds the service and does nothing.
    queues.send_job(DeleteServiceAnalyses(service_id))
    services_table.delete_service_item(service)
    retire_service_line(service_id)


def get_credentials(service: ServiceItem) -> dict[str, Any]:
    """Return the credentials of a service; only the dispatch function is allowed to decrypt them."""
    return secrets.decrypt({"service": str(service.id)}, service.authinfo) if service.authinfo else {}


def require_enabled(service: ServiceItem) -> None:
    """Raise unless a service is enabled.

    Raises
    ------
    ForbiddenError
        If those who manage it have disabled it.
    """
    if not service.enabled:
        raise ForbiddenError(f"Analysis service {service.id} is disabled by those who manage it.")


def services_to_json(
    requester: Requester, services: list[ServiceItem], *, as_posted: bool, with_details: bool = False
) -> list[dict[str, Any]]:
    """Return services as JSON, without their credentials.

    Parameters
    ----------
    requester : Requester
        Who asks.
    services : list of ServiceItem
        The services.
    as_posted : bool
        Return ``optional_analysis_parameters`` as they were posted, rather than as objects.
    with_details : bool
        Add what SkyPortal's records do not have, which its strict clients refuse.
    """

    def to_json(service: ServiceItem) -> dict[str, Any]:
        view = _service_to_json(service, as_posted)
        if with_details:
            is_shown = not service.fields.upload_only and _manages(requester, service)
            return {**view, "sending": get_sending_state(service.id) if is_shown else None}
        del view["requests_at_once"]
        return view

    return records_to_json(requester, services, to_json)


def _service_to_json(service: ServiceItem, as_posted: bool) -> dict[str, Any]:
    fields = service.fields
    if not as_posted:
        declarations = load_stored_declarations(fields.optional_analysis_parameters)
        fields = replace(fields, optional_analysis_parameters=declarations)
    return {
        "id": service.id,
        "name": service.name,
        **to_builtins(fields),
        "display_name": fields.display_name or service.name,
        "enabled": service.enabled,
    }


def get_last_refusal(requester: Requester, service: ServiceItem) -> dict[str, Any] | None:
    """Return how a service last refused an analysis; None for those who do not manage it.

    Returns
    -------
    dict or None
        ``at`` (a time), ``status`` (of HTTP), ``excerpt`` (the response if it is plain and
        short, else its length) and ``analysis_id``.
    """
    return service.last_refusal if _manages(requester, service) else None


def _manages(requester: Requester, service: ServiceItem) -> bool:
    return has_permission(requester, Acl.MANAGE_SERVICES) and is_visible(requester, service)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _sent_fields(request: ServiceChange) -> dict[str, Any]:
    fields = sent_fields(request, "name", "_authinfo", "enabled", "group_ids")
    return {name: value for name, value in fields.items() if value is not None}


def _validate_fields(fields: ServiceFields) -> None:
    parse_declarations(fields.optional_analysis_parameters)
    _require_public_host(fields.url)


def _require_public_host(url: str) -> None:
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if is_refused_url_host(host, port):
        raise InvalidError(
            f"url: {host}, port {port}, is not a public address; a service must be reachable from outside. "
            "Expected a name, or an address in its usual spelling such as 93.184.215.14."
        )


def _validate_credentials(fields: ServiceFields, request: ServiceChange) -> dict[str, Any]:
    return flatten_credentials(fields.authentication_type, request.credentials or {})


def _encrypt(service_id: int, credentials: dict[str, Any]) -> bytes | None:
    return secrets.encrypt({"service": str(service_id)}, credentials) if credentials else None


def _name_taken(name: str) -> InvalidError:
    return InvalidError(f"name: there is a service {name!r} already; choose another name.")
