"""Templates of the container image, at its build: ``python -m fitter_lambda.entry.image_templates DIR``.

Fills a directory, in sncosmo's layout, with the files of all sources, bandpasses and magnitude systems, and the grids
of the sources. The files must be those of ``template_digests.txt``; ``image_templates --pin`` writes this list anew.
"""

import hashlib
import shutil
import sys
from pathlib import Path
from urllib.error import URLError

from fitter_lambda.engine.source_grid import GRIDS_FOLDER, load_source_grid, save_source_grid
from fitter_lambda.errors import TemplateError
from fitter_lambda.input import sncosmo_registries, templates

DIGESTS = Path(__file__).resolve().parents[1] / "template_digests.txt"
_HEAD = """\
# SHA-256 of each file of the image's templates; written by `make pin_image`. The build fails if a file is missing, is
# another one, or is not in this list.
"""


def main(arguments: list[str]) -> int:
    """Fill a directory, or write the list of digests; return 1 if a file is not as listed."""
    if len(arguments) != 1:
        print("usage: python -m fitter_lambda.entry.image_templates DIR | --pin", file=sys.stderr)
        return 2
    for failure in _fetch_all():
        print(failure, file=sys.stderr)
    overlay = templates.build_overlay()
    if arguments == ["--pin"]:
        write_digests(overlay, DIGESTS)
        print(f"the digests of all files are in {DIGESTS.name}; compare and commit it", file=sys.stderr)
        return 0
    problems = compare_digests(overlay, DIGESTS)
    if problems:
        print("\n".join(problems), file=sys.stderr)
        print("The image is not built. If the new files are meant: make pin_image", file=sys.stderr)
        return 1
    _fill(Path(arguments[0]), overlay)
    print("all templates are in place", file=sys.stderr)
    return 0


def write_digests(directory: Path, digests: Path) -> None:
    """Write the list of digests of a directory's files."""
    lines = [f"{digest}  {name}\n" for name, digest in _hash_files(directory).items()]
    digests.write_text(_HEAD + "".join(lines))


def compare_digests(directory: Path, digests: Path) -> list[str]:
    """Return a sentence for each file that is missing, is another one, or is not in the list."""
    lines = [line.split("  ", 1) for line in digests.read_text().splitlines() if not line.startswith("#")]
    expected = {name: digest for digest, name in lines}
    files = _hash_files(directory)
    problems = []
    for name in sorted(expected.keys() | files.keys()):
        if name not in files:
            problems.append(f"{name} is missing; it could not be fetched")
        elif name not in expected:
            problems.append(f"{name} is not in {digests.name}; its SHA-256 is {files[name]}")
        elif files[name] != expected[name]:
            problems.append(f"{name} has the SHA-256 {files[name]}, expected {expected[name]}")
    return problems


def _hash_files(directory: Path) -> dict[str, str]:
    digests = {}
    for path in templates.iterate_files(directory):
        with path.open("rb") as file:
            digests[path.relative_to(directory).as_posix()] = hashlib.file_digest(file, "sha256").hexdigest()
    return dict(sorted(digests.items()))


def _fetch_all() -> list[str]:
    """Fetch the files of all sources, bandpasses and magnitude systems; return the failures."""
    # local sources first: without a network, the first other one ends the loop
    versions = sncosmo_registries.get_source_versions()
    names = list(dict.fromkeys([*templates.list_local_sources(), *versions]))
    failures = []
    for number, name in enumerate(names, start=1):
        print(f"\r{number} of {len(names)} sources", end="", file=sys.stderr, flush=True)
        try:
            # the latest: the name alone would mean an older one that is here
            templates.load_source(f"{name}@{max(versions[name], default='')}")
        except TemplateError as error:
            failures.append(str(error))
            if type(error.__cause__) is URLError:
                break
    failures += sorted(templates.load_bandpasses(sncosmo_registries.list_bandpasses())[1].values())
    failures += sorted(templates.load_magnitude_systems(sncosmo_registries.list_magnitude_systems())[1].values())
    return failures


def _fill(target: Path, overlay: Path) -> None:
    """Copy the files, and save the grid of each source."""
    for path in templates.iterate_files(overlay):
        copy = target / path.relative_to(overlay)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    for name in templates.list_local_sources():
        save_source_grid(load_source_grid(name), target / GRIDS_FOLDER)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
