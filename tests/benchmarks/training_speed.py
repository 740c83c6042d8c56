"""How fast training is beside the plain way: text and knowledge in one row, padded, in random order.

    python tests/benchmarks/training_speed.py

One process, one thread on one core, float32, MiniLM-L6, Twitter-2017 train with PGIM's knowledge; the variants take
turns, so that a noisy machine is noisy for all. Prints Markdown tables; needs ../shared/data.
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
from dataclasses import dataclass, replace
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy and torch are imported

import torch
from torch import Tensor, nn
from torchcrf import CRF
from transformers import AutoModel, AutoTokenizer

from mmavk_cli.base.records import TYPES, Knowledge, Post
from mmavk_cli.corpus.words import recut
from mmavk_cli.flows.knowledge import KnowledgeChoice, gold_posts, knowledge_of
from mmavk_cli.flows.store_import import ImportSettings, import_knowledge
from mmavk_cli.spans import repaired, tag_names
from mmavk_cli.tagger.batch import Example
from mmavk_cli.tagger.encoder import encoder_folder
from mmavk_cli.tagger.pieces import PieceCutter
from mmavk_cli.tagger.settings import PieceSettings, TrainingSettings
from mmavk_cli.tagger.training import LengthSampler, build, fit

DATA = Path(__file__).parents[2].parent / "shared" / "data"
BATCH = 16
PLAIN_PIECES, KNOWLEDGE_PIECES = 300, 256
"""Where the plain way cuts text and knowledge together, and where the paper's recipe cuts knowledge."""

GATED = 0.85
TAGS = tag_names(TYPES)
"""Share of posts whose knowledge has weight 0, as at the paper's threshold."""

Item = tuple[Post, Knowledge | None]


class Plain(nn.Module):
    """What one writes first: an encoder over `[CLS] text [SEP] knowledge [SEP]`, a linear layer, a CRF."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.encoder = AutoModel.from_pretrained(folder, local_files_only=True)
        self.emit = nn.Linear(self.encoder.config.hidden_size, len(TAGS))
        self.crf = CRF(len(TAGS), batch_first=True)

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        """The loss of a batch."""
        hidden = self.encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).last_hidden_state
        rows = torch.arange(len(hidden))[:, None]
        emissions = self.emit(hidden[rows, batch["first"]])
        return -self.crf(emissions, batch["tags"], batch["words"], reduction="mean")


class PlainLoop:
    """Random order, padded to the longest of the batch, AdamW."""

    def __init__(self, items: Sequence[Item]) -> None:
        folder = encoder_folder("minilm")
        self.items = items
        self.tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self.model = Plain(folder).train()
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-4, weight_decay=0.01)

    def __call__(self, chosen: Sequence[int]) -> None:
        """An update for each batch of the chosen posts."""
        order = list(chosen)
        random.shuffle(order)
        for at in range(0, len(order), BATCH):
            batch = self.collate([self.items[index] for index in order[at : at + BATCH]])
            self.optimizer.zero_grad()
            self.model(batch).backward()
            self.optimizer.step()

    def collate(self, items: Sequence[Item]) -> dict[str, Tensor]:
        """Padded pieces, the first piece of each word and its tag."""
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
            where = zip(encoded.word_ids(row), encoded.sequence_ids(row), strict=True)
            begins: dict[int, int] = {}
            for at, (word, part) in enumerate(where):
                if part == 0 and word is not None:
                    begins.setdefault(word, at)
            for word, tag in enumerate(repaired(post.tags or ())):
                first[row, word], tags[row, word], words[row, word] = begins.get(word, 0), TAGS.index(tag), True
        return {**encoded, "first": first, "tags": tags, "words": words}


def read(place: Path) -> list[Item]:
    """Twitter-2017 train with PGIM's knowledge, through a store in `place`."""
    where = {"store": place, "data_dir": DATA}
    archive = DATA / "knowledge" / "pgim" / "twitter2017.zip"
    import_knowledge(ImportSettings(file=archive, dataset="twitter2017", **where), lambda _done, _all: None)
    choice = KnowledgeChoice(knowledge="pgim", threshold="none", **where)
    posts = gold_posts("twitter2017", "train", choice)
    return list(zip(posts, knowledge_of(choice, "twitter2017", posts, None), strict=True))
