"""The decoders, by the name that `--decoder` takes."""

from typing import TYPE_CHECKING

from mmavk_cli.tagger.parts import Registry

if TYPE_CHECKING:
    from mmavk_cli.tagger.decoders.decoder import Decoder

DECODERS: "Registry[Decoder]" = Registry(
    "decoder",
    {
        "crf": ("mmavk_cli.tagger.decoders.crf:CrfDecoder", "the best sequence of tags, as in the paper"),
    },
)
