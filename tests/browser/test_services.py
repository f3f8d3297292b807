"""Services: register, test, edit, add default analyses, delete; dead letters."""

import pytest
from playwright.sync_api import expect

from infra.client import Api
from tests.browser.app import App
from tests.e2e.analysis_helpers import register_service
from tests.service import analysis_service


def test_a_service_is_registered_tested_edited_and_deleted(app: App, api: Api) -> None:
    with analysis_service() as service:
        app.open("services")
        app.press("Add a service")
        form = app.card("New service")
        form.get_by_label("Name *").fill("web made")
        form.get_by_label("URL *").fill("ftp://example.org")
        with app.allow_statuses(400):
            app.press("Save the service")
            expect(form.locator(".error").first).to_be_visible()
        form.get_by_label("URL *").fill(service.url)
        form.get_by_label("Authentication").select_option("header_token")
        form.get_by_label("Credentials (JSON)").fill('{"header_token": {"Authorization": "Bearer s3cret"}}')
        form.get_by_label("Parameters (JSON)").fill(
            '{"shape": ["ab", "c"], "depth": {"type": "number", "default": 3, "title": "Depth"},'
            ' "deep": ["True", "False"], "table": {"type": "file", "required": true}}'
        )
        app.press("Save the service")
        expect(app.page.get_by_role("heading", name="web made", level=1)).to_be_visible()
        assert "s3cret" not in app.page.content()
        expect(app.page.get_by_text("It is sent analyses as they come; no analysis waits.")).to_be_visible()
        app.press("Ping")
        expect(app.card("Connection test").get_by_role("status")).to_contain_text("reached")
        assert [request.method for request in service.received] == ["GET"]
        assert "authorization" not in service.received[0].headers

    app.press("Ping")
    expect(app.card("Connection test").get_by_role("status")).to_contain_text("not reached")
    app.press("Edit")
    app.card("Edit service").get_by_label("Display name").fill("Made on the web")
    app.card("Edit service").get_by_label("Requests at once").fill("3")
    app.press("Save the service")
    expect(app.page.get_by_role("heading", name="Made on the web", level=1)).to_be_visible()
    assert api.get(f"/analysis_service/{app.page.url.rsplit('/', 1)[1]}?includeDetails=true")["requests_at_once"] == 3

    service_id = app.page.url.rsplit("/", 1)[1]
    app.open(f"start/2019dwz?service={service_id}")
    expect(app.field("shape")).to_have_value("ab")
    expect(app.field("Depth")).to_have_value("3")
    expect(app.field("deep")).to_be_checked()
    app.field("table *").set_input_files([{"name": "t.csv", "mimeType": "text/csv", "buffer": b"a" * 2048}])
    expect(app.page.get_by_text("t.csv, 2.0 kB")).to_be_visible()

    app.open(f"service/{service_id}")
    app.press("Delete")
    app.answer("Delete service")
    expect(app.page.get_by_role("heading", name="Services", level=1)).to_be_visible()
    expect(app.page.get_by_role("link", name="Made on the web")).to_have_count(0)


@pytest.mark.parametrize(
    ("status", "kind"), [(200, "completed"), (302, "pending"), (404, "pending"), (405, "pending"), (501, "failure")]
)
def test_only_a_success_of_a_ping_is_green(app: App, api: Api, status: int, kind: str) -> None:
    with analysis_service(status) as service:
        service_id = register_service(api, service.url, name=f"answers {status}")
        app.open(f"service/{service_id}")
        app.press("Ping")
        badge = app.card("Connection test").locator("p .state")
        expect(badge).to_have_class(f"state {kind}")
        expect(badge).to_contain_text("reached" if status == 200 else str(status))
        api.send_request("DELETE", f"/analysis_service/{service_id}")


def test_a_default_analysis_is_added_and_deleted(app: App) -> None:
    app.open("service/1")
    app.press("Add")
    card = app.card("Default analyses")
    card.get_by_label("Classification *").fill("Ia")
    card.get_by_label("Model", exact=True).select_option("salt3")
    app.press("Save")
    expect(card).to_contain_text("classified as Ia (probability 0.8 or more)")
    expect(card).to_contain_text("0 of 10")
    card.get_by_role("button", name="Delete").click()
    app.answer("Delete default analysis")
    expect(card).to_contain_text("No default analyses.")


def test_an_address_that_is_not_allowed_is_reported(app: App, api: Api) -> None:
    fields = {"name": "internal", "url": "http://internal.invalid/", "authentication_type": "none",
              "analysis_type": "meta_analysis", "input_data_types": ["redshift"]}  # fmt: skip
    service_id = api.post("/analysis_service", fields)["id"]
    app.open(f"service/{service_id}")
    app.press("Ping")
    expect(app.card("Connection test").get_by_role("status")).to_contain_text("name is not known")


def test_administrators_see_dead_letters(app: App) -> None:
    app.open("services")
    card = app.card("Dead letters")
    for queue in ("dispatch", "fit", "jobs"):
        expect(card.get_by_role("row", name=queue)).to_be_visible()
