"""What somebody who mistyped a name may have meant."""

from collections.abc import Iterable

MOST = 20
"""Names that are listed where none is near."""


def near(name: str, known: Iterable[str]) -> str:
    """`Did you mean 'x'?`, or else what there is; empty where there is nothing, or too much to read."""
    import difflib

    names = sorted(known)
    if found := difflib.get_close_matches(name, names, n=1):
        return f"Did you mean {found[0]!r}?"
    return f"There is: {', '.join(names)}" if 0 < len(names) <= MOST else ""
