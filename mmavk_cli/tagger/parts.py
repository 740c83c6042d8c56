"""What encoders, fusions and decoders share: the registries that hold them by name, and the sizes they depend on.

Nothing here imports NumPy or torch: help pages and settings read names and meanings from the registries.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TypeVar

from mmavk_cli.base.suggest import near

Part = TypeVar("Part")

Shapes = dict[str, tuple[int, ...]]
"""Name of a tensor in `head.safetensors` → its shape."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """What the layers of a fusion or decoder depend on.

    Attributes:
        width: numbers in a word vector, D.
        depth: layers of the encoder; 0 where it has none to speak of, and in an exported model.
        features: shape of a picture's features, `()` where the fusion reads none.
    """

    width: int
    depth: int = 0
    features: tuple[int, ...] = ()


class Registry(Mapping[str, type[Part]]):
    """Parts of one kind by name. A shipped part's module is imported when the part is asked for.

    Args:
        kind: what its parts are called in messages (`fusion`).
        lines: name → (`module:Class`, what it does, in a few words for help pages).
    """

    def __init__(self, kind: str, lines: Mapping[str, tuple[str, str]]) -> None:
        self.kind = kind
        self._places = {name: place for name, (place, _) in lines.items()}
        self._meanings = {name: meaning for name, (_, meaning) in lines.items()}
        self._parts: dict[str, type[Part]] = {}

    def __getitem__(self, name: str) -> type[Part]:
        if name not in self._parts:
            module, _, part = self._places[name].partition(":")
            self._parts[name] = getattr(import_module(module), part)
        return self._parts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._meanings)

    def __len__(self) -> int:
        return len(self._meanings)

    def register(self, name: str, part: type[Part], meaning: str = "") -> None:
        """Add a part that does not ship with mmavk, or put another in a name's place."""
        self._parts[name] = part
        self._meanings[name] = meaning

    def check(self, name: str) -> str:
        """The name itself, where there is such a part.

        Raises:
            ValueError: there is none.
        """
        if name not in self._meanings:
            raise ValueError(f"there is no {self.kind} {name!r}. {near(name, self._meanings)}")
        return name

    def having(self, test: Callable[[type[Part]], bool]) -> list[str]:
        """The names of the parts that pass a test."""
        return [name for name in self if test(self[name])]

    @property
    def choices(self) -> str:
        """All names, as a help page writes the value of an option."""
        return f"<{'|'.join(self)}>"

    @property
    def meanings(self) -> str:
        """Every name with what it does: `word`: one vector weighed into every word; …"""
        return "; ".join(f"`{name}`: {meaning}" for name, meaning in self._meanings.items())
