"""Documents that take far more to open than they are large, one function each, by task."""

import bz2
import gzip
import io
import json
import lzma
import struct
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import h5py
import joblib
import numpy as np

RANDOM = np.random.default_rng(7)


@dataclass(frozen=True)
class HostileDocument:
    """A document, the task that opens it, and words of its refusal."""

    name: str
    make: Callable[[], bytes]
    task: str
    words: str
    options: dict[str, Any] = field(default_factory=dict)


# ---- joblib: programs of a pickle machine

PROTO = b"\x80\x04"
DTYPE = b"cnumpy\ndtype\n"


def text(value: bytes) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value


def put(number: int) -> bytes:
    return b"r" + struct.pack("<I", number)


def get(number: int) -> bytes:
    return b"j" + struct.pack("<I", number)


def integer(value: int) -> bytes:
    data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8b" + struct.pack("<i", len(data)) + data


def tuple_of(*items: bytes) -> bytes:
    return b"(" + b"".join(items) + b"t"


def dtype(code: bytes, state: bytes = b"") -> bytes:
    return DTYPE + tuple_of(text(code)) + b"R" + state


def raw_array(shape: Iterable[int], code: bytes = b"f8", data: bytes = b"C\x00") -> bytes:
    """An array in numpy's pickle format."""
    sizes = tuple_of(*(integer(size) for size in shape))
    made = b"cnumpy.core.multiarray\n_reconstruct\n)R"
    return made + tuple_of(b"K\x01", sizes, dtype(code), b"\x89", data) + b"b"


def frombuffer(shape: Iterable[int], code: bytes, data: bytes) -> bytes:
    sizes = tuple_of(*(integer(size) for size in shape))
    return b"cnumpy.core.numeric\n_frombuffer\n" + tuple_of(data, dtype(code), sizes, text(b"C")) + b"R"


def joblib_array(shape: Iterable[int], code: str = "f8") -> bytes:
    """joblib's note of an array of another shape than the bytes behind it."""
    buffer = io.BytesIO()
    joblib.dump(np.zeros(3, code), buffer, protocol=3)  # later ones would say how long the note is
    sizes = b"(" + b"".join(b"\x8a\x08" + struct.pack("<q", size) for size in shape) + b"t"
    return buffer.getvalue().replace(b"K\x03\x85", sizes)


def repeated(setup: bytes, step: bytes, number: int) -> bytes:
    """A list of what a step makes, again and again."""
    return PROTO + setup + b"](" + step * number + b"e."


def doubled(opening: bytes, join: bytes, number: int) -> bytes:
    """A container of twice the one before."""
    return PROTO + opening + b"".join(join for _ in range(number)) + b"."


def make_colliding_tuples(number: int) -> list[bytes]:
    """Keys (a, b) whose hashes are all equal: Python's hash of tuples of integers can be inverted."""
    prime_1, prime_2, prime_5 = 11400714785074694791, 14029467366897019727, 2870177450012600261
    mask, modulus = 2**64 - 1, 2**61 - 1
    inverse = pow(prime_2, -1, 2**64)
    target, keys, first = 123456789, [], 1
    while len(keys) < number:
        first += 1
        state = (prime_5 + first * prime_2) & mask
        state = (((state << 31) | (state >> 33)) & mask) * prime_1 & mask
        second = ((target - state) * inverse) & mask
        if second < modulus:
            keys.append((first, second))
    assert len({hash(key) for key in keys}) == 1
    return [tuple_of(*map(integer, key)) for key in keys]


def colliding_keys() -> bytes:
    return PROTO + b"}(" + b"".join(key + b"N" for key in make_colliding_tuples(30_000)) + b"u."


def colliding_members() -> bytes:
    return PROTO + b"cbuiltins\nset\n](" + b"".join(make_colliding_tuples(30_000)) + b"e\x85R."


def record_dtype(n_fields: int, inner: bytes, itemsize: int) -> bytes:
    names = [b"f%d" % number for number in range(n_fields)]
    fields = b"}(" + b"".join(text(name) + tuple_of(inner, b"K\x00") for name in names) + b"u"
    state = tuple_of(
        b"K\x03", text(b"|"), b"N", tuple_of(*map(text, names)), fields, integer(itemsize), b"K\x01", b"K\x00"
    )
    return dtype(b"V%d" % itemsize, state + b"b")


def overlapping_records() -> bytes:
    """A megabyte of records, each of a hundred fields of a hundred fields at the same place."""
    inner = put(0).join((record_dtype(100, dtype(b"u1"), 1), b"0"))
    outer = record_dtype(100, get(0), 1)
    data = b"B" + struct.pack("<I", 1_000_000) + bytes(1_000_000)
    made = b"cnumpy.core.numeric\n_frombuffer\n"
    return PROTO + inner + made + tuple_of(data, outer, tuple_of(integer(1_000_000)), text(b"C")) + b"R."


MEGABYTE = text(b"a" * 1_000_000) + put(0) + b"0"
NUMBERS = b"](" + b"".join(b"J" + struct.pack("<i", number) for number in range(20_000)) + b"e" + put(1) + b"0"
ENCODE = b"c_codecs\nencode\n"
PICKLES: dict[str, tuple[Callable[[], bytes], str]] = {
    "a shape of empty rows": (lambda: joblib_array((20_000_000, 0)), "empty"),
    "a shape of empty rows, raw": (lambda: PROTO + raw_array((20_000_000, 0)) + b".", "empty"),
    "a shape of empty rows, from a buffer": (
        lambda: PROTO + frombuffer((20_000_000, 0), b"f8", b"C\x00") + b".",
        "empty",
    ),
    "a shape with its zero first": (lambda: joblib_array((0, 50_000_000)), "empty"),
    "a shape with its zero in the middle": (lambda: joblib_array((3_000, 0, 3_000, 3_000)), "empty"),
    "empty axes of many sizes": (lambda: joblib_array((100,) * 15 + (0,)), "empty"),
    "many values of no bytes": (lambda: PROTO + frombuffer((50_000_000,), b"S0", b"C\x00") + b".", "empty"),
    "many texts of no bytes": (lambda: PROTO + raw_array((50_000_000,), b"U0") + b".", "empty"),
    "no values of two gigabytes": (lambda: PROTO + raw_array((0,), b"S2000000000") + b".", "empty"),
    "no texts of two gigabytes": (lambda: PROTO + frombuffer((0,), b"U500000000", b"C\x00") + b".", "empty"),
    "a sum of sizes that overflows": (lambda: joblib_array((2**33, 2**31)), "MB"),
    "an array of a terabyte": (lambda: joblib_array((2**37,)), "MB"),
    "axes of one around many values": (
        lambda: (
            PROTO + frombuffer((500_000, *(1,) * 31), b"u1", b"B" + struct.pack("<I", 500_000) + bytes(500_000)) + b"."
        ),
        "as JSON",
    ),
    "one text encoded a thousand times": (
        lambda: repeated(MEGABYTE, ENCODE + get(0) + text(b"latin1") + b"\x86R", 3_000),
        "MB of memory",
    ),
    "one text in a thousand buffers": (
        lambda: repeated(MEGABYTE, b"cbuiltins\nbytearray\n" + get(0) + text(b"latin-1") + b"\x86R", 3_000),
        "MB of memory",
    ),
    "one text in a thousand scalars": (
        lambda: repeated(MEGABYTE, b"cnumpy.core.multiarray\nscalar\n" + dtype(b"S1000000") + get(0) + b"\x86R", 3_000),
        "MB of memory",
    ),
    "one text a thousand times": (lambda: repeated(MEGABYTE, get(0), 5_000), "as JSON"),
    "one text doubled as a list": (lambda: doubled(text(b"a" * 10_000) + b"\x85", b"2\x86", 30), "as JSON"),
    "one list in a thousand sets": (
        lambda: repeated(NUMBERS, b"cbuiltins\nset\n" + get(1) + b"\x85R", 3_000),
        "MB of memory",
    ),
    "one list in a thousand frozen sets": (
        lambda: repeated(NUMBERS, b"cbuiltins\nfrozenset\n" + get(1) + b"\x85R", 3_000),
        "MB of memory",
    ),
    "one array a thousand times": (
        lambda: repeated(
            frombuffer((100_000,), b"f8", b"B" + struct.pack("<I", 800_000) + bytes(800_000)) + put(0) + b"0",
            get(0),
            2_000,
        ),
        "as JSON",
    ),
    "lists of lists, each twice": (lambda: doubled(b"]", b"2\x86", 55), "as JSON"),
    "dicts of dicts, each twice": (
        lambda: (
            PROTO + b"}" + b"".join(put(n) + b"0}(K\x01" + get(n) + b"K\x02" + get(n) + b"u" for n in range(50)) + b"."
        ),
        "as JSON",
    ),
    "tuples in tuples, ten times each": (
        lambda: PROTO + b")" + b"".join(put(n) + b"0(" + get(n) * 10 + b"t" for n in range(20)) + b".",
        "as JSON",
    ),
    "a flood of empty dicts": (lambda: PROTO + b"]" + b"(" + b"}" * 2_000_000 + b"e.", "MB of memory"),
    "a flood of empty sets": (lambda: PROTO + b"(" + b"\x8f" * 2_000_000 + b"t.", "MB of memory"),
    "a flood of marks": (lambda: PROTO + b"(" * 2_500_000 + b".", "MB of memory"),
    "a flood of copies": (lambda: zlib.compress(PROTO + b"N" + b"2" * 4_500_000 + b"."), "operations"),
    "a flood of copies that are dropped": (
        lambda: zlib.compress(PROTO + b"N" + b"20" * 2_500_000 + b"."),
        "operations",
    ),
    "a flood of marks that are dropped": (lambda: zlib.compress(PROTO + b"(1" * 2_000_000 + b"N."), "operations"),
    "a flood of memos": (lambda: PROTO + b"N" + b"\x94" * 2_500_000 + b".", "MB of memory"),
    "a flood of calls": (
        lambda: zlib.compress(PROTO + b"cbuiltins\nset\n" + put(0) + b"(" + (get(0) + b")R") * 600_000 + b"t."),
        "operations",
    ),
    "a flood of new objects": (
        lambda: zlib.compress(
            PROTO + b"csncosmo.utils\nResult\n" + put(0) + b"(" + (get(0) + b")\x81") * 600_000 + b"t."
        ),
        "operations",
    ),
    "an integer of a million digits": (lambda: PROTO + integer(1 << 8_000_000) + b".", "integer"),
    "an integer of a million digits, as text": (lambda: PROTO + b"L0x" + b"f" * 1_000_000 + b"L\n.", "integer"),
    "an integer of a million digits as a key": (lambda: PROTO + b"}" + integer(1 << 8_000_000) + b"Ns.", "integer"),
    "a key of a million letters, a thousand times": (
        lambda: PROTO + MEGABYTE + b"}" + (get(0) + b"Ns") * 5_000 + b".",
        "key",
    ),
    "a key of a million parts, a thousand times": (
        lambda: PROTO + b"(" + b"N" * 100_000 + b"t" + put(0) + b"0}" + (get(0) + b"Ns") * 5_000 + b".",
        "key",
    ),
    "keys with one hash": (colliding_keys, "slow"),
    "members with one hash": (colliding_members, "slow"),
    "a text of more bytes than there are": (lambda: PROTO + b"\x8d" + struct.pack("<Q", 2**40) + b"x.", "cut off"),
    "bytes of more bytes than there are": (lambda: PROTO + b"\x8e" + struct.pack("<Q", 2**40) + b"x.", "cut off"),
    "a buffer of more bytes than there are": (lambda: b"\x80\x05\x96" + struct.pack("<Q", 2**33) + b"x.", "cut off"),
    "an integer of more bytes than there are": (
        lambda: PROTO + b"\x8b" + struct.pack("<i", 2**31 - 1) + b"x.",
        "cut off",
    ),
    "a frame of more bytes than there are": (lambda: PROTO + b"\x95" + struct.pack("<Q", 2**40) + b"N.", "cut off"),
    "a frame that ends in a text": (
        lambda: PROTO + b"\x95" + struct.pack("<Q", 9) + b"\x8d" + struct.pack("<Q", 2**34) + b"N.",
        "cut off",
    ),
    "records of records at one place": (overlapping_records, "as JSON"),
    "a record of two gigabytes": (
        lambda: (
            PROTO
            + b"cnumpy.core.multiarray\n_reconstruct\n)R"
            + tuple_of(b"K\x01", tuple_of(b"K\x00"), record_dtype(1, dtype(b"u1"), 2_000_000_000), b"\x89", b"C\x00")
            + b"b."
        ),
        "empty",
    ),
    "lists in lists, 300,000 deep": (lambda: PROTO + b"]" * 300_000 + b"a" * 299_999 + b".", "deep"),
    "100 MB of zeros in zlib": (lambda: zlib.compress(bytes(100_000_000)), "unpacks"),
    "100 MB of zeros in gzip": (lambda: gzip.compress(bytes(100_000_000), 9), "unpacks"),
    "100 MB of zeros in bz2": (lambda: bz2.compress(bytes(70_000_000)), "unpacks"),
    "100 MB of zeros in xz": (lambda: lzma.compress(bytes(70_000_000), preset=0), "unpacks"),
}


# ---- netCDF: HDF5 files that declare more than they hold


def netcdf(write: Callable[[Any], None], group: str = "posterior") -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        write(file.create_group(group))
    return buffer.getvalue()


def dataset(shape: tuple[int, ...], **options: Any) -> Callable[[], bytes]:
    return lambda: netcdf(lambda group: group.create_dataset("a", shape, "f8", **options))


def written(shape: tuple[int, ...], **options: Any) -> Callable[[], bytes]:
    def write(group: Any) -> None:
        group.create_dataset("a", shape, "f8", **options)[0, :4] = 1.0

    return lambda: netcdf(write)


@cache
def pack_zeros() -> bytes:
    return zlib.compress(bytes(100_000_000), 9)


def packed_chunk(size: int = 100, **options: Any) -> Callable[[], bytes]:
    """A chunk of some declared values that unpacks to 100 MB."""

    def write(group: Any) -> None:
        shape = (1, size)
        made = group.create_dataset(
            "a", (1, 100), "f8", chunks=shape, maxshape=(1, None), compression="gzip", **options
        )
        made.id.write_direct_chunk((0, 0), pack_zeros())

    return lambda: netcdf(write)


def many_variables(group: Any) -> None:
    for number in range(3_000):
        group.create_dataset(f"v{number}", (1, 4), "f8", data=np.ones((1, 4)))


def many_large_variables(group: Any) -> None:
    for number in range(2):
        made = group.create_dataset(f"v{number}", (1, 10_500_000), "f4", chunks=(1, 10_500_000), compression="gzip")
        made[0, :4] = 1.0


def unknown_filter(group: Any) -> None:
    made = group.create_dataset("a", (1, 100), "f8", chunks=(1, 100), scaleoffset=3)
    made[0, :] = 1.0


NETCDF_FILES: dict[str, tuple[Callable[[], bytes], str]] = {
    "a terabyte of values": (dataset((10**6, 10**5), chunks=True), "thin"),
    "sizes whose product overflows": (dataset((2**40, 2**40), chunks=True), "thin"),
    "values that were never written": (dataset((1, 19_000_000), chunks=True), "holds none"),
    "values that were never written, in one piece": (dataset((1, 19_000_000)), "holds none"),
    "fill values that were never written": (dataset((1, 19_000_000), chunks=True, fillvalue=7.0), "holds none"),
    "a chunk of two gigabytes around four values": (packed_chunk(2**28), "MB of memory"),
    "chunks of one value": (written((1, 1_000_000), chunks=(1, 1)), "chunks"),
    "a chunk that unpacks to 100 MB": (packed_chunk(), "unpacks"),
    "a shuffled chunk that unpacks to 100 MB": (packed_chunk(shuffle=True), "unpacks"),
    "a chunk with a checksum that unpacks to 100 MB": (packed_chunk(fletcher32=True), "unpacks"),
    "a filter that is not known": (lambda: netcdf(unknown_filter), "not known"),
    "three thousand variables": (lambda: netcdf(many_variables), "2000 variables"),
    "two large variables of zeros": (lambda: netcdf(many_large_variables), "thin"),
    "rows without columns": (dataset((10**9, 0)), "no samples"),
    "columns without rows": (dataset((0, 10**9)), "no samples"),
    "texts of variable lengths": (
        lambda: netcdf(lambda group: group.create_dataset("a", (1000, 1000), h5py.string_dtype())),
        "no samples",
    ),
    "numbers of a megabyte each": (
        lambda: netcdf(lambda group: group.create_dataset("a", (10, 10), np.dtype("V1000000"))),
        "no samples",
    ),
    "a link to another file": (
        lambda: netcdf(lambda group: group.__setitem__("a", h5py.ExternalLink("/etc/passwd", "/"))),
        "no samples",
    ),
    "values of another file": (
        lambda: netcdf(lambda group: group.create_dataset("a", (1, 100), "f8", external=[("/etc/passwd", 0, 800)])),
        "no samples",
    ),
    "a link to itself": (
        lambda: netcdf(lambda group: group.__setitem__("a", h5py.SoftLink("/posterior"))),
        "no samples",
    ),
}


# ---- JSON


def json_of(opening: bytes, item: bytes, number: int, closing: bytes) -> Callable[[], bytes]:
    return lambda: opening + (item + b",") * (number - 1) + item + closing


WIDE = json.dumps({"a": ["x" * 1_000_000, *["y"] * 200_000]}).encode()
DEEP = b"[" * 5_000 + b"]" * 5_000
JSON_SAMPLES: dict[str, tuple[Callable[[], bytes], str]] = {
    "60 MB of empty lists": (json_of(b"[", b"[]", 20_000_000, b"]"), "MB of memory"),
    "60 MB of empty objects": (json_of(b"[", b"{}", 20_000_000, b"]"), "MB of memory"),
    "30 MB of small lists": (json_of(b'{"a":[', b"[1]", 8_000_000, b"]}"), "MB of memory"),
    "40 MB of digits": (json_of(b'{"a":[', b"1", 20_000_000, b"]}"), "MB of memory"),
    "40 MB of commas": (lambda: b"[" + b"," * 40_000_000 + b"]", "MB of memory"),
    "records of a hundred keys": (
        json_of(b"[", b"{" + b",".join(b'"%d":1' % n for n in range(100)) + b"}", 60_000, b"]"),
        "MB of memory",
    ),
    "one wide letter in much text": (lambda: b'{"a": "' + b"x" * 140_000_000 + "😀".encode() + b'"}', "MB of memory"),
    "lists in lists": (lambda: DEEP, "deep"),
    "objects in objects": (lambda: b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "deep"),
    "depth behind text with brackets": (lambda: b'["]",' * 5_000 + b"1" + b"]" * 5_000, "deep"),
    "depth behind escaped quotes": (lambda: b'["\\"]",' * 5_000 + b"1" + b"]" * 5_000, "deep"),
    "a million quotes": (lambda: b'"' + b'\\"' * 1_000_000, "not JSON"),
    "one long text beside many short ones": (lambda: WIDE, "text"),
    "one long text in a list of lists": (
        lambda: json.dumps({"a": [["x" * 1_000_000, 1], *[[1, 2]] * 100_000]}).encode(),
        "text",
    ),
    "a matrix of two rows": (
        json_of(b'{"samples":[', b"[" + b",".join([b"1"] * 1_000_000) + b"]", 2, b"]}"),
        "columns",
    ),
    "a hundred thousand parameters": (
        lambda: json.dumps({f"p{n}": [1, 2] for n in range(100_000)}).encode(),
        "More than 20 parameters",
    ),
    "a hundred thousand names that were searched": (
        lambda: json.dumps(
            {"search_parameter_keys": [f"p{n}" for n in range(50_000)]}
            | {"posterior": {f"p{n}": [1] for n in range(50_000)}}
        ).encode(),
        "More than 20 parameters",
    ),
    "numbers of four thousand digits": (json_of(b'{"a":[', b"1" * 4_000, 5_000, b"]}"), "numbers"),
    "UTF-16": (lambda: json.dumps({"a": [1, 2, 3]}).encode("utf-16"), "not JSON"),
}


# ---- tables


def fits_card(name: str, value: str) -> str:
    return f"{name:8}= {value:>20}".ljust(80)


def fits_header(cards: dict[str, str]) -> bytes:
    lines = "".join(fits_card(name, value) for name, value in cards.items()) + "END".ljust(80)
    return lines.ljust(-(-len(lines) // 2880) * 2880).encode()


PRIMARY = fits_header({"SIMPLE": "T", "BITPIX": "8", "NAXIS": "0", "EXTEND": "T"})


def fits_table(width: int, rows: int, form: str, data: bytes = b"", **more: str) -> bytes:
    cards = {
        "XTENSION": "'BINTABLE'",
        "BITPIX": "8",
        "NAXIS": "2",
        "NAXIS1": str(width),
        "NAXIS2": str(rows),
        "PCOUNT": "0",
        "GCOUNT": "1",
        "TFIELDS": "1",
        "TTYPE1": "'mjd     '",
        "TFORM1": f"'{form}'",
    }
    return PRIMARY + fits_header(cards | more) + data.ljust(-(-len(data) // 2880) * 2880, b"\0")


def votable(field: str, rows: str = "<DATA><TABLEDATA></TABLEDATA></DATA>", attributes: str = "") -> bytes:
    return f"<VOTABLE><RESOURCE><TABLE {attributes}>{field}{rows}</TABLE></RESOURCE></VOTABLE>".encode()


def ecsv(rows: str, header: str = "") -> bytes:
    names = "# - {name: mjd, datatype: float64}\n# - {name: mag, datatype: float64}"
    return f"# %ECSV 1.0\n# ---\n# datatype:\n{names}\n{header}mjd mag\n{rows}".encode()


def merged_keys() -> str:
    """YAML mappings that each merge the one before ten times."""
    lines = ["# meta: !!omap", "# - a0: &a0 {k0: 1}"]
    for n in range(1, 9):
        lines.append(f"# - a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}], k{n}: 1}}")
    return "\n".join(lines) + "\n"


FIELD = '<FIELD name="a" datatype="double"/>'
TABLES: dict[str, tuple[Callable[[], bytes], str, dict[str, Any]]] = {
    "a packed FITS file": (lambda: gzip.compress(PRIMARY + bytes(200_000_000), 1), "unpack it", {"format": "fits"}),
    "a FITS file packed with bz2": (lambda: bz2.compress(PRIMARY + bytes(50_000_000)), "unpack it", {"format": "fits"}),
    "a FITS table of a billion rows": (lambda: fits_table(8, 10**9, "1D"), "rows", {"format": "fits"}),
    "a FITS table of a billion columns": (
        lambda: fits_table(8 * 10**9, 10, "1000000000D"),
        "cut off",
        {"format": "fits"},
    ),
    "a FITS table of wide values": (lambda: fits_table(8, 10, "500000000D", bytes(80)), "FITS", {"format": "fits"}),
    "a FITS table of a negative size": (lambda: fits_table(-8, 10**4, "1D"), "FITS", {"format": "fits"}),
    "a FITS file of ten thousand extensions": (
        lambda: (
            PRIMARY
            + fits_header({"XTENSION": "'IMAGE   '", "BITPIX": "8", "NAXIS": "0", "PCOUNT": "0", "GCOUNT": "1"}) * 5_000
        ),
        "extensions",
        {"format": "fits"},
    ),
    "a VOTable of a billion rows": (
        lambda: votable(FIELD, attributes='nrows="1000000000"'),
        "rows",
        {"format": "votable"},
    ),
    "a VOTable of negative rows": (
        lambda: votable(FIELD, attributes='nrows="-5"'),
        "whole number",
        {"format": "votable"},
    ),
    "a VOTable of a billion values in a field": (
        lambda: votable('<FIELD name="a" datatype="double" arraysize="1000x1000x1000"/>'),
        "values",
        {"format": "votable"},
    ),
    "a VOTable of a billion letters in a field": (
        lambda: votable('<FIELD name="a" datatype="char" arraysize="1000000000"/>'),
        "values",
        {"format": "votable"},
    ),
    "a VOTable of many wide fields": (
        lambda: votable('<FIELD name="a" datatype="double" arraysize="9999"/>' * 900),
        "too large",
        {"format": "votable"},
    ),
    "a VOTable of a million rows": (
        lambda: votable(FIELD, "<DATA><TABLEDATA>" + "<TR/>" * 1_000_000 + "</TABLEDATA></DATA>"),
        "rows",
        {"format": "votable"},
    ),
    "a VOTable of entities": (
        lambda: b'<!DOCTYPE v [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + votable(FIELD),
        "document type",
        {"format": "votable"},
    ),
    "a packed VOTable": (
        lambda: gzip.compress(votable(FIELD) + b" " * 100_000_000, 1),
        "VOTABLE",
        {"format": "votable"},
    ),
    "an ECSV file of a million rows": (lambda: ecsv("1 2\n" * 1_000_000), "rows", {"format": "ecsv"}),
    "an ECSV file of a long header": (lambda: ecsv("1 2\n", "# - x\n" * 200_000), "header", {"format": "ecsv"}),
    "an ECSV file of merged keys": (lambda: ecsv("1 2\n", merged_keys()), "merged keys", {"format": "ecsv"}),
}


def make_samples(n_parameters: int) -> bytes:
    """A sound document: samples of some parameters."""
    return json.dumps({f"p{number}": RANDOM.normal(size=400).tolist() for number in range(n_parameters)}).encode()
