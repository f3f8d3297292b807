"""Requests as one would write them: in Python with requests, and with curl."""

import shlex
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from chalicelib.reference.json_schemas import Json
from chalicelib.reference.page import literals

__all__ = ["Request", "as_curl", "as_python", "request_of"]

TOKENS = {
    "token": "token <your token>",
    "bearer": "Bearer <your token>",
    "fitter": "Bearer <the fitter's token>",
}


@dataclass(frozen=True)
class Request:
    """An example of a request.

    Attributes
    ----------
    method, base, path : str
        Where it goes; the path is below the base.
    query : dict
        Its query.
    authorization : str or None
        The header that says who asks.
    body : Any
        Its body; None if it has none.
    saves : bool
        Whether what comes back is a file.
    """

    method: str
    base: str
    path: str
    query: Json
    authorization: str | None
    body: Any
    saves: bool


def request_of(method: str, path: str, operation: Json, base: str) -> Request:
    """Return the request that the examples of an operation make."""
    for parameter in operation["parameters"]:
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", quote(str(parameter["schema"]["examples"][0])))
    schemes = [name for scheme in operation["security"] for name in scheme]
    content = operation.get("requestBody", {}).get("content", {})
    return Request(
        method=method.upper(),
        base=base,
        path=path,
        query=_query(operation["parameters"]),
        authorization=TOKENS[schemes[0]] if schemes else None,
        body=content["application/json"]["example"] if content else None,
        saves="200" not in operation["responses"],
    )


def _query(parameters: list[Json]) -> Json:
    """Choose what an example asks for: what is required, else the first that has an example."""
    known = [p for p in parameters if p["in"] == "query" and p["schema"].get("examples")]
    chosen = [p for p in known if p["required"]] or known[:1]
    return {parameter["name"]: parameter["schema"]["examples"][0] for parameter in chosen}


def as_python(request: Request) -> str:
    """Return the request in Python."""
    arguments = [f'f"{{api}}{request.path}"']
    lines = ["import requests", "", f'api = "{request.base}"']
    if request.authorization:
        lines.append(f'headers = {{"Authorization": "{request.authorization}"}}')
        arguments.append("headers=headers")
    for name, value in (("params", request.query or None), ("json", request.body)):
        if value is not None:
            lines.append(f"{name} = {literals.as_python(value, len(name) + 3)}")
            arguments.append(f"{name}={name}")
    lines.append(_call(f"r = requests.{request.method.lower()}", arguments))
    lines.append('open("product", "wb").write(r.content)' if request.saves else "print(r.json())")
    return "\n".join(lines)


def _call(function: str, arguments: list[str]) -> str:
    """Write a call on one line if it fits, else an argument on each."""
    line = f"{function}({', '.join(arguments)})"
    if len(line) < literals.WIDTH:
        return line
    return f"{function}(\n" + "".join(f"    {argument},\n" for argument in arguments) + ")"


def as_curl(request: Request) -> str:
    """Return the request for a shell."""
    query = f"?{urlencode(request.query)}" if request.query else ""
    method = "" if request.method == "GET" else f" -X {request.method}"
    lines = [f"curl -sL{method} {shlex.quote(request.base + request.path + query)}"]
    if request.authorization:
        lines.append(f"-H {shlex.quote(f'Authorization: {request.authorization}')}")
    if request.body is not None:
        body = shlex.quote(literals.as_json(request.body))
        lines += ["-H 'Content-Type: application/json'", f"-d {body}"]
    if request.saves:
        lines.append("-o product")
    return " \\\n  ".join(lines)
