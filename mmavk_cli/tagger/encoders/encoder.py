"""What an encoder is: pieces of words → vectors.

A kind of encoder has two halves. `Encoder` knows its files, cuts words and computes without torch what an exported
model needs; `EncoderLayers` (encoders/layers.py) is the network.
"""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from mmavk_cli.tagger.batch import Floats, Ints
from mmavk_cli.tagger.encoders.shape import EncoderShape
from mmavk_cli.tagger.pieces import CutSettings, Cutter

if TYPE_CHECKING:
    from mmavk_cli.tagger.encoders.layers import EncoderLayers


class Encoder(ABC):
    """One kind of encoder.

    Attributes:
        onnx: whether its layers can be exported; else an export is refused.
        described: what kind it is, as the model card puts it behind the encoder's name; empty for the usual kind.
        cutter_files: what `save_cutter` writes; they go along when a tagger is exported or uploaded.
    """

    onnx: ClassVar[bool] = False
    described: ClassVar[str] = ""
    cutter_files: ClassVar[tuple[str, ...]]

    @abstractmethod
    def folder(self, source: str) -> Path:
        """Where the files of the encoder that `--encoder` names are.

        Raises:
            MissingError: they are not on this machine.
        """

    @abstractmethod
    def shape(self, source: str) -> EncoderShape:
        """Its sizes, for the memory estimate; no weights are loaded.

        Raises:
            MissingError: they are not known.
        """

    @abstractmethod
    def cutter(self, folder: Path, settings: CutSettings) -> Cutter:
        """What cuts words for it, from the encoder's folder or a checkpoint's; loads no torch where `onnx` holds.

        Raises:
            MissingError: its files are not there, or broken.
        """

    @abstractmethod
    def save_cutter(self, source: Path, folder: Path) -> None:
        """Put what `cutter` needs into a checkpoint's folder."""

    @abstractmethod
    def start(self, source: Path) -> "EncoderLayers":
        """The network that training starts from.

        Raises:
            MissingError: weights are absent or broken.
        """

    @abstractmethod
    def load(self, folder: Path) -> "EncoderLayers":
        """The network that `EncoderLayers.save` wrote.

        Raises:
            MissingError: weights are absent or broken.
        """

    def pool(self, hidden: Floats, lengths: Ints) -> Floats:  # noqa: ARG002
        """What `EncoderLayers.pooled` gives, [U, D], from hidden states [U, K, D] of an exported model."""
        return hidden[:, 0]
