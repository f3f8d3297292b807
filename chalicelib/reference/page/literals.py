"""JSON values as people write them, in JSON or in Python: on one line what fits there."""

import json
from typing import Any

__all__ = ["WIDTH", "as_json", "as_python"]

WIDTH = 56
"""Characters that a line may have: so many are seen beside the text."""

PYTHON = {None: "None", True: "True", False: "False"}


def as_json(value: Any) -> str:
    """Return a value in JSON."""
    return _written(value, python=False)


def as_python(value: Any, taken: int = 0) -> str:
    """Return a value in Python; `taken` characters of its first line are used already."""
    return _written(value, python=True, taken=taken)


def _written(value: Any, *, python: bool, indent: int = 0, taken: int = 0) -> str:
    deeper, step = indent + 4, " " * (indent + 4)
    if isinstance(value, dict):
        names = [f"{json.dumps(name, ensure_ascii=False)}: " for name in value]
        items = [
            name + _written(item, python=python, indent=deeper, taken=len(name))
            for name, item in zip(names, value.values(), strict=True)
        ]
        opened, closed = "{}"
    elif isinstance(value, list):
        items = [_written(item, python=python, indent=deeper) for item in value]
        opened, closed = "[]"
    elif python and (value is None or isinstance(value, bool)):
        return PYTHON[value]
    else:
        return json.dumps(value, ensure_ascii=False)
    line = f"{opened}{', '.join(items)}{closed}"
    if not items or (indent + taken + len(line) < WIDTH and "\n" not in line):
        return line
    inner = ",\n".join(step + item for item in items)
    comma = "," if python else ""
    return f"{opened}\n{inner}{comma}\n{' ' * indent}{closed}"
