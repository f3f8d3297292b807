"""Reading a request's body by its schema, with errors that name the field."""

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from chalicelib.errors import InvalidError

__all__ = ["GroupIds", "Id", "Name", "Schema", "read", "truth"]

LARGEST_ID = 2**53
"""Ids beyond this are not exact in JavaScript; none is ever given out."""

TRUE = {"true", "t", "1", "yes"}
FALSE = {"false", "f", "0", "no", ""}


class Schema(BaseModel):
    """A request's body: unknown fields are refused, not ignored."""

    model_config = ConfigDict(extra="forbid", defer_build=True, allow_inf_nan=False, str_max_length=20_000)


def _all_or_list(value: Any) -> Any:
    if value in (None, []):
        return None
    return value


Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^\S(.*\S)?$")]
GroupIds = Annotated[list[Id] | str | None, BeforeValidator(_all_or_list)]
"""Ids of groups, ``"all"`` for the public group, or nothing for what the route does by default."""

S = TypeVar("S", bound=Schema)


def read(schema: type[S], data: Any) -> S:
    """Return `data` as an instance of `schema`.

    Raises
    ------
    InvalidError
        Naming every field that is wrong, and what was expected.
    """
    if not isinstance(data, dict):
        raise InvalidError(f"The body must be a JSON object, not {type(data).__name__}.")
    try:
        return schema.model_validate(data)
    except ValidationError as error:
        raise InvalidError("; ".join(_complaints(schema, error))) from None


def _complaints(schema: type[Schema], error: ValidationError) -> list[str]:
    complaints: list[str] = []
    for problem in error.errors(include_url=False, include_context=False, include_input=False)[:20]:
        place = ".".join(str(step) for step in problem["loc"]) or "body"
        if problem["type"] == "extra_forbidden":
            known = ", ".join(field.alias or name for name, field in schema.model_fields.items())
            complaints.append(f"{place}: there is no such field; the fields are {known}")
        else:
            complaints.append(f"{place}: {problem['msg']}")
    return complaints


def truth(value: Any, field: str) -> bool:
    """Return a switch, however it is written: ``true``, ``"True"``, ``"t"``, ``1``.

    Raises
    ------
    InvalidError
        If it is none of these.
    """
    written = str(value).strip().lower()
    if written in TRUE:
        return True
    if written in FALSE:
        return False
    raise InvalidError(f"{field}: {value!r} is neither true nor false; write true or false.")
