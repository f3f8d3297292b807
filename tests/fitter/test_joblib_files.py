"""joblib files: results of existing services are loaded, all others refused, and no code is run."""

import bz2
import collections
import io
import os
import pickle
import struct
import time
import zlib
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import sncosmo
from hypothesis import given, settings, strategies as st

from fitter_lambda.errors import RenderError, UnsafePickleError
from fitter_lambda.renderer.joblib_files import load_joblib
from fitter_lambda.renderer.json_values import to_json_values


def dump(value: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    joblib.dump(value, buffer, **options)
    return buffer.getvalue()


RESULT = sncosmo.utils.Result(
    success=True,
    chisq=np.float64(28.8),
    ndof=28,
    param_names=["z", "t0"],
    parameters=np.array([0.046, 58606.5]),
    covariance=np.eye(2),
    errors=collections.OrderedDict([("t0", np.float32(0.5)), ("x1", np.nan)]),
    data_mask=np.array([True, False]),
    big=np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    swapped=np.arange(3, dtype=">f8"),
    when=np.datetime64("2019-05-05T12:00", "m"),
    names=np.array(["ztfg", "r"]),
    raw=b"\xff\x00",
    text=b"salt3",
    members={1, 2},
    fixed=frozenset(["a"]),
    buffer=bytearray(b"xyz"),
    z=1 + 2j,
    record=np.array([(1, 2.5)], dtype=[("n", "i4"), ("x", "f8")]),
    nothing=None,
    empty=np.zeros((0, 3)),
    scalars=[np.int64(3), np.bool_(True), np.str_("s"), np.bytes_(b"b"), np.complex128(1j), np.float16(0.5)],
)
PLAIN = {
    "success": True, "chisq": 28.8, "ndof": 28, "param_names": ["z", "t0"], "parameters": [0.046, 58606.5],
    "covariance": [[1, 0], [0, 1]], "errors": {"t0": 0.5, "x1": None}, "data_mask": [True, False],
    "big": [[0, 1, 2], [3, 4, 5]], "swapped": [0, 1, 2], "when": "2019-05-05T12:00", "names": ["ztfg", "r"],
    "raw": "/wA=", "text": "salt3", "members": [1, 2], "fixed": ["a"], "buffer": "xyz", "z": [1, 2],
    "record": {"n": [1], "x": [2.5]}, "nothing": None, "empty": [],
    "scalars": [3, True, "s", "b", [0, 1], 0.5],
}  # fmt: skip


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("compress", [0, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("lzma", 3), ("xz", 3)])
def test_results_of_services_are_loaded(protocol: int, compress: Any) -> None:
    assert to_json_values(load_joblib(dump(RESULT, protocol=protocol, compress=compress))) == PLAIN


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_bare_pickles_are_loaded(protocol: int) -> None:
    shared = np.arange(4.0)
    value = {"a": shared, "again": [shared, shared], "r": RESULT}
    plain = to_json_values(load_joblib(pickle.dumps(value, protocol=protocol)))
    assert plain == {"a": [0, 1, 2, 3], "again": [[0, 1, 2, 3]] * 2, "r": PLAIN}


@pytest.mark.parametrize("protocol", [2, 3])
def test_older_names_of_numpy_are_allowed(protocol: int) -> None:
    # these protocols write names as lines, so that a shorter one fits in
    new = pickle.dumps([np.float64(2.5), np.arange(2)], protocol=protocol)
    old = new.replace(b"numpy._core.", b"numpy.core.")
    assert old != new
    assert to_json_values(load_joblib(old)) == [2.5, [0, 1]]


class Exploit:
    def __init__(self, function: Any, *arguments: Any) -> None:
        self.reduced = function, arguments

    def __reduce__(self) -> Any:
        return self.reduced


class Attribute:
    def __reduce__(self) -> Any:
        return getattr, (Exploit(__import__, "os"), "system")


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("place", ["top", "list", "array", "result"])
def test_nothing_is_run(tmp_path: Path, protocol: int, place: str) -> None:
    flag = tmp_path / "flag"
    command = f"touch {flag}"
    exploits = [
        Exploit(os.system, command),
        Exploit(eval, f"__import__('os').system({command!r})"),
        Exploit(exec, f"__import__('os').system({command!r})"),
        Attribute(),
        Exploit(np.load, "/etc/passwd"),
        Exploit(open, str(flag), "w"),
        Exploit(bytes, 10),
        Exploit(joblib.load, "/etc/passwd"),
        Exploit(type, "X", (), {}),
    ]
    for exploit in exploits:
        wrapped = {
            "top": exploit,
            "list": [1, exploit],
            "array": {"x": np.array([exploit], dtype=object)},
            "result": sncosmo.utils.Result(x=exploit),
        }[place]
        with pytest.raises(UnsafePickleError):
            load_joblib(dump(wrapped, protocol=protocol))
    assert not flag.exists()


def test_the_exploits_are_real(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    pickle.loads(dump(Exploit(os.system, f"touch {flag}")))
    assert flag.exists()


@pytest.mark.parametrize(
    "name",
    ["os.system", "posix.system", "builtins.eval", "builtins.getattr", "builtins.__import__", "numpy.load",
     "numpy.f2py.x", "subprocess.Popen", "sncosmo.utils.Result.__init__", "collections.OrderedDict.update",
     "numpy.ndarray.tofile", "joblib.numpy_pickle.NDArrayWrapper", "numpy.memmap", "importlib.import_module"],
)  # fmt: skip
def test_no_other_name_is_allowed(name: str) -> None:
    module, _, attribute = name.rpartition(".")
    globals_ = f"c{module}\n{attribute}\n.".encode()
    first, _, rest = name.partition(".")
    stack = b"\x80\x04" + b"".join(b"\x8c" + bytes([len(s)]) + s.encode() for s in (first, rest)) + b"\x93."
    for data in (globals_, b"\x80\x02" + globals_, stack):
        with pytest.raises(UnsafePickleError):
            load_joblib(data)


def test_only_arrays_take_state() -> None:
    """BUILD with (None, {...}) would set attributes of the classes themselves, for all files to come."""
    for target in (b"csncosmo.utils\nResult\n", b"cnumpy\ndtype\n", b"c_codecs\nencode\n", b"](K\x01e"):
        with pytest.raises(RenderError):
            load_joblib(b"\x80\x02" + target + b"N}X\x08\x00\x00\x00__init__K\x01s\x86b.")
    assert load_joblib(dump(sncosmo.utils.Result(a=1))) == {"a": 1}


def test_dtypes_cannot_smuggle_pointers() -> None:
    """A record whose field is an object while its flags deny it: numpy would believe the flags."""
    state = b"(K\x04X\x01\x00\x00\x00|NX\x01\x00\x00\x00a\x85}X\x01\x00\x00\x00a"
    inner = b"cnumpy\ndtype\nX\x02\x00\x00\x00O8\x85R"
    outer = b"cnumpy\ndtype\nX\x02\x00\x00\x00V8\x85R" + state + inner + b"K\x00\x86sK\x08K\x01K\x00tb"
    scalar = b"\x80\x03cnumpy._core.multiarray\nscalar\n" + outer + b"C\x08AAAAAAAA\x86R."
    with pytest.raises(RenderError):
        load_joblib(scalar)


def array_header(shape: tuple[int, ...], dtype: str = "f8") -> bytes:
    return dump(np.zeros(3, dtype)).replace(b"K\x03\x85", b"(" + b"".join(
        b"\x8a\x08" + struct.pack("<q", size) for size in shape) + b"t")  # fmt: skip


def test_sizes_are_checked_before_memory_is_allocated() -> None:
    began = time.monotonic()
    for shape in ((10**15,), (2**40, 2**40), (-1,), (2**62, 4)):
        with pytest.raises(RenderError):
            load_joblib(array_header(shape))
    many_bytes = b"\x80\x05\x96" + struct.pack("<Q", 2**40) + b"."
    as_many = b"\x80\x02cbuiltins\nbytearray\nJ\xff\xff\xff\x7f\x85R."
    for bomb in (many_bytes, as_many):
        with pytest.raises(RenderError):
            load_joblib(bomb)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("compress", [zlib.compress, bz2.compress])
def test_a_decompression_bomb_is_refused(compress: Any) -> None:
    with pytest.raises(RenderError, match="more than 1 MB"):
        load_joblib(compress(bytes(20_000_000)), max_bytes=1 << 20)


def test_endless_hashes_and_references_end() -> None:
    """Tuples of tuples, each twice the one before: small on disk, endless when hashed or written out."""
    doubled: Any = (1,)
    for _ in range(60):
        doubled = (doubled, doubled)
    began = time.monotonic()
    with pytest.raises(RenderError):
        to_json_values(load_joblib(dump(doubled)))
    key = b"K\x01\x85" + b"2\x86" * 60
    uses = (b"}" + key + b"K\x01s.", b"}(" + key + b"K\x01u.", b"\x8f(" + key + b"\x90.", b"(" + key + b"\x91.")
    for data in uses:
        with pytest.raises(UnsafePickleError, match="keys"):
            load_joblib(b"\x80\x04" + data)
    assert time.monotonic() - began < 20


def test_deep_and_circular_containers_are_refused() -> None:
    circle: list[Any] = []
    circle.append(circle)
    for data in (dump(circle), b"\x80\x02" + b"]" * 50_000 + b"a" * 49_999 + b"."):
        with pytest.raises(RenderError, match="deep"):
            to_json_values(load_joblib(data))


def test_cut_off_files_are_refused() -> None:
    data = dump({"a": np.arange(100.0), "b": [1, 2, {"c": "text"}]})
    for length in range(0, len(data) - 1, 7):
        with pytest.raises(RenderError):
            load_joblib(data[:length])


def test_lz4_is_refused_with_an_alternative() -> None:
    with pytest.raises(RenderError, match="zlib"):
        load_joblib(b"\x04\x22\x4d\x18" + bytes(20))


@given(st.binary(max_size=200), st.integers(0, 600), st.binary(min_size=1, max_size=4))
@settings(max_examples=300, deadline=None)
def test_broken_files_are_refused_and_nothing_else(noise: bytes, place: int, patch: bytes) -> None:
    good = dump({"a": np.arange(3.0), "b": [np.float64(1), {"c": {1, 2}}]})
    for data in (noise, b"\x80\x04" + noise, good[:place] + patch + good[place + len(patch) :]):
        try:
            to_json_values(load_joblib(data, max_bytes=1 << 22))
        except RenderError as error:
            assert str(error)
