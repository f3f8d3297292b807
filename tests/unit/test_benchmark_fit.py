"""The benchmarks of the fitter: the page is the one that the program writes, and its measures are right."""

import numpy as np
import pytest

from benchmarks import page
from benchmarks.fit import compare_chi2
from benchmarks.fitters import effective_draws
from benchmarks.supernovae import Case, simulate_supernova


def tables(text: str) -> list[list[list[str]]]:
    """Cells of each table, row by row."""
    cells: list[list[list[str]]] = [[]]
    for line in text.splitlines():
        if line.startswith("|"):
            cells[-1].append([cell.strip() for cell in line.strip("|").split("|")])
        elif cells[-1]:
            cells.append([])
    return [rows for rows in cells if rows]


def test_a_page_is_made_of_its_sections() -> None:
    section = page.Section("Seconds", page.DURATIONS, page.SECONDS, [("a fit", "SN", "1 (1–1)", "2")])
    text = page.format_page([section], "here")
    assert tables(text) == [[list(page.SECONDS), ["---"] * 4, ["a fit", "SN", "1 (1–1)", "2"]]]
    assert "one machine: here" in text


def test_some_tables_of_a_page_can_be_measured_anew() -> None:
    sections = [page.Section(title, "how", ("a",), [(cell,)]) for title, cell in (("One", "1"), ("Two", "2"))]
    anew = page.Section("Two", "how", ("a",), [("3",)])
    text = page.merge_pages(page.format_page(sections, "here"), page.format_page([anew], "there"))
    assert text == page.format_page([sections[0], anew], "here")


@pytest.mark.parametrize(
    ("values", "text"),
    [([1.0, 2.0, 3.0], "2 (1.5–2.5)"), ([0.12345], "0.123 (0.123–0.123)"), ([1234.5], "1230 (1230–1230)")],
)
def test_spreads_have_three_digits(values: list[float], text: str) -> None:
    assert page.format_spread(values) == text


def test_independent_draws_count_whole_and_copies_once() -> None:
    chain = np.random.default_rng(0).normal(size=(1000, 4, 2))
    assert effective_draws(chain) > 3000
    few = np.random.default_rng(1).permutation(np.repeat(chain[:250], 4, axis=0).reshape(-1, 2))
    assert effective_draws(few.reshape(1000, 4, 2)) == pytest.approx(1000)


def test_draws_that_follow_each_other_count_less() -> None:
    noise = np.random.default_rng(0).normal(size=(20000, 4, 1))
    chain = np.zeros_like(noise)
    for step in range(1, len(noise)):
        chain[step] = 0.9 * chain[step - 1] + noise[step]
    # the integrated time of such a chain is (1 + 0.9) / (1 - 0.9)
    assert effective_draws(chain) == pytest.approx(80000 / 19, rel=0.15)


def test_a_simulated_supernova_is_fitted_as_well_as_by_fit_lc() -> None:
    case = Case(simulate_supernova("salt3", 0), "salt3", False)
    name, what, lowest, own, difference = compare_chi2(case, starts=2)
    assert (name, what) == ("simulated salt3 0", "salt3, z fixed")
    assert float(difference) < 0.01
    assert float(own) - float(lowest) == pytest.approx(float(difference), abs=0.002)
