"""Files of light curves: sent as they lie on disk, shown as they would be stored, saved or refused with a sentence."""

import io
import json
from pathlib import Path
from urllib.parse import quote

import pytest
from astropy.table import Table
from hypothesis import HealthCheck, example, given, settings as hypothesis_settings, strategies as st

from chalicelib import settings
from tests.api.story import make_source
from tests.gateway import Gateway, Reply

SAMPLES = Path(__file__).resolve().parents[1] / "data" / "light_curves"
CURL = "application/x-www-form-urlencoded"
NIGHT = "mjd,filter,mag,magerr\n59300.25,ztfg,18.9,0.1\n59301.25,ztfr,>20.5,\n"
BROKEN = NIGHT + "59302.25,ztfg,bright,0.1\n8456.7,ztfg,18.0,0.1\n"
FIELDS = {"mjd", "filter", "instrument_id", "mag", "magerr", "limiting_mag", "flux", "fluxerr"}


@pytest.fixture
def user(admin: Gateway) -> Gateway:
    make_source(admin)
    for point in admin.get("/sources/SN1/photometry").data:
        admin.delete(f"/photometry/{point['id']}")
    return admin


def send(user: Gateway, body: str | bytes, query: str = "", content_type: str = "text/csv") -> Reply:
    return user.post(f"/sources/SN1/photometry/file?{query}", body, **{"content-type": content_type})


def count_points(user: Gateway) -> int:
    return len(user.get("/sources/SN1/photometry").data)


def test_a_dry_run_shows_the_rows_as_they_would_be_stored(user: Gateway) -> None:
    data = send(user, NIGHT, "dry_run=true").data
    assert data.keys() == {"format", "columns", "n_rows", "rows", "problems"}
    assert (data["format"], data["n_rows"], data["problems"]) == ("CSV", 2, [])
    assert data["columns"] == {"mjd": "mjd", "filter": "filter", "mag": "mag", "magerr": "magerr"}
    detection, limit = data["rows"]
    assert detection.keys() == FIELDS
    assert detection["flux"] == pytest.approx(100.0)
    assert (limit["mag"], limit["flux"], limit["limiting_mag"]) == (None, None, pytest.approx(20.5))
    assert count_points(user) == 0


def test_what_is_shown_is_what_is_stored(user: Gateway) -> None:
    preview = send(user, NIGHT, "dry_run=true").data["rows"]
    saved = send(user, NIGHT).data
    assert saved["rows"] == preview
    points = user.get("/sources/SN1/photometry?format=both").data
    assert [point["id"] for point in points] == saved["ids"]
    assert [{name: point[name] for name in FIELDS} for point in points] == preview


def test_a_file_that_was_saved_is_accepted_again(user: Gateway) -> None:
    first = send(user, NIGHT).data
    second = send(user, NIGHT).data
    assert second["ids"] == first["ids"]
    assert count_points(user) == 2


def test_any_problem_stops_the_upload(user: Gateway) -> None:
    reply = send(user, BROKEN)
    assert reply.status == 400
    assert "2 of 4 rows" in reply.message
    assert "skip_problems" in reply.message
    assert count_points(user) == 0


def test_all_problems_are_listed_and_can_be_skipped(user: Gateway) -> None:
    problems = send(user, BROKEN, "dry_run=true").data["problems"]
    assert [problem["row"] for problem in problems] == [3, 4]
    assert "bright" in problems[0]["message"]
    assert "JD - 2450000" in problems[1]["message"]
    saved = send(user, BROKEN, "skip_problems=true").data
    assert len(saved["ids"]) == 2
    assert len(saved["problems"]) == 2
    many = NIGHT + "59302.25,ztfg,bright,0.1\n" * 40
    assert len(send(user, many, "dry_run=true").data["problems"]) == 40


def test_a_file_without_any_row_to_save_is_refused(user: Gateway) -> None:
    reply = send(user, "mjd,filter,mag,magerr\n59300.25,ztfg,bright,0.1\n", "skip_problems=true")
    assert reply.status == 400
    assert "No row" in reply.message


@pytest.mark.parametrize("content_type", ["text/plain", "text/csv", CURL, "application/octet-stream", ""])
def test_the_type_of_the_content_does_not_matter(user: Gateway, content_type: str) -> None:
    assert len(send(user, NIGHT, "dry_run=true", content_type).data["rows"]) == 2


@pytest.mark.parametrize("content_type", [CURL, "application/octet-stream", "application/json"])
def test_json_of_any_type_reaches_other_routes_unharmed(user: Gateway, content_type: str) -> None:
    body = json.dumps({"text": "µJy, “quoted”, 😀"}, ensure_ascii=False)
    assert user.post("/sources/SN1/comments", body, **{"content-type": content_type}).status == 200
    (comment,) = user.get("/sources/SN1/comments").data
    assert comment["text"] == "µJy, “quoted”, 😀"


def make_form(*parts: tuple[str, str]) -> str:
    sections = [f"--xyz\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n" for head, content in parts]
    return "".join([*sections, "--xyz--\r\n"])


def test_a_form_with_one_file_is_taken(user: Gateway) -> None:
    form = make_form(('name="file"; filename="night.csv"', NIGHT))
    data = send(user, form, "dry_run=true", "multipart/form-data; boundary=xyz").data
    assert len(data["rows"]) == 2


@pytest.mark.parametrize(
    ("form", "message"),
    [
        (make_form(('name="a"; filename="a"', NIGHT), ('name="b"; filename="b"', NIGHT)), "2 files"),
        (make_form(('name="a"; filename="a"', NIGHT), ('name="dry_run"', "true")), "dry_run"),
        ("no form", "0 files"),
    ],
)
def test_other_forms_are_refused(user: Gateway, form: str, message: str) -> None:
    reply = send(user, form, "dry_run=true", "multipart/form-data; boundary=xyz")
    assert reply.status == 400
    assert message in reply.message


def test_columns_are_assigned_by_hand(user: Gateway) -> None:
    odd = "when;through;how bright;give or take\n59300.25;ztfg;18.9;0.1\n"
    assert "how bright" in send(user, odd, "dry_run=true").message
    mapping = {"mjd": "when", "filter": "through", "mag": "how bright", "magerr": "give or take"}
    data = send(user, odd, f"dry_run=true&columns={quote(json.dumps(mapping))}").data
    assert data["columns"] == mapping
    assert data["rows"][0]["flux"] == pytest.approx(100.0)
    assert "no column" in send(user, odd, f"columns={quote(json.dumps({**mapping, 'mag': 'x'}))}").message
    assert "no field" in send(user, odd, f"columns={quote(json.dumps({**mapping, 'x': 'when'}))}").message
    assert send(user, odd, "columns=[1]").status == 400


def test_a_flux_without_scale_needs_a_zero_point(user: Gateway) -> None:
    text = "mjd,filter,flux,fluxerr\n59300.25,ztfg,1000,10\n"
    refused = send(user, text, "dry_run=true")
    assert refused.status == 400
    assert "zp" in refused.message
    assert send(user, text, "dry_run=true&zp=26.4").data["rows"][0]["flux"] == pytest.approx(100.0)
    assert send(user, text, "dry_run=true&zp=nan").status == 400
    assert send(user, text, "dry_run=true&zp=230").status == 400


def test_the_magnitude_system_of_the_request(user: Gateway) -> None:
    vega = send(user, NIGHT, "dry_run=true&magsys=vega").data["rows"][0]
    assert vega["mag"] != pytest.approx(18.9, abs=0.01)
    assert send(user, NIGHT, "magsys=sdss").status == 400


def test_the_instrument_of_the_request(user: Gateway) -> None:
    other = user.post("/instrument", {"name": "Other", "filters": ["ztfg", "ztfr"]}).data["id"]
    ambiguous = send(user, NIGHT, "dry_run=true").data["problems"]
    assert len(ambiguous) == 2
    assert f"instrument_id={other}" in ambiguous[0]["message"]
    rows = send(user, NIGHT, f"dry_run=true&instrument_id={other}").data["rows"]
    assert {row["instrument_id"] for row in rows} == {other}
    assert send(user, NIGHT, "dry_run=true&instrument_id=99").status == 400


def test_points_are_shared_with_groups(user: Gateway) -> None:
    group = user.post("/groups", {"name": "ours"}).data["id"]
    send(user, NIGHT, f"group_ids={group}")
    point = user.get("/sources/SN1/photometry").data[0]
    assert group in {item["id"] for item in point["groups"]}
    assert send(user, NIGHT, "group_ids=4711").status == 403
    assert send(user, NIGHT, "group_ids=mine").status == 400


HOSTILE = [
    b"", b" \n \n", b"\0" * 100, b"mjd,mag\n\0\0", b"\xff\xfe\x00", b"\xff\xff\xff\xff", b"mjd\n59000\n59001\n",
    b"hello", b"{", b"[]", b"{}", b"[1, 2]", b'{"a": {"b": 1}}', b'[{"mjd": {}}]', b"[" * 100_000, b'{"a":' * 100_000,
    b'[{"mjd": 1e999, "filter": "ztfg", "mag": 1, "magerr": 1}]', b'{"photometry": [[1, 2], [3, 4]]}',
    b"\x1f\x8b\x08\x00", b"PK\x03\x04", b"%PDF-1.7", b"<html></html>", b"mjd,mjd,filter,mag\n1,2,3,4\n",
    b"#TYPE=EXTENDED\n#DELIM=\n", b"#TYPE=EXTENDED\n#DATE=EXCEL\n1,2,3", b"VARLIST: MJD\nOBS: 1\n", b"@\n",
    b"@ \n1 2\n", b"|a|b|\n|c|\n", b"|a|b|c|\n|d|e|f|\n", b'"mjd,filter\n"1,2\n', b"1 2 3\n4 5 6\n", b"\\\n|\n",
    "mjd,filter,mag,magerr\n５９３００,ztfg,18,0.1\n".encode(), b"SIMPLE  = broken",
    b"<VOTABLE>", b"# %ECSV 1.0\n# ---\n",
]  # fmt: skip


@pytest.mark.parametrize("body", HOSTILE, ids=lambda body: repr(body[:20]))
@pytest.mark.usefixtures("lambdas")
def test_what_is_no_light_curve_is_refused_with_a_sentence(user: Gateway, body: bytes) -> None:
    reply = send(user, body, "skip_problems=true", CURL)
    assert reply.status == 400
    assert reply.message.endswith((".", ")")) or "row" in reply.message
    assert count_points(user) == 0


def test_too_large_a_file_is_refused(user: Gateway) -> None:
    reply = send(user, b"x" * (settings.REQUEST_BYTES + 1), content_type=CURL)
    assert reply.status == 413
    rows = "".join(f"{59000 + n / 100:.2f},ztfg,18,0.1\n" for n in range(10_001))
    assert send(user, "mjd,filter,mag,magerr\n" + rows).status == 413


def test_the_largest_file_is_saved(user: Gateway) -> None:
    rows = "".join(f"{59000 + n / 100:.2f},ztfg,18,0.1\n" for n in range(10_000))
    reply = send(user, "mjd,filter,mag,magerr\n" + rows, "dry_run=true")
    assert reply.data["n_rows"] == 10_000


# ---- files that the renderer opens


def test_ecsv_with_units(user: Gateway, lambdas: None) -> None:
    data = send(user, (SAMPLES / "table.ecsv").read_bytes(), "dry_run=true", CURL).data
    assert data["format"] == "ECSV"
    assert [(row["mjd"], row["flux"]) for row in data["rows"]] == [(59000.25, pytest.approx(500.0)), (59001.25, None)]


def test_votable(user: Gateway, lambdas: None) -> None:
    data = send(user, (SAMPLES / "table.vot").read_bytes(), "dry_run=true").data
    assert data["format"] == "VOTable"
    assert [row["mjd"] for row in data["rows"]] == [59000.25]
    assert data["rows"][0]["mag"] == pytest.approx(18.5)
    assert [problem["row"] for problem in data["problems"]] == [2]


def make_fits(unit: str | None = "uJy") -> bytes:
    content = Table(
        {"MJD": [59000.25, 59001.25], "BAND": ["ztfg", "ztfr"], "FLUX": [100.0, -5.0], "FLUXERR": [3.0, 4.0]}
    )
    if unit:
        content["FLUX"].unit = unit
        content["FLUXERR"].unit = unit
    file = io.BytesIO()
    content.write(file, format="fits")
    return file.getvalue()


def test_fits_reaches_the_app_unharmed(user: Gateway, lambdas: None) -> None:
    for content_type in (CURL, "application/octet-stream", "application/fits"):
        data = send(user, make_fits(), "dry_run=true", content_type).data
        assert data["format"] == "FITS table"
        assert [row["flux"] for row in data["rows"]] == pytest.approx([100.0, -5.0])


def test_fits_without_units_is_refused(user: Gateway, lambdas: None) -> None:
    assert "zp" in send(user, make_fits(None), "dry_run=true", CURL).message


@pytest.mark.parametrize("cut", [100, 2880, 3000, 5770])
def test_broken_fits_is_refused(user: Gateway, lambdas: None, cut: int) -> None:
    assert send(user, make_fits()[:cut], "dry_run=true", CURL).status == 400


# ---- any file

CELLS = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True).map(repr),
    st.integers(-(10**6), 10**6).map(str),
    st.sampled_from(["", "nan", "--", ">19.5", "<2", "243,5", "ztfg", "r", "2021-05-08", "2459300.5", "99", "x"]),
)
HEADERS = st.one_of(
    st.sampled_from(
        ["mjd", "jd", "filter", "band", "mag", "magerr", "flux", "fluxerr", "zp", "uJy", "duJy", "F", "err"]
    ),
    st.text(st.characters(codec="utf-8"), max_size=8),
)


@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(HEADERS, max_size=6),
    rows=st.lists(st.lists(CELLS, max_size=6), max_size=4),
    separator=st.sampled_from([",", "\t", ";", "|", " "]),
    query=st.sampled_from(["dry_run=true", "dry_run=true&zp=25", "dry_run=true&skip_problems=true"]),
)
def test_any_table_is_answered(
    user: Gateway, names: list[str], rows: list[list[str]], separator: str, query: str
) -> None:
    text = "\n".join(separator.join(line) for line in [names, *rows])
    reply = send(user, text.encode(), query, CURL)
    assert reply.status in (200, 400)
    if reply.status == 200:
        assert reply.data["n_rows"] == len(reply.data["rows"]) + len(reply.data["problems"])


@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=300))
@example(b"SIMPLE  =")
@example(b"<?xml version='1.0'?><VOTABLE>")
def test_any_bytes_are_answered(user: Gateway, lambdas: None, data: bytes) -> None:
    assert send(user, data, "dry_run=true", CURL).status in (200, 400)


def test_what_is_sent_by_its_path_is_of_a_source(user: Gateway) -> None:
    reply = user.post("/sources/none/photometry/file", NIGHT)
    assert reply.status == 404
