"""Unreadable is not blank: every cell is a number, blank by a fixed set of words, or named."""

import csv
import io
from typing import Any

import numpy as np
import pandas
import pytest
from astropy.table import MaskedColumn, Table
from hypothesis import given, strategies as st

from fitter_lambda.entry.fitting import fit
from fitter_lambda.errors import PayloadError
from fitter_lambda.input.fit_parameters import Parameters
from fitter_lambda.input.light_curve import ExcludedRow, LightCurve, build_light_curve
from fitter_lambda.input.light_curve_rows import parse_csv_rows, parse_table_rows
from fitter_lambda.input.row_cells import BLANK_WORDS, parse_number
from fitter_lambda.output.results import count_reasons
from tests.fitter.light_curves import payload, sn2019dwz, sn2019dwz_rows
from tests.fitter.test_document import unpack_fit

HEADER = "mjd,flux,fluxerr,filter,zp,magsys"
ROW = ["59000.5", "243.5", "10", "ztfg", "23.9", "ab"]
NUMBERS = ("mjd", "flux", "fluxerr", "mag", "magerr", "limiting_mag", "zp")


def build(text: str) -> tuple[LightCurve, list[ExcludedRow]]:
    return build_light_curve(parse_csv_rows(text).rows, Parameters())


def build_row(**cells: str) -> tuple[LightCurve, list[ExcludedRow]]:
    """The light curve of one row with some cells changed."""
    row = dict(zip(HEADER.split(","), ROW, strict=True)) | cells
    text = io.StringIO()
    writer = csv.DictWriter(text, row)
    writer.writeheader()
    writer.writerow(row)
    return build(text.getvalue())


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("243,5", "write a decimal point"), ("<243.5", "leave it blank for a limit"), (">16.3", "limit"),
        ("243.5 uJy", "is no number"), ("243.5*", "no number"), ("?", "no number"), ("nd", "no number"),
        ("2 43.5", "no number"), ("1_000", "no number"), ("٢٤٣", "no number"), ("−243.5", "no number"),
        ("1.5D+03", "no number"), ("0x10", "no number"), ("true", "no number"), ("-nan", "no number"),
        ("---", "no number"), ("...", "no number"), ("upper limit", "no number"), ("#N/A", "no number"),
        ("24\x003.5", "no number"), ("2026-11-29", "no number"), ("1e", "no number"), ("1.2.3", "no number"),
        ("inf", "not finite"), ("-Infinity", "not finite"), ("1e999", "not finite"),
        ("1e30", "no measurement"), ("-9.99e33", "no measurement"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("field", NUMBERS)
def test_an_unreadable_cell_excludes_its_row_and_is_named(field: str, cell: str, words: str) -> None:
    light_curve, excluded = build_row(**{field: cell})
    assert len(light_curve) == 0
    assert excluded[0].row == 1 and words in excluded[0].reason
    assert excluded[0].reason.startswith(f"{field}: {cell!r}")


@pytest.mark.parametrize("word", [*sorted(BLANK_WORDS), " ", "NaN", "None", "NULL", "N/A", " na ", "Masked", "\t--"])
def test_a_fixed_set_of_words_is_blank(word: str) -> None:
    """A blank flux beside an error is a limit of 5 sigma."""
    light_curve, excluded = build_row(flux=word)
    assert not excluded and light_curve.limit.tolist() == [True]
    assert light_curve.flux[0] == pytest.approx(50)
    assert build_row(zp=word, magsys=word)[0].flux[0] == pytest.approx(243.5)
    assert [item.reason for item in build_row(filter=word)[1]] == ["no filter"]


@pytest.mark.parametrize(
    ("text", "number"),
    [("243.5", 243.5), (" -3 ", -3.0), ("+.5", 0.5), ("5.", 5.0), ("1e-3", 1e-3), ("1E+3", 1e3), ("-0", 0.0)],
)  # fmt: skip
def test_numbers_in_all_usual_forms_are_read(text: str, number: float) -> None:
    assert parse_number("flux", text) == (number, "")
    assert parse_number("flux", text.encode()) == (number, "")


@given(st.text(max_size=12) | st.text(alphabet="0123456789.,-+eEnaif<>/ ", max_size=12))
def test_any_text_is_blank_a_number_or_named(text: str) -> None:
    number, problem = parse_number("flux", text)
    is_blank = text.strip().lower() in BLANK_WORDS
    assert is_blank == (number is None and not problem)
    if number is not None:
        assert number == float(text) and abs(number) < 1e30 and not problem


@pytest.mark.parametrize(
    "header",
    [
        "mjd, flux, fluxerr, filter, zp, magsys",
        "\ufeffmjd,flux,fluxerr,filter,zp,magsys",
        'ï»¿mjd, "flux" ,"fluxerr",filter,zp,magsys',
        " MJD ,Flux,FLUXERR,\tFilter,ZP ,MagSys",
        "\n\nmjd,flux,fluxerr,filter,\u00a0zp,magsys",
    ],
)
def test_blanks_case_and_a_byte_order_mark_do_not_lose_columns(header: str) -> None:
    light_curve, excluded = build(f"{header}\n59000.5, 243.5,10 , ztfg,26.4, ab\n")
    assert not excluded
    # the zero point is 2.5 mag fainter than that of microjansky
    assert light_curve.flux[0] == pytest.approx(24.35) and light_curve.fluxerr[0] == pytest.approx(1)


@pytest.mark.parametrize(
    ("header", "name"),
    [("mjd,flux, flux,fluxerr,filter", "flux"), ("mjd,MJD,filter", "mjd"), ("mjd,filter,zp,note,\ufeffnote ", "note")],
)
def test_columns_that_occur_twice_are_refused(header: str, name: str) -> None:
    with pytest.raises(PayloadError, match=f"two columns with the name '{name}'"):
        parse_csv_rows(f"{header}\n")


@pytest.mark.parametrize("cells", [ROW[:-1], [*ROW, "7"], ["59000", "243", "5", "10", "ztfg", "23.9", "ab"]])
def test_a_row_with_more_or_fewer_values_than_columns_is_left_out(cells: list[str]) -> None:
    """A decimal comma in CSV splits a value, and all that follow are in a wrong column."""
    light_curve, excluded = build("\n".join([HEADER, ",".join(cells), ",".join(ROW)]))
    assert len(light_curve) == 1
    assert [item.reason for item in excluded] == [f"{len(cells)} values for 6 columns"]


def test_unused_columns_are_listed() -> None:
    sent = parse_csv_rows("mjd, Note ,flux,fluxerr,filter,zero_point,\n1,a,2,3,ztfg,25,\n")
    assert sent.unused_columns == ["Note", "zero_point", "(column 7)"]
    columns: dict[str, Any] = {" MJD": [1.0], "filter ": ["ztfg"], "Flux": [1.0], "fluxerr": [1.0], "seeing": [2.0]}
    assert parse_table_rows(columns).unused_columns == ["seeing"]
    assert parse_table_rows(Table(columns)).unused_columns == ["seeing"]
    many = parse_csv_rows("mjd,filter," + ",".join(f"{i}{'x' * 90}" for i in range(300)) + "\n").unused_columns
    assert len(many) == 100 and max(map(len, many)) == 60


COLUMNS: dict[str, Any] = {
    "time": [59000.5, 59001.5], "band": ["ztfg", "ztfg"], "flux": ["243,5", "12"], "fluxerr": [10.0, 9.0],
}  # fmt: skip


@pytest.mark.parametrize("kind", [dict, Table, pandas.DataFrame])
@pytest.mark.parametrize(
    ("cell", "reason"),
    [("243,5", "flux: '243,5' is no number; write a decimal point"), ("1e30", "flux: '1e30' is no measurement"),
     ("<3", "flux: '<3' is no number; leave it blank for a limit")],
)  # fmt: skip
def test_text_in_a_table_is_named_too(kind: Any, cell: str, reason: str) -> None:
    first, second = parse_table_rows(kind(COLUMNS | {"flux": [cell, "12"]})).rows
    assert first.flux is None and first.problem.startswith(reason)
    assert (second.flux, second.problem) == (12.0, "")


@pytest.mark.parametrize("cell", [np.inf, -np.inf, 1e30, 10**400, True, [1.0], "x", object()])
def test_values_of_a_table_that_are_no_numbers_are_named(cell: Any) -> None:
    values = np.array([None, 12.0], dtype=object)
    values[0] = cell
    first, second = parse_table_rows(COLUMNS | {"flux": values}).rows
    assert first.flux is None and first.problem.startswith("flux: ") and second.flux == 12.0


@pytest.mark.parametrize(
    "values",
    [[None, 12.0], [np.nan, 12.0], ["", "12"], ["--", "12"], MaskedColumn([1e20, 12.0], mask=[True, False]),
     pandas.Series([pandas.NA, 12.0], dtype="Float64"), pandas.Series([None, 12], dtype="Int64"),
     np.ma.array([5.0, 12.0], mask=[True, False]), [b"nan", b"12"]],
)  # fmt: skip
def test_missing_values_of_all_kinds_of_tables_are_blank(values: Any) -> None:
    first, second = parse_table_rows(COLUMNS | {"flux": values}).rows
    assert (first.flux, first.problem) == (None, "") and (second.flux, second.problem) == (12.0, "")


def test_names_of_a_tables_columns_are_trimmed_and_occur_once() -> None:
    columns = {"\ufeffMJD ": [59000.5], " Filter": ["ztfg"], " MAG": [18.9], "MagErr ": [0.1], " zp ": [25.0]}
    (row,) = parse_table_rows(columns).rows
    assert (row.mjd, row.band, row.mag, row.magerr, row.zp) == (59000.5, "ztfg", 18.9, 0.1, 25.0)
    with pytest.raises(PayloadError, match="'mag' occurs twice"):
        parse_table_rows(columns | {"mag": [1.0]})
    with pytest.raises(PayloadError, match="ambiguous"):
        fit({"time": [1.0], "band": ["ztfg"], "flux": [1.0], "flux ": [2.0], "fluxerr": [1.0]})


def test_blanks_in_a_header_do_not_change_a_fit() -> None:
    """With the zero point lost, this was a supernova of M −20.3 for −19.2, without a word."""
    rows = [row | {"flux": 2.512 * float(row["flux"]), "fluxerr": 2.512 * float(row["fluxerr"]), "zp": "24.9"}
            for row in sn2019dwz_rows()]  # fmt: skip
    request = payload(rows, "0.04608,,", source="salt3", fix_z="True", n_draws=300)
    photometry = request["inputs"]["photometry"]
    header, _, body = photometry.partition("\r\n")
    spaced = {
        **request["inputs"],
        "photometry": header.replace(",", ", ").replace("predicted_mag", "quality") + "\r\n" + body,
    }
    document, results = unpack_fit({**request, "inputs": spaced})
    _, expected = unpack_fit(sn2019dwz(fix_z="True", n_draws=300))
    assert results["peak"]["absolute"] == pytest.approx(expected["peak"]["absolute"], abs=0.03)
    assert results["unused_columns"] == ["instrument_name", "quality"]
    assert "columns that were not used: quality" in document["message"]


def test_reasons_are_counted_within_bounds() -> None:
    reasons = [f"flux: '{i},5' is no number" for i in range(500)] + ["no date"] * 7
    counts = count_reasons(reasons)
    assert len(counts) == 101 and counts["no date"] == 7 and sum(counts.values()) == 507
    assert counts["other reasons"] == 401
