"""Load a service from its author's file or module."""

import importlib
import importlib.util
import inspect
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

from heliograph.errors import DeclarationError
from heliograph.service.analysis_service import Service


@cache
def load_service(reference: str) -> Service:
    """Load a service.

    Parameters
    ----------
    reference : str
        A file such as ``my_service.py``, or a module such as ``package.module``; with ``:name`` behind it if the module
        has several services.

    Raises
    ------
    DeclarationError
        If there is no such module, or not one service in it.
    """
    place, _, name = reference.rpartition(":") if _names_variable(reference) else (reference, "", "")
    module = _load_module(place)
    services = {key: value for key, value in vars(module).items() if isinstance(value, Service)}
    if name:
        services = {name: services[name]} if name in services else {}
    distinct = list({id(service): service for service in services.values()}.values())
    if len(distinct) != 1:
        raise DeclarationError(
            f"{place} has {len(distinct)} services{f' with the name {name}' if name else ''}; expected one: "
            "name it as file.py:variable."
        )
    return distinct[0]


def resolve_reference(reference: str) -> str:
    """Return a reference that means the same in another folder."""
    place, _, name = reference.rpartition(":") if _names_variable(reference) else (reference, "", "")
    absolute = str(Path(place).resolve()) if place.endswith(".py") else place
    return f"{absolute}:{name}" if name else absolute


def locate_service(service: Service) -> str:
    """Return the reference by which another process loads a service.

    Raises
    ------
    DeclarationError
        If its function is not in a file, as in a notebook.
    """
    try:
        file = Path(inspect.getfile(service.declared.function)).resolve(strict=True)
    except (TypeError, OSError):
        raise DeclarationError(
            f"The function of {service.name!r} is not in a file; save it as a Python file."
        ) from None
    module = sys.modules.get(service.declared.function.__module__)
    names = [name for name, value in vars(module).items() if value is service] if module else []
    if not names:
        raise DeclarationError(f"{service.name!r} is no variable of its file {file.name}; make it one.")
    return f"{file}:{names[0]}"


def _names_variable(reference: str) -> bool:
    name = reference.rpartition(":")[2]
    return name != reference and name.isidentifier()


def _load_module(place: str) -> ModuleType:
    path = Path(place)
    try:
        if path.suffix != ".py":
            return importlib.import_module(place)
        return _load_file(path.resolve(strict=True))
    except (ImportError, OSError) as error:
        raise DeclarationError(f"{place} cannot be loaded: {type(error).__name__}: {error}.") from error


def _load_file(path: Path) -> ModuleType:
    """Run a file as a module; modules beside it can be imported, as with ``python file.py``."""
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    name = f"heliograph_service_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path.name} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
