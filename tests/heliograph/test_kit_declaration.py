"""A signature is the declaration of a service."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pytest
from annotated_types import Interval
from pydantic import Field

from heliograph.errors import DeclarationError
from heliograph.service import (
    Annotations,
    File,
    ParameterTable,
    Photometry,
    Progress,
    Redshift,
    Result,
    Secret,
    Service,
    Spectra,
    Target,
)
from heliograph.testing import FakePortal


def declare(function: Any) -> dict[str, Any]:
    service = Service("Fitter", version="1.0")
    service.analysis(function)
    return service.declaration()


def rrl(
    photometry: Photometry,
    redshift: Redshift,
    *,
    rrl_type: Literal["ab", "c"] = "ab",
    n_harmonics: Annotated[int, Field(ge=1, le=64)] = 4,
    mask: File | None = None,
    key: Secret | None = None,
    tolerance: Annotated[float, Field(title="Tolerance", description="In mag.")],
    careful: bool = False,
    label: str = "",
    progress: Any = None,
) -> Result:
    """Fit templates of RR Lyrae
    to a light curve.

    A longer text.

    Parameters
    ----------
    photometry : Photometry
        The light curve.
    rrl_type : {'ab', 'c'}
        Subtype. The kind of pulsation.
    n_harmonics, label
        More of them fit sharper curves, but take a longer time and may oscillate between the points.

    Returns
    -------
    label : nothing
        Not this.
    """
    return Result()


def test_inputs_and_parameters_are_declared() -> None:
    declaration = declare(rrl)
    assert declaration["name"] == "Fitter" and declaration["version"] == "1.0"
    assert declaration["analysis_type"] == "lightcurve_fitting"
    assert declaration["description"] == "Fit templates of RR Lyrae to a light curve."
    assert declaration["input_data_types"] == ["photometry", "redshift"]
    long_text = "More of them fit sharper curves, but take a longer time and may oscillate between the points."
    assert declaration["optional_analysis_parameters"] == {
        "rrl_type": {
            "type": "string",
            "default": "ab",
            "suggestions": ["ab", "c"],
            "title": "Subtype",
            "description": "The kind of pulsation.",
        },
        "n_harmonics": {"type": "number", "default": 4, "description": f"{long_text} At least 1 and at most 64."},
        "mask": {"type": "file"},
        "key": {"type": "secret"},
        "tolerance": {"type": "number", "required": True, "title": "Tolerance", "description": "In mag."},
        "careful": ["False", "True"],
        "label": {"type": "string", "default": "", "description": long_text},
    }


def test_skyportal_gets_what_its_forms_know() -> None:
    service = Service("Fitter")
    service.analysis(rrl)
    parameters = service.declaration(for_skyportal=True)["optional_analysis_parameters"]
    assert parameters["rrl_type"] == ["ab", "c"]
    assert parameters["key"] == {"type": "string"}
    assert parameters["tolerance"]["required"] == "True"


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Field(gt=0), "More than 0."),
        (Interval(ge=0, lt=1.5), "At least 0 and less than 1.5."),
        (Field(le=5, description="In mag."), "In mag. At most 5."),
        (Field(multiple_of=0.5), ""),
    ],
)
def test_limits_are_told_to_forms_in_words(limits: Any, words: str) -> None:
    def fit(photometry: Photometry, *, width: Annotated[float, limits] = 1.0) -> Result:
        return Result()

    assert declare(fit)["optional_analysis_parameters"]["width"].get("description", "") == words


def test_all_kinds_of_inputs_are_declared() -> None:
    def fit(spectra: Spectra, target: Target, annotations: Annotations | None, report: Progress) -> Result:
        return Result()

    declaration = declare(fit)
    assert declaration["input_data_types"] == ["spectra", "annotations"]
    assert declaration["optional_analysis_parameters"] == {}


class RawText:
    """An author's own reader of photometry."""

    input_type = "photometry"

    def __init__(self, text: str) -> None:
        self.text = text

    def __len__(self) -> int:
        return len(self.text)

    @classmethod
    def from_csv(cls, text: object) -> "RawText":
        return cls(str(text))


def test_choices_and_files_can_have_titles() -> None:
    def fit(
        kind: Annotated[Literal["a", "b"], Field(title="Kind")] = "a",
        mask: Annotated[File | None, Field(title="Mask"), "words"] = None,
        key: Annotated[Secret, Field(description="Of the archive.")] | None = None,
    ) -> Result:
        return Result(message=kind)

    service = Service("Fitter")
    service.analysis(fit)
    parameters = service.declaration()["optional_analysis_parameters"]
    assert (parameters["kind"]["title"], parameters["mask"]["title"]) == ("Kind", "Mask")
    assert parameters["key"] == {"type": "secret", "description": "Of the archive."}
    values = service.convert_parameters({"kind": "B", "mask": "data:;base64,YQ==", "key": "open"})
    assert (values["kind"], values["mask"].content, values["key"].reveal()) == ("b", b"a", "open")


def test_an_author_can_read_an_input_in_another_way() -> None:
    texts: list[str] = []

    def fit(photometry: RawText, *, progress: Progress | None = None) -> Result:
        texts.append(photometry.text)
        return Result()

    service = Service("Fitter")
    service.analysis(fit)
    assert service.declaration()["input_data_types"] == ["photometry"]
    with FakePortal() as portal:
        assert portal.run(service, inputs={"photometry": "anything"}).status == "completed"
    assert texts == ["anything"]


def without_type(photometry: Photometry, n=4) -> Result:  # type: ignore[no-untyped-def]
    return Result()


def with_strange_type(n: dict[str, int]) -> Result:
    return Result()


def with_two_types(n: int | str = 4) -> Result:
    return Result()


def with_wrong_default(n: int = 4.5) -> Result:  # type: ignore[assignment]
    return Result()


def with_default_of_another_type(n: float = True) -> Result:
    return Result()


def with_default_out_of_range(n: Annotated[int, Field(ge=5)] = 4) -> Result:
    return Result()


def with_default_that_is_no_choice(kind: Literal["a", "b"] = "c") -> Result:  # type: ignore[assignment]
    return Result()


def with_secret_default(password: str = "1234") -> Result:
    return Result()


def with_limits_of_a_file(mask: Annotated[File | None, Field(max_length=3)] = None) -> Result:
    return Result()


def with_all_keywords(**options: int) -> Result:
    return Result()


def with_unknown_name(n: "Unknown") -> Result:  # type: ignore[name-defined] # noqa: F821
    return Result()


async def asynchronous(n: int = 1) -> Result:
    return Result()


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (without_type, "n has no type; expected one such as n: float = 1.0"),
        (with_strange_type, "expected bool, int, float, str, File, Secret or Literal"),
        (with_two_types, "expected bool, int, float, str, File, Secret or Literal"),
        (with_wrong_default, "n is 4.5; expected a whole number"),
        (with_default_of_another_type, "expected a number"),
        (with_default_out_of_range, "greater than or equal to 5"),
        (with_default_that_is_no_choice, "the choices are: a, b"),
        (with_secret_default, "has a default, which everyone could read"),
        (with_limits_of_a_file, "expected them on numbers and texts only"),
        (with_all_keywords, "expected arguments with names"),
        (with_unknown_name, "cannot be resolved"),
        (asynchronous, "is asynchronous"),
    ],
)
def test_a_signature_that_declares_nothing_is_refused(function: Any, words: str) -> None:
    with pytest.raises(DeclarationError, match=words):
        declare(function)


def test_a_service_has_one_analysis() -> None:
    service = Service("Fitter")
    with pytest.raises(DeclarationError, match=r"has no analysis; decorate a function with @service\.analysis"):
        service.declaration()
    assert service.analysis(rrl) is rrl
    with pytest.raises(DeclarationError, match="has an analysis already"):
        service.analysis(rrl)


@pytest.mark.parametrize(
    "options", [{"name": ""}, {"name": "two\nlines"}, {"analysis_type": "fitting"}, {"timeout": 0}, {"timeout": 1e9}]
)
def test_a_service_with_strange_fields_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(DeclarationError):
        Service(**{"name": "Fitter", **options})


def parse_terms(values: Mapping[str, Any]) -> list[float]:
    if "terms" not in values:
        raise LookupError("terms are missing; give some, such as 1+2")
    return [float(term) for term in str(values["terms"]).split("+")]


def make_adder() -> Service:
    service = Service("Adder", reader_errors=(LookupError,))
    terms_table = ParameterTable({"terms": {"type": "string"}, "unit": ["mag", "uJy"]}, parse_terms)

    @service.analysis
    def sum_terms(terms: Annotated[list[float], terms_table], *, factor: float = 1.0) -> Result:
        if not sum(terms):
            raise LookupError("the sum is 0")
        return Result(results={"sum": factor * sum(terms)})

    return service


def test_a_table_of_parameters_is_one_argument() -> None:
    service = make_adder()
    declared = service.declaration()["optional_analysis_parameters"]
    assert declared == {
        "factor": {"type": "number", "default": 1.0},
        "terms": {"type": "string"},
        "unit": ["mag", "uJy"],
    }
    with FakePortal() as portal:
        analysis = portal.run(service, parameters={"terms": "1+2", "factor": "2"})
    assert analysis.results == {"sum": 6}


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({}, "terms are missing; give some"),
        ({"terms": "0"}, "the sum is 0"),
        ({"term": "1"}, "Unknown parameter 'term' (did you mean terms?); the parameters of Adder are: factor, terms"),
        ({"terms": "one"}, "failed unexpectedly: ValueError"),
    ],
)
def test_errors_of_an_authors_own_are_for_readers_if_the_service_says_so(parameters: Any, words: str) -> None:
    with FakePortal() as portal:
        analysis = portal.run(make_adder(), parameters=parameters)
    assert analysis.status == "failure" and words in analysis.message
    assert ("unexpectedly" in analysis.message) is ("ValueError" in words)
