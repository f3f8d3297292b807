"""The operator's commands need no more than whoever deploys may do."""

import json
from pathlib import Path

import pytest

from chalicelib import people, secrets
from infra import admin as commands
from tests.api.test_migrations import age, complete_analyses
from tests.gateway import Gateway
from tests.permissions import Permissions, read_statements, run_as


def test_who_deploys_may_migrate_and_make_the_first_administrator(
    admin: Gateway, permissions: Permissions, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    age(complete_analyses(admin, 1)[0])
    secrets._read_secrets.cache_clear()
    with run_as("deployer-local"):
        for arguments in (["migrate"], ["administrator", "eve"], ["ensure", str(tmp_path / "token")], ["fitter-token"]):
            assert commands.main(arguments) == 0
    granted = {action for statement in read_statements("deployer-local") for action in statement["Action"]}
    used = {action for function, action, *_ in permissions.used if function == "deployer-local"}
    assert used == {action for action in granted if action.endswith(("Item", ":Scan", ":GetSecretValue"))}
    assert people.authenticate(f"token {(tmp_path / 'token').read_text()}")
    assert "1 records of the kind analysis" in capsys.readouterr().out


def test_who_deploys_may_not_do_an_operators_other_work(admin: Gateway, permissions: Permissions) -> None:
    with run_as("deployer-local"):
        commands.main(["replace-secret"])
    assert "secretsmanager:PutSecretValue" in json.dumps(permissions.denied)
    permissions.denied.clear()
