"""Names that can be searched: no name of a function, parameter, variable or alias that says nothing."""

from pathlib import Path

import pytest

from tests.codebase import ROOMS, count_code_lines, count_vague_names, iterate_module_names


@pytest.mark.parametrize("room", [*ROOMS, "tests", "benchmarks"])
def test_no_name_is_vague(room: str) -> None:
    assert not count_vague_names(rooms=(room,))


def test_vague_names_are_counted_by_kind(tmp_path: Path) -> None:
    source = "import json as table\n\ndef read(given):\n    found = given\n    return found\n"
    (tmp_path / "app.py").write_text(source)
    assert count_vague_names(tmp_path, ("app.py",)) == {
        ("alias", "table"): 1,
        ("function", "read"): 1,
        ("parameter", "given"): 1,
        ("variable", "found"): 1,
    }


def test_code_lines_leave_out_docstrings_comments_and_blanks(tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text(
        '"""Docstring."""\n\n# A comment.\nx = [\n    1,\n]\n"""What x is."""\n\n\ndef f():\n    """D."""\n'
    )
    assert count_code_lines(file) == 4


SHARED_NAMES = {
    # The same thing in several layers: its schema, its routes, its rules, its table, its engine.
    "analyses", "api_tokens", "batches", "callback", "default_analyses", "egress", "errors", "favorites", "groups",
    "instruments", "memberships", "periodogram", "phot_stat", "photometry",
    "photometry_files", "payload", "services", "sources",
    "spectra", "taxonomies", "people", "users", "webhook", "remarks", "summaries", "dead_letters", "base",
    "times",
}  # fmt: skip


@pytest.mark.parametrize("rooms", [tuple(room for room in ROOMS if room != "heliograph"), ("heliograph",)])
def test_a_module_name_means_one_thing(rooms: tuple[str, ...]) -> None:
    names = [name.rpartition(".")[2] for name in iterate_module_names(rooms=rooms)]
    repeated = {name for name in names if names.count(name) > 1} - SHARED_NAMES
    assert not repeated - {"__init__", "__main__"}
