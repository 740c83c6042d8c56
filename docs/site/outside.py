"""A hook of MkDocs: pages of the repository outside docs/ to which the documents link become pages of the site.

In the repository such a link reads `../mmavk_cli/…`, and works where files are looked at. On the site the page stands
under `mmavk_cli/…`. A link to a file that is not there is a warning, which `--strict` makes an error.
"""

import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LINK = re.compile(r"\]\(\.\./((?!docs/)[\w./-]+\.md)(?=[)#])")
"""A link of a page in docs/ to a page above docs/."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add every page above docs/ that a page in docs/ links to, and the script that lets files be searched."""
    files.append(File.generated(config, config.extra["polyfills"][0], abs_src_path=str(HERE / "worker.js")))
    for page in Path(config.docs_dir).glob("*.md"):
        for name in LINK.findall(page.read_text("utf-8")):
            if (ROOT / name).is_file() and files.get_file_from_path(name) is None:
                files.append(File.generated(config, name, abs_src_path=str(ROOT / name)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Point those links to where the page stands on the site; help pages have the whole width for their 100 columns."""
    if page.file.src_uri.startswith("help/"):
        page.meta["hide"] = ["toc"]
    return LINK.sub(r"](\1", markdown) if "/" not in page.file.src_uri else markdown
