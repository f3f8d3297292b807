"""The functions of a deployment and their sizes, from the files that deploy them."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from infra import PROJECT
from infra.chalice_adapter import parse_template
from infra.packaging import LAMBDA

ACCOUNT_CONCURRENCY = 1000
"""Concurrent invocations of an established account; a new one may have 10."""

SMALL_ACCOUNT = 200
"""Concurrent invocations of an account with less of which each queue has the fewest that Lambda allows."""

FEWEST_AT_ONCE = 2

CONTAINERS = {"fit": "FitFunction", "render": "RenderFunction"}
"""Functions of the container image, with their names in the template."""


@dataclass(frozen=True)
class DeployedFunction:
    """A function.

    Attributes
    ----------
    name : str
        Its name, without the prefix of the stage.
    megabytes : int
        Its memory.
    seconds : int
        Its timeout.
    architecture : str
        Its processor.
    at_once : int, optional
        How many of its invocations may run at once, if it has a limit of its own.
    """

    name: str
    megabytes: int
    seconds: int
    architecture: str
    at_once: int | None = None


@cache
def read_functions() -> dict[str, DeployedFunction]:
    """Return all functions by name, with the sizes of a stage that sets none."""
    config = json.loads((PROJECT / ".chalice" / "config.json").read_text())
    backend = _read_template("backend.yaml")
    defaults = _read_defaults(_read_template("api.yaml")) | _read_defaults(backend)
    functions = {}
    for name, options in config["lambda_functions"].items():
        sizes = {**config, **options}
        at_once = defaults.get(_name_concurrency(name))
        functions[name] = DeployedFunction(
            name, sizes["lambda_memory_size"], sizes["lambda_timeout"], LAMBDA.architecture, at_once
        )
    for name, resource in CONTAINERS.items():
        sizes = backend["Resources"][resource]["Properties"]
        memory, at_once = defaults[sizes["MemorySize"]["Ref"]], defaults.get(_name_concurrency(name))
        functions[name] = DeployedFunction(name, memory, sizes["Timeout"], sizes["Architectures"][0], at_once)
    return functions


def read_requests_per_second() -> int:
    """Return how many requests a second API Gateway passes on, in a stage that sets nothing else."""
    return int(_read_defaults(_read_template("api.yaml"))["RequestsPerSecond"])


def _name_concurrency(function: str) -> str:
    """Return the parameter that says how many messages a function works on at once."""
    return f"{function.title().replace('_', '')}Concurrency"


def _read_template(name: str) -> dict[str, Any]:
    return parse_template((PROJECT / "infra" / "templates" / name).read_text())


def _read_defaults(template: dict[str, Any]) -> dict[str, Any]:
    return {name: parameter.get("Default") for name, parameter in template["Parameters"].items()}


def choose_concurrency(account_limit: int) -> dict[str, str]:
    """Return the parameters that say how much of each queue is done at once, as fits the account.

    Parameters
    ----------
    account_limit : int
        How many invocations the account may have at once.
    """
    is_small = account_limit < SMALL_ACCOUNT
    return {
        _name_concurrency(function.name): str(FEWEST_AT_ONCE if is_small else function.at_once)
        for function in read_functions().values()
        if function.at_once
    }
