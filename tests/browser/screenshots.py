"""Take screenshots of all pages, light and dark, on a desktop and on a phone: ``make screenshots``."""

import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from infra import PROJECT
from infra.client import Api
from tests.browser.app import App
from tests.browser.chromium import launch_chromium
from tests.browser.variable import add_rr_lyrae
from tests.demo_stack import demo_stack
from tests.e2e.analysis_helpers import wait_for_state
from tests.running_stack import RunningStack

FOLDER = PROJECT / "screenshots"
README_FOLDER = PROJECT / "docs" / "images"
README_PARTS = {"source": ("[aria-label='Light curve']", "light-curve.png"), "ranking": ("main", "analysis.png")}
README_HEIGHT = 1_060.0
SIZES = {"desktop": (1400, 900), "phone": (390, 844)}
PAGES = {
    "sources": "sources",
    "source": "source/2019dwz",
    "variable": "source/RR_Lyrae_1",
    "start": "start/2019dwz",
    "analysis": "analysis/{analysis}",
    "ranking": "analysis/{ranking}",
    "compare": "compare/{analysis},{ranking}",
    "analyses": "analyses",
    "batch": "batch/{batch}",
    "batches": "batches",
    "services": "services",
    "service": "service/1",
    "me": "me",
}


def _add_content(api: Api) -> dict[str, int]:
    """Add a variable star, analyses, a batch, remarks. Return the ids of analyses and batch."""
    add_rr_lyrae(api, "RR_Lyrae_1")
    products = dict.fromkeys(("show_parameters", "show_plots", "show_corner"), True)
    request = {**products, "analysis_parameters": {"source": "salt3", "fix_z": "True"}}
    analysis = int(api.post("/obj/2019dwz/analysis/1", request)["id"])
    wait_for_state(api, analysis, seconds=300)
    ranking = int(api.post("/obj/2019dwz/analysis/1", {**request, "analysis_parameters": {"source": "auto"}})["id"])
    wait_for_state(api, ranking, seconds=300)
    batch_request = {
        **products,
        "service_id": 1,
        "obj_ids": ["2020aai", "2019dwz", "gone"],
        "analysis_parameters": {"source": "salt3"},
    }
    batch = int(api.post("/analysis_batch", batch_request)["id"])
    while (record := api.get(f"/analysis_batch/{batch}"))["status"] != "done":
        time.sleep(0.5)
    for outcome in record["outcomes"]:
        if outcome["analysis_id"]:
            wait_for_state(api, outcome["analysis_id"], "completed", "failure", seconds=300)
    api.post("/classification", {"obj_id": "2019dwz", "classification": "Ia", "probability": 0.98})
    api.post("/sources/2019dwz/comments", {"text": "Spectrum at +3 d: a normal Ia."})
    return {"analysis": analysis, "ranking": ranking, "batch": batch}


def _fill_page(app: App, name: str) -> None:
    """Compute or ping, where a page is mostly empty before."""
    if name == "variable":
        app.field("Highest frequency (1/day)").fill("6")
        app.press("Compute")
        app.settle()
    if name == "service":
        app.press("Ping")
        app.settle()
    app.page.wait_for_timeout(400)


def _picture_part(app: App, selector: str, path: Path) -> None:
    """Save a picture of a part of the page, of its beginning if it is long."""
    box = app.page.locator(selector).first.bounding_box()
    assert box is not None
    height = min(box["height"], README_HEIGHT)
    clip = {"x": box["x"], "y": box["y"], "width": box["width"], "height": height}
    app.page.screenshot(path=path, full_page=True, clip=clip)  # type: ignore[arg-type]


def _take_screenshots(browser: Browser, stack: RunningStack, ids: dict[str, int]) -> None:
    for device, (width, height) in SIZES.items():
        for scheme in ("light", "dark"):
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme, device_scale_factor=1.5
            )
            app = App(context.new_page(), f"{stack.url}/")
            app.page.goto(app.url)
            app.page.get_by_label("Token").wait_for()
            app.page.screenshot(path=FOLDER / f"sign-in-{device}-{scheme}.png")
            app.sign_in(stack.token)
            for name, address in PAGES.items():
                app.open(address.format(**ids))
                _fill_page(app, name)
                app.page.screenshot(path=FOLDER / f"{name}-{device}-{scheme}.png", full_page=True)
                if (device, scheme) == ("desktop", "light") and name in README_PARTS:
                    selector, file_name = README_PARTS[name]
                    _picture_part(app, selector, README_FOLDER / file_name)
                print(f"  {name}, {device}, {scheme}")
            context.close()


def main() -> int:
    """Take the screenshots of a stack that is started for them; return the exit code."""
    FOLDER.mkdir(exist_ok=True)
    README_FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        if browser is None:
            print("error: no Chromium: install it (apt install chromium), or set CHROMIUM.", file=sys.stderr)
            return 1
        print("starting a local stack …")
        with tempfile.TemporaryDirectory() as folder, demo_stack(Path(folder)) as stack:
            ids = _add_content(Api(f"{stack.url}/api", stack.token))
            _take_screenshots(browser, stack, ids)
        browser.close()
    print(f"saved in {FOLDER}/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
