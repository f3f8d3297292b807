"""The app on moto: the data half of the project's own template, in process and empty for each test."""

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib import deadlines, lambda_functions, people, workers
from tests.gateway import Gateway
from tests.moto_adapter import copy_tables, fast_mock_aws, restore_tables
from tests.permissions import Permissions, record_permissions
from tests.stage import load_template_resources, make_stage


@pytest.fixture(scope="package", autouse=True)
def environment() -> Iterator[None]:
    """Remove the endpoint and the credentials of the person who runs the tests from the environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("PUBLIC_URL", "https://heliograph.test/api")
        patch.setenv("EGRESS_ALLOWED_HOSTS", "127.0.0.1:*,localhost:*")
        yield


@pytest.fixture(scope="package")
def permissions(environment: None) -> Iterator[Permissions]:
    """Return what the functions call, compared with their policies."""
    with record_permissions() as recorded:
        yield recorded


@pytest.fixture(autouse=True)
def policies(permissions: Permissions, record_property: Callable[[str, object], None]) -> Iterator[None]:
    """Fail a test in which a function called what its policy does not allow."""
    permissions.denied.clear()
    known = set(permissions.used)
    yield
    record_property("permissions", sorted(permissions.used - known))
    assert permissions.denied == []


@pytest.fixture(scope="package")
def mocked(environment: None, permissions: Permissions) -> Iterator[dict[str, Any]]:
    """Return the resources of the template in a mocked AWS."""
    with fast_mock_aws():
        yield load_template_resources()


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let requests take their time: moto is slower than AWS."""
    monkeypatch.setattr(deadlines, "REQUEST_SECONDS", 600.0)


@pytest.fixture
def aws(mocked: dict[str, Any]) -> None:
    """Create the stage ``local``, empty."""
    make_stage(mocked)


@pytest.fixture
def lambdas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Call the functions that a request waits for in this process."""
    from fitter_lambda import handler

    functions: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
        lambda_functions.DOCUMENTS: workers.handle_document,
        lambda_functions.RENDER: lambda event: handler.render(event, None),
    }
    monkeypatch.setattr(
        lambda_functions, "invoke_function", lambda name, event: json.loads(json.dumps(functions[name](event)))
    )


@pytest.fixture(scope="package")
def administrator(mocked: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the token of the first administrator, and the tables of a stage that has no other."""
    make_stage(mocked)
    return people.ensure_administrator("admin"), copy_tables()


@pytest.fixture
def admin(aws: None, administrator: tuple[str, dict[str, Any]]) -> Gateway:
    """Return the app, with the token of the first administrator."""
    from app import app

    token, tables = administrator
    restore_tables(tables)
    return Gateway(app, token)
