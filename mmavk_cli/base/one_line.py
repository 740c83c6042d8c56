"""JSON on one line, for every reader of lines."""

import json
from typing import Any

_LINE_ENDS = {ord(end): f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"}
"""What `str.splitlines` takes for the end of a line, and JSON does not escape."""


def json_on_one_line(value: Any) -> str:
    """`value` as JSON, without a newline of any kind in it and none at its end."""
    return json.dumps(value, ensure_ascii=False).translate(_LINE_ENDS)
