"""The README's Python runs against the stack; commands and links of all pages exist."""

import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest

from heliograph.cli.commands import main
from infra import PROJECT
from tests.running_stack import RunningStack

PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]
SNIPPETS = [
    pytest.param(snippet, id=f"README.md-{number}")
    for number, snippet in enumerate(re.findall(r"```python\n(.*?)```", PAGES[0].read_text(), re.DOTALL))
]


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_a_snippet_runs(snippet: str, stack: RunningStack, reader_folder: Path) -> None:
    (login,) = re.findall(r"^    (heliograph login .*)", PAGES[0].read_text(), re.MULTILINE)
    login = login.replace("http://localhost:5000", stack.url)
    login = login.replace('".local/token"', shlex.quote(str(stack.settings.token_file)))
    subprocess.run(["bash", "-euc", login], check=True, capture_output=True)
    names: dict[str, object] = {}
    exec(compile(snippet, "snippet", "exec"), names)
    if "corner.png" in snippet:
        assert (reader_folder / "corner.png").read_bytes().startswith(b"\x89PNG")
        assert set(names["fit"].results["parameters"]) >= {"t0", "x0", "x1", "c"}  # type: ignore[attr-defined]


def test_the_first_analysis_is_four_lines() -> None:
    (snippet,) = SNIPPETS
    assert len(str(snippet.values[0]).splitlines()) == 4


def test_every_command_of_the_readme_exists() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    for page in PAGES:
        for target in set(re.findall(r"(?:`|^    )make ([a-z_]+)", page.read_text(), re.MULTILINE)):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{page.name}: make {target}"
        for words in re.findall(r"(?:`|^ *)heliograph ([a-z]+(?: [a-z]+)?)", page.read_text(), re.MULTILINE):
            assert is_command(words.split()), f"{page.name}: heliograph {words}"


def is_command(words: list[str]) -> bool:
    """Return whether `heliograph` has this command; the second word counts in a group alone."""
    command = main.commands.get(words[0])
    return words[1] in command.commands if isinstance(command, click.Group) and words[1:] else command is not None


def test_link_targets_exist() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!http)([^)]+)\)", page.read_text()):
            name, _, anchor = target.partition("#")
            linked_page = page.parent / name if name else page
            assert linked_page.exists(), f"{page.name}: {target}"
            assert not anchor or anchor in list_anchors(linked_page), f"{page.name}: {target}"


def list_anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
