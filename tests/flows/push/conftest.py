"""Fixtures of the tests of `mmavk push`: a trained tagger, and a hub on loopback."""

from collections.abc import Iterator

import pytest
from hub_stub import TOKEN, Hub
from ran import Mmavk
from trip import place, ran
from web import serving

__all__ = ["place", "ran"]


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serving(Hub()) as up:
        yield up


@pytest.fixture
def push(ran: Mmavk, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Mmavk:
    """`mmavk push` of somebody who is logged in at the hub."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    return lambda *words: ran("push", *words, "--endpoint", hub.url)
