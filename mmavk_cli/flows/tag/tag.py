"""tag: posts of any kind → their entities, with the knowledge read from their pictures on the way."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Literal, Self

from pydantic import model_validator

from mmavk_cli.base.errors import DataError, UsageError
from mmavk_cli.base.file_kinds import is_picture
from mmavk_cli.base.images import is_url, was_url
from mmavk_cli.base.records import BadRow, Counted, Post, Rows, Tagged
from mmavk_cli.base.settings import Common, setting
from mmavk_cli.corpus.formats.options import InputOptions
from mmavk_cli.corpus.formats.posts import read_posts, read_stream
from mmavk_cli.corpus.raw import post_from_text
from mmavk_cli.flows.shared.options import FORMAT, INPUT, OUT
from mmavk_cli.flows.shared.progress import Progress
from mmavk_cli.flows.shared.run_folder import new_run
from mmavk_cli.flows.tag.tagger import Tagger, TaggerSettings
from mmavk_cli.report.predictions_writer import Outcome, json_lines
from mmavk_cli.similarity.clip_source import TEXT

STDIN = "-"


class TagSettings(InputOptions, TaggerSettings, Common):
    """Options of `mmavk tag`."""

    input: str | None = setting(None, INPUT, here="Or a text or CoNLL file, or - for standard input.", argument=True)
    text: str | None = setting(None, "The text of a post, in place of INPUT.")
    image: Path | None = setting(None, "The picture of a single post.")
    format: Literal["table", "jsonl", "csv", "conll", "html", "json"] | None = setting(
        None, FORMAT, here="[default: table on a terminal, jsonl in a pipe, nothing with --out]"
    )
    out: Path | None = setting(None, OUT, here="run folder with run.json and predictions.jsonl.")

    @model_validator(mode="after")
    def _one_input(self) -> Self:
        if self.text is None and not self.input:
            raise ValueError("nothing to tag: give a file, a folder, - for standard input, or --text")
        if self.text is not None and self.input is not None:
            raise ValueError("--text: INPUT is given too; give one of them")
        if self.image is not None and self.no_image:
            raise ValueError("--image: --no-image is given too; give one of them")
        if self.image is not None and was_url(self.image):
            raise ValueError("--image: this is a URL, and pictures are not fetched; download it and give its path")
        return self


@dataclass(slots=True)
class Tagging:
    """A run of `tag`: rows as they come, and what they came to, complete when they are exhausted.

    Totals: `posts` (tagged), `names`, `with_knowledge`, `bad_pictures`, `bad_rows`. `types` are the model's,
    `scorer` is the name of what gives similarities. `notes` are what a person should know, there when the block of
    `tag` has ended.
    """

    rows: Iterator[Outcome]
    totals: Counted
    types: tuple[str, ...]
    scorer: str = TEXT
    notes: tuple[str, ...] = ()

    @property
    def code(self) -> int:
        """What the command exits with."""
        return DataError.code if self.totals.counts["bad_rows"] or self.totals.counts["bad_pictures"] else 0


@contextmanager
def tag(settings: TagSettings, on_progress: Progress) -> Iterator[Tagging]:
    """Tag the posts that `settings` name. Everything is ready when the block begins; posts are read as rows are asked
    for. A bad row, or a picture that cannot be read, is in the rows and the totals. With `--out`, the run folder gets
    its name when the block ends well.

    Where CLIP or a language model sees the pictures, what they made is kept in the store and found there, and large
    models are loaded in turn as rows are asked for; `on_progress` gets how far they are.

    Raises:
        UsageError: `--image` with several posts, no such generator, or one that the model does not read. DataError: the
        input cannot be read, or is a single post without a text; the run folder. MissingError: no such model, or a
        package or weights are not there. KnowledgeError: the model's threshold or features are another scorer's, or
        the store's scores of other weights.
    """
    posts = opened(settings)
    tagger = Tagger(settings, on_progress)
    tagging = Tagging(iter(()), Counted(), tagger.types, tagger.scorer)
    rows = _counted(tagger.rows(posts), tagging.totals)
    if settings.out is None:
        tagging.rows = rows
        yield tagging
        tagging.notes = tuple(tagger.notes())
        return
    generator = tagger.generator
    with new_run(settings.out, "tag", settings) as run:
        recipe = generator.recipe.model_dump() | {"id": generator.recipe.id} if generator else None
        run.facts |= {"model": tagger.model, "recipe": recipe, "totals": tagging.totals.counts}
        run.facts |= {"scorer": tagging.scorer if generator or tagger.by_clip else None}
        tagging.rows = _saved(rows, run.folder / "predictions.jsonl")
        yield tagging
        tagging.notes = tuple(tagger.notes())
    from mmavk_cli.flows.shared.cards import write_cards  # without --out nobody waits for it

    write_cards(settings.out)


def opened(settings: TagSettings) -> Rows:
    """The posts of INPUT or `--text`, with `--image` put in and pictures left out as asked; the first is read at once.

    Raises:
        UsageError: `--image` with several posts. DataError: the input cannot be read, or is a post without a text.
    """
    rows = _rows(settings)
    ahead = list(islice(rows, 2 if settings.image else 1))
    if settings.image and len(ahead) > 1:
        advice = "Give each post its own: a field `image` in JSON Lines, a picture of the same name in a folder"
        raise UsageError("there is more than one post", "--image", advice)
    return (_with_image(row, settings) for row in chain(ahead, rows))


def _with_image(row: Post | BadRow, settings: TagSettings) -> Post | BadRow:
    if isinstance(row, BadRow) or (settings.image is None and not settings.no_image):
        return row
    return replace(row, image=settings.image, image_url=None)


def _rows(settings: TagSettings) -> Rows:
    if settings.text is not None:
        return iter([post_from_text(settings.text, "text", where="--text")])
    if settings.input == STDIN:
        return read_stream(sys.stdin.buffer, "stdin", settings)
    path = Path(settings.input or "")
    if is_url(settings.input or ""):
        raise UsageError("INPUT is a URL, and nothing is fetched", str(settings.input), "Download it and give its path")
    try:
        os.stat(path)  # noqa: PTH116 (Path.exists raises for a name that is too long)
    except (OSError, ValueError) as error:
        shown = str(path) if len(str(path)) < 100 else f"{str(path)[:99]}…"  # noqa: PLR2004
        raise DataError("no such file or folder", shown, "Check the path; a text itself goes after --text") from error
    if is_picture(path):
        raise UsageError("INPUT is a picture", str(path), "Give it with --image, and the post with --text or as INPUT")
    return read_posts(path, settings)


def _counted(rows: Iterable[Outcome], totals: Counted) -> Iterator[Outcome]:
    for name in ("posts", "names", "with_knowledge", "bad_pictures", "bad_rows"):
        totals.add(name, 0)
    for row in rows:
        if isinstance(row, Tagged):
            totals.add("posts")
            totals.add("names", len(row.entities))
            totals.add("with_knowledge", row.knowledge is not None)
            totals.add("bad_pictures", row.problem is not None)
        else:
            totals.add("bad_rows")
        yield row


def _saved(rows: Iterable[Outcome], path: Path) -> Iterator[Outcome]:
    with path.open("w", encoding="utf-8", newline="\n", errors="backslashreplace") as handle:
        for row in rows:
            handle.writelines(json_lines([row]))
            yield row
