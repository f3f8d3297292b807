"""Text of the web app: htm drops a line break beside a tag or a placeholder, and the blank with it."""

import re
from pathlib import Path

import pytest

from infra import PROJECT

INLINE = r"(?:a|abbr|b|code|em|i|kbd|span|strong|sub|sup|time)"
GLUED = re.compile(
    rf"""[\w,.;:)”]\n\s*<{INLINE}[\s>]    # a word, then a tag on the next line
    |</{INLINE}>\n\s*[A-Za-z(]            # a tag, then a word on the next line
    |[\w,.;:)”]\n\s*\$\{{                 # a word, then a placeholder on the next line
    """,
    re.VERBOSE,
)
FILES = sorted(file for file in (PROJECT / "web").rglob("*.js") if "vendor" not in file.parts)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_line_break_separates_words(file: Path) -> None:
    assert GLUED.findall(file.read_text()) == []


@pytest.mark.parametrize(
    ("text", "is_glued"),
    [
        ('sources or the\n  <a href="#/analyses">analyses</a>', True),
        ("see <code>x</code>\n  for more", True),
        ("starts with\n  ${name}", True),
        ('or the <a href="#/analyses">analyses</a>.', False),
        ("<p>text</p>\n  <p>text</p>", False),
    ],
)
def test_glued_words_are_recognized(text: str, is_glued: bool) -> None:
    assert bool(GLUED.search(text)) is is_glued
