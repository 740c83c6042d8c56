"""Facts about a run without the places of the machine it was made on, for whoever reads them elsewhere."""

import re
from pathlib import PurePath
from typing import Any

_INSIDE = re.compile(r"(?<![\w.…])(?<!:/)(?:/[^\s/'\"]+){2,}")
"""A path from the root inside a text."""


def portable(value: Any) -> Any:
    """The same JSON value; a path that does not lie below the working folder is cut to `…/` and its last part."""
    if isinstance(value, dict):
        return {portable(name): portable(one) for name, one in value.items()}
    if isinstance(value, list):
        return [portable(one) for one in value]
    if not isinstance(value, str):
        return value
    path = PurePath(value)
    if path.is_absolute() or path.parts[:1] in {("~",), ("..",)}:
        return f"…/{path.name}"
    return _INSIDE.sub(lambda found: f"…/{PurePath(found[0]).name}", value)
