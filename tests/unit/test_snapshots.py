"""The API function may start from a snapshot: its imports do nothing that a copy must not share."""

from __future__ import annotations

import subprocess
import sys

from infra import PROJECT

IMPORT = """
import builtins, os, random, socket

def refuse(*_, **__):
    raise AssertionError("opened a connection during the import")

socket.socket.connect = refuse
random.seed(1)
expected = random.getstate()
from app import app
assert random.getstate() == expected, "the import draws random numbers"
from chalicelib import aws, secrets
for module in (aws, secrets):
    for name, value in vars(module).items():
        if hasattr(value, "cache_info"):
            assert value.cache_info().currsize == 0, f"the import fills {module.__name__}.{name}"
"""

REQUEST = """
event = {
    "httpMethod": "GET", "path": "/nowhere", "resource": "/{proxy+}", "headers": {}, "multiValueHeaders": {},
    "queryStringParameters": None, "multiValueQueryStringParameters": None, "pathParameters": {"proxy": "nowhere"},
    "stageVariables": None, "body": None, "isBase64Encoded": False,
    "requestContext": {"resourcePath": sorted(app.routes)[0], "httpMethod": "GET", "identity": {"sourceIp": "x"}},
}
event["requestContext"]["resourcePath"] = "/sysinfo"
assert app(event, None)["statusCode"] < 600
assert random.getstate() != expected, "two copies of a snapshot would pause alike"
"""


def run_python(code: str) -> None:
    result = subprocess.run([sys.executable, "-c", code], check=False, cwd=PROJECT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_the_import_opens_no_connection_and_draws_no_random_number() -> None:
    run_python(IMPORT)


def test_the_first_request_seeds_the_random_numbers_anew() -> None:
    run_python(IMPORT + REQUEST)
