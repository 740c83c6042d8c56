"""The template engine of the cards: whatever is put into a page is text there, and makes no Markdown."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from mmavk_cli.report.safe_text import visible
from mmavk_cli.report.table_section import Section

if TYPE_CHECKING:
    from jinja2 import Environment

_ACTING = re.compile(r"[\\`*_\[\]<>|~&$]|:(?=//)|(?<=www)\.|(?<!\w)@(?=\w)", re.IGNORECASE)
"""Characters that mean something inside a line of Markdown, or that make a link where nobody wrote one."""


class Marked(str):
    """Markdown that is as it should be."""

    __slots__ = ()


def escaped(value: Any) -> str:
    """A value as one line of text in Markdown; what is `Marked` stays."""
    if isinstance(value, Marked):
        return value
    return Marked(_ACTING.sub(r"\\\g<0>", " ".join(visible(str(value)).split())))


def code(value: Any) -> Marked:
    """A value in the letters of code; as plain text where it has characters that would end them."""
    text = " ".join(visible(str(value)).split())
    return Marked(f"`{text}`" if text and not set(text) & set("`|") else escaped(text))


def table(section: Section) -> Marked:
    """The rows of a section, its heading left aside; empty where there is no row."""
    if not section.rows:
        return Marked("")
    ruler = [":---"] * section.words + ["---:"] * (len(section.head) - section.words)
    rows = [_line(map(escaped, row)) for row in section.rows]
    return Marked("\n".join([_line(map(escaped, section.head)), _line(ruler), *rows]))


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def environment() -> "Environment":
    """Jinja with what the templates of cards ask for."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("mmavk_cli.report"),
        autoescape=False,  # noqa: S701 (Markdown has no HTML in it: `finalize` escapes for Markdown)
        finalize=escaped,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"code": code, "as_is": Marked, "table": table}
    return made
