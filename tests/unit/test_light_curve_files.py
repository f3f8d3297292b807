"""Files of light curves: each format's sample to its points, worked out by hand, and what stops a file or a row."""

import io
import math
from pathlib import Path
from typing import Any

import pytest
import sncosmo
from hypothesis import given, strategies as st

from chalicelib.errors import InvalidError, TooLargeError
from chalicelib.sources.light_curve_files.column_plans import ReadOptions
from chalicelib.sources.light_curve_files.file_tables import FileTable
from chalicelib.sources.light_curve_files.reader import LightCurveFile, read_light_curve_file
from chalicelib.sources.magnitudes import VEGA
from chalicelib.sources.photometry_rows import Row, row_magnitudes
from fitter_lambda.errors import RenderError
from fitter_lambda.renderer.library_tables import read_library_table

SAMPLES = Path(__file__).resolve().parents[1] / "data" / "light_curves"

ZTF, ATLAS, ASASSN, CAMERA, OPEN = 1, 2, 3, 4, 5
INSTRUMENTS: dict[int, dict[str, Any]] = {
    ZTF: {"name": "ZTF", "filters": ["ztfg", "ztfr", "ztfi"]},
    ATLAS: {"name": "ATLAS", "filters": ["atlasc", "atlaso"]},
    ASASSN: {"name": "ASAS-SN", "filters": ["bessellv", "sdssg"]},
    CAMERA: {
        "name": "Camera",
        "filters": ["bessellux", "bessellb", "bessellv", "bessellr", "besselli", "sdss::g", "sdss::r", "sdss::i"],
    },
    OPEN: {"name": "Any", "filters": []},
}

Expected = tuple[float, str, int, float | None, float | None, float | None]
"""MJD, bandpass, instrument, magnitude, flux in µJy, limiting magnitude; None is not compared, NaN means null."""

NULL = math.nan
V = VEGA["bessellv"]

SAMPLE_POINTS: dict[str, tuple[str, int | None, list[Expected], list[int]]] = {
    # 26.4 is 2.5 mag fainter than 23.9: a DN is 0.1 µJy.
    "ztf_forced.txt": (
        "ZTF forced photometry", None,
        [(59000.25, "ztfg", ZTF, 18.9, 100.0, None), (59001.25, "ztfr", ZTF, NULL, -2.0, None)], [3, 4],
    ),
    "atlas_forced.txt": (
        "ATLAS forced photometry", None,
        [(58598.411021, "atlaso", ATLAS, NULL, -56.0, None), (58600.402345, "atlasc", ATLAS, 18.2146, 188.0, None)],
        [3],
    ),
    "lasair.csv": (
        "Lasair", None,
        [(59100.0, "ztfg", ZTF, 18.5, 144.544, 20.1), (59101.0, "ztfr", ZTF, NULL, -91.2011, 20.3),
         (59102.0, "ztfr", ZTF, NULL, NULL, 20.4)], [],
    ),
    "alerce_detections.csv": (
        "ALeRCE", None,
        [(59289.3, "ztfg", ZTF, 18.9, 100.0, 20.49), (59290.3, "ztfr", ZTF, NULL, -63.0957, 20.51)], [],
    ),
    "alerce_non_detections.csv": (
        "ALeRCE", None, [(59280.25, "ztfg", ZTF, NULL, NULL, 20.2), (59281.25, "ztfi", ZTF, NULL, NULL, 19.8)], [],
    ),
    "antares.csv": (
        "ANTARES", None,
        [(59126.25, "ztfg", ZTF, 18.2, 190.546, 20.3), (59127.25, "ztfr", ZTF, 18.0, 229.087, 20.6),
         (59120.25, "ztfg", ZTF, NULL, NULL, 19.29)], [],
    ),
    "fink.csv": (
        "Fink", None,
        [(59345.25, "ztfg", ZTF, 17.4, 398.107, 20.2), (59343.25, "ztfr", ZTF, NULL, NULL, 19.9)], [3],
    ),
    "asassn.csv": (
        "ASAS-SN Sky Patrol", None,
        [(58000.0, "bessellv", ASASSN, 14.7796, 4448.0, None), (58001.0, "sdssg", ASASSN, NULL, NULL, 16.3),
         (58002.0, "sdssg", ASASSN, 15.0, 3631.0, None)], [],
    ),
    "aavso.txt": (
        "AAVSO extended", CAMERA,
        [(55814.75, "bessellv", CAMERA, 10.2 + V, None, None), (55815.75, "sdss::g", CAMERA, 10.1, 331131.12, None),
         (55699.75, "bessellv", CAMERA, NULL, NULL, 15.5 + V)], [4],
    ),
    "tns.csv": (
        "TNS", None,
        [(59226.5466435, "ztfg", ZTF, 20.0864, 33.5305, 20.4038), (59224.5466435, "ztfr", ZTF, NULL, NULL, 20.9),
         (59227.5, "atlaso", ATLAS, 18.5, 144.544, None)], [4],
    ),
    "osc.json": (
        "Open Supernova Catalog JSON", CAMERA,
        [(55798.0, "bessellb", CAMERA, 13.2 + VEGA["bessellb"], None, None),
         (55797.2, "sdss::g", CAMERA, NULL, NULL, 21.5)], [3],
    ),
    # FLUXCAL of 27.5: 2754.229 is 10 ** (0.4 * 8.6), of magnitude 18.9.
    "snana.dat": (
        "SNANA", None,
        [(58598.25, "ztfg", ZTF, 18.9, 100.0, None), (58599.25, "ztfr", ZTF, NULL, -0.871387, None)], [3],
    ),
    "salt2.lc": (
        "SALT2 lc2fit", CAMERA,
        [(53000.25, "sdss::g", CAMERA, 21.4, 10.0, None), (53004.25, "sdss::r", CAMERA, NULL, -0.8, None)], [3],
    ),
    "sncosmo.txt": (
        "sncosmo ASCII", None,
        [(58598.25, "ztfg", ZTF, 21.4, 10.0, None), (58599.25, "ztfr", ZTF, NULL, -0.8, None)], [],
    ),
    "ipac.tbl": (
        "IPAC table", None,
        [(59000.25, "ztfg", ZTF, 17.1526, 500.0, None), (59001.25, "ztfr", ZTF, NULL, NULL, None)], [],
    ),
    "table.ecsv": (
        "ECSV", None, [(59000.25, "ztfg", ZTF, 17.1526, 500.0, None), (59001.25, "ztfr", ZTF, NULL, NULL, None)], [],
    ),
    "table.vot": ("VOTable", None, [(59000.25, "ztfg", ZTF, 18.5, 144.544, None)], [2]),
    "generic.csv": (
        "CSV", None,
        [(59300.0, "ztfg", ZTF, 18.1, 208.9296, None), (59301.0, "ztfr", ZTF, NULL, NULL, 19.5)], [3, 4],
    ),
    "semicolons.csv": (
        "table separated by ;", None,
        [(59300.25, "ztfg", ZTF, 18.9, 100.0, None), (59301.25, "ztfr", ZTF, NULL, -3.0, None)], [],
    ),
    "blanks.dat": (
        "table separated by blanks", None,
        [(59300.25, "ztfg", ZTF, 18.9, 100.0, None), (59302.25, "ztfr", ZTF, NULL, NULL, None)], [],
    ),
}  # fmt: skip


def open_with_astropy(data: bytes, file_format: str) -> FileTable:
    content = read_library_table(data, file_format)
    rows = [["" if value is None else str(value) for value in row] for row in zip(*content["columns"], strict=True)]
    return FileTable(
        {"ecsv": "ECSV", "votable": "VOTable", "fits": "FITS table"}[file_format],
        content["names"],
        rows,
        content["units"],
    )


def parse(data: str | bytes, **options: Any) -> LightCurveFile:
    raw = data.encode() if isinstance(data, str) else data
    return read_light_curve_file(raw, ReadOptions(**options), INSTRUMENTS, open_with_astropy)


def parse_row(cells: str, header: str = "mjd,filter,mag,magerr", **options: Any) -> Row:
    """Return the only row of a CSV file; raise what is wrong with it."""
    content = parse(f"{header}\n{cells}\n", **options)
    if content.problems:
        raise ValueError(content.problems[0].message)
    (row,) = content.rows
    return row


def refuse(cells: str, header: str = "mjd,filter,mag,magerr", **options: Any) -> str:
    """Return why a CSV file, or its only row, is refused."""
    with pytest.raises((ValueError, InvalidError)) as caught:
        parse_row(cells, header, **options)
    return str(caught.value)


def check_point(row: Row, expected: Expected) -> None:
    mjd, band, instrument, mag, flux, limit = expected
    assert (row.filter, row.instrument_id) == (band, instrument)
    assert row.mjd == pytest.approx(mjd, abs=1e-7)
    values = row_magnitudes(row)
    for number, value in ((values["mag"], mag), (row.flux, flux), (values["limiting_mag"], limit)):
        if value is not None and math.isnan(value):
            assert number is None
        elif value is not None:
            assert number == pytest.approx(value, rel=1e-5)


def test_each_sample_is_in_the_table() -> None:
    assert {file.name for file in SAMPLES.iterdir()} == set(SAMPLE_POINTS)


@pytest.mark.parametrize("name", SAMPLE_POINTS)
def test_a_sample_gives_its_points(name: str) -> None:
    file_format, instrument, points, problem_rows = SAMPLE_POINTS[name]
    content = parse((SAMPLES / name).read_bytes(), instrument_id=instrument)
    assert content.format == file_format
    assert [problem.row for problem in content.problems] == problem_rows
    assert content.n_rows == len(points) + len(problem_rows)
    for row, expected in zip(content.rows, points, strict=True):
        check_point(row, expected)


@pytest.mark.parametrize(("name", "file_format"), [("sncosmo.txt", "ascii"), ("salt2.lc", "salt2")])
def test_sncosmo_reads_the_same(name: str, file_format: str) -> None:
    expected = sncosmo.read_lc(str(SAMPLES / name), format=file_format)
    names = {column.lower(): column for column in expected.colnames}
    content = parse((SAMPLES / name).read_bytes(), instrument_id=CAMERA if name == "salt2.lc" else None)
    scale = 10 ** (0.4 * (23.9 - 26.4))
    fluxes = [flux * scale for flux in expected[names["flux"]]][: len(content.rows)]
    assert [row.flux for row in content.rows] == pytest.approx(fluxes)


# ---- what qualifies a value


@pytest.mark.parametrize(
    ("header", "cells", "options", "flux"),
    [
        ("mjd,filter,flux,fluxerr", "59000,ztfg,1000,10", {"zp": 26.4}, 100.0),
        ("mjd,filter,flux,fluxerr,zp", "59000,ztfg,1000,10,26.4", {}, 100.0),
        ("mjd,filter,flux,fluxerr,zp", "59000,ztfg,1000,10,26.4", {"zp": 25}, 100.0),
        ("mjd,filter,flux_mJy,fluxerr_mJy", "59000,ztfg,0.1,0.01", {}, 100.0),
        ("mjd,filter,flux (uJy),flux_err (uJy)", "59000,ztfg,100,1", {}, 100.0),
        ("mjd,filter,µJy,dµJy", "59000,ztfg,100,1", {}, 100.0),
        ("mjd,filter,flux_nJy,flux_err_nJy", "59000,ztfg,100000,10", {}, 100.0),
        ("mjd,filter,flux [Jy],e_flux [Jy]", "59000,ztfg,1e-4,1e-6", {}, 100.0),
        ("mjd,filter,flux,fluxerr,flux_unit", "59000,ztfg,0.1,0.01,mJy", {}, 100.0),
        ("mjd,filter,flux,fluxerr,flux_unit", "59000,ztfg,18.9,0.1,ABMag", {}, 100.0),
    ],
)
def test_the_scale_of_a_flux_is_read(header: str, cells: str, options: dict[str, Any], flux: float) -> None:
    assert parse_row(cells, header, **options).flux == pytest.approx(flux)


@pytest.mark.parametrize(
    ("header", "cells", "options", "message"),
    [
        ("mjd,filter,flux,fluxerr", "59000,ztfg,100,1", {}, "zp"),
        ("mjd,filter,flux,fluxerr,zp", "59000,ztfg,100,1,", {}, "zp"),
        ("mjd,filter,flux_mJy,fluxerr_mJy", "59000,ztfg,100,1", {"zp": 25}, "leave it out"),
        ("mjd,filter,flux_mJy,fluxerr_uJy", "59000,ztfg,100,1", {}, "one unit"),
        ("mjd,filter,flux_mJy,fluxerr_mJy,zp", "59000,ztfg,100,1,25", {}, "contradicts"),
        ("mjd,filter,flux (erg/s/cm2/AA),fluxerr", "59000,ztfg,1e-15,1e-16", {}, "cannot be converted"),
        ("mjd,filter,flux,fluxerr,flux_unit", "59000,ztfg,100,1,counts", {}, "unit"),
        ("mjd,filter,flux_ujy,fluxerr_ujy,mag", "59000,ztfg,100,1,17.0", {}, "contradicts"),
        ("mjd,filter,flux_ujy,fluxerr_ujy,mag", "59000,ztfg,-100,1,18.9", {}, "contradicts"),
        ("mjd,filter,flux [MJy],fluxerr [MJy]", "59000,ztfg,100,1", {}, "cannot be converted"),
        ("mjd,filter,flux_ujy", "59000,ztfg,100", {}, "fluxerr"),
        ("mjd,filter,flux,flux_ujy,fluxerr", "59000,ztfg,100,100,1", {}, "Several columns"),
    ],
)
def test_a_flux_without_certain_scale_is_refused(
    header: str, cells: str, options: dict[str, Any], message: str
) -> None:
    assert message in refuse(cells, header, **options)


def test_magnitudes_are_read_where_the_flux_beside_them_has_no_scale() -> None:
    row = parse_row("59000,ztfg,5512.1,10.2,18.9,0.1", "mjd,filter,flux,fluxerr,mag,magerr")
    assert row.flux == pytest.approx(100.0)


@pytest.mark.parametrize(
    "word", ["", "nan", "NaN", "None", "NULL", "-", "--", "...", "N/A", "na", "nd", "INDEF", "masked"]
)
def test_a_fixed_set_of_words_is_blank(word: str) -> None:
    row = parse_row(f"59000,ztfg,{word},4", "mjd,filter,uJy,duJy")
    assert (row.flux, row.fluxerr) == (None, pytest.approx(4.0))


@pytest.mark.parametrize(
    "text", ["243;5", "<243.5", ">243.5", "2.4.3", "1_000", "１２", "0x10", "inf", "x", "12 13", "?"]
)
def test_a_flux_that_is_no_number_is_a_problem(text: str) -> None:
    assert "flux" in refuse(f"59000,ztfg,{text},4", "mjd,filter,uJy,duJy")


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_decimal_commas_are_refused(separator: str) -> None:
    lines = [["mjd", "filter", "uJy", "duJy"], ["59000.5", "ztfg", "243,5", "4"]]
    (problem,) = parse("\n".join(separator.join(line) for line in lines)).problems
    assert "decimal comma" in problem.message


@pytest.mark.parametrize(
    ("header", "cells", "limit"),
    [
        ("mjd,filter,mag,magerr", "59000,ztfg,>16.3,", 16.3),
        ("mjd,filter,mag,magerr", "59000,ztfg,<16.3,0.2", 16.3),
        ("mjd,filter,mag,magerr,limiting_mag", "59000,ztfg,,,20.5", 20.5),
        ("mjd,filter,mag,magerr,upper_limit", "59000,ztfg,20.5,0.1,True", 20.5),
        ("mjd,filter,mag,magerr,upper_limit", "59000,ztfg,,,20.5", 20.5),
        ("mjd,filter,mag,magerr,detected", "59000,ztfg,20.5,,0", 20.5),
        ("mjd,filter,mag,magerr,limiting_mag,upperlimit", "59000,ztfg,21,,20.5,1", 20.5),
    ],
)
def test_limits_are_read(header: str, cells: str, limit: float) -> None:
    row = parse_row(cells, header)
    assert (row.flux, row.limiting_mag) == (None, pytest.approx(limit))


def test_a_flux_without_error_is_no_limit() -> None:
    header = "mjd,filter,uJy,duJy,limiting_mag"
    assert "fluxerr" in refuse("59000,ztfg,100,,20.5", header)
    assert parse_row("59000,ztfg,,,20.5", header).limiting_mag == pytest.approx(20.5)


def test_a_measured_flux_that_is_no_detection_stays_a_flux() -> None:
    assert parse_row("59000,ztfg,5,3,False", "mjd,filter,uJy,duJy,detected").flux == pytest.approx(5.0)


def test_a_flux_that_is_marked_as_a_limit_is_refused() -> None:
    assert "limit" in refuse("59000,ztfg,100,10,1", "mjd,filter,uJy,duJy,is_limit")


@pytest.mark.parametrize(("sign", "flux"), [("t", 100.0), ("1", 100.0), ("f", -100.0), ("0", -100.0), ("-1", -100.0)])
def test_the_sign_of_a_difference_is_applied(sign: str, flux: float) -> None:
    row = parse_row(f"59000,ztfg,18.9,0.1,{sign}", "mjd,filter,mag,magerr,isdiffpos")
    assert row.flux == pytest.approx(flux)


@pytest.mark.parametrize(("sign", "flux"), [("t", 100.0), ("f", -100.0), ("", 100.0)])
def test_the_sign_of_a_difference_is_that_of_its_flux(sign: str, flux: float) -> None:
    header = "mjd,filter,uJy,duJy,isdiffpos"
    assert parse_row(f"59000,ztfg,100,9,{sign}", header).flux == pytest.approx(flux)
    assert parse_row("59000,ztfg,-100,9,f", header).flux == pytest.approx(-100.0)
    assert "isdiffpos" in refuse("59000,ztfg,-100,9,t", header)


@pytest.mark.parametrize("sign", ["", "x", "2"])
def test_an_unknown_sign_is_a_problem(sign: str) -> None:
    assert "isdiffpos" in refuse(f"59000,ztfg,18.9,0.1,{sign}", "mjd,filter,mag,magerr,isdiffpos")


@pytest.mark.parametrize("value", ["99", "-99", "99.99", "-999", "45"])
def test_sentinels_of_no_survey_are_problems(value: str) -> None:
    assert refuse(f"59000,ztfg,{value},0.1").startswith("mag")


@pytest.mark.parametrize(
    ("text", "flux"),
    [
        ("NVAR: 4\nVARLIST: MJD FLT FLUXCAL FLUXCALERR\nOBS: 59000 ztfg -9 1\n", -9 * 10 ** (0.4 * (23.9 - 27.5))),
        ("jd,filter,forcediffimflux,forcediffimfluxunc,zpdiff\n2459000.5,ZTF_g,-999,10,23.9\n", -999.0),
        ("MJD,uJy,duJy,F,err\n59000,-99,10,o,0\n", -99.0),
        ("JD,Camera,mag,mag_err,flux(mJy),flux_err,Filter\n2459000.5,ba,11.4,0.01,99.99,1,g\n", 99_990.0),
    ],
)
def test_sentinels_of_magnitudes_are_fluxes(text: str, flux: float) -> None:
    assert [row.flux for row in parse(text).rows] == [pytest.approx(flux)]


def test_a_magnitude_needs_its_error() -> None:
    assert "magerr" in refuse("59000,ztfg,18,")
    assert "magerr" in refuse("59000,ztfg,18,0")


# ---- times


@pytest.mark.parametrize(
    ("column", "text", "mjd"),
    [
        ("mjd", "59300.25", 59300.25), ("MJD", "59300.25", 59300.25), ("jd", "2459300.75", 59300.25),
        ("HJD", "2459300.75", 59300.25), ("BJD_TDB", "2459300.75", 59300.25), ("mjd", "2459300.75", 59300.25),
        ("time", "2459300.75", 59300.25), ("JD-2450000", "9300.75", 59300.25), ("HJD - 2400000", "59300.75", 59300.25),
        ("MJD-50000", "9300.25", 59300.25), ("date", "2021-03-27", 59300.0), ("ut_date", "2021-03-27.25", 59300.25),
        ("time", "2021-03-27T06:00:00", 59300.25), ("obsdate", "2021-03-27 06:00:00.000", 59300.25),
        ("time", "2021-03-27T06:00:00Z", 59300.25),
    ],
)  # fmt: skip
def test_times_are_read(column: str, text: str, mjd: float) -> None:
    assert parse_row(f"{text},ztfg,18,0.1", f"{column},filter,mag,magerr").mjd == pytest.approx(mjd, abs=1e-9)


@pytest.mark.parametrize(
    ("column", "text", "message"),
    [
        ("mjd", "8456.7", "JD - 2450000"), ("jd", "59300.75", "half a day"), ("mjd", "20210327", "calendar"),
        ("time", "1616803200", "1970"), ("date", "27/03/2021", "date such as"), ("mjd", "", "missing"),
        ("date", "2021-13-27", "not a number"), ("time", "2021-03-27T06:00:00+02:00", "not a number"),
    ],
)  # fmt: skip
def test_times_that_cannot_be_meant_are_problems(column: str, text: str, message: str) -> None:
    assert message in refuse(f"{text},ztfg,18.5,0.1", f"{column},filter,mag,magerr")


# ---- headers and separators


@pytest.mark.parametrize(
    "text",
    [
        "mjd,filter,mag,magerr\n59000.25,ztfg,18.9,0.1\n",
        "\ufeffMJD,Filter,Mag,MagErr\r\n59000.25,ztfg,18.9,0.1\r\n",
        "# mjd filter mag magerr\n59000.25 ztfg 18.9 0.1\n",
        "###MJD, filter, mag, magerr\n  59000.25   ztfg  18.9  0.1\n",
        " mjd ;\tfilter ; mag ; magerr \n59000.25; ztfg; 18.9; 0.1\n",
        "mjd\tfilter\tmag\tmagerr\n59000.25\tztfg\t18.9\t0.1\n",
        "mjd|filter|mag|magerr\n-----|-----|----|----\n59000.25|ztfg|18.9|0.1\n",
        "A title of two lines, with commas\nand more\n\nmjd,filter,mag,magerr\n59000.25,ztfg,18.9,0.1\n",
        "# magsys: magnitude system\n# zp: the zero point\n# mjd: the time\n"
        "# mag: the magnitude\n# mjd filter mag magerr\n# done\n59000.25 ztfg 18.9 0.1\n# end\n",
        '"mjd","filter","mag","magerr"\n"59000.25","ztfg","18.9","0.1"\n',
        "mjd,filter,mag,magerr,\n59000.25,ztfg,18.9,0.1,\n",
        ",mjd,filter,mag,magerr\n0,59000.25,ztfg,18.9,0.1\n",
        "mjd,filter,mag,magerr\nd,,mag,mag\n59000.25,ztfg,18.9,0.1\n",
        '[{"mjd": 59000.25, "filter": "ztfg", "mag": 18.9, "magerr": 0.1}]',
        '{"mjd": [59000.25], "filter": ["ztfg"], "mag": [18.9], "magerr": [0.1]}',
    ],
)
def test_headers_and_separators(text: str) -> None:
    content = parse(text)
    assert not content.problems
    (row,) = content.rows
    check_point(row, (59000.25, "ztfg", ZTF, 18.9, 100.0, None))


def test_latin_1_and_utf_16_are_read() -> None:
    text = "# Aufnahmen für µJy\nmjd,filter,uJy,duJy\n59000.25,ztfg,100,1\n"
    for encoding in ("latin-1", "utf-16"):
        assert parse(text.encode(encoding)).rows[0].flux == pytest.approx(100.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("59000.25,ztfg,18.9,0.1\n59001.25,ztfg,18.8,0.1\n", "no line of column names"),
        ("mjd,filter,mag,magerr\n", "no rows"),
        ("a,b,c\n1,2,3\n", "its columns are a, b, c"),
        ("mjd,filter,mag,mag,magerr\n59000,ztfg,18,17,0.1\n", "several columns with the name mag"),
        ("mjd\n59000\n59001\n", "no rows of numbers"),
    ],
)
def test_files_that_say_too_little_are_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidError, match=message):
        parse(text)


def test_rows_of_another_width_are_problems() -> None:
    content = parse("mjd,filter,mag,magerr\n59000,ztfg,18,0.1\n59001,ztfg,18\n59002,ztfg,18,1,0.1\n59003,ztfg,18,0.1\n")
    assert [problem.row for problem in content.problems] == [2, 3]


def test_names_of_rows_that_have_no_header_do_not_shift_the_columns() -> None:
    content = parse("mjd,filter,mag,magerr\n1,59000,ztfg,18,0.1\n2,59001,ztfg,18,0.1\n")
    assert content.rows == []
    assert len(content.problems) == 2


def test_ten_thousand_rows_are_the_most() -> None:
    with pytest.raises(TooLargeError):
        parse("mjd,filter,mag,magerr\n" + "59000,ztfg,18,0.1\n" * 10_001)


# ---- bands and instruments


@pytest.mark.parametrize(
    ("text", "options", "band", "instrument"),
    [
        ("ztfg", {}, "ztfg", ZTF), ("ZTFg", {}, "ztfg", ZTF), ("ZTF_g", {}, "ztfg", ZTF), ("g-ZTF", {}, "ztfg", ZTF),
        ("zr", {}, "ztfr", ZTF), ("g", {"instrument_id": ZTF}, "ztfg", ZTF), ("o", {}, "atlaso", ATLAS),
        ("cyan", {}, "atlasc", ATLAS), ("orange-ATLAS", {}, "atlaso", ATLAS),
        ("g'", {"instrument_id": CAMERA}, "sdss::g", CAMERA),
        ("r", {"instrument_id": CAMERA}, "sdss::r", CAMERA),
        ("R", {"instrument_id": CAMERA, "magsys": "ab"}, "bessellr", CAMERA),
        ("V", {"instrument_id": CAMERA, "magsys": "ab"}, "bessellv", CAMERA),
        ("sloan_g", {"instrument_id": CAMERA}, "sdss::g", CAMERA),
        ("bessellv", {"instrument_id": OPEN}, "bessellv", OPEN),
    ],
)  # fmt: skip
def test_bands_are_resolved(text: str, options: dict[str, Any], band: str, instrument: int) -> None:
    row = parse_row(f"59000,{text},18,0.1", **options)
    assert (row.filter, row.instrument_id) == (band, instrument)


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("g", {}, "instrument_id="), ("R", {"instrument_id": ZTF}, "ztfg, ztfr, ztfi"), ("purple", {}, "atlasc"),
        ("1", {"instrument_id": ZTF}, "ztfg"), ("", {}, "missing"), ("V", {"instrument_id": CAMERA}, "magsys=vega"),
        ("atlaso", {"instrument_id": ZTF}, "ztfg"),
    ],
)  # fmt: skip
def test_unknown_and_ambiguous_bands_are_problems(text: str, options: dict[str, Any], message: str) -> None:
    assert message in refuse(f"59000,{text},18,0.1", **options)


def test_the_name_of_an_instrument_counts_more_than_a_number() -> None:
    header = "mjd,filter,mag,magerr,instrument_id,instrument_name"
    assert parse_row("59000,g,18,0.1,2,ZTF", header).instrument_id == ZTF
    assert parse_row("59000,g,18,0.1,2,ZTF", header, instrument_id=CAMERA).instrument_id == ZTF
    assert "Schmidt" in refuse("59000,g,18,0.1,1,Schmidt", header)
    assert parse_row("59000,o,18,0.1,2,", header).instrument_id == ATLAS
    assert "no instrument 77" in refuse("59000,g,18,0.1,77,", header)


def test_numbers_of_filters_are_those_of_ztf_where_the_column_is_fid() -> None:
    assert parse_row("59000,2,18,0.1", "mjd,fid,mag,magerr").filter == "ztfr"
    assert "filter" in refuse("59000,2,18,0.1")


def test_the_magnitude_system_is_read() -> None:
    vega = parse_row("59000,bessellv,18,0.1,Vega", "mjd,filter,mag,magerr,magsys", instrument_id=CAMERA)
    assert row_magnitudes(vega)["mag"] == pytest.approx(18 + V)
    ab = parse_row("59000,V,18,0.1", "mjd,filter,mag_ab,magerr", instrument_id=CAMERA)
    assert row_magnitudes(ab)["mag"] == pytest.approx(18)
    assert "BD17" in refuse("59000,V,18,0.1,BD17", "mjd,filter,mag,magerr,magsys", instrument_id=CAMERA)
    assert "says ab" in refuse("59000,V,18,0.1", "mjd,filter,mag_ab,magerr", instrument_id=CAMERA, magsys="vega")


# ---- any table

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False)
ERRORS = st.floats(1e-3, 1e6)
POINTS = st.tuples(st.floats(50_000, 70_000), st.sampled_from(["ztfg", "ztfr", "ztfi"]), NUMBERS, ERRORS)


@given(
    points=st.lists(POINTS, min_size=1, max_size=5),
    order=st.permutations(["mjd", "filter", "flux_uJy", "fluxerr_uJy"]),
    separator=st.sampled_from([",", "\t", ";", "|", " ", "   "]),
    comment=st.sampled_from(["", "# ", "#", "% ", "\ufeff"]),
    line_end=st.sampled_from(["\n", "\r\n"]),
)
def test_a_written_file_gives_the_same_points(
    points: list[tuple[float, str, float, float]], order: list[str], separator: str, comment: str, line_end: str
) -> None:
    fields = ["mjd", "filter", "flux_uJy", "fluxerr_uJy"]
    lines = [comment + separator.join(order)]
    for point in points:
        cells = dict(zip(fields, map(str, point), strict=True))
        lines.append(separator.join(cells[name] for name in order))
    content = parse(line_end.join(lines))
    assert not content.problems
    for row, (mjd, band, flux, error) in zip(content.rows, points, strict=True):
        assert (row.mjd, row.filter, row.instrument_id) == (mjd, band, ZTF)
        assert (row.flux, row.fluxerr) == (pytest.approx(flux), pytest.approx(error))


@given(
    rows=st.lists(st.lists(NUMBERS, min_size=1, max_size=6), min_size=1, max_size=6),
    names=st.lists(st.sampled_from(["mjd", "mag", "magerr", "flux", "uJy", "duJy", "x", "y", "zp", "JD"]), max_size=6),
    separator=st.sampled_from([",", "\t", ";", "|", " "]),
)
def test_numbers_are_stored_as_they_read_or_refused(rows: list[list[float]], names: list[str], separator: str) -> None:
    text = "\n".join(separator.join(map(str, line)) for line in [names, *rows])
    try:
        content = parse(text)
    except InvalidError as error:
        assert str(error)
        return
    numbers = {str(number) for row in rows for number in row}
    for row in content.rows:
        assert str(row.mjd) in numbers or str(row.mjd + 2400000.5) in numbers


@given(data=st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        parse(data)
    except (InvalidError, RenderError) as error:
        assert str(error)


VOTABLE = """<?xml version="1.0"?>{doctype}<VOTABLE version="1.4"><RESOURCE><TABLE>
<FIELD name="mjd" datatype="double"/><FIELD name="mag" datatype="double"/><DATA>{data}</DATA>
</TABLE></RESOURCE></VOTABLE>"""


@pytest.mark.parametrize(
    ("doctype", "data"),
    [
        ("", '<BINARY><STREAM href="file:///etc/passwd"/></BINARY>'),
        ("", '<BINARY2><STREAM href="http://127.0.0.1:9/"/></BINARY2>'),
        ("", '<FITS extnum="1"><STREAM href="file:///etc/passwd"/></FITS>'),
        ('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>', "<TABLEDATA><TR><TD>&a;</TD></TR></TABLEDATA>"),
    ],
)
def test_nothing_outside_of_a_votable_is_opened(doctype: str, data: str) -> None:
    with pytest.raises(RenderError, match=r"refers to data outside|document type"):
        read_library_table(VOTABLE.format(doctype=doctype, data=data).encode(), "votable")


def test_a_fits_table_is_read_by_the_renderer() -> None:
    from astropy.table import Table

    file = io.BytesIO()
    content = Table({"mjd": [59000.25], "band": ["ztfg"], "flux": [0.1]}, units={"flux": "mJy"})
    content.write(file, format="fits")
    table_columns = read_library_table(file.getvalue(), "fits")
    assert table_columns["names"] == ["mjd", "band", "flux"]
    assert table_columns["columns"] == [[59000.25], ["ztfg"], [0.1]]
    assert table_columns["units"] == {"flux": "mJy"}
