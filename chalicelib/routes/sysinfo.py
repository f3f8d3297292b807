"""What is running here; and what there is no route for."""

from typing import Any

from chalicelib import settings
from chalicelib.analysis import signing
from chalicelib.routes.http import Call
from chalicelib.routes.operations import Routes
from chalicelib.schemas.base import View

routes = Routes(__name__)


class SystemInfo(View):
    """What is running here."""

    name: str
    version: str
    stage: str
    public_key: str


@routes.open_to_all("GET", "/sysinfo", answers=SystemInfo)
def sysinfo(call: Call) -> dict[str, Any]:
    """Say which version this is, and by which key its requests to services can be verified."""
    return {
        "name": "Heliograph",
        "version": settings.VERSION,
        "stage": settings.STAGE,
        "public_key": signing.public_key(),
    }
