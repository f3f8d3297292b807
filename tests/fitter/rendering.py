"""Helpers to call the renderer: a source in; an answer and a product out."""

import json
from typing import Any

from fitter_lambda import handler
from tests.fitter.conftest import Server


def render(server: Server, data: bytes, task: str = "corner", **options: Any) -> dict[str, Any]:
    server.files["/source"] = data
    event = {"task": task, "source": f"{server.url}/source", "target": f"{server.url}/target", **options}
    answer = handler.render(event, None)
    assert set(answer) - {"reason"} == ({"ok"} if answer["ok"] else {"ok", "error"})
    return answer


def product(server: Server) -> tuple[str, bytes]:
    _, path, body, headers = next(request for request in server.requests if request[0] == "PUT")
    assert path == "/target"
    return headers["Content-Type"], body


def json_product(server: Server) -> Any:
    content_type, body = product(server)
    assert content_type == "application/json"
    return json.loads(body)
