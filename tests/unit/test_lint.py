"""What `make lint` looks for: known vulnerabilities, secrets in the repository, open resources in the templates."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra import PROJECT, dependency_audit, secret_scan

SKIPPED = {"name": "chalice", "skip_reason": "Dependency not found on PyPI"}
SOUND = {"name": "chalice", "version": "1.34.0", "vulns": []}
VULNERABLE = {"name": "requests", "version": "2.0.0", "vulns": [{"id": "CVE-2018-18074", "fix_versions": ["2.20.0"]}]}
ALL = "constraints.txt"
CHECKOV = Path(sys.prefix) / "checkov" / "bin" / "checkov"
CHECKOV_CONFIG = PROJECT / "infra" / "checkov" / "config.yaml"
OPEN_BUCKET = """\
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      AccessControl: PublicReadWrite
"""


def audit(monkeypatch: pytest.MonkeyPatch, direct: list[Any] | None, complete: list[Any] | None) -> int:
    """Run the audit with what pip-audit says of the two files; None if it does not answer."""

    def run(command: list[str], timeout: float, **_: Any) -> Any:
        answer = complete if any(part.endswith(ALL) for part in command) else direct
        if answer is None:
            raise subprocess.TimeoutExpired(command, timeout)
        return subprocess.CompletedProcess(command, 1, json.dumps({"dependencies": answer}), "")

    monkeypatch.setattr(dependency_audit.subprocess, "run", run)
    return dependency_audit.main()


@pytest.mark.parametrize("answers", [(None, None), ([SKIPPED], [VULNERABLE]), ([], []), ([SOUND], None)])
def test_a_database_out_of_reach_is_said_and_no_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answers: tuple[Any, Any]
) -> None:
    assert audit(monkeypatch, *answers) == 0
    assert "no package was audited this time" in capsys.readouterr().out


def test_a_known_vulnerability_is_an_error(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit(monkeypatch, [SOUND], [SOUND, SKIPPED]) == 0
    assert "2 of 3" not in capsys.readouterr().out
    assert audit(monkeypatch, [SOUND], [SOUND, VULNERABLE, SKIPPED]) == 1
    printed = capsys.readouterr()
    assert "2 of 3 packages were audited" in printed.out
    assert "requests 2.0.0: CVE-2018-18074, fixed by 2.20.0" in printed.err


def test_a_new_secret_is_found_and_each_known_one_is_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leak = tmp_path / "leak.py"
    # Made up, and written so that this file holds none.
    leak.write_text(f'AWS_KEY = "AKIA{"Q" * 8}{"7" * 8}"\n-----BEGIN {"RSA"} PRIVATE KEY-----\n')
    assert secret_scan.main([str(leak)]) == 1
    printed = capsys.readouterr().err
    assert "leak.py:1: AWS Access Key" in printed and "leak.py:2: Private Key" in printed
    assert "Q" * 8 not in printed
    explained = (PROJECT / "docs" / "contributing.md").read_text()
    for file in json.loads(secret_scan.BASELINE.read_text())["results"]:
        assert f"`{file}`" in explained, f"say in docs/contributing.md what {file} holds instead of a secret"


def scan_templates(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [CHECKOV, *arguments, "--directory", folder, "--framework", "cloudformation", "--skip-download"]
    return subprocess.run(command, cwd=PROJECT, check=False, capture_output=True, text=True, timeout=120)


def test_only_what_would_be_refused_is_left_out_of_the_scan_of_the_templates() -> None:
    # By the path that `make lint` gives: checkov takes it for a value, and forty letters and slashes for a secret.
    scan = scan_templates(Path("infra", "templates"), "--output", "json")
    failed = {each["check_id"] for each in json.loads(scan.stdout)["results"]["failed_checks"]}
    assert set(yaml.safe_load(CHECKOV_CONFIG.read_text())["skip-check"]) == failed


def test_an_open_bucket_is_refused(tmp_path: Path) -> None:
    (tmp_path / "open.yaml").write_text(OPEN_BUCKET)
    scan = scan_templates(tmp_path, "--config-file", str(CHECKOV_CONFIG))
    assert scan.returncode == 1
    assert "READ permissions to everyone" in scan.stdout and "open.yaml" in scan.stdout
