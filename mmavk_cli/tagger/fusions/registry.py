"""The fusions, by the name that `--fusion` takes."""

from typing import TYPE_CHECKING

from mmavk_cli.tagger.parts import Registry

if TYPE_CHECKING:
    from mmavk_cli.tagger.fusions.fusion import Fusion

FUSIONS: "Registry[Fusion]" = Registry(
    "fusion",
    {
        "word": ("mmavk_cli.tagger.fusions.word:WordFusion", "one vector weighed into every word"),
        "concat": ("mmavk_cli.tagger.fusions.concat:Concat", "its pieces behind the post's own"),
        "text": ("mmavk_cli.tagger.fusions.text_only:TextOnly", "not at all"),
        "prefix": (
            "mmavk_cli.tagger.fusions.prefix:VisualPrefix",
            "CLIP's features of the picture before the keys and values of every layer",
        ),
    },
)
