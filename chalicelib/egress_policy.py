"""Which addresses may be called: public ones, and those that the deployment names.

Apart from `egress`, so that checking an address does not cost the import of an HTTP client.
"""

import ipaddress

from chalicelib import settings

__all__ = ["is_exempt_host", "is_private_address"]


def is_exempt_host(host: str) -> bool:
    """Say whether a host may be called although it is not public (``EGRESS_ALLOWED_HOSTS``)."""
    return host.strip("[]").lower() in settings.get_egress_allowed_hosts()


def is_private_address(host: str) -> bool:
    """Say whether a host is written as an address that is not public, and is not exempt."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return not address.is_global and not is_exempt_host(host)
