"""card: the records in a run folder → README.md, and data_card.md where the run says what its data is like."""

from pathlib import Path

from mmavk_cli.base.settings import Common, setting
from mmavk_cli.flows.shared.cards import write_cards
from mmavk_cli.flows.shared.options import RUN_FOLDER, Printed
from mmavk_cli.report.card.model import CardOptions


class CardSettings(Printed, Common):
    """Options of `mmavk card`."""

    run: Path = setting(..., RUN_FOLDER, here="Or one with several seeds.", argument=True)
    scores: list[Path] = setting([], "A run of mmavk eval of this model; give it again for several.", metavar="RUN")
    license: str | None = setting(None, "Licence of the model, as the hub calls it (`apache-2.0`). [default: none]")
    language: str | None = setting(None, "Language of the posts, `de`. [default: en for the public data sets]")


def card(settings: CardSettings) -> list[Path]:
    """Write the cards of a run anew; the files.

    Raises:
        DataError: no run, a broken one, or a folder of scores that are not this model's. UsageError: scores for a
        folder of several seeds, or for a run without a model.
    """
    return write_cards(settings.run, settings.scores, CardOptions(settings.license, settings.language))
