"""All that depends on moto's version: its private backends.

Written for moto 5.2.5. A test compares `MOTO_VERSION` with the version that is pinned; check this module
when you change the pin.
"""

from moto.backends import get_backend

__all__ = ["MOTO_VERSION", "reset_services"]

MOTO_VERSION = "5.2.5"


def reset_services(*names: str) -> None:
    """Delete everything that the mocked AWS holds in these services."""
    for name in names:
        for account in get_backend(name).values():
            for backend in account.values():
                backend.reset()
