"""Made-up posts with types of one's own, as CoNLL: a small random encoder learns them in seconds."""

import random
from collections.abc import Sequence

NAMES = {
    "PRODUCT": ("Nimbus 4", "Lumo Pad", "Brewmatic", "Zento Watch"),
    "EVENT": ("Harvest Fair", "Lake Run", "Pixel Night", "Tulip Week"),
}
PATTERNS = (
    ("Got", "PRODUCT", "at", "EVENT"),
    ("No", "time", "for", "EVENT"),
    ("My", "PRODUCT", "broke"),
)


def made_posts(many: int, seed: int, called: dict[str, str] | None = None) -> str:
    """So many posts; `called` has other names for the types."""
    draw = random.Random(seed)
    posts = []
    for number in range(many):
        lines = [f"IMGID:{seed}_{number}"]
        for part in draw.choice(PATTERNS):
            kind = (called or {}).get(part, part)
            words = draw.choice(NAMES[part]).split() if part in NAMES else [part]
            lines += [f"{word}\t{_tag(at, kind) if part in NAMES else 'O'}" for at, word in enumerate(words)]
        posts.append("\n".join(lines) + "\n\n")
    return "".join(posts)


def one_a_type(types: Sequence[str]) -> str:
    """A post a type, each with one name of it."""
    return "".join(f"IMGID:{at}\nsee\tO\nName{at}\tB-{kind}\n\n" for at, kind in enumerate(types))


def _tag(at: int, kind: str) -> str:
    return f"{'I' if at else 'B'}-{kind}"
