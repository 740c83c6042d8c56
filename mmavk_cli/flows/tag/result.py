"""What a tagger found in one post, as Python gets it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmavk_cli.base.records import BadRow, Entity, Json, Knowledge, Problem, Tagged
from mmavk_cli.report.predictions_writer import Outcome, as_json


@dataclass(frozen=True, slots=True, repr=False)
class Result:
    """The names in one post; a notebook shows it as the page of `mmavk tag --format html` does.

    Attributes:
        record: what the command writes of it.
        image: the picture, as it was given.
        types: the types that the tagger finds.
    """

    record: Outcome
    image: Any = None
    types: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The post's id, else its number."""
        return self.record.id if isinstance(self.record, BadRow) else self.record.post.id

    @property
    def text(self) -> str:
        """The post; empty where it could not be read."""
        return self.record.post.text if isinstance(self.record, Tagged) else ""

    @property
    def entities(self) -> tuple[Entity, ...]:
        """The names from left to right: `start` and `end` in characters of `text`, `type`, `text` and `score`."""
        return self.record.entities if isinstance(self.record, Tagged) else ()

    @property
    def knowledge(self) -> Knowledge | None:
        """What was read in the picture, and how much it counted; None where there is nothing."""
        return self.record.knowledge if isinstance(self.record, Tagged) else None

    @property
    def notes(self) -> tuple[str, ...]:
        """Why there is no knowledge, and what the model could not read."""
        return self.record.notes if isinstance(self.record, Tagged) else ()

    @property
    def problem(self) -> Problem | None:
        """What was wrong with the post or its picture; None where nothing was."""
        return self.record.problem

    def as_json(self) -> Json:
        """The record that `mmavk tag --format jsonl` writes of it."""
        return as_json(self.record)

    def __repr__(self) -> str:
        """One line for people."""
        if isinstance(self.record, BadRow):
            return f"Result({self.id!r}: {self.record.problem.what})"
        names = ", ".join(f"{one.type} {one.text!r} {one.score:.2f}" for one in self.entities)
        return f"Result({self.text!r}: {names or 'no names'})"

    def _repr_html_(self) -> str:
        """What a notebook shows: the text with its names marked, its picture, and what was read there."""
        from mmavk_cli.report.html.tag_page import snippet

        in_memory = None if isinstance(self.image, str | Path) else self.image
        return snippet(self.record, self.types, in_memory)
