"""The kinds of encoders, by the name that `--encoder-kind` takes."""

from typing import TYPE_CHECKING

from mmavk_cli.tagger.parts import Registry

if TYPE_CHECKING:
    from mmavk_cli.tagger.encoders.encoder import Encoder

ENCODERS: "Registry[Encoder]" = Registry(
    "kind of encoder",
    {
        "transformer": (
            "mmavk_cli.tagger.encoders.transformer:Transformer",
            "a pretrained encoder of Hugging Face transformers",
        ),
    },
)
