"""`tag` with language models and CLIP: knowledge, then scores, then names. Nothing is paid twice."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import islice

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.images import read_picture
from mmavk_cli.base.paths import store_folder
from mmavk_cli.base.records import BadRow, Knowledge, Post, Row
from mmavk_cli.corpus.pictures import picture_of
from mmavk_cli.flows.generate.job import Generation, Job
from mmavk_cli.flows.generate.worker import write_all
from mmavk_cli.flows.score.picture_scorer import Outcome, PictureScorer, ScoredPost
from mmavk_cli.flows.shared.interrupts import Stop
from mmavk_cli.flows.shared.knowledge.clip_scorer import ClipOfStore
from mmavk_cli.flows.shared.knowledge.features import ClipFeatures
from mmavk_cli.flows.shared.progress import Progress
from mmavk_cli.flows.tag.profile import StagedSettings, Weighing
from mmavk_cli.flows.tag.rows import LEFT_OUT, NO_PICTURE, NOTHING_READ, Seen, TextWeigher, in_chunks, seen_of
from mmavk_cli.knowledge.generators.generator import Generator
from mmavk_cli.similarity.clip_source import CLIP, TEXT, clip_source
from mmavk_cli.store.store import Store

STAGED = 10_000
"""Posts that pass the stages together: what memory holds, and how often models are loaded."""


def _staged(rows: Iterable[Row]) -> Iterator[list[Row]]:
    source = iter(rows)
    while chunk := list(islice(source, STAGED)):
        yield chunk


class Stages:
    """Looks at posts' pictures with a generator and a CLIP, in turn; both find in the store what they made before.

    Attributes:
        scorer: the name of what gives similarities.

    Args:
        generator: None where the model takes CLIP's features alone.
        weighing: who scores, which also says whether there is a CLIP.
        on_progress: gets pictures or posts done and in all; the step names the model.
        make_room: called before large models are loaded, so that the tagger is not beside them.
    """

    def __init__(
        self,
        generator: Generator | None,
        settings: StagedSettings,
        weighing: Weighing,
        on_progress: Progress,
        make_room: Callable[[], None],
    ) -> None:
        self.generator, self.settings, self.weighing = generator, settings, weighing
        self.scorer = clip_source(settings).name if weighing.scorer == CLIP else TEXT
        self._on_progress, self._make_room = on_progress, make_room

    def seen(self, rows: Iterable[Row]) -> Iterator[Seen | BadRow]:
        """The rows, STAGED at a time where large models take turns, every post with what is known of its picture; bad
        rows pass through.

        Raises:
            KnowledgeError: the gate is for another CLIP's similarities, or its weights are not those of the store's
            scores. UsageError, MissingError: no such CLIP or generator, or weights are not here. DataError: the store.
        """
        for chunk in _staged(rows) if self._in_turn else in_chunks(rows):
            yield from self._looked_at(chunk)

    @property
    def _in_turn(self) -> bool:
        """Whether large models take turns with the tagger; a server is asked while it stays."""
        return self.weighing.scorer == CLIP or (self.generator is not None and self.generator.large)

    def _looked_at(self, rows: list[Row]) -> list[Seen | BadRow]:
        if not any(isinstance(row, Post) and row.image for row in rows):
            return [_unseen(row) for row in rows]
        if self._in_turn:
            self._make_room()
        with Store(store_folder(self.settings.store)) as store:
            clip = self._clip(store) if self.weighing.scorer == CLIP else None
            if self.generator is not None:
                self._write(self.generator, store, [row for row in rows if isinstance(row, Post)])
            seen = [self._read(store, row) for row in rows]
            known = [one for one in seen if isinstance(one, Seen) and one.knowledge]
            weighed = iter(self._by_text(known) if clip is None else self._by_clip(store, clip, known))
            for at, one in enumerate(seen):
                if isinstance(one, Seen) and one.knowledge:
                    seen[at] = next(weighed)
            return seen

    def _clip(self, store: Store) -> ClipOfStore:
        """The CLIP, not loaded; one that has never scored was, to know it before the generator's hours are spent."""
        clip = ClipOfStore(self.settings, store)
        self.weighing.check(clip.recipe.id)
        store.put_recipe(clip.recipe)
        clip.free()
        return clip

    def _write(self, generator: Generator, store: Store, posts: Sequence[Post]) -> None:
        def moved(done: int, total: int | None = None, /, step: str = "") -> None:
            self._on_progress(done, total, f"{generator.recipe.label}, {step}")

        files = tuple(dict.fromkeys(post.image for post in posts if post.image))
        job = Job(generator, self.settings, (0, 1), 0, retry_failed=False)
        write_all(job, files, store, Generation(generator.recipe.label), moved, Stop())

    def _read(self, store: Store, post: Post | BadRow) -> Seen | BadRow:
        """A post with what is written about its picture, not weighed; with no text where CLIP alone sees it."""
        if isinstance(post, BadRow) or post.image is None:
            return _unseen(post)
        if self.generator is None:
            return Seen(post, Knowledge("", ""))
        recipe = self.generator.recipe.id
        try:
            row = store.get_knowledge(read_picture(post.image, self.settings).digest, recipe)
            if row is None or row.text is None:
                error = row.error if row else "the file was changed while this ran"
                advice = "Fix it, or retry with mmavk generate --retry-failed"
                raise DataError(f"no knowledge about the picture: {error}", str(post.image), advice)
        except DataError as error:
            return Seen(post, notes=(LEFT_OUT,), problem=error.problem())
        return seen_of(post, row.text, recipe) if row.text else Seen(post, notes=(NOTHING_READ,))

    def _by_text(self, seen: Sequence[Seen]) -> list[Seen]:
        return [self._weigh(one) for one in seen]

    @cached_property
    def _weigh(self) -> TextWeigher:
        return TextWeigher(self.weighing.gate)

    def _by_clip(self, store: Store, clip: ClipOfStore, seen: Sequence[Seen]) -> list[Seen]:
        scorer = PictureScorer(store, clip, self.settings, self.settings.workers, retry=False)
        found: list[Seen] = []
        for one, scored in zip(seen, scorer.scored(one.post for one in seen), strict=True):
            found.append(self._weighed(store, one, scored, clip.recipe.id))
            self._on_progress(len(found), len(seen), f"{clip.source.name}, posts")
        clip.free()
        return found

    def _weighed(self, store: Store, seen: Seen, scored: Outcome, clip: str) -> Seen:
        if not isinstance(scored, ScoredPost) or seen.knowledge is None:
            return Seen(seen.post, notes=(LEFT_OUT,), problem=scored.problem)
        weight = self.weighing.gate.weight(scored.similarity)
        found = replace(seen.knowledge, similarity=scored.similarity, weight=weight, scorer=clip)
        if scored.similarity is None:  # as in training: what CLIP cannot see is under every threshold
            if weight > 0 and not self.weighing.features:
                return Seen(seen.post, found, (), scored.problem)
            return Seen(seen.post, None, (LEFT_OUT,), scored.problem)
        if self.weighing.features and scored.picture is not None:
            found = replace(found, recipe=clip, visual=ClipFeatures(store, clip).of(scored.picture))
        return Seen(seen.post, found)


def _unseen(post: Post | BadRow) -> Seen | BadRow:
    """A post without a picture's file, with its problem where the picture is named by a URL; a bad row as it is."""
    if isinstance(post, BadRow):
        return post
    try:
        picture_of(post)
    except DataError as error:
        return Seen(post, notes=(LEFT_OUT,), problem=error.problem())
    return Seen(post, notes=(NO_PICTURE,))
