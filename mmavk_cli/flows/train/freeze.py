"""train --freeze-knowledge: the knowledge of a training encoded before it begins."""

import os
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from mmavk_cli.base.records import Json, Knowledge
from mmavk_cli.tagger.pieces import Cutter

if TYPE_CHECKING:
    from mmavk_cli.tagger.encoders.frozen import FrozenKnowledge

TOLD_TEXTS = 512
"""A line is told each time so many texts are encoded."""


def remember(
    frozen: "FrozenKnowledge",
    knowledge: Iterable[Knowledge | None],
    cutter: Cutter,
    on_log: Callable[[Json], None],
) -> None:
    """Encode each text that counts, on this process's GPU where there is one; `on_log` gets a dictionary a log line.

    Args:
        frozen: the encoder as it was before training.
        knowledge: of each post.
        cutter: cuts texts into subword tokens.
        on_log: is called with each log line.
    """
    import torch

    texts = [cutter.knowledge(one.text) for one in knowledge if one is not None and one.text and one.weight > 0]
    began = time.monotonic()

    def on_progress(done: int, of: int) -> None:
        if done % TOLD_TEXTS == 0 or done == of:
            on_log({"knowledge_encoded": done, "texts": of, "seconds": round(time.monotonic() - began, 1)})

    own = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"  # torchrun's processes would all take the first one
    frozen.remember(texts, own if torch.cuda.is_available() else "cpu", on_progress)
