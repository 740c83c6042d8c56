"""Training with `transformers.Trainer`: AdamW, linear warm-up and decay (paper Section 4.2)."""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, Sampler
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments, set_seed

from mmavk_cli.base.records import Json
from mmavk_cli.tagger.batch import Batch, Example, collate
from mmavk_cli.tagger.encoder import check_lengths, encoder_folder, load_encoder
from mmavk_cli.tagger.frozen import FrozenKnowledge
from mmavk_cli.tagger.model import Tagger
from mmavk_cli.tagger.order import costs, like_lengths
from mmavk_cli.tagger.settings import PieceSettings, TrainingSettings

POOL = 50
"""Batches are cut from groups of `POOL * batch_size` posts, so that no two epochs have the same ones."""

Evaluate = Callable[[int], Json]
"""Scores of the model on the validation split after so many epochs."""


class LengthSampler(Sampler[list[int]]):
    """Shuffled batches of posts of like length; another order every epoch, the same for the same seed."""

    def __init__(self, lengths: Sequence[tuple[int, int]], batch_size: int, seed: int) -> None:
        self.lengths, self.batch_size, self.seed, self.epoch = lengths, batch_size, seed, 0

    def __len__(self) -> int:
        return math.ceil(len(self.lengths) / self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        chance = random.Random(f"{self.seed} {self.epoch}")  # noqa: S311
        self.epoch += 1
        order = list(range(len(self.lengths)))
        chance.shuffle(order)
        batches: list[list[int]] = []
        for begin in range(0, len(order), POOL * self.batch_size):
            pool = order[begin : begin + POOL * self.batch_size]
            batches.extend(like_lengths(pool, self.lengths, self.batch_size))
        chance.shuffle(batches)
        return iter(batches)


class Noise:
    """Collates a batch; hides the knowledge of a share of its posts and a share of the words.

    The model learns to do without a picture, and to read a name from what stands around it.
    """

    def __init__(self, settings: TrainingSettings, unknown: int) -> None:
        self.settings, self.unknown = settings, unknown
        self.chance = random.Random(settings.seed)  # noqa: S311

    def __call__(self, examples: Sequence[Example]) -> dict[str, Batch]:
        """The batch, as the keyword the model is called with."""
        return {"batch": collate([self._noisy(example) for example in examples])}

    def _noisy(self, example: Example) -> Example:
        hidden = self.chance.random() < self.settings.knowledge_dropout
        words = [at for at in range(len(example.pieces.first)) if self.chance.random() < self.settings.word_dropout]
        pieces = example.pieces.without(words, self.unknown) if words else example.pieces
        if hidden:
            return replace(example, pieces=pieces, knowledge=(), visual=())
        return replace(example, pieces=pieces)


class _Loss(nn.Module):
    """The Trainer calls a model and wants its loss."""

    def __init__(self, tagger: Tagger) -> None:
        super().__init__()
        self.tagger = tagger

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        return {"loss": self.tagger.loss(batch)}


class _Training(Trainer):  # type: ignore[misc]
    """The Trainer with our groups of parameters, our batches, and evaluation through the whole predictor."""

    def __init__(
        self, settings: TrainingSettings, examples: Sequence[Example], noise: Noise, evaluate: Evaluate, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.settings, self.examples, self.noise, self.measure = settings, examples, noise, evaluate

    def get_train_dataloader(self) -> DataLoader[Any]:
        lengths = costs(self.examples, self.settings.freeze_knowledge)
        sampler = LengthSampler(lengths, self.settings.batch_size, self.settings.seed)
        return DataLoader(self.examples, batch_sampler=sampler, collate_fn=self.noise)  # type: ignore[arg-type]

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:  # noqa: ARG002
        self.optimizer = torch.optim.AdamW(parameter_groups(self.model, self.settings), fused=True)
        return self.optimizer

    def evaluate(self, *_: Any, **__: Any) -> Json:
        scores = {f"eval_{name}": value for name, value in self.measure(round(self.state.epoch or 0)).items()}
        self.log(scores)
        return scores


def parameter_groups(model: nn.Module, settings: TrainingSettings) -> list[Json]:
    """Two learning rates, weight decay on all but biases (paper Section 4.2)."""
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        groups.setdefault((".encoder." in f".{name}", name.endswith("bias")), []).append(parameter)
    return [
        {
            "params": parameters,
            "lr": settings.encoder_lr if of_encoder else settings.head_lr,
            "weight_decay": 0.0 if is_bias else settings.weight_decay,
        }
        for (of_encoder, is_bias), parameters in groups.items()
    ]


class _Told(TrainerCallback):  # type: ignore[misc]
    def __init__(self, tell: Callable[[Json], None]) -> None:
        self.tell = tell

    def on_log(self, args: Any, state: Any, control: Any, logs: Json | None = None, **_: Any) -> None:  # noqa: ARG002
        self.tell({"step": state.global_step, "epoch": state.epoch, **(logs or {})})


class Averaged(TrainerCallback):  # type: ignore[misc]
    """An exponential moving average of the weights, put in their place while they are scored and kept."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.model = model
        self.average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(decay))  # type: ignore[no-untyped-call]

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """After every update."""
        self.average.update_parameters(self.model)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The model has the averaged weights inside the block."""
        pairs = list(zip(self.model.parameters(), self.average.module.parameters(), strict=True))
        kept = [own.detach().clone() for own, _ in pairs]
        with torch.no_grad():
            for own, mean in pairs:
                own.copy_(mean)
            yield
            for (own, _), before in zip(pairs, kept, strict=True):
                own.copy_(before)


def build(settings: TrainingSettings, pieces: PieceSettings, tags: tuple[str, ...]) -> Tagger:
    """An untrained tagger on a pretrained encoder; the seed decides the new weights.

    Raises:
        MissingError: the encoder is not there. UsageError: it cannot have this fusion or these lengths.
    """
    set_seed(settings.seed)
    folder = encoder_folder(settings.encoder)
    encoder = load_encoder(folder)
    check_lengths(encoder, pieces)
    frozen = FrozenKnowledge(load_encoder(folder)) if settings.freeze_knowledge else None
    return Tagger(encoder, tags, settings.dropout, pieces.fusion, frozen)


def fit(
    model: Tagger,
    examples: Sequence[Example],
    settings: TrainingSettings,
    unknown: int,
    evaluate: Evaluate,
    tell: Callable[[Json], None],
) -> None:
    """Train in place, for all epochs; `evaluate` is called after each and keeps what it wants to keep.

    `tell` gets a dictionary a log line (step, epoch, loss or scores); `unknown` is the id of the unknown piece.
    """
    average = Averaged(model, settings.averaging) if settings.averaging else None

    def score(epoch: int) -> Json:
        with average.in_place() if average else nullcontext():
            return evaluate(epoch)

    with TemporaryDirectory() as scratch:  # the Trainer wants a folder, also to keep nothing in
        trainer = _Training(
            settings,
            examples,
            Noise(settings, unknown),
            score,
            model=_Loss(model),
            args=_arguments(settings, len(examples), scratch),
            callbacks=[_Told(tell), *([average] if average else [])],
            train_dataset=examples,
            eval_dataset=examples[:1],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()


def _arguments(settings: TrainingSettings, posts: int, scratch: str) -> TrainingArguments:
    steps = settings.epochs * math.ceil(posts / settings.batch_size)
    return TrainingArguments(
        output_dir=scratch,
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch_size,
        lr_scheduler_type="linear",
        warmup_steps=round(settings.warmup * steps),
        max_grad_norm=settings.gradient_norm,
        bf16=settings.precision == "bfloat16",
        use_cpu=not torch.cuda.is_available(),  # the Trainer refuses bfloat16 without a GPU unless it is told
        seed=settings.seed,
        eval_strategy="epoch",
        save_strategy="no",
        logging_steps=50,
        remove_unused_columns=False,
        report_to="none",
        disable_tqdm=True,
    )
