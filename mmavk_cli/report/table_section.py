"""A table with what stands over and under it, for a terminal and for a page in Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Section:
    """`head` and `rows` are equally wide; the first `words` columns are text, the others numbers."""

    heading: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    remarks: tuple[str, ...]
    words: int = 1


def markdown(sections: Sequence[Section]) -> str:
    """The sections as a page."""
    return "\n".join(_page(one) for one in sections)


def _page(section: Section) -> str:
    ruler = [":---"] * section.words + ["---:"] * (len(section.head) - section.words)
    lines = [_line(cells) for cells in (section.head, ruler, *section.rows)]
    return "\n".join([f"## {section.heading}", "", *lines, "", *(f"- {line}" for line in section.remarks), ""])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
