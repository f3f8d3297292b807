"""What listens on the stack's port: the web app at ``/``, the API at ``/api``.

It keeps what AWS keeps and the emulator does not: the size of a request and of an answer, the time for
an answer, and a bounded number of requests at once.

    server.py    the routes, and the life of the server
    gateway.py   one request on its way to the emulated API Gateway and back
    envelope.py  errors that are made here
    static.py    the web app's files
"""

from infra.local.front_door.server import FrontDoor

__all__ = ["FrontDoor"]
