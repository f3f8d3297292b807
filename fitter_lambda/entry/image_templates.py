"""Templates of the container image: ``python -m fitter_lambda.entry.image_templates DIR``, at its build.

Fills a directory, in sncosmo's layout, with all sources that can be fetched, their grids, all bandpasses and
all magnitude systems.
"""

import shutil
import sys
from pathlib import Path
from urllib.error import URLError

from fitter_lambda.engine.source_grid import GRIDS_FOLDER, load_source_grid, save_source_grid
from fitter_lambda.errors import TemplateError
from fitter_lambda.input import sncosmo_registries, templates


def main(arguments: list[str]) -> int:
    """Fill a directory; print what could not be fetched and return 1 if there is any."""
    if len(arguments) != 1:
        print("usage: python -m fitter_lambda.entry.image_templates DIR", file=sys.stderr)
        return 2
    target = Path(arguments[0])
    target.mkdir(parents=True, exist_ok=True)
    failures = _save_grids(target / GRIDS_FOLDER)
    failures += sorted(templates.load_bandpasses(sncosmo_registries.list_bandpasses())[1].values())
    failures += sorted(templates.load_magnitude_systems(sncosmo_registries.list_magnitude_systems())[1].values())
    overlay = templates.build_overlay()
    for path in templates.iterate_files(overlay):
        copy = target / path.relative_to(overlay)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    print("\n" + ("\n".join(failures) or "all templates are in place"), file=sys.stderr)
    return 1 if failures else 0


def _save_grids(folder: Path) -> list[str]:
    """Save the grid of each source; return the failures."""
    # local sources first: without a network, the first other one ends the loop
    names = list(dict.fromkeys([*templates.list_local_sources(), *sncosmo_registries.get_source_versions()]))
    failures = []
    for number, name in enumerate(names, start=1):
        print(f"\r{number} of {len(names)} sources", end="", file=sys.stderr, flush=True)
        try:
            save_source_grid(load_source_grid(name), folder)
        except TemplateError as error:
            failures.append(str(error))
            if type(error.__cause__) is URLError:
                break
    return failures


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
