"""A report's page as text: one file, nothing loaded from elsewhere, one script of ours named by its hash."""

from collections.abc import Iterator

from mmavk_cli import __version__
from mmavk_cli.report.html.environment import environment, hash_source, own_text
from mmavk_cli.report.html.report_page import Page

SHEET = 25
"""Posts that the browser lays out together, when the window comes near them."""


def rendered(page: Page) -> Iterator[str]:
    """The page in pieces."""
    from markupsafe import Markup

    script = own_text("report.js")
    stream = (
        environment(page.types)
        .get_template("report.html")
        .stream(
            page=page,
            sheet_size=SHEET,
            own_style=Markup(own_text("report.css")),  # noqa: S704 (files of the package)
            script=Markup(script),  # noqa: S704
            script_hash=Markup(hash_source(script)),  # noqa: S704 (base64)
            version=__version__,
        )
    )
    stream.enable_buffering(64)
    yield from stream
