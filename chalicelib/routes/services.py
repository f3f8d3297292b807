"""Analysis services."""

from typing import Any

from chalicelib import services
from chalicelib.errors import InvalidError
from chalicelib.routes.http import Answer, Call
from chalicelib.routes.operations import Routes
from chalicelib.routes.paths import ServiceId
from chalicelib.schemas.base import Made
from chalicelib.schemas.people import Acl
from chalicelib.schemas.services import NewService, Ping, Refusal, Service, ServiceChange

routes = Routes(__name__)


@routes.post("/analysis_service", Acl.MANAGE_SERVICES, answers=Made)
def add(call: Call, body: NewService) -> dict[str, int]:
    """Register an analysis service."""
    return {"id": services.add(call.requester, body)}


@routes.get("/analysis_service", answers=list[Service])
def every(call: Call) -> list[dict[str, Any]]:
    """List the analysis services that you may see."""
    return services.shown(call.requester, services.every(call.requester), as_posted=False)


@routes.get("/analysis_service/{service_id}", answers=Service, beside={"last_refusal": Refusal | None})
def read(call: Call, service_id: ServiceId) -> Answer:
    """Read an analysis service; its credentials never leave again.

    Those who manage it also see, beside `data`, how it last refused an analysis.
    """
    service = services.seen(call.requester, service_id)
    (view,) = services.shown(call.requester, [service], as_posted=True)
    return Answer(view, beside={"last_refusal": services.refusal_of(call.requester, service)})


@routes.patch("/analysis_service/{service_id}", Acl.MANAGE_SERVICES)
def change(call: Call, service_id: ServiceId, body: ServiceChange) -> None:
    """Change an analysis service; what is left out stays as it was."""
    services.change(call.requester, service_id, body)


@routes.delete("/analysis_service/{service_id}", Acl.MANAGE_SERVICES)
def remove(call: Call, service_id: ServiceId) -> None:
    """Delete an analysis service with its analyses: running ones end."""
    services.remove(call.requester, service_id)


@routes.post("/analysis_service/{service_id}/ping", Acl.MANAGE_SERVICES, answers=Ping, raises=(InvalidError,))
def ping(call: Call, service_id: ServiceId) -> dict[str, Any]:
    """Try whether an analysis service can be reached.

    Its address is asked for a page, without data or credentials; what comes of it is said in words.
    """
    # Only this route calls out: no other shall wait for the import of an HTTP client.
    from chalicelib.analysis import ping

    return ping.ping(services.seen(call.requester, service_id))
