"""The README's Python runs against the stack; commands and links of all pages exist."""

import re
from pathlib import Path

import pytest

from infra import PROJECT
from tests.running_stack import RunningStack

PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]
SNIPPETS = [
    pytest.param(snippet, id=f"README.md-{number}")
    for number, snippet in enumerate(re.findall(r"```python\n(.*?)```", PAGES[0].read_text(), re.DOTALL))
]


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_a_snippet_runs(snippet: str, stack: RunningStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code = snippet.replace("http://localhost:5000", stack.url)
    code = code.replace('".local/token"', repr(str(stack.settings.token_file)))
    names: dict[str, object] = {}
    exec(compile(code, "snippet", "exec"), names)
    if "corner.png" in snippet:
        assert (tmp_path / "corner.png").read_bytes().startswith(b"\x89PNG")
        assert set(names["results"]["parameters"]) >= {"t0", "x0", "x1", "c"}  # type: ignore[index]


def test_every_command_of_the_readme_exists() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    for page in PAGES:
        for target in set(re.findall(r"(?:`|^    )make ([a-z_]+)", page.read_text(), re.MULTILINE)):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{page.name}: make {target}"


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
