"""Show a component of the web app by itself, on any page."""

from typing import Any

from tests.browser.app import App

__all__ = ["show_part"]

_SHOW = """
async ([module, name, props, path]) => {
    const load = (file) => import(new URL(file, document.baseURI).href);
    const { html, render } = await load("vendor/htm-preact.js");
    const { api } = await load("core/api.js");
    const Part = (await load(module))[name];
    const container = document.createElement("div");
    // The component lies in the page as if it were a part of it.
    container.style.display = "contents";
    document.querySelector("main").prepend(container);
    const showRecord = async () => {
        const record = path ? await api.get(path) : undefined;
        render(html`<${Part} ...${props} record=${record} onChange=${showRecord} />`, container);
    };
    await showRecord();
}
"""


def show_part(app: App, module: str, name: str, props: dict[str, Any], record: str | None = None) -> None:
    """Show a component at the top of the page.

    Parameters
    ----------
    app : App
        A tab with any page.
    module, name : str
        The component's module below ``web/``, and its name there.
    props : dict
        Its props.
    record : str, optional
        The path of the API whose data become the prop ``record``, again after each ``onChange``.
    """
    app.page.evaluate(_SHOW, [module, name, props, record])
