"""Nothing is told to the makers of the libraries."""

import os

OFF = {
    "ORT_DISABLE_TELEMETRY": "1",  # onnxruntime, rapidocr's too
    "HF_HUB_DISABLE_TELEMETRY": "1",  # huggingface_hub, transformers, tokenizers
    "VLLM_NO_USAGE_STATS": "1",
    "RAY_USAGE_STATS_ENABLED": "0",  # which vLLM may start
    "DO_NOT_TRACK": "1",  # whatever else asks (donottrack.sh)
}
"""Variables by which libraries are told not to send usage data. They read them when they are loaded, or later."""


def no_telemetry() -> None:
    """Set these variables for this process and what it starts. What the user has set stays."""
    for name, value in OFF.items():
        os.environ.setdefault(name, value)
