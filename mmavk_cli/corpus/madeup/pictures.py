"""Made-up words of pictures: as the text recogniser reads signs and posters, and as a model describes a scene."""

import re
from collections.abc import Callable, Sequence
from random import Random

from mmavk_cli.corpus.madeup.lists import Lists

_SLOT = re.compile(r"\{(\w+)\}")

_NOISE = (
    "FREE WIFI", "OPEN", "NO PARKING", "SALE", "TICKETS ${number}", "DOORS 7 PM", "www", "est. {old}", "{year}",
    "PUSH", "EXIT", "{degrees}", "NEW", "#1", "since {old}", "Sponsored by", "Photo", "Tel 555-01{number}",
    "18+", "LIVE", "No smoking", "Instagram", "{number}%", "Thank you", "Mon-Fri 9-5", "Subscribe",
)  # fmt: skip
"""Words that stand in pictures of every kind and tell nothing."""

_OPENINGS = (
    "the picture shows {what}", "{what}", "a photo of {what}", "this image features {what}",
    "in the image there is {what}", "a poster with {what}", "the image depicts {what}",
    "a screenshot that shows {what}",
)  # fmt: skip

_JOINTS = (". There is also ", ", next to ", " and ", ". In the background ", ", with ")

_MISREAD = {"l": "1", "I": "l", "O": "0", "o": "0", "S": "5", "B": "8", "rn": "m", "e": "c", "i": "l", "g": "q"}
"""What a text recogniser takes letters for."""

WRONG_LETTERS = 0.01
"""Share of letters that are misread."""

JOINED_WORDS = 0.05
"""Share of pictures of which two words are read as one."""

UNORDERED = 0.3
"""Share of pictures whose lines are read in another order."""

QUOTED = 0.5
"""Share of descriptions without the name that quote a sign."""

CAPITAL = 0.5
"""Share of descriptions that begin with a capital."""


class Pictures:
    """Draws picture words from the lists with its own random state."""

    def __init__(self, lists: Lists, random: Random) -> None:
        self.lists, self.random = lists, random

    def read(self, kind: str, name: str, with_name: bool) -> str:
        """What a text recogniser reads in a picture that makes `name` a `kind`; without the name where so asked."""
        cues = self.lists.cues[kind]
        lines = self._some(cues.without, (0, 0, 1, 2) if with_name else (1, 2, 2, 3))
        if with_name:
            lines.insert(0, self.random.choice(cues.with_name))
        lines += self._some(_NOISE, (0, 0, 0, 1, 2))
        if self.random.random() < UNORDERED:
            self.random.shuffle(lines)
        return self._misread(" ".join(self._cased(self._filled(line, name)) for line in lines))

    def seen(self, kind: str, name: str, with_name: bool) -> str:
        """What a model that describes pictures writes of one that makes `name` a `kind`."""
        clauses = self.lists.cues[kind].seen
        named = [clause for clause in clauses if "{n}" in clause]
        others = [clause for clause in clauses if "{n}" not in clause]
        chosen = self._some(others, (0, 1, 1) if with_name else (1, 2, 2))
        if with_name:
            chosen.insert(0, self.random.choice(named))
        elif self.random.random() < QUOTED:
            line = self._filled(self.random.choice(self.lists.cues[kind].without), name)
            chosen.append(f'a sign that reads "{self._cased(line)}"')
        sentence = self.random.choice(_JOINTS).join(self._filled(clause, name) for clause in chosen)
        text = self.random.choice(_OPENINGS).format(what=sentence)
        return text[0].upper() + text[1:] if self.random.random() < CAPITAL else text

    def _some(self, lines: Sequence[str], counts: Sequence[int]) -> list[str]:
        return self.random.sample(lines, self.random.choice(counts))

    def _filled(self, line: str, name: str) -> str:
        return _SLOT.sub(lambda found: self._slot(found.group(1), name), line)

    def _slot(self, slot: str, name: str) -> str:
        if slot == "n":
            return name
        if slot in self.lists.fill:
            return self.random.choice(self.lists.fill[slot])
        low, high = _RANGES[slot]
        number = self.random.randint(low, high)
        return f"{number:,}" if slot == "population" else str(number)

    def _cased(self, line: str) -> str:
        """As printed: signs and posters are often in capitals."""
        how = self.random.choices(_CASES, (5, 4, 1, 1))[0]
        return how(line)

    def _misread(self, text: str) -> str:
        letters = []
        for letter in text:
            wrong = self.random.random() < WRONG_LETTERS
            letters.append(_MISREAD.get(letter, letter) if wrong else letter)
        read = "".join(letters)
        if self.random.random() < JOINED_WORDS:
            read = read.replace(" ", "", 1)  # two words read as one
        return read


_RANGES = {
    "number": (2, 99), "digit": (1, 9), "year": (2009, 2026), "born": (1930, 2002), "old": (1845, 1999),
    "population": (900, 990_000), "degrees": (-8, 39), "age": (17, 91),
}  # fmt: skip
"""Slot of a number → its smallest and largest value."""

_CASES: tuple[Callable[[str], str], ...] = (str.upper, str, str.title, str.lower)
