"""The shape of the tree: imports run downwards only, and one module uses each external system."""

import ast
import re
import sys
from functools import cache
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
ROOMS = ("app.py", "chalicelib", "fitter_lambda", "heliograph", "heliograph_guards", "infra")

EDGES = {
    "boto3": {"heliograph.service.lambda_storage"},
    "botocore": {
        "chalicelib.aws",
        "chalicelib.blobs",
        "chalicelib.lambda_functions",
        "heliograph.service.lambda_storage",
    },
    "pynamodb": {"chalicelib.tables"},
    "chalice": {"chalicelib.routes", "app"},
    "requests": {
        "chalicelib.egress",
        "chalicelib.authentication",
        "fitter_lambda",
        "heliograph",
        "heliograph_guards.egress_guard",
    },
}
"""The modules that may import a library of an external system, besides infra."""

LEVELS = [
    ("app",),
    ("chalicelib.routes", "chalicelib.workers"),
    (
        "chalicelib.analysis", "chalicelib.services", "chalicelib.sources", "chalicelib.people",
        "chalicelib.fitter_endpoint", "chalicelib.reference",
    ),
    (
        "chalicelib.access", "chalicelib.operation_signature", "chalicelib.schemas", "chalicelib.tables",
        "chalicelib.authentication", "chalicelib.blob_keys", "chalicelib.blobs", "chalicelib.lambda_functions",
        "chalicelib.queues", "chalicelib.jobs",
        "chalicelib.secrets", "chalicelib.egress", "chalicelib.renderer", "chalicelib.aws",
        "chalicelib.deadlines", "chalicelib.log_context", "chalicelib.snapshot_restore", "chalicelib.strict_headers",
        "chalicelib.settings", "chalicelib.json_text", "chalicelib.errors",
    ),
]  # fmt: skip
"""Entry points, routes, heart, edges: no module imports from a level above."""

FITTER_LEVELS = [
    ("fitter_lambda.handler", "fitter_lambda.__main__", "fitter_lambda.spectrum.__main__"),
    ("fitter_lambda.entry",),
    ("fitter_lambda.renderer",),
    ("fitter_lambda.spectrum",),
    ("fitter_lambda.output",),
    ("fitter_lambda.engine",),
    ("fitter_lambda.input",),
    ("fitter_lambda.arrays", "fitter_lambda.errors", "fitter_lambda.version"),
]
"""The fitter's rooms, from top to bottom."""


def get_module_name(file: Path) -> str:
    parts = file.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imports() -> dict[str, set[str]]:
    """Return what each module of the project imports, inside functions too."""
    files = [file for room in ROOMS for file in sorted((PROJECT / room).rglob("*.py"))]
    files.append(PROJECT / "app.py")
    modules = {get_module_name(file): file for file in files}
    return {name: _read_imports(file, name, modules) for name, file in modules.items()}


def _read_imports(file: Path, name: str, modules: dict[str, Path]) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: imports are absolute here"
            base = node.module or ""
            names |= {f"{base}.{alias.name}" if f"{base}.{alias.name}" in modules else base for alias in node.names}
    return names - {name}


def in_room(module: str, room: str) -> bool:
    return module == room or module.startswith(f"{room}.")


def test_there_is_no_import_circle() -> None:
    graph = {name: modules & set(imports()) for name, modules in imports().items()}
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join((*path[path.index(name) :], name))
        if name not in done:
            for imported in sorted(graph[name]):
                visit(imported, (*path, name))
            done.add(name)

    for name in graph:
        visit(name, ())


FORBIDDEN = {
    "app": {"fitter_lambda", "heliograph", "infra"},
    "chalicelib": {"fitter_lambda", "heliograph", "infra"},
    "fitter_lambda": {"app", "chalicelib", "infra"},
    "heliograph": {"app", "chalicelib", "infra"},
    "heliograph_guards": {"app", "chalicelib", "fitter_lambda", "heliograph", "infra"},
}
"""By room, those that it may not import: the halves meet over HTTP and in `heliograph_guards`."""


@pytest.mark.parametrize("room", FORBIDDEN)
def test_the_halves_import_nothing_of_each_other(room: str) -> None:
    for name, modules in imports().items():
        if in_room(name, room):
            assert not [i for i in modules if any(in_room(i, other) for other in FORBIDDEN[room])], name


def test_the_guards_need_no_library_but_that_of_http() -> None:
    guards = {name: modules for name, modules in imports().items() if in_room(name, "heliograph_guards")}
    for name, modules in guards.items():
        allowed = set(sys.stdlib_module_names) | {"heliograph_guards"}
        allowed |= {"requests", "urllib3"} if name == "heliograph_guards.egress_guard" else set()
        assert {module.partition(".")[0] for module in modules} <= allowed, name


@pytest.mark.parametrize("library", EDGES)
def test_only_edges_know_what_is_outside(library: str) -> None:
    for name, modules in imports().items():
        if in_room(name, "infra") or not [i for i in modules if in_room(i, library)]:
            continue
        assert any(in_room(name, room) for room in EDGES[library]), f"{name} imports {library}"


def test_imports_run_downwards() -> None:
    level = {room: number for number, rooms in enumerate(LEVELS) for room in rooms}

    def height(module: str) -> int | None:
        rooms = [room for room in level if in_room(module, room)]
        return level[max(rooms, key=len)] if rooms else None

    for name, modules in imports().items():
        above = height(name)
        if name in ("chalicelib", "app") or not in_room(name, "chalicelib"):
            continue
        assert above is not None, f"{name} has no room: say where it belongs"
        for imported in modules:
            below = height(imported) if imported.startswith("chalicelib.") else None
            assert below is None or below >= above, f"{name} imports {imported} from above"


def test_no_scan_of_a_table() -> None:
    for file in (PROJECT / "chalicelib").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            assert not (isinstance(node, ast.Attribute) and node.attr in ("scan", "rate_limited_scan")), file


def test_nothing_is_ever_unpickled_beside_secrets() -> None:
    for name, modules in imports().items():
        if name == "app" or in_room(name, "chalicelib"):
            assert not modules & {"pickle", "joblib", "shelve", "marshal", "dill"}, name


def test_the_repository_names_no_machine() -> None:
    for room in (*ROOMS, "tests", ".chalice", "README.md", "Makefile", "docs", "benchmarks"):
        place = PROJECT / room
        files = [place] if place.is_file() else [f for f in place.rglob("*") if f.is_file()]
        for file in files:
            if file.suffix in (".py", ".md", ".json", ".yaml", ".sh", ".txt", "") and "deployments" not in file.parts:
                text = file.read_text(errors="ignore")
                for word in ("/home" + "/", "/work" + "/", "/root" + "/"):
                    assert word not in text, f"{file} holds {word}"


def fitter_level(module: str) -> int:
    levels = [i for i, rooms in enumerate(FITTER_LEVELS) if any(in_room(module, room) for room in rooms)]
    assert levels, f"{module} has no room in FITTER_LEVELS"
    return levels[0]


def test_imports_of_the_fitter_run_downwards() -> None:
    for name, modules in imports().items():
        if name == "fitter_lambda" or not in_room(name, "fitter_lambda"):
            continue
        for module in modules & set(imports()):
            if in_room(module, "heliograph") or in_room(module, "heliograph_guards"):
                continue
            assert fitter_level(name) <= fitter_level(module), f"{name} imports {module} from above"


def test_the_fitters_two_handlers_share_no_entry() -> None:
    for name, modules in imports().items():
        if in_room(name, "fitter_lambda.entry"):
            assert not [module for module in modules if in_room(module, "fitter_lambda.renderer")], name
        if in_room(name, "fitter_lambda.renderer"):
            assert not [module for module in modules if in_room(module, "fitter_lambda.entry")], name


def packages(room: str) -> list[Path]:
    folders = [file.parent for file in sorted((PROJECT / room).rglob("__init__.py"))]
    return [folder for folder in folders if len(list(folder.glob("*.py"))) > 1]


@pytest.mark.parametrize(
    "package",
    [package for room in ROOMS[1:] for package in packages(room)],
    ids=lambda package: str(package.relative_to(PROJECT)),
)
def test_the_map_of_a_package_names_its_modules(package: Path) -> None:
    text = ast.get_docstring(ast.parse((package / "__init__.py").read_text())) or ""
    modules = {file.stem for file in package.glob("*.py")} - {"__init__"}
    modules |= {folder.parent.name for folder in package.glob("*/__init__.py")}
    missing = [module for module in sorted(modules) if not re.search(rf"(?<!\w){module}(?!\w)", text)]
    assert not missing, f"the docstring of {package.name}/__init__.py does not name {', '.join(missing)}"
