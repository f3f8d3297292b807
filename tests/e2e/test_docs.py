"""Every snippet of docs/ is run against the stack: page by page, in the order of the page, as it is written.

A page has blocks of these kinds, and no others::

    ```python   is run, all of a page in one namespace; one that begins with a comment such as
                `# peak_finder.py` is that file instead
    ```sh       is run by bash, in the folder of these files
    ```output   is what the block before it prints; … stands for any part of a line
    ```text     is a drawing, which nobody could run
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
from infra.client import Api
from infra.local.control import RunningStack, free_port
from tests.e2e.stories import wait_for

PROJECT = Path(__file__).resolve().parents[2]
PAGES = sorted((PROJECT / "docs").glob("*.md"))
RUN, SHOWN = ("python", "sh"), ("output", "text")

FENCE = re.compile(r"```(.*)")
FILE = re.compile(r"# (\w+\.py)\n")
SERVICE = "peak_finder.py"
PORTS = ("6801", "6802")
"""Where services of the pages listen; in a test they listen where nobody else does."""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page, and the line of the page that it begins after."""

    kind: str
    line: int
    text: str

    @property
    def file(self) -> str | None:
        named = FILE.match(self.text) if self.kind == "python" else None
        return named[1] if named else None


def blocks_of(page: str) -> list[Block]:
    found: list[Block] = []
    begun: tuple[str, int] | None = None
    inside: list[str] = []
    for number, line in enumerate(page.splitlines(), start=1):
        fence = FENCE.match(line)
        if begun is None:
            begun, inside = ((fence[1].strip(), number), []) if fence else (None, [])
        elif fence:
            found.append(Block(*begun, "\n".join(inside) + "\n"))
            begun = None
        else:
            inside.append(line)
    assert begun is None, f"line {begun and begun[1]}: this block has no end"
    return found


@dataclass
class Reader:
    """Reads a page as its readers do: types every snippet in, and looks at what comes out."""

    folder: Path
    replaced: dict[str, str] = field(default_factory=dict)
    names: dict[str, Any] = field(default_factory=dict)
    started: list[int] = field(default_factory=list)

    def read(self, page: Path) -> None:
        printed = ""
        for block in blocks_of(page.read_text()):
            where = f"{page.name}, line {block.line}"
            if block.kind == "output":
                pattern = re.escape(block.text.strip()).replace("…", ".*")
                assert re.fullmatch(pattern, printed.strip()), f"{where}: it printed\n{printed}"
            elif block.kind in RUN:
                printed = self.run(block, page)

    def run(self, block: Block, page: Path) -> str:
        text = block.text
        for written, meant in self.replaced.items():
            text = text.replace(written, meant)
        if block.file:
            (self.folder / block.file).write_text(text)
            return ""
        if block.kind == "sh":
            return self.in_shell(text)
        # As many blank lines before it as the page has lines: tracebacks name the line of the page.
        code = compile("\n" * block.line + text, str(page), "exec")
        with redirect_stdout(io.StringIO()) as printed:
            exec(code, self.names)
        return printed.getvalue()

    def in_shell(self, text: str) -> str:
        with (self.folder / "shell.log").open("w+") as log:
            # What it leaves in the background holds its output open: only the shell itself is waited for.
            shell = subprocess.Popen(
                ["bash", "-euo", "pipefail", "-c", text],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
            self.started.append(shell.pid)
            status = shell.wait(60)
            log.seek(0)
            printed = log.read()
        assert status == 0, f"the shell ended with {status}:\n{text}\n{printed}"
        return printed

    def close(self) -> None:
        """End what the page's shells have left in the background."""
        for group in self.started:
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGTERM)


@contextmanager
def reader(folder: Path, **replaced: str) -> Iterator[Reader]:
    ours = Reader(folder, replaced)
    try:
        yield ours
    finally:
        ours.close()


def meant_here(stack: RunningStack) -> dict[str, str]:
    """Return what stands in the pages for something of this machine."""
    first = free_port()
    return {
        "http://localhost:5000": stack.url,
        '".local/token"': repr(str(stack.settings.token_file)),
        ".venv/bin/python": sys.executable,
        **{port: str(first + number) for number, port in enumerate(PORTS)},
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_does_what_it_says(
    page: Path, stack: RunningStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    # a reader's shell stands in the folder of the clone
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    with reader(tmp_path, **meant_here(stack)) as ours:
        ours.read(page)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_block_of_a_page_is_left_out(page: Path) -> None:
    text = page.read_text()
    blocks = blocks_of(text)
    unknown = [f"line {block.line}: {block.kind!r}" for block in blocks if block.kind not in (*RUN, *SHOWN)]
    assert not unknown, f"{page.name}: nobody runs these: {unknown}"
    fences = sum("```" in line or "~~~" in line for line in text.splitlines())
    assert fences == 2 * len(blocks), f"{page.name}: a fence that is indented, or is none of ```"
    outside = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    assert not re.search(r"\n\n( {4}|\t)\S", outside), f"{page.name}: an indented block; give it a fence"
    for block in blocks:
        if block.kind == "text":
            assert not could_run(block.text), f"{page.name}, line {block.line}: this could be run"


def could_run(text: str) -> bool:
    """Say whether a text is a command or a program, rather than a drawing."""
    first = text.split()[0].removeprefix("$")
    with suppress(SyntaxError):
        return bool(ast.parse(text).body)
    return not first or shutil.which(first) is not None


def the_small_service() -> str:
    (service,) = [
        block.text
        for block in blocks_of((PROJECT / "docs" / "service-authors.md").read_text())
        if block.file == SERVICE
    ]
    return service


def test_the_small_service_is_small() -> None:
    assert len(the_small_service().splitlines()) <= 40


def test_the_small_service_is_a_service(api: Api, tmp_path: Path) -> None:
    (tmp_path / SERVICE).write_text(the_small_service())
    port = str(free_port())
    fields = {
        "name": f"peak finder at {port}", "url": f"http://localhost:{port}", "authentication_type": "none",
        "analysis_type": "lightcurve_fitting", "input_data_types": ["photometry"],
        "optional_analysis_parameters": {"degree": {"type": "number", "default": 4}},
    }  # fmt: skip
    number = api.post("/analysis_service", fields)["id"]
    with subprocess.Popen([sys.executable, SERVICE, port], cwd=tmp_path) as process:
        try:
            analysis = api.post(f"/obj/2019dwz/analysis/{number}", {"analysis_parameters": {"degree": 3}})[
                "id"
            ]
            wait_for(api, analysis, "completed")
        finally:
            process.terminate()
    assert api.file(f"/obj/analysis/{analysis}/plots/0").startswith(b"\x89PNG\r\n\x1a\n")
    peak = api.get(f"/obj/analysis/{analysis}/results")["peak_mjd"]
    assert 58597 < peak < 58625
    (annotation,) = [
        a for a in api.get("/sources/2019dwz/annotations") if a["origin"] == f"peak finder at {port}"
    ]
    assert annotation["data"]["peak_mjd"] == peak


# ---- the fitter's tables


def table_below(*header: str) -> list[list[str]]:
    """Cells of the table of docs/fitter.md with this header."""
    lines = (PROJECT / "docs" / "fitter.md").read_text().splitlines()
    first = lines.index(f"| {' | '.join(header)} |") + 2
    rows = takewhile(lambda line: line.startswith("|"), lines[first:])
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_the_parameters_of_the_page_are_those_of_the_fitter() -> None:
    rows = table_below("parameter", "takes", "default", "means")
    assert [row[0] for row in rows] == [f"`{name}`" for name in PARAMETERS]
    for row, offer in zip(rows, PARAMETERS.values(), strict=True):
        if isinstance(offer, list):
            assert row[1:3] == [", ".join(offer), offer[0]]
        else:
            assert row[1:] == [offer["type"], str(offer.get("default", "")), offer["description"]]


def test_the_classes_of_the_page_are_those_of_the_fitter() -> None:
    expected = [
        [name, kind.group, str(kind.mean), str(kind.sigma), "yes" if kind.is_dusty else "no"]
        for name, kind in (*CLASSES.items(), ("any other", get_supernova_class("any other")))
    ]
    assert table_below("type in sncosmo", "class", "mean of M_B", "sigma", "host dust") == expected
    assert table_below("class", "rate") == [[name, str(rate)] for name, rate in RATES.items()]


# ---- the reader itself

WRONG = {
    "output": "```python\nprint(1 + 1)\n```\n```output\n3\n```\n",
    "python": "```python\n1 / 0\n```\n",
    "shell": "```sh\nfalse | cat\n```\n",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_page_that_is_wrong_fails(name: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(WRONG[name])
    with reader(tmp_path) as ours, pytest.raises((AssertionError, ZeroDivisionError)):
        ours.read(page)


RIGHT = """\
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


def test_a_page_that_is_right_passes_and_leaves_nothing_behind(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(RIGHT)
    with reader(tmp_path, **{".venv/bin/python": sys.executable}) as ours:
        ours.read(page)
        (group,) = ours.started
        os.killpg(group, 0)
    deadline = time.monotonic() + 10
    with pytest.raises(ProcessLookupError):
        while time.monotonic() < deadline:
            os.killpg(group, 0)
            time.sleep(0.05)
