"""The word lists: names, sentence patterns and what stands in pictures, as TOML files beside this one."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

Part = Literal["train", "test"]
"""Names and sentence patterns are drawn apart: those of the contrast sets (`test`) never occur in training."""

FOLDER = Path(__file__).parent
KINDS = ("PER", "LOC", "ORG", "MISC")
"""The types that the lists know."""

OPEN, OPEN_MISC, NOTHING = "open", "open_MISC", "nothing"


@dataclass(frozen=True, slots=True)
class Cues:
    """What pictures of one type show.

    Attributes:
        with_name: lines in which `{n}` is the name.
        without: lines that never spell it.
        seen: clauses of a description, some with `{n}`.
    """

    with_name: tuple[str, ...]
    without: tuple[str, ...]
    seen: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lists:
    """All lists of one part.

    Attributes:
        names: each ambiguous name with the types it can have.
        posts: sentence patterns by kind: a type, `open`, `open_MISC`, `nothing`.
        cues: type → what pictures show.
        fill: slot of a cue (`{first}`, `{state}`) → what may stand there.
    """

    names: tuple[tuple[str, tuple[str, ...]], ...]
    posts: Mapping[str, tuple[str, ...]]
    cues: Mapping[str, Cues]
    fill: Mapping[str, tuple[str, ...]]


@cache
def lists(part: Part) -> Lists:
    """The lists of `part`; cues and their fillings are the same for both."""
    names = []
    for group in _read("names.toml")[part]:
        names += [(name, tuple(group["types"])) for name in _split(group["names"], ";")]
    posts = {kind: _split(text, "\n") for kind, text in _read("posts.toml")[part].items()}
    found = _read("cues.toml")
    fill = {slot: _split(text, ";") for slot, text in found.pop("fill").items()}
    cues = {kind: _cues(own) for kind, own in found.items()}
    return Lists(tuple(names), posts, cues, fill)


def _cues(own: Mapping[str, str]) -> Cues:
    return Cues(**{name: _split(text, "\n") for name, text in own.items()})


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / name).read_text("utf-8"))


def _split(text: str, by: str) -> tuple[str, ...]:
    """The parts of a list; one of names or fillings may go on in the next line."""
    whole = text if by == "\n" else text.replace("\n", " ")
    return tuple(part.strip() for part in whole.split(by) if part.strip())
