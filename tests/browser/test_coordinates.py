"""Reading coordinates, numbers and searches: what is understood, and what is refused."""

from typing import Any

import pytest

from tests.browser.app import App

READ = """
async ([module, name, texts]) => {
  const read = (await import(`/core/${module}.js`))[name];
  return texts.map(text => { try { return read(text, 5) } catch (error) { return `refused: ${error.message}` } });
}
"""
FORMAT = """
async () => {
  const { formatRa, formatDec } = await import("/core/coordinates.js");
  return [formatRa(0.56375), formatRa(359.9999999999), formatDec(-0.0125), formatDec(45), formatDec(-1e-9)];
}
"""

RIGHT_ASCENSIONS = {
    "00:02:15.30": 0.56375, " 0 2 15.3 ": 0.56375, "00h02m15.3s": 0.56375, "0h 2m 15.3s": 0.56375, "0h2m15.3": 0.56375,
    "00 : 02 : 15.3": 0.56375, "12:30": 187.5, "12:30.5": 187.625, "12h30m": 187.5, "12h30.5m": 187.625, "12.5h": 187.5,
    "12h": 180, "12.5d": 12.5, "12.5°": 12.5, "12.5 deg": 12.5, "12d30m": 12.5, "12°30′00″": 12.5,
    "12d 30' 36\"": 12.51,
    "0.56375": 0.56375, "+5": 5, ".5": 0.5, "359.999": 359.999, "23:59:59.999": 359.999995833333, "1e-3": 0.001,
    "RA 12:30:15": 187.5625, "ra=12:30:15": 187.5625, "\uff11\uff12:\uff13\uff10:\uff11\uff15": 187.5625,
    "0": 0, "00:00:00": 0, "12\u00a030\u00a015": 187.5625,
}  # fmt: skip
REFUSED_RIGHT_ASCENSIONS = {
    "24:00:00": "range", "360": "range", "25:00:00": "range", "1e400": "range", "-1": "negative",
    "-00:00:01": "negative",
    "\u22120:0:1": "negative", "12:60:00": "60", "12:30:60": "60", "12:3045": "60", "12 30": "two ways",
    "12,5": "comma",
    "0,56": "comma", "000215.30": "colons", "215000": "colons", "12:3.5:4": "decimal point", "12h30'": "arcminutes",
    "": "Write it like", "abc": "Write it like", "12:30:15 N": "Write it like", "Infinity": "Write it like",
    "0x10": "Write it like", "12::30": "Write it like", "12:30:15:10": "Write it like", "12m": "Write it like",
    "1:2:3 4": "Write it like", "--5": "Write it like", "12:-30:00": "Write it like",
}  # fmt: skip
DECLINATIONS = {
    "-00:00:45.0": -0.0125, "\u221200:00:45.0": -0.0125, "\u20130 0 45": -0.0125, "-0d0m45s": -0.0125,
    "-00°00\u203245.0\u2033": -0.0125, "-0°0'45\"": -0.0125, "-00 00 45": -0.0125, "-0:0.75": -0.0125,
    "+13:24:40.27": 13.411186111111, "13 24 40.27": 13.411186111111, "13d24'40.27\"": 13.411186111111,
    "90": 90, "-90:00:00": -90, "89:59:59.99": 89.999997222222, "-0.0125": -0.0125, "Dec: -45": -45, "-1e-3": -0.001,
}  # fmt: skip
REFUSED_DECLINATIONS = {
    "90:00:01": "range", "91": "range", "-90.1": "range", "12h": "hours", "12h30m": "hours", "-89:59:60": "60",
    "-45:60:00": "60", "-000045.0": "colons", "4 5": "two ways", "- 45:00:00": "Write it like",
    "south": "Write it like",
}  # fmt: skip
PAIRS = {
    "00:02:15.30 -00:00:45.0": (0.56375, -0.0125), "0.56375 -0.0125": (0.56375, -0.0125),
    "0.56375, -0.0125": (0.56375, -0.0125), "10, 5": (10, 5), "184.5 31.2": (184.5, 31.2),
    "12 30 15 -45 10 12": (187.5625, -45.17), "12 30 15 45 10 12": (187.5625, 45.17),
    "12:30:15+45:10:12": (187.5625, 45.17), "12h30m15s\u221245d10m12s": (187.5625, -45.17),
    "12h 30m 15s 45d 10m 12s": (187.5625, 45.17), "12:30:15\t-45:10:12": (187.5625, -45.17),
    "RA=12:30:15, Dec=-45:00:00": (187.5625, -45), "J2000 12:30:15; -45": (187.5625, -45),
    "12:30:15\n-45:10:12": (187.5625, -45.17),
}  # fmt: skip
NO_PAIRS = [
    "", "10,5", "184 31", "12 30 15 45", "12,5 -3,2", "12:30:15", "12 30 15", "123-45", "2019dwz", "SN 2021hiz",
    "000215.30-000045.0", "25:00:00 -45:00:00", "12:30:15 -91:00:00", "12:30:15, -45:00:00, 3",
]  # fmt: skip
SEARCHES: dict[str, dict[str, Any]] = {
    "SN 2021hiz": {"name": "SN 2021hiz"}, "2019dwz": {"name": "2019dwz"}, "123-45": {"name": "123-45"},
    "0234-567": {"name": "0234-567"}, "J1234-5678": {"name": "J1234-5678"}, "1987A": {"name": "1987A"},
    "00:02:15.30 -00:00:45": {"ra": 0.56375, "dec": -0.0125, "radius": 5 / 3600},
    "00:02:15.30 -00:00:45 36": {"ra": 0.56375, "dec": -0.0125, "radius": 0.01},
    "0.5, -0.5, 36": {"ra": 0.5, "dec": -0.5, "radius": 0.01},
    "0.5 0.5 3'": {"ra": 0.5, "dec": 0.5, "radius": 0.05}, "0.5 0.5 2 deg": {"ra": 0.5, "dec": 0.5, "radius": 2},
}  # fmt: skip
NUMBERS = {
    "18.5": 18.5, "1e-3": 0.001, "1E3": 1000, "\u22122.2": -2.2, "+.5": 0.5, "5.": 5, " 7 ": 7, "": None, "0": 0,
}  # fmt: skip
NO_NUMBERS = {
    "18,5": "18.5", "1 000": "18.5", "1,000.5": "18.5", "0x10": "18.5", "Infinity": "18.5", "NaN": "18.5",
    "1e999": "18.5", "00:02:15.30": "18.5", "1e": "18.5", "-": "18.5", "2d": "18.5",
}  # fmt: skip


def read_texts(app: App, module: str, name: str, texts: list[str]) -> list[Any]:
    results: list[Any] = app.page.evaluate(READ, [module, name, texts])
    return results


@pytest.mark.parametrize(
    ("module", "name", "values", "refused"),
    [
        ("coordinates", "readRa", RIGHT_ASCENSIONS, REFUSED_RIGHT_ASCENSIONS),
        ("coordinates", "readDec", DECLINATIONS, REFUSED_DECLINATIONS),
    ],
)
def test_coordinates_are_read_or_refused_with_a_sentence(
    stranger: App, module: str, name: str, values: dict[str, float], refused: dict[str, str]
) -> None:
    stranger.page.goto(stranger.url)
    assert dict(zip(values, read_texts(stranger, module, name, list(values)), strict=True)) == values
    sentences = dict(zip(refused, read_texts(stranger, module, name, list(refused)), strict=True))
    assert {text: refused[text] in str(sentences[text]) for text in refused} == dict.fromkeys(refused, True), sentences
    assert all(str(sentence).startswith("refused: “") for sentence in sentences.values())


def test_a_pair_in_one_text_is_split_or_left(stranger: App) -> None:
    stranger.page.goto(stranger.url)
    pairs = read_texts(stranger, "coordinates", "readPair", list(PAIRS))
    assert {text: (pair["ra"], pair["dec"]) for text, pair in zip(PAIRS, pairs, strict=True)} == PAIRS
    rests = read_texts(stranger, "coordinates", "readPair", NO_PAIRS)
    assert dict(zip(NO_PAIRS, rests, strict=True)) == dict.fromkeys(NO_PAIRS)


def test_what_was_understood_is_written_in_both_forms(stranger: App) -> None:
    stranger.page.goto(stranger.url)
    assert stranger.page.evaluate(FORMAT) == [
        "00:02:15.300 = 0.56375°", "00:00:00.000 = 359.9999999999°", "\u221200:00:45.00 = \u22120.0125°",
        "+45:00:00.00 = 45°", "\u221200:00:00.00 = \u22121e\u22129°",
    ]  # fmt: skip


def test_a_search_is_a_position_or_a_name(stranger: App) -> None:
    stranger.page.goto(stranger.url)
    results = read_texts(stranger, "source_search", "readSearch", list(SEARCHES))
    assert dict(zip(SEARCHES, results, strict=True)) == SEARCHES
    wrong = ["25:00:00 -45:00:00", "00:02:15", "00:02:15 -00:00:45 6 deg", "12h30m -91d"]
    assert [list(result) for result in read_texts(stranger, "source_search", "readSearch", wrong)] == [["error"]] * 4


def test_numbers_are_read_or_refused_with_a_sentence(stranger: App) -> None:
    stranger.page.goto(stranger.url)
    for name in ("describeNumberFault", "readNumber"):
        results = read_texts(stranger, "numbers", name, list(NO_NUMBERS))
        assert all(NO_NUMBERS[text] in str(result) for text, result in zip(NO_NUMBERS, results, strict=True)), results
    assert dict(zip(NUMBERS, read_texts(stranger, "numbers", "readNumber", list(NUMBERS)), strict=True)) == NUMBERS
    assert not any(read_texts(stranger, "numbers", "describeNumberFault", list(NUMBERS)))
