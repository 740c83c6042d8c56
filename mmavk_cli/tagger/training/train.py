"""Training a tagger: AdamW, linear warm-up and decay (paper Section 4.2)."""

import math
from collections.abc import Callable, Sequence
from tempfile import TemporaryDirectory
from typing import Any

import torch
from transformers import PrinterCallback, TrainerCallback, TrainingArguments

from mmavk_cli.base.device import is_out_of_memory
from mmavk_cli.base.errors import MemoryShortError
from mmavk_cli.base.records import Json
from mmavk_cli.tagger.batch import Example
from mmavk_cli.tagger.model import TaggerNetwork
from mmavk_cli.tagger.settings import TrainingSettings
from mmavk_cli.tagger.training.resume_points import Points
from mmavk_cli.tagger.training.sampler import LengthSampler, Noise
from mmavk_cli.tagger.training.trainer import SMALLER, Evaluate, Loss, Training, WeightEma

LOGGED_EVERY = 50
"""Updates between two log lines with the mean loss."""


class _Watch(TrainerCallback):  # type: ignore[misc]
    """Passes on what is logged, gives every epoch its order, and asks for points between the ends of epochs."""

    def __init__(self, sampler: LengthSampler, save_steps: int | None, tell: Callable[[Json], None]) -> None:
        self.sampler, self.save_steps, self.tell = sampler, save_steps, tell

    def on_log(self, args: Any, state: Any, control: Any, logs: Json | None = None, **_: Any) -> None:  # noqa: ARG002
        """Pass a log line on.

        Args:
            args: the Trainer's arguments.
            state: how far it is.
            control: what it is to do next.
            logs: the line.
            **_: what the Trainer says besides.
        """
        # The Trainer ends with a summary of its speed, which after a resumption is that of a part.
        if state.is_world_process_zero and "train_runtime" not in (logs or {}):
            self.tell({"step": state.global_step, "epoch": state.epoch, **(logs or {})})

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Give the epoch its order.

        Args:
            args: the Trainer's arguments.
            state: how far it is.
            control: what it is to do next.
            **_: what the Trainer says besides.
        """
        self.sampler.epoch = state.global_step // len(self.sampler)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Ask for a point where one is due.

        Args:
            args: the Trainer's arguments.
            state: how far it is.
            control: what it is to do next.
            **_: what the Trainer says besides.
        """
        # A point at an epoch's last update would leave out its evaluation: that one is written after it.
        ends_epoch = state.global_step % len(self.sampler) == 0
        if self.save_steps and state.global_step % self.save_steps == 0 and not ends_epoch:
            control.should_save = True


def fit(
    network: TaggerNetwork,
    examples: Sequence[Example],
    settings: TrainingSettings,
    unknown: int,
    evaluate: Evaluate,
    tell: Callable[[Json], None],
    kept: Points,
) -> None:
    """Train in place, for all epochs. Posts without words are left out.

    Under `torchrun` every process calls this with the same arguments; the first one alone evaluates, tells and writes.

    Args:
        network: is changed.
        examples: training posts with their gold spans.
        settings: epochs, batch size, learning rates.
        unknown: id of the piece that hides a word.
        evaluate: called after each epoch; gives the scores and keeps what it wants to keep.
        tell: gets a dictionary a log line (step, epoch, loss or scores).
        kept: points to resume from.

    Raises:
        UsageError: training failed to learn. MemoryShortError: memory ran out. DataError: a point cannot be written
        or read.
    """
    examples = [example for example in examples if example.pieces.first]
    with TemporaryDirectory() as scratch:  # the Trainer wants a folder, also to keep nothing in
        arguments = _arguments(settings, len(examples), scratch)
        trainer = Training(
            settings,
            examples,
            Noise(settings, unknown, arguments.process_index, arguments.world_size),
            evaluate,
            kept,
            model=Loss(network),
            args=arguments,
            train_dataset=examples,
            eval_dataset=examples[:1],
        )
        trainer.remove_callback(PrinterCallback)
        if settings.averaging:
            trainer.average = WeightEma(network, settings.averaging)
            trainer.add_callback(trainer.average)
        trainer.add_callback(_Watch(trainer.sampler, settings.save_steps, tell))
        if arguments.world_size > 1:  # each process its own dropout
            torch.manual_seed(settings.seed + arguments.process_index)
        try:
            trainer.train(resume_from_checkpoint=str(kept.start) if kept.start else None)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            raise MemoryShortError(f"memory ran out: {error}", "training", SMALLER) from error


def _arguments(settings: TrainingSettings, posts: int, scratch: str) -> TrainingArguments:
    steps = settings.epochs * math.ceil(posts / settings.batch_size)
    arguments = TrainingArguments(
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
        save_strategy="epoch",
        logging_steps=LOGGED_EVERY,
        logging_nan_inf_filter=False,  # a loss that is not a number ends the training
        remove_unused_columns=False,
        report_to="none",
        disable_tqdm=True,
    )
    arguments._n_gpu = min(arguments.n_gpu, 1)  # several GPUs are a matter of torchrun, one process each
    return arguments
