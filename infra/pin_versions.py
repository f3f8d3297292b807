"""Pin every version in constraints.txt: ``python -m infra.pin_versions PYTHON...``.

Each Python is of an environment that `requirements-dev.txt` was installed into, one for each minor version that
Heliograph runs on. Packages whose versions differ between them get a line for each version, with a marker.
"""

import subprocess
import sys
from collections import defaultdict

from infra import PROJECT

CONSTRAINTS = PROJECT / "constraints.txt"
_HEAD = """\
# Every package that requirements-dev.txt brings along, on Python {versions}.
# Written by `python -m infra.pin_versions PYTHON...`, which asks pip in an environment of each of them.
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


def main(pythons: list[str]) -> int:
    """Write constraints.txt of the environments of some Pythons."""
    if not pythons:
        print("usage: python -m infra.pin_versions PYTHON...", file=sys.stderr)
        return 2
    frozen = {}
    for python in pythons:
        version = _ask(python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])").strip()
        frozen[version] = _ask(python, "-m", "pip", "freeze", "--all", *_EXCLUDED).splitlines()
    head = _HEAD.format(versions=", ".join(frozen))
    CONSTRAINTS.write_text(head + "\n".join(merge_pins(frozen)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
