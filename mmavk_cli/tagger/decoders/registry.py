"""The decoders, by the name that `--decoder` takes."""

from typing import TYPE_CHECKING

from mmavk_cli.tagger.parts import Registry

if TYPE_CHECKING:
    from mmavk_cli.tagger.decoders.decoder import Decoder

DECODERS: "Registry[Decoder]" = Registry(
    "decoder",
    {
        "crf": ("mmavk_cli.tagger.decoders.crf:CrfDecoder", "the best sequence of tags, as in the paper"),
        "softmax": ("mmavk_cli.tagger.decoders.softmax:SoftmaxDecoder", "the best tag of each word by itself"),
        "span": ("mmavk_cli.tagger.decoders.span:SpanDecoder", "the surest spans of up to 10 words"),
    },
)
