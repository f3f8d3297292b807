"""The README's Python is run against the stack, as it is written; commands and links of all pages exist."""

import re
from pathlib import Path

import pytest

from infra.local.control import RunningStack

PROJECT = Path(__file__).resolve().parents[2]
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]
SNIPPETS = [
    pytest.param(snippet, id=f"README.md-{number}")
    for number, snippet in enumerate(re.findall(r"```python\n(.*?)```", PAGES[0].read_text(), re.DOTALL))
]


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_a_snippet_runs(
    snippet: str, stack: RunningStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    mended = snippet.replace("http://localhost:5000", stack.url)
    mended = mended.replace('".local/token"', repr(str(stack.settings.token_file)))
    names: dict[str, object] = {}
    exec(compile(mended, "snippet", "exec"), names)
    if "corner.png" in snippet:
        assert (tmp_path / "corner.png").read_bytes().startswith(b"\x89PNG")
        assert set(names["results"]["parameters"]) >= {"t0", "x0", "x1", "c"}  # type: ignore[index]


def test_every_command_of_the_readme_exists() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    for page in PAGES:
        for target in set(re.findall(r"(?:`|^    )make ([a-z_]+)", page.read_text(), re.MULTILINE)):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{page.name}: make {target}"


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!http)([^)]+)\)", page.read_text()):
            name, _, place = target.partition("#")
            there = page.parent / name if name else page
            assert there.exists(), f"{page.name}: {target}"
            assert not place or place in headings(there), f"{page.name}: {target}"


def headings(page: Path) -> set[str]:
    """The headings of a page, as links name them."""
    found = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}
