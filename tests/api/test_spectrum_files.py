"""Spectra in ASCII files: stored as they read, or refused with the line and the reason."""

import math
import time
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from chalicelib.errors import HeliographError
from chalicelib.schemas.spectra import SpectrumFile
from chalicelib.sources import source_deletion
from chalicelib.sources.spectrum_files import parse_spectrum_file
from chalicelib.tables.sources import find_parts
from tests.api.story import make_source
from tests.api.test_people import make_user
from tests.gateway import Gateway

ROWS = "4000 0.01\n4500 -0.02\n5000 5e-3\n"
UPLOAD: dict[str, Any] = {"obj_id": "SN1", "instrument_id": 1, "observed_at": "2020-02-01T00:00:00", "ascii": ROWS}


def parse(text: str, **columns: int | None) -> dict[str, Any]:
    return parse_spectrum_file(SpectrumFile(ascii=text, **columns))  # type: ignore[arg-type]


def test_a_file_is_stored_with_its_header_and_its_text(admin: Gateway) -> None:
    make_source(admin)
    text = "# EXPTIME: 600.0\n# OBJECT = 'SN1'  / target\n" + ROWS
    fields = {"ascii": text, "filename": "/data/night/SN1.ascii", "type": "host", "label": "a", "pi": [1]}
    for address in ("spectra", "spectrum"):
        number = admin.post(f"/{address}/ascii", {**UPLOAD, **fields}).data["id"]
        spectrum = admin.get(f"/spectra/{number}").data
        assert spectrum["wavelengths"] == [4000.0, 4500.0, 5000.0]
        assert spectrum["fluxes"] == [0.01, -0.02, 0.005]
        assert spectrum["errors"] is None
        assert spectrum["altdata"] == {"EXPTIME": 600.0, "OBJECT": {"value": "SN1", "comment": "target"}}
        assert (spectrum["original_file_filename"], spectrum["type"], spectrum["label"]) == ("SN1.ascii", "host", "a")
        assert [person["id"] for person in spectrum["pis"]] == [1]


def test_the_original_file_is_answered_on_request(admin: Gateway) -> None:
    make_source(admin)
    number = admin.post("/spectra/ascii", {**UPLOAD, "filename": "a.txt"}).data["id"]
    posted = admin.post("/spectra", {**UPLOAD, "ascii": None}).status
    assert posted == 400
    columns = {"wavelengths": [4000, 4001], "fluxes": [1, 2]}
    without = admin.post("/spectra", {**{k: v for k, v in UPLOAD.items() if k != "ascii"}, **columns}).data["id"]

    def list_files(path: str) -> dict[int, Any]:
        data = admin.get(path).data
        spectra = data["spectra"] if isinstance(data, dict) and "spectra" in data else data
        spectra = spectra if isinstance(spectra, list) else [spectra]
        return {spectrum["id"]: spectrum.get("original_file_string", "omitted") for spectrum in spectra}

    for path in (f"/spectra/{number}?", f"/spectrum/{number}?", "/spectra?objID=SN1&", "/sources/SN1/spectra?"):
        assert list_files(path)[number] == "omitted"
        assert list_files(f"{path}includeOriginalFile=False")[number] == "omitted"
        assert list_files(f"{path}includeOriginalFile=True")[number] == ROWS
    assert list_files("/spectra?includeOriginalFile=true")[without] is None
    assert list_files("/spectra?includeOriginalFile=true&minimalPayload=true")[number] == "omitted"


def test_a_file_is_deleted_with_its_spectrum_and_its_source(admin: Gateway, sources_table: Any) -> None:
    make_source(admin)
    first, _ = (admin.post("/spectra/ascii", UPLOAD).data["id"] for _ in range(2))
    assert sources_table("spectrum_file#") == 2
    assert admin.delete(f"/spectra/{first}").status == 200
    assert sources_table("spectrum_file#") == 1
    assert admin.delete("/sources/SN1").status == 200
    source_deletion.finish_source_deletion("SN1")
    assert sources_table("spectrum_file#") == 0


@pytest.fixture
def sources_table(aws: None) -> Any:
    """Count the items of SN1 whose part begins with a text."""
    return lambda start: sum(part.startswith(start) for part in find_parts("SN1"))


def test_a_file_is_as_private_as_its_spectrum(admin: Gateway) -> None:
    make_source(admin)
    ada, bob = make_user(admin, "ada", "Upload data"), make_user(admin, "bob", "Upload data")
    number = ada.post("/spectra/ascii", UPLOAD).data["id"]
    assert bob.get(f"/spectra/{number}?includeOriginalFile=true").status == 404
    assert bob.get("/spectra?includeOriginalFile=true").data == []
    assert bob.post("/spectra/ascii", {**UPLOAD, "group_ids": [4711]}).status == 403
    assert bob.post("/spectra/ascii", {**UPLOAD, "obj_id": "SN4711"}).status == 404


def test_parsing_stores_nothing(admin: Gateway) -> None:
    make_source(admin)
    for address in ("spectra", "spectrum"):
        parsed = admin.post(f"/{address}/parse/ascii", {"ascii": "4000,1,2\n4001,3,4\n", "fluxerr_column": 2}).data
        assert parsed == {
            "wavelengths": [4000.0, 4001.0], "fluxes": [1.0, 3.0], "errors": [2.0, 4.0], "altdata": None,
            "original_file_string": "4000,1,2\n4001,3,4\n",
        }  # fmt: skip
    assert admin.get("/spectra").data == []


@pytest.mark.parametrize(
    "text",
    [
        "4000 1 0.5\n4001 2 0.25\n",
        "  4000.0\t1e0   .5 \r\n\r\n 4001.  2 2.5D-01\r\n",
        "4000,1,0.5\n4001, 2 ,0.25",
        "4000; 1; 0.5\n4001;2;0.25\n",
        "\ufeff# comment\n4000 1 0.5\n# comment\n4001 2 0.25\n",
        "4000 1 0.5\r4001 2 0.25\r",
    ],
)
def test_separators_and_line_ends(text: str) -> None:
    parsed = parse(text, fluxerr_column=2)
    assert (parsed["wavelengths"], parsed["fluxes"], parsed["errors"]) == ([4000.0, 4001.0], [1.0, 2.0], [0.5, 0.25])


def test_columns_are_chosen() -> None:
    parsed = parse("0 1.5 9 4000\n1 2.5 8 4001\n", wave_column=3, flux_column=1, fluxerr_column=2)
    assert (parsed["wavelengths"], parsed["fluxes"], parsed["errors"]) == ([4000.0, 4001.0], [1.5, 2.5], [9.0, 8.0])


@pytest.mark.parametrize(
    ("line", "entry"),
    [
        ("NAXIS1: 433", {"NAXIS1": 433}),
        ("GAIN: 2.6e-05", {"GAIN": 2.6e-05}),
        ("EMAIL:", {"EMAIL": None}),
        ("LAMP1SET: False", {"LAMP1SET": False}),
        ('OBJNAME: "ztf"', {"OBJNAME": "ztf"}),
        ("ORIGIN: Liverpool JMU", {"ORIGIN": "Liverpool JMU"}),
        ("FILTERI1: filter #84754", {"FILTERI1": "filter #84754"}),
        ("DATE: 2020-09-09", {"DATE": "2020-09-09"}),
        ("RA: 23:43:47.24", {"RA": "23:43:47.24"}),
        ("DEC: -00:30:00", {"DEC": "-00:30:00"}),
        ("SER_NO: 05313416", {"SER_NO": "05313416"}),
        ("REQ_ID: 20200901125335086", {"REQ_ID": "20200901125335086"}),
        ("LAMP: off", {"LAMP": "off"}),
        ("BIG: 1e999", {"BIG": "1e999"}),
        ("FILTER  = 'clear   '           / Filter", {"FILTER": {"value": "clear", "comment": "Filter"}}),
        ("EXPTIME =  600.003 / s; avg. of R&B", {"EXPTIME": {"value": 600.003, "comment": "s; avg. of R&B"}}),
        ("GRISM= '400/3400' / Blue", {"GRISM": {"value": "400/3400", "comment": "Blue"}}),
        ("REDEXP1 =  600.006 /", {"REDEXP1": 600.006}),
        ("MJD-OBS = '59107.400710'", {"MJD-OBS": "59107.400710"}),
        ("NAME = 'it''s'", {"NAME": "it's"}),
        ("SIMPLE  = T", {"SIMPLE": True}),
        ("REDUCER = '        ' / who", {"REDUCER": {"value": "", "comment": "who"}}),
        ("EMPTY =", {"EMPTY": None}),
        ("HISTORY one\n# HISTORY two", {"HISTORY": "one\ntwo"}),
        ("COMMENT Wavelengths: in air", {"COMMENT": "Wavelengths: in air"}),
        ("wavelength flux", {}),
        ("END", {}),
    ],
)
def test_header_lines_become_entries(line: str, entry: dict[str, Any]) -> None:
    assert parse(f"# {line}\n{ROWS}")["altdata"] == entry


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "ascii"),
        ("# only: a header\n\n", "ascii: it has no rows."),
        ("4000\n4001\n", "line 1 has 1 column; expected two or more"),
        ("wavelength flux\n4000 1\n", "line 1, column 0: 'wavelength' is not a finite number"),
        ("4000 1\n4001 nan\n4002 --\n", "line 2, column 1: 'nan' is not a finite number. line 3"),
        ("4000 1\n4001 1e999\n", "line 2, column 1: '1e999'"),
        ("4000 1\n4001 1_0\n", "line 2, column 1: '1_0'"),
        ("4000 1\n4001 ٣\n", "line 2, column 1"),
        ("4000,1\n4001,\n", "line 2, column 1: ''"),
        ("# a\n4000 1 2\n\n4001 1\n", "line 4 has 2 columns, the first row has 3"),
        ("4000,5 0,01\n4001,5 0,02\n", "column 1: '5 0' is not a finite number"),
        ("4000 1\n4000 2\n", "line 2: the wavelength 4000 is that of the row before, too"),
        ("4001 1\n4000 2\n", "line 2: the wavelength 4000 is less than 4001 in the row before"),
        ("0.40 1\n0.41 2\n", "wavelengths: 0.4 looks like micrometres"),
        ("SIMPLE  =                    T\n4000 1", "FITS"),
        ("4000 1\n" + "x y\n" * 9, "6 more lines have this problem"),
        ("# a: " + "x" * 60_000 + "\n4000 1\n4001 2\n", "at most 50000"),
        ("1000 1\n" * 50_001, "at most 50000 are allowed"),
    ],
)
def test_what_cannot_be_read_is_named(admin: Gateway, text: str, words: str) -> None:
    make_source(admin)
    for reply in (
        admin.post("/spectra/parse/ascii", {"ascii": text}),
        admin.post("/spectra/ascii", {**UPLOAD, "ascii": text}),
    ):
        assert reply.status == 400
        assert words in reply.message
        assert reply.message.endswith(".")
    assert admin.get("/spectra").data == []


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"wave_column": 2}, "wave_column: 2, but the rows have 2 columns: expected 0 to 1"),
        ({"fluxerr_column": 3}, "fluxerr_column: 3, but the rows have 2 columns"),
        ({"wave_column": -1}, "wave_column"),
        ({"flux_column": None}, "flux_column"),
        ({"flux_column": "b"}, "flux_column"),
        ({"flux_column": 0}, "flux_column: 0 is the wave_column, too"),
        ({"ascii": None}, "ascii"),
        ({"ascii": 3}, "ascii"),
        ({"filename": "x" * 201}, "filename: 201 characters"),
        ({"instrument_id": 99}, "instrument_id"),
        ({"type": "moon"}, "Must be one of: "),
        ({"observed_at": "soon"}, "observed_at"),
        ({"altdata": {}}, "altdata"),
        ({"followup_request_id": 1}, "followup_request_id"),
    ],
)
def test_invalid_fields_of_an_upload_are_named(admin: Gateway, columns: dict[str, Any], words: str) -> None:
    make_source(admin)
    reply = admin.post("/spectra/ascii", {**UPLOAD, **columns})
    assert reply.status == 400
    assert words in reply.message


def test_a_file_of_which_the_end_is_lost_is_refused(admin: Gateway) -> None:
    make_source(admin)
    text = "".join(f"{4000 + n} {n}e-16 3 1e-17\n" for n in range(500))
    assert admin.post("/spectra/ascii", {**UPLOAD, "ascii": text, "fluxerr_column": 3}).status == 200
    assert admin.post("/spectra/ascii", {**UPLOAD, "ascii": text[:-9], "fluxerr_column": 3}).status == 400


def test_a_file_too_large_for_a_record_is_refused(admin: Gateway) -> None:
    make_source(admin)
    text = "".join(f"{4000 + n} 1 {math.sin(n)} {math.cos(n)} {math.tan(n)}\n" for n in range(16_000))
    reply = admin.post("/spectra/ascii", {**UPLOAD, "ascii": text})
    assert reply.status == 413
    assert "ascii: the file takes" in reply.message
    assert admin.get("/spectra").data == []


def test_a_long_header_takes_no_time() -> None:
    blanks = " " * 200_000
    start = time.monotonic()
    for line in (f"a=b{blanks}c", f"a{blanks}c", f"a='{blanks}x", "a='" + "''" * 100_000 + " x", f"a: {blanks}/c"):
        parse_or_refuse(f"# {line}\n{ROWS}")
    assert time.monotonic() - start < 5


def parse_or_refuse(text: str) -> dict[str, Any] | None:
    try:
        return parse(text)
    except HeliographError as error:
        assert error.status == 400
        assert str(error).endswith(".")
        return None


CELLS = st.sampled_from(["4000", "4001.5", "1e-16", "-1", "nan", "inf", "", "x", "1,5", "#", ";", "1e999", "0x1", "٣"])
LINES = st.lists(CELLS, max_size=4).flatmap(
    lambda cells: st.sampled_from([" ", ",", ";", "\t"]).map(lambda s: s.join(cells))
)
HEADERS = st.text(max_size=40).map(lambda text: f"# {text}")
FILES = st.lists(LINES | HEADERS | st.text(max_size=20), max_size=6).map("\n".join)


@settings(max_examples=300, deadline=None)
@given(FILES | st.text(max_size=200))
def test_any_text_is_read_or_refused_with_a_sentence(text: str) -> None:
    parsed = parse_or_refuse(text)
    if parsed is not None:
        wavelengths = parsed["wavelengths"]
        assert wavelengths == sorted(set(wavelengths))
        assert all(math.isfinite(value) for value in parsed["fluxes"])
        assert parsed["original_file_string"] == text


NUMBERS = st.floats(-1e30, 1e30)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.floats(100, 1e7), NUMBERS, NUMBERS), min_size=1, max_size=30, unique_by=lambda row: row[0]),
    st.sampled_from([" ", ", ", "\t", ";"]),
)
def test_numbers_are_returned_bit_for_bit(rows: list[tuple[float, float, float]], separator: str) -> None:
    rows.sort()
    text = "\n".join(separator.join(map(repr, row)) for row in rows)
    parsed = parse(text, fluxerr_column=2)
    assert list(zip(parsed["wavelengths"], parsed["fluxes"], parsed["errors"], strict=True)) == rows
