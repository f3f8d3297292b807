"""Pictures of every page, light and dark, on a desktop and on a phone: ``make screenshots``."""

import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Locator, sync_playwright

from infra.client import Api
from infra.local.control import RunningStack
from infra.local.settings import PROJECT
from tests.browser.app import App
from tests.browser.chromium import launched
from tests.browser.variable import add_variable
from tests.demo_stack import demo_stack
from tests.e2e.stories import wait_for

FOLDER = PROJECT / "screenshots"
IN_README = {"source": "light-curve.png", "analysis": "analysis.png"}
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
PAGES = {
    "sources": "sources",
    "source": "source/2019dwz",
    "variable": "source/RR_Lyrae_1",
    "start": "start/2019dwz",
    "analysis": "analysis/{analysis}",
    "analyses": "analyses",
    "batch": "batch/{batch}",
    "services": "services",
    "service": "service/1",
    "me": "me",
}


def _fill(api: Api) -> dict[str, int]:
    """Make something to look at."""
    add_variable(api, "RR_Lyrae_1")
    shown = dict.fromkeys(("show_parameters", "show_plots", "show_corner"), True)
    fixed = {**shown, "analysis_parameters": {"source": "salt3", "fix_z": "True"}}
    analysis = int(api.post("/obj/2019dwz/analysis/1", fixed)["id"])
    wait_for(api, analysis, seconds=300)
    many = {
        "service_id": 1,
        "obj_ids": ["2020aai", "2019dwz", "gone"],
        "analysis_parameters": {"source": "salt3"},
    }
    batch = int(api.post("/analysis_batch", {**shown, **many})["id"])
    while (found := api.get(f"/analysis_batch/{batch}"))["status"] != "done":
        time.sleep(0.5)
    for outcome in found["outcomes"]:
        if outcome["analysis_id"]:
            wait_for(api, outcome["analysis_id"], "completed", "failure", seconds=300)
    api.post("/classification", {"obj_id": "2019dwz", "classification": "Ia", "probability": 0.98})
    api.post("/sources/2019dwz/comments", {"text": "Spectrum at +3 d: a normal Ia."})
    return {"analysis": analysis, "batch": batch}


def _prepare(app: App, name: str) -> None:
    """Do on a page what makes it worth a picture."""
    if name == "variable":
        app.field("Highest frequency (1/day)").fill("6")
        app.press("Compute")
        app.settle()
    if name == "service":
        app.press("Ping")
        app.settle()
    app.page.wait_for_timeout(400)


def _pictures(browser: Browser, stack: RunningStack, ids: dict[str, int]) -> None:
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
                _prepare(app, name)
                app.page.screenshot(path=FOLDER / f"{name}-{device}-{scheme}.png", full_page=True)
                if (device, scheme) == ("desktop", "light") and name in IN_README:
                    _for_readme(app, name)
                print(f"  {name}, {device}, {scheme}")
            context.close()


def _for_readme(app: App, name: str) -> None:
    """Keep the part of a page that the README shows."""
    part: Locator = app.card("Light curve") if name == "source" else app.card("Plots")
    part.screenshot(path=PROJECT / "docs" / "images" / IN_README[name])


def main() -> int:
    """Take all pictures; say what is missing if something is."""
    FOLDER.mkdir(exist_ok=True)
    (PROJECT / "docs" / "images").mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = launched(playwright)
        if browser is None:
            print("error: no Chromium here; apt install chromium, or set CHROMIUM.", file=sys.stderr)
            return 1
        print("starting a stack of its own …")
        with tempfile.TemporaryDirectory() as folder, demo_stack(Path(folder)) as stack:
            ids = _fill(Api(f"{stack.url}/api", stack.token))
            _pictures(browser, stack, ids)
        browser.close()
    print(f"kept in {FOLDER}/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
