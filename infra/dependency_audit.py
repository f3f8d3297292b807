"""Look up known vulnerabilities of the pinned packages: ``python -m infra.dependency_audit``, a part of ``make lint``.

A vulnerability is an error. That the database cannot be reached is none, but it is said.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from infra import PROJECT

DIRECT = PROJECT / "requirements.txt"
"""What the zip package holds; looked up first, to learn whether the database can be reached."""
ALL = PROJECT / "constraints.txt"
SECONDS = 10
"""Seconds to wait for one answer, and for those about `DIRECT` together."""
ALL_SECONDS = 30

Dependency = dict[str, Any]


def audit_file(requirements: Path, seconds: float) -> list[Dependency] | None:
    """Return what pip-audit says of each package of a file, or None if it did not answer in time."""
    command = [
        str(Path(sys.executable).with_name("pip-audit")), "--requirement", str(requirements), "--no-deps",
        "--disable-pip", "--format", "json", "--progress-spinner", "off", "--timeout", str(SECONDS),
    ]  # fmt: skip
    try:
        result = subprocess.run(command, check=False, capture_output=True, text=True, timeout=seconds)
        document: dict[str, Any] = json.loads(result.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        return None
    return list(document["dependencies"])


def select_audited(dependencies: list[Dependency] | None) -> list[Dependency]:
    """Return those of the packages that the database knows."""
    return [dependency for dependency in dependencies or [] if "skip_reason" not in dependency]


def main() -> int:
    """Print what is known of the packages, and return the exit code."""
    if not select_audited(audit_file(DIRECT, SECONDS)):
        print("pip-audit: its database (pypi.org) cannot be reached; no package was audited this time")
        return 0
    dependencies = audit_file(ALL, ALL_SECONDS)
    audited = select_audited(dependencies)
    if dependencies is None or not audited:
        print(f"pip-audit: its database did not answer within {ALL_SECONDS} s; no package was audited this time")
        return 0
    print(f"pip-audit: {len(audited)} of {len(dependencies)} packages were audited")
    vulnerable = [dependency for dependency in audited if dependency["vulns"]]
    for dependency in vulnerable:
        for vulnerability in dependency["vulns"]:
            fixed = ", ".join(vulnerability["fix_versions"]) or "no version yet"
            print(
                f"  {dependency['name']} {dependency['version']}: {vulnerability['id']}, fixed by {fixed}",
                file=sys.stderr,
            )
    return 1 if vulnerable else 0


if __name__ == "__main__":
    sys.exit(main())
