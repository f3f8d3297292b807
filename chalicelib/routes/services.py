"""Analysis services."""

from typing import Any

from chalicelib import services
from chalicelib.errors import ForbiddenError
from chalicelib.routes.http import Call, Routes, id_in_path
from chalicelib.schemas.people import Acl
from chalicelib.schemas.services import NewService, ServiceChange

routes = Routes(__name__)


@routes.post("/analysis_service", Acl.MANAGE_SERVICES)
def add(call: Call) -> dict[str, int]:
    return {"id": services.add(call.requester, call.read(NewService))}


@routes.get("/analysis_service")
def every(call: Call) -> list[dict[str, Any]]:
    return [services.shown(service, as_posted=False) for service in services.every(call.requester)]


@routes.get("/analysis_service/{service_id}")
def read(call: Call, service_id: str) -> dict[str, Any]:
    return services.shown(services.seen(call.requester, _id(service_id)), as_posted=True)


@routes.patch("/analysis_service/{service_id}", Acl.MANAGE_SERVICES)
def change(call: Call, service_id: str) -> None:
    services.change(call.requester, _id(service_id), call.read(ServiceChange))


@routes.delete("/analysis_service/{service_id}", Acl.MANAGE_SERVICES)
def remove(call: Call, service_id: str) -> None:
    services.remove(call.requester, _id(service_id))


def _id(text: str) -> int:
    return id_in_path(text, "analysis service", ForbiddenError)
