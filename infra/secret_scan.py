"""Look for secrets in the repository: ``python -m infra.secret_scan [--write] [FILE …]``, a part of ``make lint``.

What looks like a secret and is none is in `.secrets.baseline`, as a hash; `docs/contributing.md` says of each file
what it is. ``--write`` writes the baseline anew.
"""

import contextlib
import json
import subprocess
import sys

from detect_secrets.core import baseline
from detect_secrets.core.secrets_collection import SecretsCollection

from infra import PROJECT

BASELINE = PROJECT / ".secrets.baseline"
HELP = (
    "Remove each secret and revoke it: whoever has the repository has it. If it is none, write the baseline anew by "
    "`.venv/bin/python -m infra.secret_scan --write`, and say in docs/contributing.md what it is."
)


def list_files() -> list[str]:
    """Return the files of the repository, with those that are not committed yet."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, check=True, capture_output=True, text=True, cwd=PROJECT).stdout.splitlines()
    return [name for name in names if (PROJECT / name).is_file() and name != BASELINE.name]


def find_secrets(files: list[str]) -> SecretsCollection:
    """Return what looks like a secret, by the settings of the baseline; its places are relative to the project."""
    secrets = SecretsCollection()
    with contextlib.chdir(PROJECT):
        secrets.scan_files(*files)
    return secrets


def main(arguments: list[str]) -> int:
    """Print the secrets that the baseline does not have, and return the exit code."""
    # It also applies the settings of the baseline.
    known = baseline.load(json.loads(BASELINE.read_text()))
    files = [name for name in arguments if name != "--write"] or list_files()
    secrets = find_secrets(files)
    if "--write" in arguments:
        baseline.save_to_file(secrets, str(BASELINE))
        return 0
    # The places of those that are known are not compared: lines move.
    unknown = [secret for _, secret in secrets - known]
    for secret in sorted(unknown, key=lambda secret: (secret.filename, secret.line_number)):
        print(f"{secret.filename}:{secret.line_number}: {secret.type}", file=sys.stderr)
    if unknown:
        print(HELP, file=sys.stderr)
    else:
        print(f"detect-secrets: {len(files)} files, no secret")
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
