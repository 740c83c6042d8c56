"""A card as text."""

import re

from mmavk_cli import __version__
from mmavk_cli.report.card.data import DataCard
from mmavk_cli.report.card.markdown import Marked, environment
from mmavk_cli.report.card.sections import Card


def rendered_card(card: Card) -> str:
    """The README.md of a run."""
    page = environment().get_template(f"card_{card.kind}.md")
    return _tidy(page.render(card=card, about=card.about, front=Marked(card.front), version=__version__))


def rendered_data_card(card: DataCard) -> str:
    """The data_card.md of a run."""
    return _tidy(environment().get_template("data_card.md").render(card=card, version=__version__))


def _tidy(page: str) -> str:
    """One empty line where blocks that were left out leave several; values have no line ends."""
    return re.sub(r"\n{3,}", "\n\n", page).lstrip("\n")
