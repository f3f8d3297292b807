"""Records of an earlier shape are read, and changed to the present one, while requests go on."""

from collections.abc import Callable

import msgspec
import pytest

from chalicelib.tables.analysis_items import SHAPE, AnalysisItem, Products
from infra import migrations
from tests.api.story import deliver, make_service, make_source, start_analysis
from tests.gateway import Gateway
from tests.service import analysis_service

DOCUMENT = {"results": {"chi2": 17.4}, "model_name": "salt3", "annotations": [{"data": {"z": 0.05}}]}


def complete_analyses(admin: Gateway, count: int) -> list[int]:
    make_source(admin)
    with analysis_service() as server:
        service = make_service(admin, server.url)
        analyses = [start_analysis(admin, service) for _ in range(count)]
        deliver()
    for request in server.received:
        assert admin.post(request.callback_path, {"status": "success", "analysis": DOCUMENT}).status == 200
    return analyses


def age(analysis: int) -> AnalysisItem:
    """Give a record the shape that it had in version 0.2.0."""
    item = AnalysisItem.get(f"analysis#{analysis}")
    item.update(
        actions=[
            AnalysisItem.shape.set(1),
            AnalysisItem.unpacked_products.set(item.stored_products),
            AnalysisItem.stored_products.remove(),
        ]
    )
    return item


def read_raw(analysis: int) -> AnalysisItem:
    return AnalysisItem.get(f"analysis#{analysis}", consistent_read=True)


@pytest.fixture
def lines() -> list[str]:
    return []


def test_old_records_are_shown_like_new_ones_and_changed(admin: Gateway, lines: list[str]) -> None:
    analyses = complete_analyses(admin, 3)
    shown_new = admin.get("/obj/SN1/analysis?includeDetails=true").data
    for analysis in analyses[:2]:
        age(analysis)
    for _ in range(2):
        assert admin.get("/obj/SN1/analysis?includeDetails=true").data == shown_new
        assert [each["id"] for each in admin.get("/obj/analysis?result=chi2<20").data] == analyses[::-1]
        migrations.run_migrations(lines.append)
    assert lines == [f"2 records of the kind analysis have the shape {SHAPE} now"]
    for item in map(read_raw, analyses):
        assert (item.shape, item.unpacked_products, item.stored_products is not None) == (SHAPE, None, True)


def test_a_new_record_has_the_present_shape(admin: Gateway, lines: list[str]) -> None:
    (analysis,) = complete_analyses(admin, 1)
    migrations.run_migrations(lines.append)
    assert (read_raw(analysis).shape, lines) == (SHAPE, [f"0 records of the kind analysis have the shape {SHAPE} now"])


def test_what_changes_meanwhile_is_kept_and_looked_at_again(
    admin: Gateway, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (analysis,) = complete_analyses(admin, 1)
    newer = msgspec.structs.replace(age(analysis).stored_products or Products(), summary="newer")

    def interrupt(update: Callable[..., None]) -> Callable[..., None]:
        def update_after_another(item: AnalysisItem, *arguments: object) -> None:
            AnalysisItem(item.key).update(actions=[AnalysisItem.stored_products.set(newer)])
            update(item, *arguments)

        return update_after_another

    with monkeypatch.context() as patch:
        patch.setattr(AnalysisItem, "update_if", interrupt(AnalysisItem.update_if))
        migrations.run_migrations(lines.append)
    assert read_raw(analysis).products.summary == "newer"
    assert lines == [f"0 records of the kind analysis have the shape {SHAPE} now"]
    migrations.run_migrations(lines.append)
    assert lines[1:] == [f"1 records of the kind analysis have the shape {SHAPE} now"]
    assert (read_raw(analysis).products.summary, read_raw(analysis).unpacked_products) == ("newer", None)
