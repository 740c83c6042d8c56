"""mmavk: find the names in a post with the help of its picture (MMAVK, 2025).

`from mmavk_cli import Tagger` is the Python API (docs/api.md). It is loaded when it is asked for.
"""

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmavk_cli.api import Result, Tagger

__all__ = ["Result", "Tagger", "__version__"]
__version__ = "0.1.0"

NO_TELEMETRY = {
    "ORT_DISABLE_TELEMETRY": "1",  # onnxruntime, rapidocr's too
    "HF_HUB_DISABLE_TELEMETRY": "1",  # huggingface_hub, transformers
    "VLLM_NO_USAGE_STATS": "1",
    "RAY_USAGE_STATS_ENABLED": "0",  # which vLLM may start
    "DO_NOT_TRACK": "1",  # whatever else asks (donottrack.sh)
}
"""Variables that tell libraries to send their makers nothing. They are read when a library is loaded, and nothing of
mmavk is loaded before this. What the user has set stays."""

for _name, _value in NO_TELEMETRY.items():
    os.environ.setdefault(_name, _value)


def __getattr__(name: str) -> Any:
    """A name of the API, which is loaded with the first that is asked for."""
    if name in __all__:
        from mmavk_cli import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
