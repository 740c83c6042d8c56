"""HTML entities in raw text (`&amp;`, `&#39;`; Twitter's API escapes texts so): their meaning and their place."""

import re
from dataclasses import dataclass
from html import unescape

_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


@dataclass(frozen=True, slots=True)
class Unescaped:
    """A text with its entities decoded; character `i` of `text` stands at `[starts[i], ends[i])` of the raw text."""

    text: str
    starts: list[int]
    ends: list[int]


def decode_entities(raw: str) -> Unescaped:
    """Decode every entity that ends in `;` and means one character; all else stays as it is. Decodes once:
    `&amp;lt;` becomes `&lt;`.
    """
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0

    def keep(until: int) -> None:
        parts.append(raw[at:until])
        starts.extend(range(at, until))
        ends.extend(range(at + 1, until + 1))

    for match in _ENTITY.finditer(raw):
        meant = unescape(match.group())
        if len(meant) != 1 or meant == "\ufffd":
            continue  # an unknown name, or no character at all
        keep(match.start())
        at = match.end()
        parts.append(meant)
        starts.append(match.start())
        ends.append(at)
    keep(len(raw))
    return Unescaped("".join(parts), starts, ends)
