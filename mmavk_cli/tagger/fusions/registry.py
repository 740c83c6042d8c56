"""The fusions, by the name that `--fusion` takes."""

from typing import TYPE_CHECKING

from mmavk_cli.tagger.parts import Registry

if TYPE_CHECKING:
    from mmavk_cli.tagger.fusions.fusion import Fusion

FUSIONS: "Registry[Fusion]" = Registry(
    "fusion",
    {
        "word": ("mmavk_cli.tagger.fusions.word:WordFusion", "one vector, weighted and fused into every word"),
        "concat": ("mmavk_cli.tagger.fusions.concat:Concat", "appended to the post's input"),
        "text": ("mmavk_cli.tagger.fusions.text_only:TextOnly", "not used"),
        "prefix": (
            "mmavk_cli.tagger.fusions.prefix:VisualPrefix",
            "CLIP features of the picture as a prefix of the keys and values of every layer",
        ),
    },
)
