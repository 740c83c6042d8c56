"""Tests of formats whose package may not be installed."""

import pytest


@pytest.fixture(autouse=True)
def needs(request: pytest.FixtureRequest) -> None:
    """A test of a format whose package is not installed says so and skips."""
    name = getattr(getattr(request.node, "callspec", None), "params", {}).get("name")
    if package := {"spacy": "spacy", "hf": "pyarrow"}.get(name):
        pytest.importorskip(package)
