"""Run folders for tests, with posts of our own: what `mmavk eval --out` writes, by the same writers."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from mmavk_cli.base.records import Entity, Knowledge, Post, Span, Tagged
from mmavk_cli.corpus.tokenize import cut
from mmavk_cli.flows.evaluate.evaluate import EvalSettings, Evaluation
from mmavk_cli.flows.shared.run_folder import new_run
from mmavk_cli.report.metrics.breakdown import Known, breakdown
from mmavk_cli.report.predictions_reader import predictions_name
from mmavk_cli.report.predictions_writer import evaluated, json_line
from mmavk_cli.spans import entity_of, spans_to_tags

Names = Sequence[tuple[str, str]]
"""Text and type of each name."""

RECIPE = f"sha256:{'5' * 64}"


def span(post: Post, name: str, kind: str) -> Span:
    """The words of a name in a post."""
    start = post.text.index(name)
    end = start + len(name)
    inside = [at for at, word in enumerate(post.words) if word.start >= start and word.end <= end]
    return Span(inside[0], inside[-1] + 1, kind)


def tagged(
    name: str, text: str, gold: Names, found: Names, knowledge: Knowledge | None = None, image: Path | None = None
) -> Tagged:
    """A post with its gold names and those a tagger would have found."""
    words = cut(text)
    bare = Post(name, text, words, image=image, image_id=name)
    tags = spans_to_tags(sorted(span(bare, *one) for one in gold), len(words))
    post = Post(name, text, words, tuple(tags), image=image, image_id=name)
    entities = sorted(
        (entity_of(post, span(post, *one), 0.9 - at / 10) for at, one in enumerate(found)), key=lambda one: one.start
    )
    return Tagged(post, tuple(entities), knowledge, "embedded@0.1.0")


def known(text: str, similarity: float, weight: float = 1.0) -> Knowledge:
    """Knowledge with its similarity."""
    return Knowledge(text, RECIPE, similarity, weight)


def write_run(folder: Path, rows: Sequence[Tagged], **asked: object) -> Path:
    """A run of `mmavk eval` with these posts."""
    settings = EvalSettings(model="embedded", dataset="ours", **asked)  # type: ignore[arg-type]
    judged = breakdown(rows, Known(), "strict", settings)
    counted = sum(1 for row in rows if row.knowledge)
    label = f"{settings.knowledge} ({settings.pairing})" if settings.knowledge else "none"
    scores = Evaluation("embedded", "ours", "test", label, len(rows), counted, 0.0, 0, "strict", judged, None)
    with new_run(folder, "eval", settings) as run:
        run.write("scores.json", scores.as_json())
        with (run.folder / predictions_name("test")).open("w", encoding="utf-8", newline="\n") as handle:
            handle.writelines(json_line(evaluated(row)) for row in rows)
        run.facts |= {"model": rows[0].model, "recipes": [RECIPE] if counted else [], "data": {"ours/test": "sha256:1"}}
    return folder


def draw(path: Path, size: tuple[int, int] = (640, 480), seed: int = 0) -> Path:
    """A picture file with coloured shapes."""
    image = Image.new("RGB", size, ((seed * 37) % 200 + 40, (seed * 91) % 200 + 40, (seed * 53) % 200 + 40))
    pen = ImageDraw.Draw(image)
    for at in range(12):
        x, y = (seed * 71 + at * 131) % size[0], (seed * 43 + at * 89) % size[1]
        pen.ellipse((x, y, x + 90, y + 60), fill=((at * 67) % 256, (seed * 29 + at * 31) % 256, (at * 97) % 256))
    image.save(path, quality=85)
    return path


RIGHT = ("Ann Lee in Rome", (("Ann Lee", "PER"), ("Rome", "LOC")))
"""A post and its names."""


def five(picture: Path | None = None) -> list[Tagged]:
    """A post of each kind of error, one that is right, with knowledge; two of them are changed by it."""
    return [
        tagged("right", *RIGHT, RIGHT[1], known("a woman before a fountain", 0.6), picture),
        tagged("missed", "Bob went to Oslo", [("Bob", "PER"), ("Oslo", "LOC")], [("Bob", "PER")],
               known("a fjord", 0.4)),
        tagged("spurious", "What a Sunday in Bern", [("Bern", "LOC")], [("Sunday", "MISC"), ("Bern", "LOC")],
               known("a clock", 0.05, 0.0)),
        tagged("boundary", "New York City is loud", [("New York City", "LOC")], [("New York", "LOC")]),
        tagged("type", "Ajax won again", [("Ajax", "ORG")], [("Ajax", "PER")], known("a football team", 0.5)),
    ]  # fmt: skip


def five_without() -> list[Tagged]:
    """The same posts by the same model without knowledge: one is worse, one is better."""
    rows = five()
    changed = {
        "right": tagged("right", *RIGHT, [("Ann", "PER"), ("Rome", "LOC")]),
        "type": tagged("type", "Ajax won again", [("Ajax", "ORG")], [("Ajax", "ORG")]),
    }
    bare = [Tagged(row.post, row.entities, None, row.model) for row in rows]
    return [changed.get(row.post.id, row) for row in bare]


def entity(text: str, start: int, end: int, kind: str) -> Entity:
    """A name over characters; each character is a word."""
    return Entity(start, end, start, end, kind, text[start:end], 0.5)
