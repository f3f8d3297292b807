"""Every snippet of docs/ runs against the stack, page by page and in order.

A page has only blocks of these kinds::

    ```python   code; all of a page runs in one namespace. A block that begins with the name of a file, in a comment or
                a docstring such as `# peak_finder.py`, is written to that file instead
    ```sh       commands for bash, in the folder of these files
    ```output   what the block before it prints; … stands for any part of a line
    ```text     a drawing, which cannot be run
"""

import ast
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from fitter_lambda.engine.supernova_classes import CLASSES, RATES, get_supernova_class
from fitter_lambda.input.fit_parameters import PARAMETERS
from infra import PROJECT
from tests.running_stack import RunningStack, find_free_port

PAGES = sorted((PROJECT / "docs").glob("*.md"))
RUNNABLE_KINDS = ("python", "sh")
OTHER_KINDS = ("output", "text")

FENCE = re.compile(r"```(.*)")
FILE = re.compile(r'(?:# |""")(\w+\.py)\b')
SERVICE = "peak_finder.py"
PORTS = ("6801", "6802", "6803")
"""Ports of the services in the pages; a test replaces them by free ones."""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page, and the line of its opening fence."""

    kind: str
    line: int
    text: str

    @property
    def file(self) -> str | None:
        match = FILE.match(self.text) if self.kind == "python" else None
        return match[1] if match else None


def parse_blocks(page: str) -> list[Block]:
    blocks: list[Block] = []
    opening: tuple[str, int] | None = None
    lines: list[str] = []
    for number, line in enumerate(page.splitlines(), start=1):
        fence = FENCE.match(line)
        if opening is None:
            opening = (fence[1].strip(), number) if fence else None
            lines = []
        elif fence:
            blocks.append(Block(*opening, "\n".join(lines) + "\n"))
            opening = None
        else:
            lines.append(line)
    assert opening is None, f"line {opening and opening[1]}: this block has no end"
    return blocks


@dataclass
class PageRunner:
    """Runs the snippets of a page in order and compares their output."""

    folder: Path
    replacements: dict[str, str] = field(default_factory=dict)
    names: dict[str, Any] = field(default_factory=dict)
    shells: list[int] = field(default_factory=list)

    def run_page(self, page: Path) -> None:
        output = ""
        for block in parse_blocks(page.read_text()):
            where = f"{page.name}, line {block.line}"
            if block.kind == "output":
                pattern = re.escape(self.replace_texts(block.text).strip()).replace("…", ".*")
                assert re.fullmatch(pattern, output.strip()), f"{where}: it printed\n{output}"
            elif block.kind in RUNNABLE_KINDS:
                output = self.run_block(block, page)

    def replace_texts(self, text: str) -> str:
        for old, new in self.replacements.items():
            text = text.replace(old, new)
        return text

    def run_block(self, block: Block, page: Path) -> str:
        text = self.replace_texts(block.text)
        if block.file:
            (self.folder / block.file).write_text(text)
            return ""
        if block.kind == "sh":
            return self.run_in_shell(text)
        # With the blank lines, tracebacks give the line number of the page.
        code = compile("\n" * block.line + text, str(page), "exec")
        with redirect_stdout(io.StringIO()) as output:
            exec(code, self.names)
        return output.getvalue()

    def run_in_shell(self, text: str) -> str:
        with (self.folder / "shell.log").open("w+") as log:
            # Background processes keep the output open, so wait for the shell only.
            shell = subprocess.Popen(
                ["bash", "-euo", "pipefail", "-c", text],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
            self.shells.append(shell.pid)
            status = shell.wait(60)
            log.seek(0)
            output = log.read()
        assert status == 0, f"the shell ended with {status}:\n{text}\n{output}"
        return output

    def close(self) -> None:
        """End the background processes of the page's shells."""
        for group in self.shells:
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGTERM)


@contextmanager
def page_runner(folder: Path, **replacements: str) -> Iterator[PageRunner]:
    runner = PageRunner(folder, replacements)
    try:
        yield runner
    finally:
        runner.close()


def make_replacements(stack: RunningStack) -> dict[str, str]:
    """Return the texts of the pages that depend on this machine -> their values here."""
    first = find_free_port()
    return {
        "http://localhost:5000": stack.url,
        '".local/token"': repr(str(stack.settings.token_file)),
        ".venv/bin/python": sys.executable,
        **{port: str(first + number) for number, port in enumerate(PORTS)},
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_snippets_of_a_page_run(page: Path, stack: RunningStack, reader_folder: Path) -> None:
    with page_runner(reader_folder, **make_replacements(stack)) as runner:
        runner.run_page(page)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_of_a_page_has_a_known_kind(page: Path) -> None:
    text = page.read_text()
    blocks = parse_blocks(text)
    kinds = (*RUNNABLE_KINDS, *OTHER_KINDS)
    unknown = [f"line {block.line}: {block.kind!r}" for block in blocks if block.kind not in kinds]
    assert not unknown, f"{page.name}: expected one of {kinds}: {unknown}"
    fences = sum("```" in line or "~~~" in line for line in text.splitlines())
    assert fences == 2 * len(blocks), f"{page.name}: an indented fence, or a fence without ```"
    outside = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    assert not re.search(r"\n\n( {4}|\t)\S", outside), f"{page.name}: an indented block; use a fence"
    for block in blocks:
        if block.kind == "text":
            assert not is_runnable(block.text), f"{page.name}, line {block.line}: this is code, not a drawing"


def is_runnable(text: str) -> bool:
    """Return whether a text is a command or a program, not a drawing."""
    first = text.split()[0].removeprefix("$")
    with suppress(SyntaxError):
        return bool(ast.parse(text).body)
    return not first or shutil.which(first) is not None


def get_small_service() -> str:
    (service,) = [
        block.text
        for block in parse_blocks((PROJECT / "docs" / "service-authors.md").read_text())
        if block.file == SERVICE
    ]
    return service


def test_the_small_service_is_small() -> None:
    assert len(get_small_service().splitlines()) < 25


def test_the_small_service_is_well_written(tmp_path: Path) -> None:
    (tmp_path / SERVICE).write_text(get_small_service())
    for command in (("check",), ("format", "--check")):
        options = ("--config", str(PROJECT / "pyproject.toml"), "--no-cache")
        run = subprocess.run(
            [sys.executable, "-m", "ruff", *command, *options, SERVICE], cwd=tmp_path, capture_output=True, text=True
        )
        assert run.returncode == 0, run.stdout + run.stderr


# ---- tables of the fitter's page


def parse_fitter_table(*header: str) -> list[list[str]]:
    """Return the cells of the table of docs/fitter.md with this header."""
    lines = (PROJECT / "docs" / "fitter.md").read_text().splitlines()
    first = lines.index(f"| {' | '.join(header)} |") + 2
    rows = takewhile(lambda line: line.startswith("|"), lines[first:])
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_the_page_lists_the_parameters_of_the_fitter() -> None:
    rows = parse_fitter_table("parameter", "takes", "default", "means")
    assert [row[0] for row in rows] == [f"`{name}`" for name in PARAMETERS]
    for row, parameter in zip(rows, PARAMETERS.values(), strict=True):
        if isinstance(parameter, list):
            assert row[1:3] == [", ".join(parameter), parameter[0]]
        else:
            default = str(parameter.get("default", ""))
            assert row[1:] == [parameter["type"], default, parameter["description"]]


def test_the_page_lists_the_classes_of_the_fitter() -> None:
    expected = [
        [name, kind.group, str(kind.mean), str(kind.sigma), "yes" if kind.is_dusty else "no"]
        for name, kind in (*CLASSES.items(), ("any other", get_supernova_class("any other")))
    ]
    assert parse_fitter_table("type in sncosmo", "class", "mean of M_B", "sigma", "host dust") == expected
    assert parse_fitter_table("class", "rate") == [[name, str(rate)] for name, rate in RATES.items()]


# ---- the page runner itself

WRONG_PAGES = {
    "output": "```python\nprint(1 + 1)\n```\n```output\n3\n```\n",
    "python": "```python\n1 / 0\n```\n",
    "shell": "```sh\nfalse | cat\n```\n",
}


@pytest.mark.parametrize("name", WRONG_PAGES)
def test_a_wrong_page_fails(name: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(WRONG_PAGES[name])
    with page_runner(tmp_path) as runner, pytest.raises((AssertionError, ZeroDivisionError)):
        runner.run_page(page)


CORRECT_PAGE = """\
```python
# hello.py
import sys, time
print("hello", sys.argv[1], flush=True)
time.sleep(60)
```
```sh
.venv/bin/python hello.py you &
sleep 1
echo and me
```
```output
hello you
and …
```
"""


def test_a_correct_page_passes_and_leaves_no_processes_behind(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(CORRECT_PAGE)
    with page_runner(tmp_path, **{".venv/bin/python": sys.executable}) as runner:
        runner.run_page(page)
        (group,) = runner.shells
        os.killpg(group, 0)
    deadline = time.monotonic() + 10
    with pytest.raises(ProcessLookupError):
        while time.monotonic() < deadline:
            os.killpg(group, 0)
            time.sleep(0.05)
