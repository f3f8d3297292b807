"""Values of parameters: typed or as text of a form, checked, never changed in silence."""

import base64
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, strategies as st
from pydantic import Field

from heliograph.errors import InputError
from heliograph.service import File, Result, Secret, Service
from heliograph.service.parameter_values import clean_file_name

service = Service("Fitter")


@service.analysis
def fit(
    *,
    kind: Literal["ab", "c", 2, True] = "ab",
    n: Annotated[int, Field(ge=1, le=64)] = 4,
    z: float | None = None,
    careful: bool = False,
    label: str = "none",
    nickname: str | None = None,
    mask: File | None = None,
    password: Secret | None = None,
) -> Result:
    return Result()


def convert(**values: Any) -> dict[str, Any]:
    return service.convert_parameters(values)


def test_defaults_stand_for_what_is_not_set() -> None:
    defaults = convert()
    assert defaults == {
        "kind": "ab",
        "n": 4,
        "z": None,
        "careful": False,
        "label": "none",
        "nickname": None,
        "mask": None,
        "password": None,
    }
    assert service.convert_parameters(None) == defaults
    blank = convert(kind="", n=" ", z="", careful="", nickname="", mask="", password="")
    assert blank == defaults
    assert convert(label="")["label"] == ""
    assert convert(correct_extinction=True) == defaults


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("n", "4", 4),
        ("n", " 12 ", 12),
        ("n", 4.0, 4),
        ("n", "4.0", 4),
        ("z", "0.05", 0.05),
        ("z", "1e-3", 0.001),
        ("z", 1, 1.0),
        ("careful", "True", True),
        ("careful", "false", False),
        ("careful", 1, True),
        ("careful", "no", False),
        ("kind", "AB", "ab"),
        ("kind", "2", 2),
        ("kind", True, True),
        ("label", 5, "5"),
        ("nickname", "x", "x"),
    ],
)
def test_values_come_typed_or_as_text(name: str, value: Any, expected: Any) -> None:
    converted = convert(**{name: value})[name]
    assert converted == expected and type(converted) is type(expected)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("n", 4.5, "n is 4.5; expected a whole number"),
        ("n", True, "n is True; expected a whole number"),
        ("n", "four", "n is 'four'; expected a whole number"),
        ("n", "１２", "expected a whole number"),
        ("n", 65, "less than or equal to 64"),
        ("n", [4], "expected a whole number"),
        ("n", float("inf"), "expected a whole number"),
        ("n", "9" * 5000, "expected a whole number"),
        ("z", "nan", "z is 'nan'; expected a number"),
        ("z", float("nan"), "expected a number"),
        ("z", "1_000", "expected a number"),
        ("z", "0,05", "expected a number"),
        ("z", False, "expected a number"),
        ("z", 10**400, "expected a number"),
        ("careful", "perhaps", "expected True or False"),
        ("careful", 2, "expected True or False"),
        ("kind", "d", "the choices are: ab, c, 2, True"),
        ("kind", 1, "the choices are"),
        ("label", {"a": 1}, "expected text"),
        ("mask", "no file", "expected a data URL in base64"),
        ("mask", "data:text/csv;base64,***", "not valid base64"),
        ("mask", "data:text/csv,a", "expected a data URL in base64"),
        ("m", 4, "Unknown parameter 'm'; the parameters of Fitter are: kind, n, z"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence(name: str, value: Any, words: str) -> None:
    with pytest.raises(InputError) as caught:
        convert(**{name: value})
    assert words in str(caught.value) and len(str(caught.value)) < 400


def test_parameters_that_are_no_object_are_refused() -> None:
    with pytest.raises(InputError, match="not an object"):
        service.convert_parameters(["n", 4])


def test_a_required_parameter_is_asked_for() -> None:
    strict = Service("Strict")

    @strict.analysis
    def fit_strictly(n: int, label: str) -> Result:
        return Result()

    assert strict.convert_parameters({"n": "1", "label": ""}) == {"n": 1, "label": ""}
    for values in ({"label": "a"}, {"n": "", "label": "a"}, {"n": None, "label": "a"}):
        with pytest.raises(InputError, match="n is required"):
            strict.convert_parameters(values)


def encode(content: bytes, head: str = "data:text/csv;name=a.csv") -> str:
    return f"{head};base64,{base64.b64encode(content).decode()}"


def test_a_file_has_its_name_and_content() -> None:
    mask = convert(mask=encode(b"\xef\xbb\xbf1,2\n"))["mask"]
    assert (mask.name, mask.content_type, mask.text) == ("a.csv", "text/csv", "1,2\n")
    assert repr(mask) == "File('a.csv', 7 bytes)"
    with pytest.raises(InputError, match="not text in UTF-8"):
        _ = convert(mask=encode(b"\xff\xfe"))["mask"].text


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\x\\a b.csv", "a b.csv"),
        ("..", "file"),
        ("/", "file"),
        ("a;rm -rf.csv", "a_rm -rf.csv"),
    ],
)
def test_a_file_name_has_no_folders(name: str, clean: str) -> None:
    assert clean_file_name(name) == clean


@given(st.text(max_size=60))
def test_a_file_name_leads_nowhere(name: str) -> None:
    from urllib.parse import quote

    clean = convert(mask=encode(b"", f"data:;name={quote(name)}"))["mask"].name
    assert clean and not set(clean) & set("/\\\0\n") and not clean.startswith(".")


def test_a_secret_shows_nothing() -> None:
    secret = convert(password="open sesame")["password"]
    assert secret.reveal() == "open sesame"
    assert "sesame" not in f"{secret} {secret!r} {[secret]}"


def test_a_secret_that_does_not_fit_is_not_shown() -> None:
    strict = Service("Strict")

    @strict.analysis
    def fit_with_token(token: Annotated[str, Field(max_length=80)], key: Secret | None = None) -> Result:
        return Result()

    for values in (
        {"token": "open sesame " * 9},
        {"token": ["open sesame"]},
        {"token": "a", "key": {"open": "sesame"}},
    ):
        with pytest.raises(InputError) as caught:
            strict.convert_parameters(values)
        assert "does not fit" in str(caught.value) and "sesame" not in f"{caught.value!r} {caught.value.__context__!r}"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(["kind", "n", "z", "careful", "label", "nickname", "mask", "password"]), JSON)
def test_any_value_is_converted_or_refused(name: str, value: Any) -> None:
    try:
        converted = convert(**{name: value})[name]
    except InputError:
        return
    types = {"n": int, "z": float | None, "careful": bool, "label": str, "nickname": str | None}
    assert isinstance(converted, types.get(name, object))  # type: ignore[arg-type]
