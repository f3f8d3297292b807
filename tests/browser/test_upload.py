"""Upload photometry from a file."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from infra.client import Api
from tests.browser.app import App

DROP_FILE = """([name, text]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], name, {type: "text/csv"}));
    const drop = new DragEvent("drop", {dataTransfer: transfer, bubbles: true});
    document.querySelector(".drop").dispatchEvent(drop);
}"""


@pytest.fixture
def source(api: Api, request: pytest.FixtureRequest) -> str:
    name = f"Upload_{abs(hash(request.node.name)) % 10**8}"
    api.post("/sources", {"id": name, "ra": 10.0, "dec": 20.0})
    return name


def test_a_csv_file_is_dropped_previewed_and_saved(app: App, api: Api, source: str) -> None:
    app.open(f"source/{source}")
    app.page.evaluate(
        DROP_FILE,
        ["night.csv", "JD,Band,Mag,e_mag,note\n2459300.5,ztfg,18.1,0.05,fine\n2459301.5,ztfr,18.0,0.04,fine\n"],
    )
    upload = app.card("Upload photometry")
    expect(upload).to_contain_text("night.csv: CSV, 2 rows")
    expect(upload).to_contain_text("magerr from e_mag")
    expect(upload.get_by_role("row", name="59300 ztfg")).to_contain_text("18.1")
    app.press("Save 2 points")
    expect(app.page.get_by_text(f"Saved 2 points of photometry for {source}")).to_be_visible()
    expect(app.card("Light curve").locator(".plot .points path")).to_have_count(2)
    points = api.get(f"/sources/{source}/photometry")
    assert [point["mjd"] for point in points] == [59300.0, 59301.0]
    assert [round(point["mag"], 4) for point in points] == [18.1, 18.0]


def test_fluxes_limits_and_other_separators_are_recognized(app: App, api: Api, source: str, tmp_path: Path) -> None:
    file = tmp_path / "flux.dat"
    file.write_text("# mjd  flux  fluxerr  zp  bandpass\n59300.1 200 10 25 ztfg\n59302.1 nan 12 25 ztfr\n")
    app.open(f"source/{source}")
    app.page.get_by_label("File with photometry").set_input_files(file)
    expect(app.card("Upload photometry")).to_contain_text("separated by blanks, 2 rows")
    app.press("Save 2 points")
    expect(app.card("Light curve").locator(".plot .points path")).to_have_count(2)
    first, second = api.get(f"/sources/{source}/photometry?format=flux")
    assert first["flux"] == pytest.approx(200 * 10 ** (-0.4 * 1.1), rel=1e-4)
    assert second["flux"] is None


def test_problems_are_shown_at_their_rows_and_can_be_skipped(app: App, api: Api, source: str) -> None:
    app.open(f"source/{source}")
    text = "mjd,filter,mag,magerr\n59300,ztfg,18.1,0.05\n59301,ztfg,bright,0.05\n,ztfg,18,0.1\n59302,nonsense,18,0.1\n"
    app.page.evaluate(DROP_FILE, ["bad.csv", text])
    upload = app.card("Upload photometry")
    expect(upload.get_by_role("row", name="2 mag: “bright” is not a number")).to_be_visible()
    expect(upload).to_contain_text("mjd: missing")
    expect(upload.get_by_role("row", name="4 filter")).to_contain_text("nonsense")
    expect(upload.get_by_role("button", name="Save 1 point")).to_be_disabled()
    assert api.get(f"/sources/{source}/photometry") == []
    upload.get_by_label("Skip problem rows").check()
    app.press("Save 1 point")
    expect(app.card("Light curve").locator(".plot .points path")).to_have_count(1)


def test_a_flux_without_scale_asks_for_a_zero_point(app: App, api: Api, source: str) -> None:
    app.open(f"source/{source}")
    with app.allow_statuses(400):
        app.page.evaluate(DROP_FILE, ["flux.csv", "mjd,filter,flux,fluxerr\n59300,ztfg,1000,10\n"])
        upload = app.card("Upload photometry")
        expect(upload.get_by_role("alert")).to_contain_text("neither a unit nor a zero point")
        upload.get_by_label("Zero point", exact=True).fill("26.4")
        expect(upload.get_by_role("row", name="59300 ztfg")).to_contain_text("18.9")
    app.press("Save 1 point")
    expect(app.card("Light curve").locator(".plot .points path")).to_have_count(1)
    assert api.get(f"/sources/{source}/photometry?format=flux")[0]["flux"] == pytest.approx(100.0)


def test_columns_with_unknown_names_are_assigned_by_hand(app: App, api: Api, source: str) -> None:
    app.open(f"source/{source}")
    with app.allow_statuses(400):
        app.page.evaluate(DROP_FILE, ["odd.csv", "when;through;how bright;give or take\n59300;ztfg;18.1;0.05\n"])
        upload = app.card("Upload photometry")
        expect(upload.get_by_role("alert")).to_contain_text("its columns are when, through, how bright, give or take")
        for field, column in {
            "mjd": "when",
            "filter": "through",
            "mag": "how bright",
            "magerr": "give or take",
        }.items():
            upload.get_by_label(field, exact=True).fill(column)
        expect(upload).to_contain_text("mag from how bright")
    app.press("Save 1 point")
    expect(app.card("Light curve").locator(".plot .points path")).to_have_count(1)


@pytest.mark.parametrize(("text", "message"), [("", "empty"), ("mjd,mag\n", "no rows")])
def test_a_file_without_rows_is_refused(app: App, source: str, text: str, message: str) -> None:
    app.open(f"source/{source}")
    with app.allow_statuses(400):
        app.page.evaluate(DROP_FILE, ["empty.csv", text])
        expect(app.card("Upload photometry").get_by_role("alert")).to_contain_text(message)


def test_a_spectrum_is_uploaded_from_an_ascii_file(app: App, api: Api, tmp_path: Path) -> None:
    """Old headers are Latin-1: their letters are kept."""
    api.post("/sources", {"id": "Web_spectrum", "ra": 10.0, "dec": 20.0})
    rows = "".join(f"{4000 + 10 * i} {1 + i % 3}.5 0.1\n" for i in range(50))
    (tmp_path / "sn.ascii").write_bytes("# OBSERVER: Ångström\n".encode("latin-1") + rows.encode())
    app.open("source/Web_spectrum")
    card = app.card("Spectra")
    card.get_by_text("Upload a spectrum").click()
    card.get_by_label("ASCII file with a spectrum").set_input_files(tmp_path / "sn.ascii")
    expect(card).to_contain_text("50 wavelengths, 4000 to 4490 Å, without errors")
    card.get_by_label("Column of the error").fill("3")
    expect(card).to_contain_text("with errors")
    card.get_by_label("Observed at (UTC) *").fill("2026-11-28T03:10:00")
    card.get_by_label("Instrument *").select_option(index=1)
    app.press("Save the spectrum")
    expect(card.get_by_label("Spectrum of Web_spectrum, 2026-11-28")).to_be_visible()
    (spectrum,) = api.get("/sources/Web_spectrum/spectra?includeOriginalFile=true")["spectra"]
    assert len(spectrum["wavelengths"]) == 50 and set(spectrum["errors"]) == {0.1}
    assert "Ångström" in spectrum["original_file_string"]
