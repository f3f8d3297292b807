"""Analysis services."""

from typing import Any

from chalicelib import services
from chalicelib.errors import InvalidError
from chalicelib.routes.http import Call, Reply
from chalicelib.routes.operations import Routes
from chalicelib.routes.path_parameters import ServiceId
from chalicelib.schemas.base import NewId
from chalicelib.schemas.people import Acl
from chalicelib.schemas.services import NewService, Ping, Refusal, Service, ServiceChange

routes = Routes(__name__)


@routes.post("/analysis_service", Acl.MANAGE_SERVICES, answers=NewId)
def register_service(call: Call, body: NewService) -> dict[str, int]:
    """Register an analysis service."""
    return {"id": services.register_service(call.requester, body)}


@routes.get("/analysis_service", answers=list[Service])
def list_services(call: Call) -> list[dict[str, Any]]:
    """List the analysis services that you may see."""
    return services.services_to_json(
        call.requester, services.list_visible_services(call.requester), as_posted=False
    )


@routes.get("/analysis_service/{service_id}", answers=Service, beside={"last_refusal": Refusal | None})
def get_service(call: Call, service_id: ServiceId) -> Reply:
    """Read an analysis service; its credentials never leave again.

    Those who manage it also see, beside `data`, how it last refused an analysis.
    """
    service = services.get_visible_service(call.requester, service_id)
    (view,) = services.services_to_json(call.requester, [service], as_posted=True)
    return Reply(view, beside={"last_refusal": services.get_last_refusal(call.requester, service)})


@routes.patch("/analysis_service/{service_id}", Acl.MANAGE_SERVICES)
def update_service(call: Call, service_id: ServiceId, body: ServiceChange) -> None:
    """Change an analysis service; what is left out stays as it was."""
    services.update_service(call.requester, service_id, body)


@routes.delete("/analysis_service/{service_id}", Acl.MANAGE_SERVICES)
def delete_service(call: Call, service_id: ServiceId) -> None:
    """Delete an analysis service with its analyses: running ones end."""
    services.delete_service(call.requester, service_id)


@routes.post("/analysis_service/{service_id}/ping", Acl.MANAGE_SERVICES, answers=Ping, raises=(InvalidError,))
def ping_service(call: Call, service_id: ServiceId) -> dict[str, Any]:
    """Try whether an analysis service can be reached.

    Its address is asked for a page, without data or credentials; what comes of it is said in words.
    """
    # Only this route calls out: no other shall wait for the import of an HTTP client.
    from chalicelib.analysis import ping

    return ping.ping_service(services.get_visible_service(call.requester, service_id))
