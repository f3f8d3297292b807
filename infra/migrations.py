"""Changes of the shape of records that exist, after a deployment: ``python -m infra.admin migrate``.

A record has the number of its ``shape``. The code reads the present shape and the one before, so that requests go on
while records are changed one by one. Each change is conditional, and can be interrupted and repeated. When all records
of a kind have a shape, that is noted, and they are not looked through again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pynamodb.expressions.update import Action

from chalicelib.tables.analysis_items import SHAPE, AnalysisItem
from chalicelib.tables.base import IntegerAttribute, Registry, StateChanged


class ShapeItem(Registry):
    """The shape that all records of a kind have (kind ``shape``)."""

    value = IntegerAttribute()


@dataclass(frozen=True)
class Migration:
    """A change of all records of a kind.

    Attributes
    ----------
    kind : str
        The kind of records.
    shape : int
        The shape that they have afterwards.
    run : callable
        Yields True for each record that it changed, and False for each that another write changed meanwhile.
    """

    kind: str
    shape: int
    run: Callable[[], Iterator[bool]]


def _pack_products() -> Iterator[bool]:
    """Shape 2: products are compressed."""
    is_older = (AnalysisItem.shape < SHAPE) & AnalysisItem.key.startswith("analysis#")
    for item in AnalysisItem.scan(is_older):
        actions: list[Action] = [AnalysisItem.shape.set(SHAPE)]
        is_unchanged = AnalysisItem.shape == item.shape
        if item.unpacked_products:
            actions.append(AnalysisItem.unpacked_products.remove())
        if item.unpacked_products and not item.stored_products:
            actions.append(AnalysisItem.stored_products.set(item.unpacked_products))
            is_unchanged &= AnalysisItem.stored_products.does_not_exist()
        try:
            AnalysisItem(item.key).update_if(actions, is_unchanged)
        except StateChanged:
            yield False
        else:
            yield True


MIGRATIONS = (Migration("analysis", SHAPE, _pack_products),)


def run_migrations(report: Callable[[str], None]) -> None:
    """Change all records that have not the present shape.

    Parameters
    ----------
    report : callable
        Called with a line for each kind of records that is looked through.
    """
    for migration in MIGRATIONS:
        known = ShapeItem.find("shape", migration.kind)
        if known and known.value >= migration.shape:
            continue
        outcomes = list(migration.run())
        report(f"{sum(outcomes)} records of the kind {migration.kind} have the shape {migration.shape} now")
        if all(outcomes):
            ShapeItem("shape", migration.kind, value=migration.shape).save()
