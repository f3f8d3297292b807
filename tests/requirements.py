"""The pins of requirements files, as far as they hold for this Python."""

from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement


def read_requirements(path: Path) -> Iterator[Requirement]:
    """Read the pins of a file and of the files that it names; leave out those of other Pythons."""
    for line in path.read_text().splitlines():
        if line.startswith("-r "):
            yield from read_requirements(path.parent / line.removeprefix("-r "))
        elif line and not line.startswith(("#", "-")):
            requirement = Requirement(line.partition(" --hash")[0])
            if requirement.marker is None or requirement.marker.evaluate():
                yield requirement
