"""The registry of analysis services: what there is to ask, whom it belongs to, how it is reached."""

from typing import Any
from urllib.parse import urlsplit

from chalicelib import egress_policy, queues, secrets
from chalicelib.access import Requester, has_permission, is_visible, resolve_group_ids
from chalicelib.analysis import service_parameters
from chalicelib.errors import BusyError, ForbiddenError, InvalidError
from chalicelib.people import record_groups
from chalicelib.schemas.base import sent_fields
from chalicelib.schemas.credentials import flatten_credentials
from chalicelib.schemas.people import Acl
from chalicelib.schemas.services import Authentication, NewService, ServiceChange
from chalicelib.tables import services as services_table
from chalicelib.tables.base import ConditionFailed, NameTaken

__all__ = [
    "delete_service",
    "get_credentials",
    "get_last_refusal",
    "get_visible_service",
    "list_visible_services",
    "register_service",
    "require_enabled",
    "services_to_json",
    "update_service",
]

DEFAULTS: dict[str, Any] = {
    "display_name": None,
    "description": None,
    "version": None,
    "contact_name": None,
    "contact_email": None,
    "optional_analysis_parameters": {},
    "input_data_types": [],
    "timeout": 3600,
    "upload_only": False,
    "display_on_resource_dropdown": True,
    "is_summary": False,
}

APART = ("name", "_authinfo", "enabled", "group_ids")


def get_visible_service(requester: Requester, service_id: int) -> services_table.ServiceItem:
    """Return a service that the requester may see.

    Raises
    ------
    ForbiddenError
        If there is none, or it is not theirs (the same answer).
    """
    service = services_table.find_service(service_id)
    if service is None or not is_visible(requester, service):
        raise ForbiddenError(f"There is no analysis service {service_id} that you may see.")
    return service


def list_visible_services(requester: Requester) -> list[services_table.ServiceItem]:
    """Return the services that the requester may see."""
    return [service for service in services_table.iterate_services() if is_visible(requester, service)]


def register_service(requester: Requester, request: NewService) -> int:
    """Register a service; return its id.

    Raises
    ------
    InvalidError
        If its fields do not fit together, or its name is taken.
    """
    fields = {**DEFAULTS, **_fields(request)}
    sealed_later = _validated(fields, request.credentials or {})
    group_ids = resolve_group_ids(requester, request.group_ids, requester.groups)
    number = services_table.next_service_id()
    values = {
        "fields": fields,
        "enabled": request.enabled is not False,
        "group_ids": group_ids,
        "authinfo": _sealed(number, sealed_later),
        "owner_id": requester.user_id,
    }
    try:
        services_table.insert_service(number, request.name, values)
    except NameTaken:
        raise _taken(request.name) from None
    return number


def update_service(requester: Requester, service_id: int, request: ServiceChange) -> None:
    """Change a service, validated as a new one is."""
    service = get_visible_service(requester, service_id)
    fields = {**service.fields, **_fields(request)}
    values: dict[str, Any] = {"fields": fields}
    same_type = fields["authentication_type"] == service.fields["authentication_type"]
    if request.credentials is None and same_type:
        _validated(fields, None)
        if service.authinfo and _origin(fields["url"]) != _origin(service.fields["url"]):
            raise InvalidError("_authinfo: give the credentials again when the service moves elsewhere.")
    else:
        values["authinfo"] = _sealed(service_id, _validated(fields, request.credentials or {}))
    if request.enabled is not None:
        values["enabled"] = request.enabled
    if request.group_ids:
        values["group_ids"] = resolve_group_ids(requester, request.group_ids, ())
    name = request.name or service.name
    try:
        services_table.update_service_item(service, name, values)
    except NameTaken:
        raise _taken(name) from None
    except ConditionFailed:
        raise BusyError("The service was changed by somebody else. Read it again, then change it.") from None


def delete_service(requester: Requester, service_id: int) -> None:
    """Delete a service; its analyses, many as they may be, go by the queue."""
    service = get_visible_service(requester, service_id)
    # The job first: if this ends between the two, the job finds the service there and does nothing.
    queues.send_message(queues.JOBS, {"job": "delete_analyses", "service_id": service_id})
    services_table.delete_service_item(service)


def get_credentials(service: services_table.ServiceItem) -> dict[str, Any]:
    """Return the credentials of a service; only the dispatch function may open them."""
    return secrets.decrypt_credentials(int(service.id), service.authinfo) if service.authinfo else {}


def services_to_json(
    requester: Requester, services: list[services_table.ServiceItem], *, as_posted: bool
) -> list[dict[str, Any]]:
    """Return services as the API shows them; never their credentials.

    Parameters
    ----------
    requester : Requester
        Who asks.
    services : list of ServiceItem
        The services.
    as_posted : bool
        Give ``optional_analysis_parameters`` back as they were posted, rather than as objects.
    """
    groups = record_groups.list_record_groups(requester, services)
    return [{**_shown(s, as_posted), "groups": its} for s, its in zip(services, groups, strict=True)]


def _shown(service: services_table.ServiceItem, as_posted: bool) -> dict[str, Any]:
    fields = dict(service.fields)
    if not as_posted:
        fields["optional_analysis_parameters"] = service_parameters.load_declarations(
            fields["optional_analysis_parameters"]
        )
    return {
        "id": int(service.id),
        "name": service.name,
        **fields,
        "display_name": fields["display_name"] or service.name,
        "enabled": bool(service.enabled),
        "created_at": service.created_at,
        "modified": service.modified,
    }


def get_last_refusal(requester: Requester, service: services_table.ServiceItem) -> dict[str, Any] | None:
    """Return how a service last refused an analysis, for those who manage it; None for all others.

    Returns
    -------
    dict or None
        ``at`` (a time), ``status`` (of HTTP), ``excerpt`` (at most 200 characters of what the
        service said, which may be none) and ``analysis_id``.
    """
    manages = has_permission(requester, Acl.MANAGE_SERVICES) and is_visible(requester, service)
    return service.last_refusal if manages else None


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _fields(request: ServiceChange) -> dict[str, Any]:
    return {name: value for name, value in sent_fields(request, *APART).items() if value is not None}


def _validated(fields: dict[str, Any], authinfo: dict[str, Any] | None) -> dict[str, Any]:
    """Check fields that depend on each other; return the credentials in their flat form."""
    service_parameters.parse_declarations(fields["optional_analysis_parameters"])
    if not fields["upload_only"] and not fields["input_data_types"]:
        raise InvalidError("input_data_types: required, unless the service is upload_only.")
    host = urlsplit(fields["url"]).hostname or ""
    if egress_policy.is_private_address(host):
        raise InvalidError(f"url: {host} is not a public address; a service must be reachable from outside.")
    return (
        {}
        if authinfo is None
        else flatten_credentials(Authentication(fields["authentication_type"]), authinfo)
    )


def _sealed(number: int, found: dict[str, Any]) -> bytes | None:
    return secrets.encrypt_credentials(number, found) if found else None


def _taken(name: str) -> InvalidError:
    return InvalidError(f"name: there is a service {name!r} already; choose another name.")


def require_enabled(service: services_table.ServiceItem) -> None:
    """Raise unless a service is enabled.

    Raises
    ------
    ForbiddenError
        If those who manage it have disabled it.
    """
    if not service.enabled:
        raise ForbiddenError(f"Analysis service {service.id} is disabled by those who manage it.")
