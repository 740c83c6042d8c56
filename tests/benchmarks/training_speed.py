"""How fast training is beside the plain way: text and knowledge in one row, padded, in random order.

    python tests/benchmarks/training_speed.py

One process with one thread on one core, float32, MiniLM-L6, Twitter-2017 train with PGIM's knowledge. Each round draws
posts at random and gives the same ones to every variant in turn, so that a noisy machine is noisy for all. Speeds are
posts a second of the processor, which other processes change less than the clock. Prints a Markdown table of medians
over the rounds; needs ../shared/data.
"""

import argparse
import datetime
import os
import platform
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy and torch are imported

import torch
from torch import Tensor, nn
from torchcrf import CRF
from transformers import AutoModel, AutoTokenizer
from transformers.utils import logging

from mmavk_cli.base.records import TYPES, Knowledge, Post
from mmavk_cli.corpus.tokenize import recut
from mmavk_cli.flows.shared.datasets import gold_posts
from mmavk_cli.flows.shared.knowledge.attach import KnowledgeChoice, Wanted, scored_knowledge
from mmavk_cli.flows.store.importing import ImportSettings, import_knowledge
from mmavk_cli.spans import lenient_spans, repaired, tag_names
from mmavk_cli.tagger.batch import Example
from mmavk_cli.tagger.build import untrained
from mmavk_cli.tagger.encoders.transformer import encoder_folder
from mmavk_cli.tagger.fusions.word import WordFusion
from mmavk_cli.tagger.pieces import PieceCutter
from mmavk_cli.tagger.settings import PieceSettings, TrainingSettings
from mmavk_cli.tagger.training.resume_points import Points
from mmavk_cli.tagger.training.train import fit

DATA = Path(__file__).parents[2].parent / "shared" / "data"
BATCH = 16
PLAIN_PIECES, KNOWLEDGE_PIECES = 300, 256
"""Where the plain way cuts text and knowledge together, and where the paper's recipe cuts knowledge."""

GATED = 0.85
"""Share of posts whose knowledge has weight 0, as at the paper's threshold."""

TAGS = tag_names(TYPES)
FOLDER = encoder_folder("minilm")

Item = tuple[Post, Knowledge | None]


class Plain(nn.Module):
    """What one writes first: an encoder over `[CLS] text [SEP] knowledge [SEP]`, a linear layer, a CRF."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = AutoModel.from_pretrained(FOLDER, local_files_only=True)
        self.emit = nn.Linear(self.encoder.config.hidden_size, len(TAGS))
        self.crf = CRF(len(TAGS), batch_first=True)

    def forward(self, encoded: dict[str, Tensor], first: Tensor, tags: Tensor, words: Tensor) -> Tensor:
        """The loss of a batch."""
        hidden = self.encoder(**encoded).last_hidden_state
        emissions = self.emit(hidden[torch.arange(len(hidden))[:, None], first])
        return -self.crf(emissions, tags, words, reduction="mean")


class PlainLoop:
    """Random order, padded to the longest of the batch, AdamW as it comes."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self.tokenizer = AutoTokenizer.from_pretrained(FOLDER, local_files_only=True)
        self.model = Plain().train()
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-4, weight_decay=0.01)

    def __call__(self, chosen: Sequence[int]) -> None:
        """An update for each batch of the chosen posts."""
        for at in range(0, len(chosen), BATCH):
            batch = self.collate([self.items[index] for index in chosen[at : at + BATCH]])
            self.optimizer.zero_grad()
            self.model(*batch).backward()
            self.optimizer.step()

    def collate(self, items: Sequence[Item]) -> tuple[dict[str, Tensor], Tensor, Tensor, Tensor]:
        """Padded pieces, the first piece of each word, its tag, and which words there are."""
        encoded = self.tokenizer(
            [[word.text for word in post.words] for post, _ in items],
            [known.text.split() if known else [] for _, known in items],
            is_split_into_words=True,
            truncation="only_second",
            max_length=PLAIN_PIECES,
            padding=True,
            return_tensors="pt",
        )
        longest = max(len(post.words) for post, _ in items)
        first, tags = (torch.zeros(len(items), longest, dtype=torch.long) for _ in range(2))
        words = torch.zeros(len(items), longest, dtype=torch.bool)
        for row, (post, _) in enumerate(items):
            begins: dict[int, int] = {}
            for at, (word, part) in enumerate(zip(encoded.word_ids(row), encoded.sequence_ids(row), strict=True)):
                if part == 0:
                    begins.setdefault(word, at)
            for word, tag in enumerate(repaired(post.tags or ())):
                first[row, word], tags[row, word], words[row, word] = begins.get(word, 0), TAGS.index(tag), True
        return dict(encoded), first, tags, words


class OurLoop:
    """`mmavk train` for an epoch of the chosen posts, without scoring; the time holds all that comes before and after
    the updates, such as the writing of a point to resume from.
    """

    def __init__(self, examples: Sequence[Example], *, freeze: bool = False) -> None:
        self.examples = examples
        self.settings = TrainingSettings(epochs=1, batch_size=BATCH, freeze_knowledge=freeze)
        self.model = untrained(self.settings, PieceSettings(knowledge_pieces=KNOWLEDGE_PIECES), TAGS)

    def __call__(self, chosen: Sequence[int]) -> None:
        """An update for each batch of the chosen posts."""
        mine = [self.examples[index] for index in chosen]
        with tempfile.TemporaryDirectory() as folder:
            points = Points(Path(folder))
            fit(self.model, mine, self.settings, 100, lambda _epoch: {"f1": 1.0}, lambda _line: None, points)


def read(place: Path) -> list[Item]:
    """Twitter-2017 train with PGIM's knowledge, through a store in `place`."""
    where = {"store": place, "data_dir": DATA}
    archive = DATA / "knowledge" / "pgim" / "twitter2017.zip"
    import_knowledge(ImportSettings(file=archive, dataset="twitter2017", **where), lambda _done, _all: None)
    choice = KnowledgeChoice(knowledge="pgim", **where)
    posts = gold_posts("twitter2017", "train", choice)
    return list(zip(posts, scored_knowledge(choice, "twitter2017", posts, Wanted()), strict=True))


def examples_of(items: Sequence[Item], limit: int) -> list[Example]:
    """The posts as the tagger reads them, knowledge cut at `limit` pieces."""
    cutter = PieceCutter.load(FOLDER / "tokenizer.json", PieceSettings(knowledge_pieces=limit))
    mine = [(recut(post), known) for post, known in items]
    made = [WordFusion().example(cutter, post.words, known) for post, known in mine]
    gold = [tuple(lenient_spans(post.tags or ())) for post, _ in mine]
    return [replace(one, gold=spans) for one, spans in zip(made, gold, strict=True)]


def row_work(pieces: int, last: int) -> float:
    """FLOPs of a row forward and backward, which costs twice as much; `last` of its pieces go through the last layer.

    A layer costs a piece 8 D^2 (query, key, value, output), 4 D F (feed-forward) and 4 P D (attention over P pieces),
    two FLOPs a multiplication; a piece whose last state nobody reads still costs 4 D^2 there (key, value).
    """
    layers, width, inner = 6, 384, 1536
    whole = 8 * width**2 + 4 * width * inner + 4 * pieces * width
    return 3.0 * ((layers - 1) * pieces * whole + last * whole + (pieces - last) * 4 * width**2)


def plain_work(example: Example) -> float:
    """FLOPs of a post whose words and knowledge share a row, all of it through every layer."""
    pieces = min(PLAIN_PIECES, len(example.rows[0]) + len(example.separate_knowledge) - 1)
    return row_work(pieces, pieces)


def our_work(example: Example) -> float:
    """FLOPs of a post whose knowledge has a row of its own, and only its first piece a last layer."""
    words, knowledge = map(len, (example.rows[0], example.separate_knowledge))
    return row_work(words, words) + (row_work(knowledge, 1) if knowledge else 0.0)


def tell_cuts(items: Sequence[Item], examples: Sequence[Example]) -> None:
    """How much of the texts each side reads."""
    full = examples_of(items, 10 * KNOWLEDGE_PIECES)
    lengths = [len(one.separate_knowledge) for one in full]
    joint = [len(one.rows[0]) + length - 1 for one, length in zip(full, lengths, strict=True)]
    cut = sum(length > len(other.separate_knowledge) for length, other in zip(lengths, examples, strict=True))
    mean = statistics.mean(lengths)
    print(
        f"{len(full)} posts, {mean:.0f} pieces of knowledge on average; cut at {KNOWLEDGE_PIECES}: {cut} texts, ",
        end="",
    )
    print(f"cut at {PLAIN_PIECES} with their posts: {sum(pieces > PLAIN_PIECES for pieces in joint)}")


def peak() -> float:
    """FLOPs a second of float32 matrices of 2048 x 2048: the best of five."""
    left, right = torch.randn(2048, 2048), torch.randn(2048, 2048)
    return 2 * 2048**3 / min(spent(lambda: left @ right) for _ in range(5))


def spent(work: Callable[[], object]) -> float:
    """Seconds of the processor."""
    began = time.process_time()
    work()
    return time.process_time() - began


class Measured:
    """A way to train, and what it took in each round."""

    def __init__(self, name: str, loop: Callable[[Sequence[int]], None], work: Sequence[float]) -> None:
        self.name, self.loop, self.work = name, loop, work
        self.rates: list[float] = []
        self.clock: list[float] = []
        self.shares: list[float] = []

    def measure(self, chosen: Sequence[int], peak: float) -> None:
        """One round."""
        began = time.perf_counter()
        taken = spent(lambda: self.loop(chosen))
        self.clock.append(len(chosen) / (time.perf_counter() - began))
        self.rates.append(len(chosen) / taken)
        self.shares.append(sum(self.work[index] for index in chosen) / taken / peak)

    def row(self, plain: "Measured") -> tuple[str, ...]:
        """The medians, beside the plain loop."""
        times = [mine / its for mine, its in zip(self.rates, plain.rates, strict=True)]
        clock = statistics.median(mine / its for mine, its in zip(self.clock, plain.clock, strict=True))
        middle, share = statistics.median(times), statistics.median(self.shares)
        rounds = " ".join(f"{one:.2f}" for one in times)
        rate = statistics.median(self.rates)
        return self.name, f"{rate:.1f}", f"{middle:.2f}", rounds, f"{clock:.2f}", f"{share:.0%}"


def main(batches: int, rounds: int) -> None:
    """Measure in turns and print."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as place:
        items = read(Path(place))
    examples, dice = examples_of(items, KNOWLEDGE_PIECES), random.Random(0)
    tell_cuts(items, examples)
    gated = [one if dice.random() >= GATED else replace(one, weight=0.0) for one in examples]
    warm_up, *draws = [dice.sample(range(len(items)), BATCH * many) for many in (1, *[batches] * rounds)]
    frozen = OurLoop(examples, freeze=True)
    texts = {examples[index].separate_knowledge for chosen in (warm_up, *draws) for index in chosen}
    encoding = spent(lambda: frozen.model.fusion.frozen.remember(texts, "cpu", lambda _done, _all: None))
    measured = [
        Measured("plain loop", PlainLoop(items), [plain_work(one) for one in examples]),
        Measured("every knowledge text encoded", OurLoop(examples), [our_work(one) for one in examples]),
        Measured("85 % of the posts gated to 0", OurLoop(gated), [our_work(one) for one in gated]),
        Measured("`--freeze-knowledge`", frozen, [our_work(replace(one, weight=0.0)) for one in examples]),
    ]
    for one in measured:
        one.loop(warm_up)
    peaks = []
    for chosen in draws:
        peaks.append(peak())
        for one in measured:
            one.measure(chosen, peaks[-1])
    print(f"\n{datetime.date.today()}, {platform.machine()}, one core of {os.cpu_count()}: {' '.join(sys.argv)}")
    print(f"float32 matrix product: {statistics.median(peaks) / 1e9:.0f} GFLOP/s; frozen knowledge, once: ", end="")
    print(f"{len(texts) / encoding:.0f} texts/s, {len(items) * encoding / len(texts):.0f} s for all\n")
    rows = [("training", "posts/s", "times the plain loop", "in the rounds", "by the clock", "share of the peak")]
    rows += [("---",) * len(rows[0]), *(one.row(measured[0]) for one in measured)]
    for row in rows:
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=50, help="batches a round; 50 are the sampler's pool")
    parser.add_argument("--rounds", type=int, default=2)
    main(**vars(parser.parse_args()))
