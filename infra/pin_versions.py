"""Pin every version of an environment: ``python -m infra.pin_versions FILE PYTHON...``.

FILE is ``constraints.txt`` for the environment of `requirements-dev.txt`, ``infra/checkov/requirements.txt`` for
checkov's own. Each Python is of such an environment, one for each minor version that Heliograph runs on. Packages whose
versions differ between them get a line for each version, with a marker.
"""

import subprocess
import sys
from collections import defaultdict
from pathlib import Path

_HEAD = """\
# Every package of the environment, on Python {versions}.
# Written by `python -m infra.pin_versions {file} PYTHON...`.
"""
_EXCLUDED = ("--exclude", "pip", "--exclude", "jax-bandflux")
"""What comes with Python, and what fitter_lambda/templates.txt pins."""


def merge_pins(frozen: dict[str, list[str]]) -> list[str]:
    """Return lines of pins; those that do not hold for all versions of Python have a marker.

    Parameters
    ----------
    frozen
        Lines of `pip freeze` by minor version of Python.
    """
    versions: dict[str, list[str]] = defaultdict(list)
    for version, pins in frozen.items():
        for pin in pins:
            versions[pin].append(version)
    return [pin + _write_marker(versions[pin], list(frozen)) for pin in sorted(versions, key=str.lower)]


def _write_marker(versions: list[str], every_version: list[str]) -> str:
    """Return a marker of the versions among all, which are in order."""
    first, last = every_version.index(versions[0]), every_version.index(versions[-1])
    conditions = [f'>= "{versions[0]}"'] if first else []
    conditions += [f'< "{version}"' for version in every_version[last + 1 :][:1]]
    conditions += [f'!= "{version}"' for version in every_version[first:last] if version not in versions]
    return "; " * bool(conditions) + " and ".join(f"python_version {condition}" for condition in conditions)


def _ask(python: str, *arguments: str) -> str:
    return subprocess.run([python, *arguments], check=True, capture_output=True, text=True).stdout


def main(arguments: list[str]) -> int:
    """Write a file of the pins of the environments of some Pythons."""
    if len(arguments) < 2:
        print("usage: python -m infra.pin_versions FILE PYTHON...", file=sys.stderr)
        return 2
    file, *pythons = arguments
    frozen = {}
    for python in pythons:
        version = _ask(python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])").strip()
        frozen[version] = _ask(python, "-m", "pip", "freeze", "--all", *_EXCLUDED).splitlines()
    head = _HEAD.format(versions=", ".join(frozen), file=file)
    Path(file).write_text(head + "\n".join(merge_pins(frozen)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
