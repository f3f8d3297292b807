"""The notebook of docs/ runs against the stack, cell by cell, in one namespace.

What a cell prints is compared with what the notebook holds, unless the cell has the tag ``changes``: its values differ
a little from machine to machine. After a change of the notebook, run it in Jupyter and save it with its outputs.
"""

import ast
import io
import json
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from infra import PROJECT
from tests.running_stack import RunningStack

NOTEBOOK = PROJECT / "docs" / "first_analysis.ipynb"
MOST_BYTES = 400_000
PICTURES = 3
DISPLAYS = ("_repr_html_", "_repr_png_")


def load_cells() -> list[dict[str, Any]]:
    """Return the cells with code."""
    return [cell for cell in json.loads(NOTEBOOK.read_text())["cells"] if cell["cell_type"] == "code"]


def run_cell(code: str, names: dict[str, Any]) -> str:
    """Run a cell as Jupyter does: what its last line is worth is displayed. Return what it prints."""
    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    with redirect_stdout(io.StringIO()) as output:
        exec(compile(tree, NOTEBOOK.name, "exec"), names)
        if isinstance(last, ast.Expr):
            display(eval(compile(ast.Expression(last.value), NOTEBOOK.name, "eval"), names))
    return output.getvalue()


def display(value: Any) -> None:
    """Make all forms of a value that a notebook may show."""
    repr(value)
    for name in DISPLAYS:
        getattr(value, name, lambda: None)()


def get_printed_text(cell: dict[str, Any]) -> str:
    """Return what a cell of the notebook printed when it was saved."""
    streams = [output for output in cell["outputs"] if output["output_type"] == "stream"]
    return "".join("".join(stream["text"]) for stream in streams if stream["name"] == "stdout")


def test_the_notebook_runs(stack: RunningStack, reader_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELIOGRAPH_URL", stack.url)
    monkeypatch.setenv("HELIOGRAPH_TOKEN", stack.token)
    names: dict[str, Any] = {}
    for number, cell in enumerate(load_cells(), start=1):
        printed = run_cell("".join(cell["source"]), names)
        if "changes" not in cell["metadata"].get("tags", []):
            assert printed == get_printed_text(cell), f"cell {number}"


def test_the_notebook_was_saved_with_its_outputs() -> None:
    assert NOTEBOOK.stat().st_size < MOST_BYTES
    cells = load_cells()
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert not any(output["output_type"] == "error" for output in outputs)
    assert sum("image/png" in output.get("data", {}) for output in outputs) == PICTURES
