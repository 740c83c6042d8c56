"""Tagged posts as one HTML page: nothing outside it is loaded, nothing in it runs, posts are written as they come."""

import base64
import io
from collections.abc import Iterable, Iterator

from mmavk_cli import __version__
from mmavk_cli.base.errors import DataError
from mmavk_cli.base.pictures import PictureLimits, decode, read_picture
from mmavk_cli.base.records import Counted, Tagged
from mmavk_cli.report.marked import stretches, visible
from mmavk_cli.report.records import Outcome

THUMBNAIL = 320
"""Longest side of a picture on the page, in pixels."""

LINES = "\t\n"


def html(rows: Iterable[Outcome], totals: Counted, limits: PictureLimits) -> Iterator[str]:
    """The page in pieces. `totals` is printed at its end, when the rows are exhausted."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("mmavk_cli.report"),
        autoescape=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = lambda text: visible(str(text), LINES)
    environment.tests["tagged"] = lambda row: isinstance(row, Tagged)
    stream = environment.get_template("page.html").stream(
        rows=rows,
        totals=totals.counts,
        stretches=stretches,
        thumbnail=lambda tagged: thumbnail(tagged, limits),
        version=__version__,
    )
    stream.enable_buffering(64)
    yield from stream


def thumbnail(tagged: Tagged, limits: PictureLimits) -> str | None:
    """The post's picture as a small JPEG in a `data:` address, without the metadata of its file; None where there is
    none that can be read.
    """
    if tagged.post.image is None or tagged.problem is not None:
        return None
    try:
        image = decode(read_picture(tagged.post.image, limits), limits)
    except DataError:
        return None
    image.thumbnail((THUMBNAIL, THUMBNAIL))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=75)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
