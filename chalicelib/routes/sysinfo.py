"""Information about this deployment."""

from typing import Annotated, Any

from chalicelib import settings
from chalicelib.analysis import request_signing
from chalicelib.routes.operations import Call, Routes
from chalicelib.schemas.base import View
from chalicelib.schemas.fields import describe

routes = Routes(__name__, __doc__)

_PUBLIC_KEY = "The ed25519 key that verifies requests to services, as in Standard Webhooks."
_EXAMPLE = "whpk_5FgqmZyO0Xv8nJc1Qm0Gd1yC1mTn2r3sUu4vWw5xYy0="


class SystemInfo(View):
    """Information about this deployment."""

    name: Annotated[str, describe("The name of the software.", "Heliograph")]
    version: Annotated[str, describe("The version of the software.", settings.VERSION)]
    stage: Annotated[str, describe("The name of this deployment.", "prod")]
    public_key: Annotated[str, describe(_PUBLIC_KEY, _EXAMPLE)]


@routes.open_to_all("GET", "/sysinfo", answers=SystemInfo)
def get_sysinfo(call: Call) -> dict[str, Any]:
    """Return the version, and the key that verifies requests to services."""
    return {
        "name": "Heliograph",
        "version": settings.VERSION,
        "stage": settings.STAGE,
        "public_key": request_signing.get_public_key(),
    }
