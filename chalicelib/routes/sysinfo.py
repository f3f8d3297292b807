"""What is running here."""

from typing import Annotated, Any

from msgspec import Meta

from chalicelib import settings
from chalicelib.analysis import request_signing
from chalicelib.routes.http import Call
from chalicelib.routes.operations import Routes
from chalicelib.schemas.base import View

routes = Routes(__name__)


class SystemInfo(View):
    """What is running here."""

    name: Annotated[str, Meta(description="The name of the software.", examples=["Heliograph"])]
    version: Annotated[str, Meta(description="Its version.", examples=[settings.VERSION])]
    stage: Annotated[str, Meta(description="Which deployment this is.", examples=["prod"])]
    public_key: Annotated[
        str,
        Meta(
            description="The ed25519 key that verifies requests to services, as Standard Webhooks write it.",
            examples=["whpk_5FgqmZyO0Xv8nJc1Qm0Gd1yC1mTn2r3sUu4vWw5xYy0="],
        ),
    ]


@routes.open_to_all("GET", "/sysinfo", answers=SystemInfo)
def get_sysinfo(call: Call) -> dict[str, Any]:
    """Say which version this is, and by which key its requests to services can be verified."""
    return {
        "name": "Heliograph",
        "version": settings.VERSION,
        "stage": settings.STAGE,
        "public_key": request_signing.get_public_key(),
    }
