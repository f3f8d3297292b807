"""The stack's port: the web app at ``/``, the API at ``/api``.

It enforces limits of AWS that the emulator does not have: the size of a request and of a response, the
time of a response, and a maximum number of concurrent requests.

api_proxy    passes a request to the emulated API Gateway
http_server  the HTTP server of the port
static       the web app's files
"""

from infra.local.front_door.api_proxy import ApiProxy
from infra.local.front_door.http_server import FrontDoor

__all__ = ["ApiProxy", "FrontDoor"]
