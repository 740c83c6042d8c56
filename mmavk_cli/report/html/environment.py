"""The template engine: everything that is put into a page is escaped, and acts on nothing."""

import base64
import hashlib
from collections.abc import Iterable
from importlib import resources
from typing import TYPE_CHECKING

from mmavk_cli.report.colours import Colours
from mmavk_cli.report.safe_text import visible

if TYPE_CHECKING:
    from jinja2 import Environment

LINES = "\t\n"


def environment(types: Iterable[str] = ()) -> "Environment":
    """Jinja with what the templates ask for; `types` are those that the page shows, as far as they are known."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    made = Environment(
        loader=PackageLoader("mmavk_cli.report"),
        autoescape=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["shown"] = lambda text: visible(str(text), LINES)
    colours = Colours(types)
    made.filters["ground"] = colours.css_class
    made.filters["hue"] = colours.hue
    made.globals["style"] = Markup(own_text("style.css") + own_text("page.css"))  # noqa: S704 (files of the package)
    return made


def own_text(name: str) -> str:
    """A file beside the templates, as it is."""
    return (resources.files("mmavk_cli.report") / "templates" / name).read_text("utf-8")


def hash_source(text: str) -> str:
    """How a Content-Security-Policy names an inline script or style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"
