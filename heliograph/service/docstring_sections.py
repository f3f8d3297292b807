"""Titles and descriptions of parameters, from a docstring in NumPy's style."""

import inspect
import re
from itertools import zip_longest
from typing import NamedTuple

_MAX_TITLE = 60
_NAMES_LINE = re.compile(r"^(\w+(?:\s*,\s*\w+)*)\s*(?::.*)?$")
_SENTENCE_END = re.compile(r"[.;:](?:\s+|$)")


class ParameterText(NamedTuple):
    """What a docstring says of a parameter; empty where it says nothing."""

    title: str = ""
    description: str = ""


def parse_docstring(docstring: str | None) -> tuple[str, dict[str, ParameterText]]:
    """Return the first paragraph of a docstring, and what its section "Parameters" says of each name."""
    lines = inspect.cleandoc(docstring or "").splitlines()
    summary = " ".join(_take_paragraph(lines))
    return summary, {name: _split_title(text) for name, text in _collect_parameters(lines).items()}


def _take_paragraph(lines: list[str]) -> list[str]:
    paragraph: list[str] = []
    for line in lines:
        if not line.strip():
            break
        paragraph.append(line.strip())
    return paragraph


def _collect_parameters(lines: list[str]) -> dict[str, str]:
    texts: dict[str, list[str]] = {}
    names: list[str] = []
    for line in _find_section(lines, ("Parameters", "Other Parameters")):
        if line.startswith(" "):
            for name in names:
                texts[name].append(line.strip())
        elif match := _NAMES_LINE.match(line):
            names = [name.strip() for name in match.group(1).split(",")]
            texts.update({name: [] for name in names})
    return {name: " ".join(part for part in parts if part) for name, parts in texts.items()}


def _find_section(lines: list[str], titles: tuple[str, ...]) -> list[str]:
    section: list[str] = []
    is_inside = False
    for line, underline in zip_longest(lines, lines[1:], fillvalue=""):
        is_title = bool(line.strip()) and underline.strip() == "-" * len(line.strip())
        if is_title:
            is_inside = line.strip() in titles
        elif is_inside and set(line.strip()) != {"-"}:
            section.append(line)
    return section


def _split_title(text: str) -> ParameterText:
    """Take a short first sentence as the title, and the rest as the description."""
    match = _SENTENCE_END.search(text)
    title = text[: match.start()] if match else text
    if len(title) > _MAX_TITLE:
        return ParameterText("", text)
    return ParameterText(title, text[match.end() :].strip() if match else "")
