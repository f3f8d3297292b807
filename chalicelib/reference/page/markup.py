"""HTML as a tree, which escapes every text when it is written; and the little Markdown that our prose is."""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, tostring

__all__ = ["Node", "element", "html", "inline", "prose"]

Node = Element | str

BLOCK = re.compile(r"^```.*?^```|\S.*?(?=\n\s*\n|\Z)", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`([^`]+)`|\[([^\]]+)\]\((https://[^)\s]+)\)")


def element(tag: str, *children: Node, **attributes: str) -> Element:
    """Return an element.

    Parameters
    ----------
    tag : str
        Its name.
    *children : Element or str
        What is in it.
    **attributes : str
        Its attributes; ``class_`` is class, ``aria_label`` is aria-label.
    """
    made = Element(tag, {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()})
    for child in children:
        if isinstance(child, Element):
            made.append(child)
        elif len(made):
            made[-1].tail = (made[-1].tail or "") + child
        else:
            made.text = (made.text or "") + child
    return made


def html(root: Element) -> str:
    """Return a whole document as text."""
    return "<!doctype html>\n" + tostring(root, encoding="unicode", method="html")


def prose(markdown: str) -> list[Element]:
    """Return paragraphs, headings, lists and code."""
    return [_block(block) for block in BLOCK.findall(markdown)]


def _block(block: str) -> Element:
    if block.startswith("## "):
        return element("h2", *inline(block.removeprefix("## ")))
    if block.startswith("```"):
        return element("pre", element("code", block.partition("\n")[2].removesuffix("```")), tabindex="0")
    if block.startswith("- "):
        items = re.split(r"\n- ", block.removeprefix("- "))
        return element("ul", *(element("li", *inline(item)) for item in items))
    return element("p", *inline(block))


def inline(text: str) -> Iterator[Node]:
    """Return a line of prose, its code and its links."""
    end = 0
    for found in INLINE.finditer(text):
        yield text[end : found.start()]
        code, label, address = found.groups()
        yield element("code", code) if code else element("a", label, href=address)
        end = found.end()
    yield text[end:]
