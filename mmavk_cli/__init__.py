"""mmavk: find the names in a post with the help of its picture (MMAVK, 2025).

`from mmavk_cli import Tagger` is the Python API (docs/api.md). It is loaded when it is asked for.
"""

from typing import TYPE_CHECKING, Any

from mmavk_cli.base.no_telemetry import no_telemetry

if TYPE_CHECKING:
    from mmavk_cli.api import Result, Tagger

__all__ = ["Result", "Tagger", "__version__"]
__version__ = "0.1.0"

no_telemetry()  # here, as nothing of mmavk is imported before, and libraries read it when they are loaded


def __getattr__(name: str) -> Any:
    """A name of the API, which is loaded with the first that is asked for."""
    if name in __all__:
        from mmavk_cli import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
