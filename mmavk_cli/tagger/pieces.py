"""Words → pieces of the encoder, in windows that fit it. No torch here: training and tagging cut alike."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from mmavk_cli.base.records import Word
from mmavk_cli.base.tokenizers import Scripts, lead_of, load_tokenizer

WORD_PIECES = 24
"""A word is cut after so many pieces: its first piece stands for it, and a 10 kB word must not fill a window."""

WORD_CHARACTERS = 20 * WORD_PIECES
"""Of a word only so many characters are tokenized."""

PIECE_CHARACTERS = 100
"""No real word has so many characters in one piece: what is tokenized of a text is bounded by its pieces' room."""

KNOWN_WORDS = 10_000
"""Words whose pieces are remembered."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """A post for the encoder.

    Attributes:
        windows: piece ids of each window, [CLS] first and [SEP] last.
        first: for each word its window and the position of its first piece there; [CLS] (position 0) for a word the
            tokenizer has no piece for.
    """

    windows: tuple[tuple[int, ...], ...]
    first: tuple[tuple[int, int], ...]

    def without(self, words: Collection[int], unknown: int) -> "Pieces":
        """The same post with every piece of some words (by index) made unknown."""
        windows = [list(window) for window in self.windows]
        for word in words:
            window, begin = self.first[word]
            # A word without pieces stands at 0; the first real one behind this word ends it.
            behind = (at for at_window, at in self.first[word + 1 :] if at_window == window and at)
            end = next(behind, len(windows[window]) - 1)
            for at in range(begin, end) if begin else ():
                windows[window][at] = unknown
        return Pieces(tuple(map(tuple, windows)), self.first)


class CutSettings(Protocol):
    """How to cut (`PieceSettings`)."""

    @property
    def url_token(self) -> str:
        """What is read in place of a URL; empty: the URL itself."""

    @property
    def text_pieces(self) -> int:
        """Longest window of a post."""

    @property
    def knowledge_pieces(self) -> int:
        """Most pieces of a knowledge text."""


class Cutter(Protocol):
    """What cuts posts and knowledge for an encoder.

    Attributes:
        unknown: id of the piece that stands for a word nobody knows.
    """

    unknown: int

    def post(self, words: Sequence[Word]) -> Pieces:
        """The pieces of a post; one that is longer than `text_pieces` is cut between words into several windows."""

    def knowledge(self, text: str) -> tuple[int, ...]:
        """Piece ids of a knowledge text by itself, at most `knowledge_pieces`."""

    def appended(self, text: str) -> tuple[int, ...]:
        """Piece ids of a knowledge text that goes on behind a post's window, at most `knowledge_pieces`."""

    def unread(self, text: str) -> tuple[str, ...]:
        """The scripts in a text that the encoder knows no words of."""


class PieceCutter:
    """Cuts with an encoder's own tokenizer (`tokenizer.json`)."""

    def __init__(self, tokenizer: Any, settings: CutSettings) -> None:
        self.tokenizer = tokenizer
        self.settings = settings
        self.opening, self.closing = tokenizer.encode("").ids
        self.joint = tuple(tokenizer.encode("", "").ids[2:-1])
        self.unknown = tokenizer.token_to_id("[UNK]") or tokenizer.token_to_id("<unk>") or self.closing
        self._lead = lead_of(tokenizer)
        self._scripts = Scripts(tokenizer)
        self._known: dict[str, tuple[int, ...]] = {}

    @classmethod
    def load(cls, path: Path, settings: CutSettings) -> "PieceCutter":
        """A cutter from a `tokenizer.json`.

        Raises:
            MissingError: the file is not there or is no tokenizer.
        """
        return cls(load_tokenizer(path), settings)

    def post(self, words: Sequence[Word]) -> Pieces:
        """The pieces of a post; a post longer than `text_pieces` is cut between words into several windows."""
        room = self.settings.text_pieces - 2
        windows: list[list[int]] = [[self.opening]]
        first: list[tuple[int, int]] = []
        for pieces in self._word_pieces([self._form(word.text) for word in words]):
            if len(windows[-1]) - 1 + len(pieces) > room:
                windows.append([self.opening])
            first.append((len(windows) - 1, len(windows[-1]) if pieces else 0))
            windows[-1].extend(pieces)
        return Pieces(tuple((*window, self.closing) for window in windows), tuple(first))

    def knowledge(self, text: str) -> tuple[int, ...]:
        """Piece ids of a knowledge text by itself, `[CLS] z [SEP]` (eq. 6), at most `knowledge_pieces`."""
        return (self.opening, *self._text_pieces(text), self.closing)

    def appended(self, text: str) -> tuple[int, ...]:
        """Piece ids of a knowledge text behind a post's `[SEP]`, as the tokenizer joins a pair."""
        return (*self.joint, *self._text_pieces(text), self.closing)

    def _text_pieces(self, text: str) -> list[int]:
        room = self.settings.knowledge_pieces - 2
        encoded = self.tokenizer.encode(self._lead + text[: room * PIECE_CHARACTERS], add_special_tokens=False)
        ids: list[int] = encoded.ids[:room]
        return ids

    def unread(self, text: str) -> tuple[str, ...]:
        """The scripts in a text that the encoder knows no words of."""
        return self._scripts.unread(text)

    def _form(self, word: str) -> str:
        is_url = word.startswith(("http:/", "https:/", "www."))
        return self.settings.url_token if is_url and self.settings.url_token else word[:WORD_CHARACTERS]

    def _word_pieces(self, forms: Sequence[str]) -> list[tuple[int, ...]]:
        fresh = list({form for form in forms if form not in self._known})
        if fresh:
            if len(self._known) > KNOWN_WORDS:
                self._known = {form: self._known[form] for form in forms if form in self._known}
            encoded = self.tokenizer.encode_batch(
                [[self._lead + form] for form in fresh], is_pretokenized=True, add_special_tokens=False
            )
            limit = min(WORD_PIECES, self.settings.text_pieces - 2)
            self._known.update((form, tuple(e.ids[:limit])) for form, e in zip(fresh, encoded, strict=True))
        return [self._known[form] for form in forms]
