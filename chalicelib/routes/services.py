"""Analysis services."""

from typing import Any

from chalicelib import services
from chalicelib.analysis import analysis_deletion
from chalicelib.errors import InvalidError
from chalicelib.routes.operations import Call, Routes
from chalicelib.routes.path_parameters import ServiceId
from chalicelib.routes.responses import Reply
from chalicelib.schemas.base import NewId
from chalicelib.schemas.people import Acl
from chalicelib.schemas.services import NewService, Ping, Refusal, Service, ServiceChange, ServiceQuery

routes = Routes(__name__, __doc__)


@routes.post("/analysis_service", Acl.MANAGE_SERVICES, answers=NewId)
def register_service(call: Call, body: NewService) -> dict[str, int]:
    """Register an analysis service."""
    return {"id": services.register_service(call.requester, body)}


@routes.get("/analysis_service", answers=list[Service])
def list_services(call: Call) -> list[dict[str, Any]]:
    """List the analysis services that you can see."""
    visible = services.list_visible_services(call.requester)
    return services.services_to_json(call.requester, visible, as_posted=False)


@routes.get("/analysis_service/{service_id}", answers=Service, beside={"last_refusal": Refusal | None})
def get_service(call: Call, service_id: ServiceId, query: ServiceQuery) -> Reply:
    """Return an analysis service, without its credentials.

    If you manage it, `last_refusal` beside `data` shows how it last refused an analysis, and with `includeDetails`
    the field `sending` shows whether it is paused, and how many analyses wait for it.
    """
    service = services.get_visible_service(call.requester, service_id)
    (view,) = services.services_to_json(call.requester, [service], as_posted=True, with_details=query.includeDetails)
    return Reply(view, beside={"last_refusal": services.get_last_refusal(call.requester, service)})


@routes.patch("/analysis_service/{service_id}", Acl.MANAGE_SERVICES)
def update_service(call: Call, service_id: ServiceId, body: ServiceChange) -> None:
    """Change an analysis service; omitted fields stay as they are."""
    services.update_service(call.requester, service_id, body)


@routes.delete("/analysis_service/{service_id}", Acl.MANAGE_SERVICES)
def delete_service(call: Call, service_id: ServiceId) -> None:
    """Delete an analysis service with its analyses; running analyses end."""
    services.delete_service(call.requester, service_id)
    analysis_deletion.try_delete_first_analyses(service_id)


@routes.post(
    "/analysis_service/{service_id}/ping",
    Acl.MANAGE_SERVICES,
    answers=Ping,
    raises=(InvalidError,),
    is_remembered=False,
)
def ping_service(call: Call, service_id: ServiceId) -> dict[str, Any]:
    """Check whether an analysis service can be reached.

    This sends a GET to its address, without data or credentials, and describes the result in words. If the service
    was paused and responds without an error, it is sent analyses again.
    """
    # Only this route needs an HTTP client: imported lazily, to keep cold starts short.
    from chalicelib.analysis import ping

    return ping.ping_service(services.get_visible_service(call.requester, service_id))
