"""Which addresses may be called: public ones, and hosts that the deployment exempts.

Separate from `egress`, so that checking an address does not import an HTTP client.
"""

import ipaddress

from chalicelib import settings


def is_exempt_host(host: str) -> bool:
    """Return whether a host may be called although it is not public (``EGRESS_ALLOWED_HOSTS``)."""
    return host.strip("[]").lower() in settings.get_egress_allowed_hosts()


def is_refused_address(host: str) -> bool:
    """Return whether a host is an IP address that is neither public nor exempt.

    A name is False: `egress` checks the address that it resolves to at each call.
    """
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return not address.is_global and not is_exempt_host(host)
