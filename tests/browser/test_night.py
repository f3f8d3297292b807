"""The tasks of a night at the telescope, each from the start page, with the clicks that it takes."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from infra.client import Api
from tests.browser.app import FIT_TIMEOUT_MS, App
from tests.browser.test_light_curve import MAGS, make_model
from tests.browser.test_results import REFUTED, make_fit
from tests.browser.uploads import add_light_curve, upload_analysis
from tests.browser.variable import add_variable
from tests.running_stack import RunningStack

COUNT_CLICKS = """
() => { window.clickCount = 0; addEventListener("click", () => { window.clickCount += 1; }, true); }
"""

ATLAS_FILE = """\
###MJD          m      dm   uJy   duJy F err chi/N   RA       Dec        x        y     maj  min   phi  apfit mag5sig Sky   Obs
59000.512345  18.512  0.021  143.2  2.8 o 0 1.1 10.00000 20.00000 1 1 2.5 2.2 -10 -0.4 20.1 19.5 01a59000o0512o
59002.512345  18.312  0.020  172.2  3.1 o 0 1.1 10.00000 20.00000 1 1 2.5 2.2 -10 -0.4 20.1 19.5 01a59002o0512o
"""  # noqa: E501


@pytest.fixture
def count_clicks(app: App) -> Callable[[], int]:
    """Start to count, and return a function that tells how many clicks there were."""
    app.page.evaluate(COUNT_CLICKS)
    return lambda: int(app.page.evaluate("window.clickCount"))


def find_source(app: App, text: str, source: str) -> None:
    """Find a source by a part of its name, from the start page."""
    app.page.keyboard.press("/")
    app.page.keyboard.type(text)
    app.page.keyboard.press("Enter")
    app.page.get_by_role("link", name=source, exact=True).click()
    expect(app.page.get_by_role("heading", name=source, level=1)).to_be_visible()
    app.settle()


def test_find_a_source_by_half_its_name(app: App, api: Api, count_clicks: Callable[[], int]) -> None:
    api.post("/sources", {"id": "ZTF21aaxyzqj", "ra": 10.0, "dec": 20.0})
    find_source(app, "xyzq", "ZTF21aaxyzqj")
    assert count_clicks() <= 2  # with the one that Enter makes


def test_import_a_survey_file(app: App, api: Api, count_clicks: Callable[[], int], tmp_path: Path) -> None:
    api.post("/sources", {"id": "Night_file", "ra": 10.0, "dec": 20.0})
    (tmp_path / "forced.txt").write_text(ATLAS_FILE)
    find_source(app, "night_file", "Night_file")
    app.page.get_by_label("File with photometry").set_input_files(tmp_path / "forced.txt")
    app.press("Save 2 points")
    expect(app.card("Light curve").locator(".plot .points path").first).to_be_visible()
    assert count_clicks() <= 3


def test_see_whether_it_is_a_type_ia(app: App, count_clicks: Callable[[], int]) -> None:
    find_source(app, "2019dw", "2019dwz")
    app.page.get_by_role("link", name="Start an analysis").click()
    app.settle()
    app.field("Model").select_option("auto")
    app.press("Start")
    expect(app.card("Results").get_by_label("Probability of class Ia")).to_be_visible(timeout=FIT_TIMEOUT_MS)
    expect(app.page.locator(".verdict.good")).to_be_visible()
    assert count_clicks() <= 4


def test_compare_two_fits(app: App, api: Api, count_clicks: Callable[[], int]) -> None:
    add_light_curve(api, "Night_compare", MAGS)
    for name, evidence in (("salt3", -10.0), ("hsiao", -14.0)):
        upload_analysis(api, "Night_compare", {**make_fit(name, evidence), **make_model(name, 0.0, evidence)})
    find_source(app, "night_comp", "Night_compare")
    for box in app.page.get_by_label(re.compile("to compare$")).all():
        box.check()
    app.page.get_by_role("link", name="Compare 2 analyses").click()
    expect(app.page.get_by_role("row", name="Δ ln evidence")).to_contain_text("-4.0")
    assert count_clicks() <= 5


def test_share_a_source_with_a_group(app: App, api: Api, count_clicks: Callable[[], int]) -> None:
    group = api.post("/groups", {"name": "Night team"})["id"]
    app.page.reload()
    app.settle()
    app.page.evaluate(COUNT_CLICKS)
    api.post(
        "/sources",
        {"id": "Night_share", "ra": 10.0, "dec": 20.0, "group_ids": [api.get("/groups")["user_groups"][0]["id"]]},
    )
    find_source(app, "night_sh", "Night_share")
    app.page.get_by_text("Who sees the source").click()
    app.press("Share with Night team")
    expect(app.page.get_by_role("button", name="Stop sharing with Night team")).to_be_visible()
    assert group in {entry["id"] for entry in api.get("/sources/Night_share")["groups"]}
    assert count_clicks() <= 4


def test_rerun_with_one_change(app: App, api: Api, count_clicks: Callable[[], int]) -> None:
    first = int(
        api.post("/obj/2020aai/analysis/1", {"analysis_parameters": {"source": "salt3", "fix_z": "True"}})["id"]
    )
    find_source(app, "2020aa", "2020aai")
    app.page.get_by_role("link", name=f"Run analysis {first} again").click(timeout=FIT_TIMEOUT_MS)
    app.settle()
    expect(app.field("Model")).to_have_value("salt3")
    app.field("fix_z").select_option("False")
    app.press("Start")
    app.page.wait_for_url("**/#/analysis/*")
    rerun = int(app.page.url.rsplit("/", 1)[1])
    parameters = api.get(f"/obj/analysis/{rerun}")["analysis_parameters"]
    assert (parameters["source"], parameters["fix_z"]) == ("salt3", "False")
    assert count_clicks() <= 4


def test_find_what_failed(app: App, api: Api, count_clicks: Callable[[], int]) -> None:
    failed = upload_analysis(api, "2019dwz", {}, status="error", message="no data")
    app.page.get_by_role("link", name="Analyses").click()
    app.settle()
    app.page.get_by_role("group", name="Counts by state").get_by_text("failed").click()
    expect(app.card("Matches").get_by_role("link", name=str(failed), exact=True)).to_be_visible()
    assert count_clicks() <= 2


def test_fold_a_period(app: App, api: Api, count_clicks: Callable[[], int]) -> None:
    add_variable(api, "Night_RR")
    find_source(app, "night_rr", "Night_RR")
    app.press("Compute")
    app.settle()
    expect(app.page.get_by_role("region", name="Folded light curve").locator(".plot")).to_be_visible()
    assert count_clicks() <= 3


def test_save_a_figure_for_a_talk(app: App, api: Api, count_clicks: Callable[[], int], tmp_path: Path) -> None:
    find_source(app, "2019dw", "2019dwz")
    expect(app.card("Light curve").locator(".plot .points path").first).to_be_visible()
    with app.page.expect_download() as download:
        app.card("Light curve").get_by_role("button", name="Save as PNG").click()
    download.value.save_as(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 20_000
    assert count_clicks() <= 3


def test_hand_a_colleague_a_link(app: App, api: Api, stack: RunningStack) -> None:
    document = {**make_fit("salt3", -5.0), "verdict": REFUTED}
    analysis = upload_analysis(api, "2019dwz", document)
    app.open(f"analysis/{analysis}")
    link = app.page.url
    context = app.page.context.browser.new_context()  # type: ignore[union-attr]
    other = App(context.new_page(), app.url)
    other.page.goto(link)
    other.page.get_by_label("Token").fill(stack.token)
    other.page.get_by_role("button", name="Sign in").click()
    expect(other.page.get_by_role("alert").filter(has_text="does not describe the data")).to_be_visible()
    context.close()


def test_sign_in_again(app: App, count_clicks: Callable[[], int], stack: RunningStack) -> None:
    app.press("Sign out")
    app.page.get_by_label("Token").fill(stack.token)
    app.page.keyboard.press("Enter")
    expect(app.page.get_by_role("heading", name="Sources", level=1)).to_be_visible()
    assert count_clicks() <= 2
