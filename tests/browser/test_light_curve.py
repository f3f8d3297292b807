"""The light curve of a source: axes, models, styles, pictures, and the table of its points."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest
from astropy.table import Table
from playwright.sync_api import Locator, expect

from fitter_lambda.output.band_styles import assign_band_styles
from infra.client import Api
from tests.browser.app import App
from tests.browser.uploads import add_light_curve, upload_analysis
from tests.e2e.analysis_helpers import register_service, wait_for_state
from tests.service import Service, analysis_service

MAGS = {59000.0 + day: 18.0 + 0.05 * abs(day - 20) for day in range(0, 60, 4)}


def make_model(name: str, shift: float, log_evidence: float | None = None, **more: Any) -> dict[str, Any]:
    """The document of a model that lies this far from the data, and falls to magnitude 30 after them."""
    rows = [[mjd, mag + shift, mag + shift - 0.1, mag + shift + 0.1] for mjd, mag in MAGS.items()]
    summary = {"log_evidence": log_evidence, "redshift": 0.1, "peak_mjd": 59020.0, "distance_modulus": 38.3}
    return {
        "model_name": name, "model_lightcurve": {"ztfg": [*rows, [59100.0, 30.0, 29.0, 31.0]]},
        **({"model_summary": summary} if log_evidence is not None else {}), **more,
    }  # fmt: skip


def get_layout(card: Locator) -> dict[str, Any]:
    script = "element => JSON.parse(JSON.stringify(element.layout))"
    layout: dict[str, Any] = card.locator(".js-plotly-plot").first.evaluate(script)
    return layout


def list_lines(card: Locator) -> list[str]:
    """The names of the models that are drawn, with their dashes."""
    script = "element => element.data.filter(t => t.mode === 'lines' && t.name).map(t => `${t.name}: ${t.line.dash}`)"
    lines: list[str] = card.locator(".js-plotly-plot").first.evaluate(script)
    return lines


def open_light_curve(app: App, source: str) -> Locator:
    app.open(f"source/{source}")
    card = app.card("Light curve")
    expect(card.locator(".plot .points path").first).to_be_visible()
    return card


def test_the_axes_follow_the_data_and_not_a_model(app: App, api: Api) -> None:
    add_light_curve(api, "Axis_1", MAGS)
    upload_analysis(api, "Axis_1", make_model("faint", 0.0, 1.0))
    card = open_light_curve(app, "Axis_1")
    faint, bright = get_layout(card)["yaxis"]["range"]
    assert 19.9 < faint < 20.5 and 17.6 < bright < 18
    first, last = get_layout(card)["xaxis"]["range"]
    assert -10 < first < 0 and 56 < last < 62
    card.get_by_role("button", name="Flux").click()
    expect(card.locator(".ytitle")).to_contain_text("Flux")
    low, high = get_layout(card)["yaxis"]["range"]
    assert 0 < low < high < 400


def test_the_best_model_is_drawn_first_and_the_others_by_a_click(app: App, api: Api) -> None:
    add_light_curve(api, "Models_1", MAGS)
    refuted = {
        "verdict": {"describes_data": False, "word": "refuted", "message": "The model does not describe the data."}
    }
    numbers = {
        name: upload_analysis(api, "Models_1", document)
        for name, document in {
            "poor": make_model("poor", 0.2, -30.0),
            "refuted": make_model("refuted", 0.3, 50.0, **refuted),
            "best": make_model("best", 0.0, -10.0),
            "unranked": make_model("unranked", 0.1),
            "other data": make_model("other data", 0.1, -12.0, n_detections=7),
        }.items()
    }
    card = open_light_curve(app, "Models_1")
    assert list_lines(card) == [f"best (analysis {numbers['best']}), ztfg: solid"]
    legend = card.get_by_role("group", name="Models of completed fits, best first")
    order = [text.split(" (")[0].strip() for text in legend.locator("label").all_inner_texts()]
    assert order == ["best", "other data", "poor", "unranked", "refuted"]
    expect(legend).to_contain_text("Δ ln evidence -20.0")
    expect(legend.locator("label", has_text="other data")).not_to_contain_text("evidence")
    expect(legend.locator("label", has_text="refuted")).to_contain_text("does not describe the data")
    legend.get_by_label("poor").check()
    legend.get_by_label("refuted").check()
    app.page.wait_for_timeout(300)
    assert len({line.rsplit(": ", 1)[1] for line in list_lines(card)}) == 3


def test_absolute_magnitudes_rest_frame_days_and_residuals(app: App, api: Api) -> None:
    add_light_curve(api, "Scales_1", MAGS)
    upload_analysis(api, "Scales_1", make_model("best", 0.1, 1.0))
    card = open_light_curve(app, "Scales_1")
    card.get_by_role("button", name="Absolute magnitude").click()
    expect(card.locator(".ytitle")).to_contain_text("μ = 38.30")
    faint, bright = get_layout(card)["yaxis"]["range"]
    assert -18.5 < faint < -17.9 and -20.8 < bright < -20.2
    card.get_by_role("button", name="Rest-frame days").click()
    expect(card.locator(".xtitle")).to_contain_text("peak of best (z = 0.1)")
    first, _ = get_layout(card)["xaxis"]["range"]
    assert first == pytest.approx(-20 / 1.1, abs=4)
    card.get_by_role("button", name="Residuals").click()
    expect(card.locator(".y2title")).to_contain_text("σ")
    script = "element => element.data.filter(t => t.yaxis === 'y2').flatMap(t => [...t.y])"
    residuals = card.locator(".js-plotly-plot").first.evaluate(script)
    assert residuals == pytest.approx([-2.0] * len(MAGS), abs=0.01)


def test_without_redshift_or_model_no_axis_is_offered_that_needs_them(app: App, api: Api) -> None:
    add_light_curve(api, "Scales_2", MAGS)
    api.patch("/sources/Scales_2", {"redshift": None})
    card = open_light_curve(app, "Scales_2")
    names = card.get_by_role("button").all_inner_texts()
    assert {"Magnitude", "Flux", "Days", "MJD"} <= set(names)
    assert not {"Absolute magnitude", "Rest-frame days", "Residuals"} & set(names)


BANDS = [
    "ztfg", "ztfr", "ztfi", "atlasc", "atlaso", "ps1::g", "sdssu", "lsstz", "2massks", "cspjs", "bessellb", "gaia::gbp",
    "gaia::g", "uvot::uvm2", "f606w", "F444W", "tess", "kepler", "skymapperv", "my band", "é",
]  # fmt: skip

PLOTLY_SYMBOLS = {
    "d": "diamond-tall", "D": "diamond", "o": "circle", "p": "pentagon", "s": "square", "^": "triangle-up",
    "P": "cross", "X": "x", "*": "star", "<": "triangle-left", ">": "triangle-right", "h": "hexagon", "H": "hexagon2",
    "v": "triangle-down",
}  # fmt: skip


def test_bands_look_as_in_the_fitters_figures(app: App) -> None:
    script = """async bands => {
        const {assignBandStyles} = await import("./core/band_styles.js");
        const styles = [...assignBandStyles(bands)];
        return Object.fromEntries(styles.map(([band, {colour, symbol}]) => [band, [colour, symbol]]));
    }"""
    expected = {band: [style.colour, PLOTLY_SYMBOLS[style.marker]] for band, style in assign_band_styles(BANDS).items()}
    assert app.page.evaluate(script, BANDS) == expected


def test_m_and_f_switch_the_scale_unless_the_user_types(app: App, api: Api) -> None:
    card = open_light_curve(app, "2019dwz")
    app.page.keyboard.press("f")
    expect(card.locator(".ytitle")).to_contain_text("Flux")
    app.field("Comment *").fill("")
    app.field("Comment *").press_sequentially("mmf")
    expect(card.locator(".ytitle")).to_contain_text("Flux")
    app.page.get_by_role("heading", level=1).click()
    app.page.keyboard.press("m")
    expect(card.locator(".ytitle")).to_contain_text("Magnitude")


@pytest.mark.parametrize("card_title", ["Light curve", "Spectra"])
def test_plots_are_saved_as_png_and_svg(app: App, api: Api, card_title: str, tmp_path: Path) -> None:
    source = f"Saved_{card_title.split()[0]}"
    add_light_curve(api, source, MAGS)
    (ztf,) = [entry["id"] for entry in api.get("/instrument") if entry["name"] == "ZTF"]
    spectrum = {"obj_id": source, "instrument_id": ztf, "observed_at": "2020-01-01T00:00:00"}
    api.post("/spectrum", {**spectrum, "wavelengths": [4000.0, 5000.0, 6000.0], "fluxes": [1.0, 2.0, 1.5]})
    app.open(f"source/{source}")
    expect(app.card(card_title).locator(".main-svg").first).to_be_visible()
    for kind in ("PNG", "SVG"):
        with app.page.expect_download() as download:
            app.card(card_title).get_by_role("button", name=f"Save as {kind}").click()
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        assert path.suffix == f".{kind.lower()}"
        if kind == "PNG":
            pixels = matplotlib.image.imread(path)
            assert pixels.shape[:2] == (1240, 2000) and pixels[..., :3].std() > 0.02, "an empty picture"
        else:
            assert path.read_text().startswith("<svg") and "trace" in path.read_text()


def test_the_table_is_saved_with_units(app: App, api: Api, tmp_path: Path) -> None:
    open_light_curve(app, "2019dwz").get_by_text("Table of the 33 points").click()
    points = sorted(api.get("/sources/2019dwz/photometry?format=both"), key=lambda point: float(point["mjd"]))
    csv = Table.read(app.download("Save as CSV", tmp_path), format="ascii.csv")
    ecsv = Table.read(app.download("Save as ECSV", tmp_path), format="ascii.ecsv")
    for saved in (csv, ecsv):
        flux = np.ma.filled(saved["flux"], -1).tolist()
        assert flux == pytest.approx([-1 if point["flux"] is None else point["flux"] for point in points])
        assert saved["filter"].tolist() == [point["filter"] for point in points]
    assert (str(ecsv["mjd"].unit), str(ecsv["flux"].unit), str(ecsv["mag"].unit)) == ("d", "uJy", "mag")


@pytest.fixture
def silent_service(api: Api) -> Iterator[tuple[int, Service]]:
    with analysis_service() as service:
        service_id = register_service(api, service.url, name="listening service", display_name="Listening service")
        yield service_id, service
        api.send_request("DELETE", f"/analysis_service/{service_id}")


def test_a_point_is_left_out_of_the_next_analysis_but_not_deleted(
    app: App, api: Api, silent_service: tuple[int, Service]
) -> None:
    add_light_curve(api, "Left_1", MAGS)
    card = open_light_curve(app, "Left_1")
    card.get_by_text(f"Table of the {len(MAGS)} points").click()
    card.get_by_label("Send the ztfg point of MJD 59004.0000").uncheck()
    expect(card).to_contain_text(f"Crosses: 1 of {len(MAGS)} points left out")
    app.open(f"start/Left_1?service={silent_service[0]}")
    expect(app.page.get_by_text("Left out: 1 points")).to_be_visible()
    app.press("Start")
    app.page.wait_for_url("**/#/analysis/*")
    analysis = int(app.page.url.rsplit("/", 1)[1])
    wait_for_state(api, analysis, "pending")
    sent = silent_service[1].received[-1].body["inputs"]["photometry"]
    assert "59000.0," in sent and "59008.0," in sent and "59004.0," not in sent
    assert len(api.get("/sources/Left_1/photometry")) == len(MAGS)
    api.post(f"/obj/analysis/{analysis}/cancel", {})
