"""The documents are built as a site: every link holds, every page is in its place, nothing comes from a network."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from browser import CHROMIUM, MISSING, started

ROOT = Path(__file__).parents[2]

SOURCES = ("docs", "mmavk_cli/embedded/MODEL_CARD.md")


@pytest.fixture(scope="module", autouse=True)
def mkdocs() -> None:
    """MkDocs Material is part of the dev extra, so that CI has it."""
    if importlib.util.find_spec("material") is None:
        reason = "mkdocs-material is not installed: pip install '.[dev]'"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)


def build(root: Path, site: Path) -> subprocess.CompletedProcess[str]:
    line = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "-f",
        str(root / "docs/site/mkdocs.yml"),
        "-d",
        str(site),
    ]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(line, check=False, capture_output=True, text=True, env=environment)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = build(ROOT, folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
def test_every_page_of_the_documents_is_on_the_site(site: Path):
    pages = {path.relative_to(ROOT / "docs").with_suffix(".html").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    pages = {page.replace("README.html", "index.html") for page in pages}
    assert pages >= {"index.html", "how.html", "help/index.html", "help/tag.html"}
    built = {path.relative_to(site).as_posix() for path in site.rglob("*.html")} - {"404.html"}
    assert built == pages | {"mmavk_cli/embedded/MODEL_CARD.html"}


@pytest.mark.slow
def test_nothing_on_the_site_is_loaded_from_a_network(site: Path):
    for page in site.rglob("*.html"):
        loaded = re.findall(
            r"""<(?:script|img|iframe|link)\b[^>]*\b(?:src|href)=["']?((?:https?:)?//[^"'> ]+)""", page.read_text()
        )
        assert loaded == [], page
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(?:https?:)?//", sheet.read_text("utf-8")), sheet


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason=MISSING)
def test_the_site_can_be_searched_without_a_server(site: Path, tmp_path: Path):
    link = "document.querySelector('.md-search-result__link')?.href"
    ready = "!document.querySelector('.md-search-result__meta').textContent.includes('Initializing')"

    def wait(value: str) -> str:
        return f"new Promise(done => {{ const look = () => {value} ? done({value}) : setTimeout(look, 20); look(); }})"

    with started(tmp_path) as browser:
        browser.open(site / "index.html")
        browser.run("document.querySelector('.md-search__input').focus()")
        browser.run(wait(ready))
        for letter in "Youden":
            browser.press(letter)
        assert browser.run(wait(link)).startswith((site / "decisions.html").as_uri())
        assert browser.complaints() == []


@pytest.mark.slow
def test_the_picture_is_there_and_says_what_it_shows(site: Path):
    drawing = (site / "flow.svg").read_text("utf-8")
    assert 'role="img" aria-labelledby="title desc"' in drawing
    assert re.search(r'<title id="title">\w', drawing)
    assert re.search(r'<desc id="desc">\w', drawing)
    assert re.search(r'<img alt="\w[^"]+" src="flow.svg"', (site / "how.html").read_text("utf-8"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("link", "told"),
    [
        ("[x](nowhere.md)", "nowhere.md"),
        ("[x](formats.md#nowhere)", "#nowhere"),
        ("[x](../mmavk_cli/nowhere.md)", "mmavk_cli/nowhere.md"),
    ],
)
def test_a_broken_link_ends_the_build(link: str, told: str, tmp_path: Path):
    for source in SOURCES:
        target = tmp_path / "root" / source
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-r", ROOT / source, target], check=True)
    with (tmp_path / "root/docs/how.md").open("a", encoding="utf-8") as page:
        page.write(f"\n{link}\n")
    done = build(tmp_path / "root", tmp_path / "site")
    assert done.returncode == 1
    assert told in done.stderr
