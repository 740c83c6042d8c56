"""Tagged posts as one HTML page: nothing outside it is loaded, nothing in it runs, posts are written as they come."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mmavk_cli import __version__
from mmavk_cli.base.images import PictureLimits
from mmavk_cli.base.records import Counted
from mmavk_cli.report.html.environment import environment, own_text
from mmavk_cli.report.html.post_view import Card, card_of_row
from mmavk_cli.report.html.thumbnails import thumbnail, thumbnail_of
from mmavk_cli.report.predictions_writer import Outcome

if TYPE_CHECKING:
    from PIL.Image import Image


def html(rows: Iterable[Outcome], totals: Counted, limits: PictureLimits, types: Iterable[str] = ()) -> Iterator[str]:
    """The page in pieces.

    Args:
        rows: what it shows, in order.
        totals: printed at its end, when the rows are exhausted.
        limits: of the pictures that are read.
        types: the model's, for their colours.
    """
    stream = (
        environment(types)
        .get_template("page.html")
        .stream(
            cards=(_with_picture(card_of_row(row), limits) for row in rows), totals=totals.counts, version=__version__
        )
    )
    stream.enable_buffering(5)
    yield from stream


def snippet(row: Outcome, types: Iterable[str] = (), picture: "bytes | Image | None" = None) -> str:
    """One post for a page of somebody else, a notebook's: the same component, with rules that hold inside it alone.

    `picture` is the post's, where it is no file; `types` are the model's.
    """
    from markupsafe import Markup

    card = _with_picture(card_of_row(row), PictureLimits())
    if picture is not None and not row.problem:
        card = card.shown(thumbnail_of(picture))
    style = own_text("style.css").replace(":root", "&")
    page = environment(types).get_template("snippet.html")
    return page.render(card=card, own_style=Markup(style))  # noqa: S704 (a file of the package)


def _with_picture(card: Card, limits: PictureLimits) -> Card:
    return card.shown(thumbnail(card.picture, limits)) if card.picture else card
