"""All that depends on moto's version: its private backends, its evaluation of policies, its pace.

Written for moto 5.2.5. A test compares `MOTO_VERSION` with the version that is pinned; check this module
when you change the pin.
"""

import copy
from typing import Any

from moto import mock_aws
from moto.backends import get_backend
from moto.core import serialize
from moto.iam.access_control import IAMPolicyStatement, PermissionResult

__all__ = [
    "MOTO_VERSION",
    "copy_tables",
    "fast_mock_aws",
    "list_message_bodies",
    "permits",
    "reset_services",
    "restore_tables",
]

MOTO_VERSION = "5.2.5"


class _ItemSerializer(serialize.SERIALIZERS["json"]):  # type: ignore[misc]
    """Looks members of plain dicts up by their own name.

    The original tries several spellings of each of an attribute's ten types: a third of the time of these tests.
    """

    def get_value(self, value: Any, key: str, shape: Any) -> Any:
        return value.get(key) if type(value) is dict else super().get_value(value, key, shape)


def fast_mock_aws() -> Any:
    """Return moto's mocked AWS, whose DynamoDB writes its answers without a search for names."""
    serialize.SERVICE_SPECIFIC_SERIALIZERS["dynamodb"] = {"json": _ItemSerializer}
    return mock_aws()


def reset_services(*names: str) -> None:
    """Delete everything that the mocked AWS holds in these services."""
    for name in names:
        for account in get_backend(name).values():
            for backend in account.values():
                backend.reset()


def copy_tables() -> dict[str, Any]:
    """Return the items of all tables."""
    return {name: copy.deepcopy(backend.items) for name, backend in _get_tables().items()}


def restore_tables(items: dict[str, Any]) -> None:
    """Give all tables the items that `copy_tables` returned."""
    for name, backend in _get_tables().items():
        backend.items = copy.deepcopy(items[name])


def _get_tables() -> dict[str, Any]:
    (account,) = get_backend("dynamodb").values()
    tables: dict[str, Any] = account["us-east-1"].tables
    return tables


def list_message_bodies(queue: str) -> list[str]:
    """Return the bodies of all messages of a queue, those included that are not due."""
    (account,) = get_backend("sqs").values()
    return [message.body for message in account["us-east-1"].queues[queue]._messages]


def permits(statement: dict[str, Any], action: str, resource: str) -> bool:
    """Return whether a statement of a policy allows an action on a resource."""
    return bool(IAMPolicyStatement(statement).is_action_permitted(action, resource) == PermissionResult.PERMITTED)
