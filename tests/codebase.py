"""Count names and lines of the production code: ``python -m tests.codebase [FOLDER]``."""

import ast
import io
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

__all__ = [
    "PROJECT",
    "ROOMS",
    "VAGUE_NAMES",
    "count_code_lines",
    "count_vague_names",
    "iterate_module_names",
    "iterate_names",
]

PROJECT = Path(__file__).resolve().parents[1]
ROOMS = ("app.py", "chalicelib", "fitter_lambda", "heliograph", "heliograph_guards", "infra")

VAGUE_NAMES = (
    "wanted", "given", "found", "there", "seen", "shown", "every", "add", "remove", "read", "table",
)  # fmt: skip
"""Words that say nothing as the name of a function, a parameter, a variable or an import alias."""


def iterate_files(project: Path = PROJECT, rooms: tuple[str, ...] = ROOMS) -> Iterator[Path]:
    """Return the Python files of the rooms."""
    for room in rooms:
        place = project / room
        yield from [place] if place.is_file() else sorted(place.rglob("*.py"))


def iterate_module_names(project: Path = PROJECT, rooms: tuple[str, ...] = ROOMS) -> Iterator[str]:
    """Return the dotted names of all modules, without those of packages."""
    for file in iterate_files(project, rooms):
        if file.stem != "__init__":
            yield ".".join(file.relative_to(project).with_suffix("").parts)


def iterate_names(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Return what a module names: pairs of a kind and a name without leading underscores."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield "function", name.lstrip("_")
            case ast.arg(arg=name):
                yield "parameter", name.lstrip("_")
            case ast.alias(asname=str(name)):
                yield "alias", name.lstrip("_")
            case ast.Name(id=name, ctx=ast.Store()):
                yield "variable", name.lstrip("_")


def count_vague_names(project: Path = PROJECT, rooms: tuple[str, ...] = ROOMS) -> Counter[tuple[str, str]]:
    """Count the uses of `VAGUE_NAMES` as names, by kind and word."""
    counts: Counter[tuple[str, str]] = Counter()
    for file in iterate_files(project, rooms):
        counts.update(pair for pair in iterate_names(ast.parse(file.read_text())) if pair[1] in VAGUE_NAMES)
    return counts


def count_code_lines(file: Path) -> int:
    """Count the lines of a file that hold code: no docstrings, comments or blank lines."""
    source = file.read_text()
    prose: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        for statement in getattr(node, "body", ()) if not isinstance(node, ast.Lambda | ast.IfExp) else ():
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                prose |= set(range(statement.lineno, (statement.end_lineno or 0) + 1))
    empty = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
    code: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in (*empty, tokenize.ENDMARKER):
            code |= set(range(token.start[0], token.end[0] + 1))
    return len(code - prose)


def main() -> None:
    """Print the counts of a checkout, this one by default."""
    project = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else PROJECT
    counts = count_vague_names(project)
    kinds = {"function": "functions", "parameter": "parameters", "alias": "aliases", "variable": "variables"}
    for kind, plural in kinds.items():
        words = {word: counts[kind, word] for word in VAGUE_NAMES if counts[kind, word]}
        print(f"{plural:<11} {sum(words.values()):>5}  {words}")
    lines = {
        room: sum(map(count_code_lines, iterate_files(project, (room,)))) for room in ROOMS if (project / room).exists()
    }
    print(f"lines of code {sum(lines.values())}  {lines}")


if __name__ == "__main__":
    main()
