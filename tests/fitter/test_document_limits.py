"""Hostile documents: each is refused in a sentence, takes little memory, and the next document is unharmed."""

import faulthandler
import io
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from fitter_lambda import handler
from fitter_lambda.errors import BusyError, RenderError
from fitter_lambda.renderer import limited_process, tasks
from fitter_lambda.renderer.joblib_files import load_joblib
from fitter_lambda.renderer.json_documents import MAX_DEPTH, parse_json
from fitter_lambda.renderer.json_values import to_json_values
from fitter_lambda.renderer.limited_process import ProcessLimits, run_limited
from tests.fitter.hostile_documents import (
    JSON_SAMPLES,
    NETCDF_FILES,
    PICKLES,
    TABLES,
    HostileDocument,
    make_samples,
    tuple_of,
)

MEGABYTE = 1024 * 1024
#: Of the child, besides what this process has.
MOST_MEMORY = 350 * MEGABYTE
LIMITS = ProcessLimits(memory=600 * MEGABYTE, cpu_seconds=10)
SMALL = ProcessLimits(memory=200 * MEGABYTE, seconds=20.0, cpu_seconds=1, output=MEGABYTE, file_size=MEGABYTE)

DOCUMENTS = [
    *(HostileDocument(name, make, "results", words) for name, (make, words) in PICKLES.items()),
    *(
        HostileDocument(name, make, "corner", words, {"format": "netcdf4"})
        for name, (make, words) in NETCDF_FILES.items()
    ),
    *(HostileDocument(name, make, "corner", words, {"format": "json"}) for name, (make, words) in JSON_SAMPLES.items()),
    *(HostileDocument(name, make, "table", words, options) for name, (make, words, options) in TABLES.items()),
]


class Runner:
    """Runs tasks on documents in memory, and measures their child processes."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.source = b""
        self.products: list[bytes] = []
        self.peaks: list[int] = []
        patch.setattr(tasks, "fetch_bytes", lambda url, max_bytes: self.source)
        patch.setattr(tasks, "store_product", lambda url, body, content_type: self.products.append(body))
        wait = os.wait4

        def measure(pid: int, options: int) -> Any:
            ended = wait(pid, options)
            self.peaks.append(ended[2].ru_maxrss * 1024)
            return ended

        patch.setattr(limited_process.os, "wait4", measure)

    def run(self, source: bytes, task: str, limits: ProcessLimits = LIMITS, **options: Any) -> dict[str, Any]:
        self.source = source
        return tasks.run_task({"task": task, "source": "-", "target": "-", **options}, limits)

    def draw_corner(self) -> None:
        """Require that a sound document is drawn."""
        assert self.run(make_samples(2), "corner", format="json") == {"ok": True}
        assert self.products[-1].startswith(b"\x89PNG")


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> Runner:
    return Runner(monkeypatch)


def read_memory() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_a_document_that_takes_too_much_is_refused(runner: Runner, document: HostileDocument) -> None:
    source = document.make()
    tasks._prepare(tasks._TASKS[document.task])
    before = read_memory()
    answer = runner.run(source, document.task, **document.options)
    assert not answer["ok"] and document.words in answer["error"], answer
    assert len(answer["error"]) < 300 and answer["error"].endswith(".")
    assert "reason" not in answer and not runner.products
    assert runner.peaks[-1] - before < MOST_MEMORY
    assert read_memory() - before < 50 * MEGABYTE, "this process keeps nothing of it"


def test_there_are_many_hostile_documents_of_each_kind() -> None:
    assert len(DOCUMENTS) >= 100 and len({document.name for document in DOCUMENTS}) == len(DOCUMENTS)


def test_a_sound_document_is_drawn_after_hostile_ones(runner: Runner) -> None:
    for name in ("a flood of marks", "lists in lists, 300,000 deep"):
        assert not runner.run(PICKLES[name][0](), "results")["ok"]
    too_large = runner.run(make_samples(2), "corner", ProcessLimits(output=10), format="json")
    assert not too_large["ok"] and not runner.products
    runner.draw_corner()


# ---- the child process


def fill_memory() -> bytes:
    parts = []
    while True:
        parts.append(bytearray(10 * MEGABYTE))


def allocate_array() -> bytes:
    return np.ones(100_000_000).tobytes()


def compute_forever() -> bytes:
    while True:
        pass


def wait_forever() -> bytes:
    time.sleep(60)
    return b""


def send_signal(number: signal.Signals) -> Callable[[], bytes]:
    def send() -> bytes:
        # pytest's handler would print every thread of the child
        faulthandler.disable()
        os.kill(os.getpid(), number)
        return wait_forever()

    return send


def write_file(path: Path) -> bytes:
    path.write_bytes(bytes(2 * MEGABYTE))
    return b"written"


def fail() -> bytes:
    raise ZeroDivisionError


def recurse() -> bytes:
    return recurse()


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (fill_memory, "more than 200 MB of memory"),
        (allocate_array, "more than 200 MB of memory"),
        (compute_forever, "more than 1 seconds"),
        (lambda: bytes(2 * MEGABYTE), "more than 1 MB"),
        (send_signal(signal.SIGKILL), "more memory to open than there is"),
        (send_signal(signal.SIGSEGV), "SIGSEGV"),
        (send_signal(signal.SIGABRT), "SIGABRT"),
        (send_signal(signal.SIGBUS), "SIGBUS"),
        (send_signal(signal.SIGTERM), "SIGTERM"),
        (fail, "not known"),
        (recurse, "not known"),
        (lambda: os._exit(7), "not known"),  # type: ignore[arg-type,return-value]
    ],
)
def test_a_child_that_exceeds_a_limit_or_crashes_is_told(function: Callable[[], bytes], words: str) -> None:
    children = list_children()
    began = time.monotonic()
    with pytest.raises(RenderError, match=words):
        run_limited(function, SMALL)
    assert time.monotonic() - began < 15, "it ends before the time of the task"
    assert run_limited(lambda: b"next", SMALL) == b"next"
    assert list_children() == children, "none is left"


def list_children() -> list[str]:
    """Return the processes that this one has started and not waited for."""
    return sorted(pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split())


def test_a_child_that_is_late_without_computing_is_tried_again() -> None:
    began = time.monotonic()
    with pytest.raises(BusyError, match="Try again"):
        run_limited(wait_forever, ProcessLimits(seconds=2))  # a fork of a large process computes for 0.1 s
    assert time.monotonic() - began < 7


def test_files_of_a_child_are_bounded(tmp_path: Path) -> None:
    with pytest.raises(RenderError):
        run_limited(lambda: write_file(tmp_path / "large"), SMALL)
    assert (tmp_path / "large").stat().st_size <= MEGABYTE


def test_large_results_pass_whole() -> None:
    content = np.random.default_rng(1).bytes(5 * MEGABYTE)
    assert run_limited(lambda: content, ProcessLimits()) == content


def test_the_parent_keeps_its_limits_and_state() -> None:
    import resource

    before = [resource.getrlimit(kind) for kind in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE)]
    values = [1]
    run_limited(lambda: str(values.append(2)).encode(), SMALL)
    after = [resource.getrlimit(kind) for kind in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE)]
    assert (before, values) == (after, [1])


def test_a_task_ends_before_its_invocation(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    class Context:
        def get_remaining_time_in_millis(self) -> int:
            return 5_000

    seconds: list[float] = []
    monkeypatch.setattr(
        tasks, "run_limited", lambda function, limits: seconds.append(limits.seconds) or b'{"ok": false}'
    )
    handler.render({"task": "results"}, Context())
    handler.render({"task": "results"}, None)
    assert seconds[0] <= 1 and 20 < seconds[1] < 25, "the API waits 25 s"


# ---- sound documents of some size


def dump(value: Any) -> bytes:
    buffer = io.BytesIO()
    joblib.dump(value, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "value",
    [
        [0.5] * 500_000,
        [{"name": f"star {number}", "mag": 18.5, "flags": [1, 2]} for number in range(20_000)],
        {f"key {number}": number for number in range(50_000)},
        {(number, number + 1): True for number in range(20_000)},
        [np.arange(5.0) for _ in range(5_000)],
        np.zeros((1_000, 0)),
        np.zeros((1_000, 1_000)),
        {"a": "text " * 1_000_000},
        set(range(100_000)),
        [{-1: 0, -2: 0} for _ in range(2_000)],
    ],
    ids=lambda value: type(value).__name__,
)
def test_large_results_are_converted(value: Any) -> None:
    assert to_json_values(load_joblib(dump(value)))


def test_json_may_be_as_deep_as_the_limit() -> None:
    for depth, opening, closing in ((MAX_DEPTH, b"[", b"]"), (MAX_DEPTH, b'{"]":', b"}")):
        parse_json(opening * depth + b"1" + closing * depth)
        with pytest.raises(RenderError, match="deep"):
            parse_json(opening * (depth + 1) + b"1" + closing * (depth + 1))
    assert parse_json(json.dumps(["[" * 500, '"]' * 500, "\\"]).encode()) == ["[" * 500, '"]' * 500, "\\"]


# ---- drawing


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"bins": "200"}, "at most 72"),
        ({"bins": "60", "plot_density": "True"}, "at most 22"),
        ({"bins": str([40] * 19 + [200])}, "at most 72"),
        ({"max_n_ticks": "20"}, "at most 5"),
    ],
)
def test_pictures_of_too_many_details_are_refused(runner: Runner, options: dict[str, str], words: str) -> None:
    answer = runner.run(make_samples(20), "corner", format="json", plot_kwargs=options)
    assert not answer["ok"] and words in answer["error"] and "var_names" in answer["error"]


def test_labels_without_width_are_drawn(runner: Runner) -> None:
    options = {"labels": ["$" + "{" * 28 + "}" * 28 + "$"] * 2, "titles": ["${}$"] * 2}
    assert runner.run(make_samples(2), "corner", format="json", plot_kwargs=options)["ok"]


# ---- programs at random

_OPERATIONS = [
    *(bytes([code]) for code in b"()]}l0123tNabdeosuRQ.\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x92\x93\x94\x97\x98"),
    b"K\x07", b"J\xff\xff\xff\x7f", b"M\x00\x10", b"G" + bytes(8), b"I12\n", b"L99999999999L\n", b"F1e400\n",
    b"\x8a\x05\x00\x00\x00\x00\x7f", b"\x8b\x02\x00\x00\x00\xff\xff", b"q\x00", b"h\x00", b"h\x01", b"p1\n", b"g1\n",
    b"\x8c\x02a1", b"X\x03\x00\x00\x00xyz", b"C\x03abc", b"B\x02\x00\x00\x00\xff\xfe", b"\x96\x02" + bytes(7) + b"zz",
    b"\x95\x03" + bytes(7), b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7f", b"\x82\x01", b"Pid\n", b"S'a'\n", b"V\\u00e9\n",
    b"cnumpy\ndtype\n", b"cnumpy\nndarray\n", b"ccollections\nOrderedDict\n", b"c_codecs\nencode\n",
    b"csncosmo.utils\nResult\n", b"cbuiltins\nset\n", b"cbuiltins\nbytearray\n", b"cbuiltins\ncomplex\n",
    b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n", b"cnumpy.core.multiarray\nscalar\n",
    b"cnumpy.core.multiarray\n_reconstruct\n", b"cnumpy.core.numeric\n_frombuffer\n", b"ibuiltins\nset\n",
    b"\x8c\x02f8", b"\x8c\x02V8", b"\x8c\x05shape", b"\x8c\x05dtype", b"cnumpy\ndtype\n\x8c\x02f8\x85R",
    tuple_of(b"K\x02", b"K\x00"), b"cbuiltins\neval\n", b"cos\nsystem\n",
]  # fmt: skip


@given(st.lists(st.sampled_from(_OPERATIONS), max_size=40))
@settings(max_examples=1_500, deadline=None)
def test_programs_at_random_become_json_or_are_refused(operations: list[bytes]) -> None:
    try:
        json.dumps(to_json_values(load_joblib(b"\x80\x05" + b"".join(operations) + b".")), allow_nan=False)
    except RenderError as error:
        assert str(error)
