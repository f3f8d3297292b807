"""The parameters of a stage on AWS: the committed file ``infra/stages/<stage>.toml``.

Its keys are the parameters of the CloudFormation templates; a value for a parameter of several templates reaches
all of them.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from heliograph_guards.egress_policy import parse_egress_rules
from infra import PROJECT
from infra.chalice_adapter import parse_template
from infra.monitoring import build_monitoring_template

STAGES = PROJECT / "infra" / "stages"
TEMPLATES = PROJECT / "infra" / "templates"

_SET_BY_DEPLOYMENT = {"Stage", "FitterImage", "ContainersUrl", "ApiHost"}
_STAGE_NAME = "[a-z][a-z0-9]{1,15}"
_LOCAL_STAGE = "local"


class StageFileError(ValueError):
    """A stage does not exist, or its file is wrong; the message says what to do."""


def read_stage_file(stage: str, folder: Path = STAGES) -> dict[str, str]:
    """Return the parameters that the file of a stage sets, as CloudFormation takes them.

    Parameters
    ----------
    stage
        The stage.
    folder
        The folder of the files.

    Raises
    ------
    StageFileError
        If there is no such stage, or a key or a value of its file is wrong.
    """
    file = folder / f"{stage}.toml"
    _require_stage_name(stage, folder)
    try:
        values = tomllib.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise StageFileError(f"infra/stages/{file.name} cannot be read as TOML: {error}") from error
    definitions = _read_definitions()
    parameters = {}
    for name, value in values.items():
        try:
            parameters[name] = _check_value(name, value, definitions)
        except ValueError as error:
            raise StageFileError(f"infra/stages/{file.name}: {error}") from error
    return parameters


def choose_parameters(
    template: Mapping[str, Any], values: Mapping[str, str], stack_values: Mapping[str, str]
) -> dict[str, str]:
    """Return a value for each parameter of a template: that of this deployment, else the stack's, else the default.

    Parameters
    ----------
    template
        The template.
    values
        What this deployment sets.
    stack_values
        The values that the stack has; none before its first creation.
    """
    definitions = template.get("Parameters", {})
    defaults = {name: str(item["Default"]) for name, item in definitions.items() if "Default" in item}
    return {name: text for name, text in {**defaults, **stack_values, **values}.items() if name in definitions}


def _require_stage_name(stage: str, folder: Path) -> None:
    names = sorted(file.stem for file in folder.glob("*.toml"))
    if stage in names and stage != _LOCAL_STAGE and re.fullmatch(_STAGE_NAME, stage):
        return
    raise StageFileError(
        f"{stage!r} is not a stage that can be deployed; expected one of: {', '.join(names)}. To have another, add "
        "infra/stages/<stage>.toml (it may be empty); its name is a lower-case word of 2 to 16 letters and digits, "
        f"and not {_LOCAL_STAGE!r}."
    )


def _read_definitions() -> dict[str, list[dict[str, Any]]]:
    """Return the definitions of each parameter that a file can set, one for each template that has it."""
    definitions: dict[str, list[dict[str, Any]]] = {}
    templates = [parse_template(file.read_text()) for file in sorted(TEMPLATES.glob("*.yaml"))]
    for template in (*templates, build_monitoring_template("any", 1)):
        for name, definition in template["Parameters"].items():
            if name not in _SET_BY_DEPLOYMENT:
                definitions.setdefault(name, []).append(definition)
    return definitions


def _check_value(name: str, value: Any, definitions: Mapping[str, list[dict[str, Any]]]) -> str:
    if name not in definitions:
        raise ValueError(f"{name!r} is not a parameter; expected one of: {', '.join(sorted(definitions))}.")
    text = _to_text(name, value)
    for definition in definitions[name]:
        if definition["Type"] == "Number":
            _require_number(name, text, definition)
        else:
            _require_text(name, text, definition)
    if name == "EgressAllowedHosts":
        # Its functions would not start.
        parse_egress_rules(text, "")
    return text


def _to_text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | str):
        return str(value)
    raise ValueError(f"{name} is {value!r}; expected a text, a whole number, true or false.")


def _require_number(name: str, text: str, definition: Mapping[str, Any]) -> None:
    least = definition.get("MinValue", 0)
    most = definition.get("MaxValue")
    expected = f"a whole number from {least} to {most}" if most is not None else f"a whole number of at least {least}"
    is_number = text.isascii() and text.isdecimal()
    if not is_number or int(text) < least or (most is not None and int(text) > most):
        raise ValueError(f"{name} is {text!r}; expected {expected}, such as {definition.get('Default', least)}.")


def _require_text(name: str, text: str, definition: Mapping[str, Any]) -> None:
    allowed = definition.get("AllowedValues")
    if allowed is not None and text not in allowed:
        raise ValueError(f"{name} is {text!r}; expected one of: {', '.join(allowed)}.")
    if not re.fullmatch(definition.get("AllowedPattern", ".*"), text):
        raise ValueError(f"{name} is {text!r}; expected {definition['ConstraintDescription']}.")
