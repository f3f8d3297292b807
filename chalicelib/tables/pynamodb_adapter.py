"""PynamoDB's private attributes: the only module that uses them."""

from typing import Any

from pynamodb.connection import Connection

PYNAMODB_VERSION = "6.1.0"
"""The version that this is written for; a test compares it with the pin."""


def set_client(connection: Connection, client: Any) -> None:
    """Have a connection use an existing DynamoDB client instead of creating its own."""
    connection._client = client
