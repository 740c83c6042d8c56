"""`transformers.Trainer` for our batches: an update in parts, back-off when memory is short, points to resume from."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader
from transformers import Trainer, TrainerCallback
from transformers.trainer import TRAINER_STATE_NAME

from mmavk_cli.base.device import is_out_of_memory
from mmavk_cli.base.errors import MemoryShortError, UsageError
from mmavk_cli.base.records import Json
from mmavk_cli.tagger.batch import Batch, Example, collate
from mmavk_cli.tagger.model import MAIN, TaggerNetwork
from mmavk_cli.tagger.settings import TrainingSettings
from mmavk_cli.tagger.training import resume_points as points
from mmavk_cli.tagger.training.sampler import LengthSampler, Noise, costs

Evaluate = Callable[[int], Json]
"""Scores of the model on the validation split after so many epochs."""

LOWER = "Lower --encoder-lr (5e-6 works for XLM-R-large), raise --warmup, or take another --seed"
SMALLER = "Take a smaller encoder, shorter --text-pieces and --knowledge-pieces, or --gradient-checkpointing"

JUDGED_AFTER = 100
"""Updates before which a validation F1 of 0 says nothing: a new decoder begins by finding no entity."""


class Loss(nn.Module):
    """The Trainer calls a model and wants its loss."""

    def __init__(self, tagger: TaggerNetwork) -> None:
        super().__init__()
        self.tagger = tagger

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """The loss of the batch's posts, and under `loss_NAME` the auxiliary ones that it is the sum of."""
        losses = self.tagger.losses(batch)
        total = losses.pop(MAIN)
        for auxiliary in losses.values():
            total = total + auxiliary
        return {"loss": total, **{f"loss_{name}": one.detach() for name, one in losses.items()}}


class WeightEma(TrainerCallback):  # type: ignore[misc]
    """An exponential moving average of the weights, put in their place while they are scored and kept."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.model = model
        self.average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(decay))  # type: ignore[no-untyped-call]

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """After every update.

        Args:
            args: the Trainer's arguments.
            state: how far it is.
            control: what it is to do next.
            **_: what the Trainer says besides.
        """
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


class Training(Trainer):  # type: ignore[misc]
    """The Trainer with our groups of parameters, our batches, and evaluation through the whole predictor.

    An update reads its posts in parts of `micro_batch` and gives the gradient of the mean over all of them, whatever
    the number of parts and of processes.
    """

    def __init__(
        self,
        settings: TrainingSettings,
        examples: Sequence[Example],
        noise: Noise,
        evaluate: Evaluate,
        kept: points.Points,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.settings, self.examples, self.noise, self.measure, self.kept = settings, examples, noise, evaluate, kept
        lengths = costs(examples, settings.freeze_knowledge)
        self.sampler = LengthSampler(lengths, settings.batch_size, settings.seed)
        self.micro_batch = min(settings.micro_batch or settings.batch_size, settings.batch_size)
        self.average: WeightEma | None = None
        self.auxiliary: dict[str, Tensor] = {}

    def log(self, logs: Json, *others: Any, **more: Any) -> None:
        """A log line; beside the mean loss stand the auxiliary losses of the last part that was read."""
        if "loss" in logs:
            logs |= {name: round(one.item(), 4) for name, one in self.auxiliary.items()}
        super().log(logs, *others, **more)

    def get_train_dataloader(self) -> DataLoader[Any]:
        """Batches of noisy examples."""
        return DataLoader(self.examples, batch_sampler=self.sampler, collate_fn=self.noise)  # type: ignore[arg-type]

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:  # noqa: ARG002
        """AdamW over our groups."""
        self.optimizer = torch.optim.AdamW(parameter_groups(self.model.tagger, self.settings), fused=True)
        return self.optimizer

    def training_step(self, model: nn.Module, inputs: Json, num_items_in_batch: Any = None) -> Tensor:  # noqa: ARG002
        """The gradients of one update; returns its loss. Posts that do not fit into memory are read in smaller parts.

        Raises:
            MemoryShortError: a single post does not fit. UsageError: the loss is not a number.
        """
        model.train()
        before = points.random_state()
        examples, posts = inputs["examples"], inputs["posts"]
        while (loss := self._reduce_across_processes(self._gradients(model, examples, posts))) is None:
            model.zero_grad()
            self._take_smaller_parts()
            points.restore_random(before)
        if not torch.isfinite(loss):
            raise UsageError("the loss is not a number", f"update {self.state.global_step + 1}", LOWER)
        return loss

    def _gradients(self, model: nn.Module, examples: Sequence[Example], posts: int) -> Tensor | None:
        """The share of the loss that these of an update's `posts` have, its gradients added up; None: out of memory."""
        total = torch.zeros((), device=self.args.device)
        try:
            for begin in range(0, len(examples), self.micro_batch):
                part = examples[begin : begin + self.micro_batch]
                with self.accelerator.no_sync(model):  # gradients are summed once, after the last part
                    losses = model(batch=collate(part))
                    loss = losses.pop("loss") * (len(part) / posts)
                    self.accelerator.backward(loss)
                total += loss.detach()
                self.auxiliary = losses
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            return None
        return total

    def _reduce_across_processes(self, loss: Tensor | None) -> Tensor | None:
        """The loss of all processes, their gradients summed in each; None where one of them is out of memory."""
        if self.args.world_size == 1:
            return loss
        failed_and_loss = torch.tensor([loss is None, 0.0 if loss is None else loss.item()], device=self.args.device)
        distributed.all_reduce(failed_and_loss)
        if failed_and_loss[0]:
            return None
        for parameter in self.model.parameters():
            if parameter.requires_grad:
                if parameter.grad is None:  # unused by the posts of this process
                    parameter.grad = torch.zeros_like(parameter)
                distributed.all_reduce(parameter.grad)
        return failed_and_loss[1]

    def _take_smaller_parts(self) -> None:
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        if self.micro_batch == 1:
            raise MemoryShortError("one post at a time does not fit into memory", "training", SMALLER)
        self.micro_batch //= 2
        parts = math.ceil(self.settings.batch_size / self.micro_batch)
        self.log({"out_of_memory": "smaller parts", "micro_batch": self.micro_batch, "parts": parts})

    def evaluate(self, *_: Any, **__: Any) -> Json:
        """Scores on validation, taken by the first process.

        Raises:
            UsageError: no name is found any more.
        """
        scores = {}
        if self.is_world_process_zero():
            with self.average.in_place() if self.average else nullcontext():
                scores = {f"eval_{key}": value for key, value in self.measure(self._epoch()).items()}
            self.log(scores)
        f1 = torch.tensor(scores.get("eval_f1", 0.0), device=self.args.device)
        if self.args.world_size > 1:
            distributed.broadcast(f1, 0)
        step = self.state.global_step
        if not f1 and step >= max(self.args.warmup_steps, JUDGED_AFTER):
            raise UsageError("the model collapsed: it predicts no entity on validation", f"update {step}", LOWER)
        return scores

    def _epoch(self) -> int:
        return int(self.state.global_step // len(self.sampler))

    def _save_checkpoint(self, model: Any, trial: Any) -> None:  # noqa: ARG002
        states = {name: self._of_all(tensor) for name, tensor in points.random_state().items()}
        if not self.is_world_process_zero():
            return
        modules = {"model": self.model} | ({"average": self.average.average} if self.average else {})
        tensors = {points.OPTIMIZER: points.optimizer_tensors(self.optimizer), points.RANDOM: states}
        records = {
            points.STATE: self._numbers(),
            TRAINER_STATE_NAME: {**asdict(self.state), "log_history": []},
        }
        self.kept.write(self.state.global_step, modules, tensors, records)

    def _of_all(self, tensor: Tensor) -> Tensor:
        """The tensor of every process, [processes, …]."""
        own = tensor.to(self.args.device)
        if self.args.world_size == 1:
            return tensor[None]
        parts = [torch.empty_like(own) for _ in range(self.args.world_size)]
        distributed.all_gather(parts, own)
        return torch.stack(parts).cpu()

    def _numbers(self) -> Json:
        return {
            "rates": [group["lr"] for group in self.optimizer.param_groups],
            "scheduler": self.lr_scheduler.state_dict(),
            "noise": self.noise.state(),
            "micro_batch": self.micro_batch,
            "loss": self._tr_loss.item(),
            "logged": self._globalstep_last_logged,
        }

    # The Trainer calls these three, in this order, when it resumes.

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:  # noqa: ARG002
        points.load_weights(self.model, Path(resume_from_checkpoint), "model")
        if self.average:
            points.load_weights(self.average.average, Path(resume_from_checkpoint), "average")

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is None:
            return
        numbers = points.read_record(Path(checkpoint), points.STATE)
        tensors = points.load_tensors(Path(checkpoint), points.OPTIMIZER)
        points.restore_optimizer(self.optimizer, tensors, numbers["rates"])
        self.lr_scheduler.load_state_dict(numbers["scheduler"])
        self.noise.restore(numbers["noise"])
        self.micro_batch = numbers["micro_batch"]

    def _load_rng_state(self, checkpoint: str | None) -> None:
        if checkpoint is None:
            return
        numbers = points.read_record(Path(checkpoint), points.STATE)
        self._tr_loss += numbers["loss"]
        self._globalstep_last_logged = numbers["logged"]
        states = points.load_tensors(Path(checkpoint), points.RANDOM)
        points.restore_random({name: of_all[self.args.process_index] for name, of_all in states.items()})


def parameter_groups(network: TaggerNetwork, settings: TrainingSettings) -> list[Json]:
    """Learning rates by owner: encoder, new layers, the decoder's structure. Weight decay on all but biases (paper,
    Section 4.2).
    """
    structural = set(map(id, network.decoder.structural()))
    owners = ((network.encoder, settings.encoder_lr), (network.fusion, settings.head_lr))
    rates = [(name, one, rate) for owner, rate in owners for name, one in owner.named_parameters()]
    for name, one in network.decoder.named_parameters():
        rates.append((name, one, (settings.crf_lr or settings.head_lr) if id(one) in structural else settings.head_lr))
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for name, parameter, rate in rates:
        groups.setdefault((rate, name.endswith("bias")), []).append(parameter)
    return [
        {"params": parameters, "lr": rate, "weight_decay": 0.0 if is_bias else settings.weight_decay}
        for (rate, is_bias), parameters in groups.items()
    ]
