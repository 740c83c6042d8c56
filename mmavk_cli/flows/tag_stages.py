"""`tag` with CLIP: all knowledge, then all scores, then names. One large model at a time, and nothing is paid twice."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from time import monotonic

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.pictures import read_picture
from mmavk_cli.base.places import store_folder
from mmavk_cli.base.records import BadRow, Knowledge, Post, Row
from mmavk_cli.flows.generate_work import write_all
from mmavk_cli.flows.generation import Generation, Job
from mmavk_cli.flows.score_rows import PictureScorer, ScoredPost
from mmavk_cli.flows.scorers import ClipOfStore
from mmavk_cli.flows.stopping import Stop
from mmavk_cli.flows.tag_profile import StagedSettings, other_scorer
from mmavk_cli.flows.tag_rows import LEFT_OUT, NO_PICTURE, NOTHING_READ, Seen
from mmavk_cli.knowledge.generator import Generator
from mmavk_cli.knowledge.store import Store
from mmavk_cli.similarity.clip_source import clip_source
from mmavk_cli.similarity.gate import Gate

STAGED = 10_000
"""Posts that pass the stages together: what memory holds, and how often models are loaded."""

EVERY_S = 2.0
"""Seconds between two words about how far it is."""

Told = Callable[[str], None]
"""Hears, in words, how far the stages are."""


class Stages:
    """Looks at posts' pictures with a generator and a CLIP, in turn; both find in the store what they made before.

    Attributes:
        scorer: the name of the CLIP.

    Args:
        gate: gives the weights.
        trained: the id of the scorer that `gate` is for; None where any will do.
    """

    def __init__(
        self, generator: Generator, settings: StagedSettings, gate: Gate, trained: str | None, told: Told
    ) -> None:  # fmt: skip
        self.generator, self.settings, self.gate, self.trained = generator, settings, gate, trained
        self.scorer = clip_source(settings).name
        self._told, self._spoke = told, monotonic()

    def seen(self, rows: Iterable[Row]) -> Iterator[Seen | BadRow]:
        """The rows, STAGED at a time, every post with what is known of its picture; bad rows pass through.

        Raises:
            KnowledgeError: the gate is for another CLIP's similarities, or its weights are not those of the store's
            scores. UsageError, MissingError: no such CLIP or generator, or weights are not here. DataError: the store.
        """
        source = iter(rows)
        while chunk := list(islice(source, STAGED)):
            yield from self._looked_at(chunk)

    def _looked_at(self, rows: list[Row]) -> list[Seen | BadRow]:
        if not any(isinstance(row, Post) and row.image for row in rows):
            return [row if isinstance(row, BadRow) else Seen(row, notes=(NO_PICTURE,)) for row in rows]
        with Store(store_folder(self.settings.store)) as store:
            clip = self._clip(store)
            self._write(store, [row for row in rows if isinstance(row, Post)])
            seen = [row if isinstance(row, BadRow) else self._read(store, row) for row in rows]
            known = [one.post for one in seen if isinstance(one, Seen) and one.knowledge]
            scored = iter(self._scores(store, clip, known))
            return [
                self._weighed(one.post, one.knowledge, next(scored), clip.recipe.id)
                if isinstance(one, Seen) and one.knowledge
                else one
                for one in seen
            ]

    def _clip(self, store: Store) -> ClipOfStore:
        """The CLIP, not loaded; one that has never scored was, to know it before the generator's hours are spent."""
        clip = ClipOfStore(self.settings, store)
        if self.trained is not None and clip.recipe.id != self.trained:
            raise other_scorer("--clip, --clip-precision")
        store.put_recipe(clip.recipe)
        clip.free()
        return clip

    def _write(self, store: Store, posts: Sequence[Post]) -> None:
        def told(_step: str, generation: Generation, _total: int) -> None:
            counts = generation.totals.counts
            self._say(f"{self.generator.recipe.label}: {counts['made']} written, {counts['pictures']} pictures")

        files = tuple(dict.fromkeys(post.image for post in posts if post.image))
        job = Job(self.generator, self.settings, (0, 1), 0, retry_failed=False)
        try:
            write_all(job, files, store, Generation(self.generator.recipe.label), told, Stop())
        except KeyboardInterrupt:
            self.generator.abort()
            raise

    def _read(self, store: Store, post: Post) -> Seen:
        """A post with what is written about its picture, not scored."""
        if post.image is None:
            return Seen(post, notes=(NO_PICTURE,))
        recipe = self.generator.recipe.id
        try:
            row = store.get_knowledge(read_picture(post.image, self.settings).digest, recipe)
            if row is None or row.text is None:
                error = row.error if row else "the file was changed while this ran"
                advice = "Mend it, or try it again with mmavk generate --retry-failed"
                raise DataError(f"no knowledge about the picture: {error}", str(post.image), advice)
        except DataError as error:
            return Seen(post, notes=(LEFT_OUT,), problem=error.problem())
        return Seen(post, Knowledge(row.text, recipe)) if row.text else Seen(post, notes=(NOTHING_READ,))

    def _scores(self, store: Store, clip: ClipOfStore, posts: Sequence[Post]) -> list[ScoredPost]:
        scorer = PictureScorer(store, clip, self.settings, self.settings.workers, retry=False)
        found: list[ScoredPost] = []
        for row in scorer.scored(posts):
            if isinstance(row, ScoredPost):
                found.append(row)
                self._say(f"{clip.source.name}: {len(found)} of {len(posts)} posts scored")
        clip.free()
        return found

    def _weighed(self, post: Post, knowledge: Knowledge, scored: ScoredPost, scorer: str) -> Seen:
        if scored.similarity is None:
            return Seen(post, notes=(LEFT_OUT,), problem=scored.problem)
        similarity, weight = scored.similarity, self.gate.weight(scored.similarity)
        return Seen(post, replace(knowledge, similarity=similarity, weight=weight, scorer=scorer))

    def _say(self, line: str) -> None:
        if monotonic() - self._spoke >= EVERY_S:
            self._told(line)
            self._spoke = monotonic()
