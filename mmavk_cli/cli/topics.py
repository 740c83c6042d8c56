"""The topics of `mmavk help`: the pages of docs/ that come with the package."""

from pathlib import Path

TOPICS = Path(__file__).parent / "topics"
"""Each file is a link to the page itself."""


def topics() -> dict[str, Path]:
    """Topic → its page."""
    return {path.stem: path for path in sorted(TOPICS.glob("*.md"))}
