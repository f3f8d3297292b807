"""Spectra in the web app: lines of ions at a redshift, and models of completed fits."""

from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, expect

from fitter_lambda.spectrum.host_components import EMISSION_LINES
from fitter_lambda.spectrum.spectrum_masks import GALACTIC_LINES
from fitter_lambda.spectrum.spectrum_table import to_vacuum
from infra.client import Api
from tests.browser.app import App
from tests.browser.uploads import upload_analysis

WAVE = np.arange(4000.0, 8000.0, 20.0)
FLUX = 3e-16 * (1 + 0.1 * np.sin(WAVE / 90))
RYDBERG = 10967758.34
LIGHT_SPEED = 299792.458


def add_spectrum(api: Api, source: str, units: str = "erg/s/cm/cm/AA", redshift: float | None = 0.03) -> int:
    """Add a source with a spectrum; return the spectrum's id."""
    api.post("/sources", {"id": source, "ra": 10.0, "dec": 20.0, **({"redshift": redshift} if redshift else {})})
    (instrument,) = [entry["id"] for entry in api.get("/instrument") if entry["name"] == "spectrograph"]
    spectrum = {"obj_id": source, "instrument_id": instrument, "observed_at": "2026-01-02T00:00:00", "units": units}
    columns = {"wavelengths": WAVE.tolist(), "fluxes": FLUX.tolist()}
    return int(api.post("/spectrum", {**spectrum, **columns, "group_ids": "all"})["id"])


def make_spectrum_fit(spectrum: int | None, **more: Any) -> dict[str, Any]:
    """The document of a fit of a spectrum: a supernova of type II at z = 0.0213 ± 0.0009."""
    columns: dict[str, list[Any]] = {
        "wavelength": WAVE.tolist(), "flux": [None, *FLUX[1:].tolist()], "error": [None] + [2e-17] * (len(WAVE) - 1),
        "model": [3e-16] * len(WAVE), "host": [1e-16] * len(WAVE), "discrepancy": [1e-17] * len(WAVE),
    }  # fmt: skip
    entry = {"name": "nugent-sn2p", "class": "II", "delta_log_evidence": 0.0, "redshift": 0.0213, "phase": -4.2}
    results = {
        "parameters": {"z": {"median": 0.02134, "err_minus": 0.0008, "err_plus": 0.001}},
        "class_probabilities": {"II": 0.943218, "Ia": 0.05, "blue": 0.006782},
        "prior_class_probabilities": {"II": 0.4642105263157895, "Ia": 0.2178947, "blue": 0.03},
        "ranking": [entry, {**entry, "name": "salt3", "class": "Ia", "delta_log_evidence": -3.1, "phase": None}],
        "misfit_p_value": 0.4,
        "model_spectrum": [{"spectrum_id": spectrum, "observed_at": "2026-01-02T00:00:00", **columns}],
        **more,
    }  # fmt: skip
    return {"results": results, "model_name": "nugent-sn2p", "model_summary": {"spectra": [spectrum]}}


def list_shapes(card: Locator) -> list[tuple[float, str]]:
    """The place and the colour of the lines that are drawn."""
    script = """element => (element.layout.shapes ?? []).filter(shape => shape.type === "line")
        .map(shape => [shape.x0, shape.line.color])"""
    shapes: list[tuple[float, str]] = card.locator(".js-plotly-plot").first.evaluate(script)
    return shapes


def list_places(card: Locator) -> list[float]:
    return [place for place, _ in list_shapes(card)]


def list_traces(card: Locator) -> list[str]:
    script = "element => element.data.filter(trace => trace.name).map(trace => trace.name)"
    names: list[str] = card.locator(".js-plotly-plot").first.evaluate(script)
    return names


def list_labels(card: Locator) -> list[str]:
    script = "element => (element.layout.annotations ?? []).map(label => label.text)"
    labels: list[str] = card.locator(".js-plotly-plot").first.evaluate(script)
    return labels


def open_spectra(app: App, source: str) -> Locator:
    app.open(f"source/{source}")
    card = app.card("Spectra")
    expect(card.locator(".plot .trace").first).to_be_visible()
    return card


def test_lines_are_drawn_at_the_redshift_of_the_source(app: App, api: Api) -> None:
    add_spectrum(api, "Lines_1")
    card = open_spectra(app, "Lines_1")
    assert list_places(card) == []
    card.get_by_label("H", exact=True).check()
    expect(card.locator(".plot .annotation-text", has_text="Hα")).to_be_visible()
    assert max(list_places(card)) == pytest.approx(6562.8 * 1.03)
    assert list_labels(card) == ["Hε", "Hδ", "Hγ", "Hβ", "Hα"]
    card.get_by_label("[N II]", exact=True).check()
    card.get_by_label("Telluric", exact=True).check()
    expect(card.locator(".plot .annotation-text", has_text="⊕").first).to_be_visible()
    assert len({colour for _, colour in list_shapes(card)}) == 2


def test_field_slider_and_keyboard_move_the_lines(app: App, api: Api) -> None:
    add_spectrum(api, "Lines_2")
    card = open_spectra(app, "Lines_2")
    card.get_by_label("Na I D", exact=True).check()
    field = card.get_by_label("Redshift of the lines")
    expect(field).to_have_value("0.03")
    field.fill("0.05")
    expect(card.get_by_label("Slide the redshift")).to_have_attribute("aria-valuetext", "z = 0.05")
    assert list_places(card)[0] == pytest.approx(5890.0 * 1.05)
    card.get_by_label("Slide the redshift").focus()
    app.page.keyboard.press("ArrowRight")
    expect(field).to_have_value("0.0501")
    card.get_by_role("button", name="Back to z = 0.03").click()
    expect(field).to_have_value("0.03")
    expect(card.get_by_role("button", name="Back to")).to_have_count(0)


def test_a_velocity_shifts_permitted_lines_alone(app: App, api: Api) -> None:
    add_spectrum(api, "Lines_3", redshift=None)
    card = open_spectra(app, "Lines_3")
    card.get_by_label("Si II", exact=True).check()
    card.get_by_label("[S II]", exact=True).check()
    card.get_by_label("Velocity (km/s)").fill("12000")
    beta = 12000 / LIGHT_SPEED
    shifted = 6347.1 * np.sqrt((1 - beta) / (1 + beta))
    expect(card.get_by_label("Redshift of the lines")).to_have_value("0")
    places = list_places(card)
    assert min(abs(np.array(places) - shifted)) < 1e-6
    assert 6716.4 in places


@pytest.mark.parametrize(
    ("label", "text", "sentence"),
    [
        ("Redshift of the lines", "-3", "A redshift is above -1"),
        ("Redshift of the lines", "about 0.1", "is no number"),
        ("Velocity (km/s)", "400000", "below that of light"),
    ],
)
def test_what_is_no_redshift_or_velocity_is_said(app: App, api: Api, label: str, text: str, sentence: str) -> None:
    add_spectrum(api, "Lines_4")
    card = open_spectra(app, "Lines_4")
    card.get_by_label("H", exact=True).check()
    card.get_by_label(label).fill(text)
    card.get_by_label(label).blur()
    expect(card.get_by_text(sentence)).to_be_visible()
    assert max(list_places(card)) == pytest.approx(6562.8 * 1.03)


def test_lines_and_models_survive_a_reload(app: App, api: Api) -> None:
    number = upload_analysis(api, "Lines_5", make_spectrum_fit(add_spectrum(api, "Lines_5")))
    card = open_spectra(app, "Lines_5")
    card.get_by_label("Fe II", exact=True).check()
    card.get_by_label("Redshift of the lines").fill("0.041")
    card.get_by_label(f"(analysis {number})").check()
    app.page.reload()
    app.settle()
    expect(card.get_by_label("Fe II", exact=True)).to_be_checked()
    expect(card.get_by_label("Redshift of the lines")).to_have_value("0.041")
    expect(card.get_by_label(f"(analysis {number})")).to_be_checked()


def test_the_model_of_a_fit_is_drawn_over_its_spectrum(app: App, api: Api) -> None:
    spectrum = add_spectrum(api, "Model_1")
    number = upload_analysis(api, "Model_1", make_spectrum_fit(spectrum))
    upload_analysis(api, "Model_1", make_spectrum_fit(spectrum + 1000))
    card = open_spectra(app, "Model_1")
    expect(card.get_by_label("model of")).to_have_count(1)
    assert list_traces(card) == ["spectrum"]
    card.get_by_label(f"(analysis {number})").check()
    expect(card.locator(".plot .trace")).to_have_count(3)
    assert [name.split(",")[0] for name in list_traces(card)] == ["spectrum", "host", "model of uploader"]
    card.get_by_label(f"(analysis {number})").uncheck()
    expect(card.locator(".plot .trace")).to_have_count(1)


def test_a_model_is_not_drawn_over_magnitudes(app: App, api: Api) -> None:
    upload_analysis(api, "Model_2", make_spectrum_fit(add_spectrum(api, "Model_2", units="AB")))
    card = open_spectra(app, "Model_2")
    expect(card).to_contain_text("see the pages of its analyses")
    expect(card.get_by_label("model of")).to_have_count(0)


HOSTILE_MODELS: list[Any] = [
    "none", [None, 3, []], [{"wavelength": [1], "model": "x"}], [{"wavelength": ["a", None], "model": [{}, []]}],
    [{"wavelength": [4000.0, 5000.0, 6000.0], "model": [1.0, None, "NaN"], "spectrum_id": "1", "observed_at": 7}],
    [{"wavelength": [4000.0, 5000.0], "model": [1.0, 1e300], "flux": [1.0], "error": [0, -1], "host": {}}],
]  # fmt: skip


def test_no_model_breaks_the_page(app: App, api: Api) -> None:
    spectrum = add_spectrum(api, "Model_3")
    for model in HOSTILE_MODELS:
        document = make_spectrum_fit(spectrum, model_spectrum=model, class_probabilities={"Ia": "much"}, ranking=[4])
        number = upload_analysis(api, "Model_3", document)
        app.open(f"analysis/{number}")
        expect(app.card("Results")).to_be_visible()
        expect(app.page.get_by_text("Cannot show this part of the page")).to_have_count(0)
    card = open_spectra(app, "Model_3")
    for tick in card.get_by_label("model of").all():
        tick.check()
    app.settle()
    expect(app.page.get_by_text("Cannot show this part of the page")).to_have_count(0)


def test_wavelengths_of_lines_are_those_of_nature(app: App) -> None:
    script = """async () => Object.fromEntries((await import("./core/spectral_lines.js")).IONS
        .map(({name, lines}) => [name, lines.map(({wavelength}) => wavelength)]))"""
    ions = {name: to_vacuum(np.array(lines)) for name, lines in app.page.evaluate(script).items()}
    balmer = 1e10 / (RYDBERG * (1 / 4 - 1 / np.arange(7, 2, -1) ** 2))
    assert ions["H"] == pytest.approx(balmer, abs=0.2)
    helium = np.array([1 / 9 - 1 / 25, 1 / 9 - 1 / 16, 1 / 16 - 1 / 49]) * 4 * 10972227.0
    assert ions["He II"] == pytest.approx(1e10 / helium, abs=0.6)
    lines = {name: [wave for wave, _ in members] for name, members in EMISSION_LINES.items()}
    both = np.concatenate([ions["[N II]"][::-1], ions["[S II]"]])
    assert both == pytest.approx(lines["[N II], [S II]"], abs=0.2)
    assert ions["[O III]"][:0:-1] == pytest.approx(lines["[O III]"], abs=0.2)
    assert ions["[O II]"].mean() == pytest.approx(lines["[O II]"][0], abs=0.6)
    assert ions["Ca II"][:2] == pytest.approx([GALACTIC_LINES["Ca II K"], GALACTIC_LINES["Ca II H"]], abs=0.2)
    assert ions["Na I D"].mean() == pytest.approx(GALACTIC_LINES["Na I D"], abs=0.4)
