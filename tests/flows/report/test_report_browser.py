"""A report in a real browser: nothing runs that is not ours, it can be filtered with the keyboard, and read by all."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from browser import CHROMIUM, MISSING, Browser, started
from typer.testing import CliRunner
from written import draw, five, five_without, known, tagged, write_run

from mmavk_cli.cli.main import app

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason=MISSING)]

SCRIPT = "<script>document.title = 'run'</script><img src=x onerror=\"document.title='run'\"> in Rome"
RTL = "שלום \u202eomoR\u202c ni Rome"
ZERO_WIDTH = "Ro\u200bme and\u2060 \ufeffRome \u200d ok"
LONG = "x" * 10_000
BREAKS = "</style></script></article>--><svg onload=\"document.title='run'\"> Rome"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with started(tmp_path_factory.mktemp("browser")) as one:
        yield one


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The five posts with and without knowledge, and five that would break a careless page."""
    folder = tmp_path_factory.mktemp("page")
    evil = [
        tagged("<b>script</b>", SCRIPT, [("Rome", "LOC")], [("Rome", "PER")], known(SCRIPT, 0.3)),
        tagged("rtl", RTL, [("Rome", "LOC")], [("Rome", "LOC")]),
        tagged("zero", ZERO_WIDTH, [], []),
        tagged("long", LONG, [(LONG, "MISC")], [(LONG, "ORG")], known(LONG, 0.3)),
        tagged("breaks", BREAKS, [], [("Rome", "LOC")]),
    ]
    own = write_run(folder / "own", [*five(draw(folder / "a.jpg")), *evil], knowledge="blip2")
    bare = [one for one in evil if one.knowledge is None]
    rest = [tagged(one.post.id, one.post.text, [], []) for one in evil if one.knowledge]
    none = write_run(folder / "none", [*five_without(), *bare, *rest])
    done = CliRunner().invoke(app, ["report", str(own), str(none), "--out", str(folder / "page.html")])
    assert done.exit_code == 0, done.output
    return folder / "page.html"


DIRECTIONS = "Array.from(document.querySelectorAll('.post'), e => [e.textContent, getComputedStyle(e).direction])"


def shown(browser: Browser) -> list[str]:
    """The ids of the posts that can be seen."""
    return browser.run("Array.from(document.querySelectorAll('article')).filter(e => e.checkVisibility())"
                       ".map(e => e.querySelector('h3').textContent)")  # fmt: skip


def test_text_is_text_whatever_it_says(browser: Browser, page: Path):
    browser.open(page)
    assert browser.complaints() == []
    assert browser.run("document.title") == "Report on ours/test"
    assert browser.run("document.scripts.length") == 1
    assert browser.run("document.querySelectorAll('article b, article svg, article script').length") == 0
    texts = browser.run("Array.from(document.querySelectorAll('.post'), e => e.textContent)")
    assert any("<script>document.title = 'run'</script><img src=x onerror=" in text for text in texts)
    assert any("</style></script></article>--><svg" in text for text in texts)
    assert any("שלום omoR ni Rome" in text for text in texts)
    directions = browser.run(DIRECTIONS)
    assert [direction for text, direction in directions if "שלום" in text] == ["rtl"]
    assert {direction for text, direction in directions if "Ann" in text} == {"ltr"}
    assert any(ZERO_WIDTH in text.replace("LOC", "") for text in texts)


@pytest.mark.parametrize(("width", "height"), [(360, 740), (1100, 900)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_window(browser: Browser, page: Path, width: int, height: int, scheme: str):
    browser.open(page, width, height, scheme)
    assert browser.run("document.documentElement.scrollWidth") <= width
    beyond = browser.run(
        "Array.from(document.querySelectorAll('body *')).filter(e => e.getBoundingClientRect().right > innerWidth + 1"
        " && !e.closest('.wide')).map(e => e.outerHTML.slice(0, 80))"
    )
    assert beyond == []
    paper = browser.run("getComputedStyle(document.body).backgroundColor")
    assert paper == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(22, 22, 26)")


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ({"kind": "missed"}, {"missed", "<b>script</b>", "long"}),
        ({"kind": "missed", "run": "0"}, {"missed"}),
        ({"kind": "spurious", "type": "MISC"}, {"spurious"}),
        ({"kind": "spurious", "type": "PER"}, set()),
        ({"kind": "boundary"}, {"boundary", "right"}),
        ({"kind": "type", "type": "ORG"}, {"type", "long"}),
        ({"kind": "right", "run": "0"}, {"right", "rtl"}),
        ({"kind": "none", "run": "0"}, {"zero"}),
        ({"about": "changed"}, {"right", "type", "<b>script</b>", "long"}),
        ({"about": "better"}, {"right"}),
        ({"about": "gated"}, {"spurious"}),
        ({"text": "NEW york"}, {"boundary"}),
    ],
)
def test_filters_show_the_posts_they_name(browser: Browser, page: Path, asked: dict[str, str], ids: set[str]):
    browser.open(page)
    everything = shown(browser)
    for name, value in asked.items():
        browser.choose(name, value)
    if "text" in asked:
        browser.run("document.getElementById('text').dispatchEvent(new Event('input', {bubbles: true}))")
        browser.run("new Promise(done => setTimeout(done, 400))")
    found = shown(browser)
    assert set(found) == ids
    assert browser.run("document.getElementById('count').textContent") == f"{len(found)} of {len(everything)} posts"
    browser.run("document.getElementById('reset').click()")
    assert shown(browser) == everything
    assert browser.run("document.getElementById('count').textContent") == f"{len(everything)} posts"


def test_the_keyboard_reaches_every_filter_and_works_it(browser: Browser, page: Path):
    browser.open(page)
    browser.press("Tab")
    assert browser.run("document.activeElement.className") == "skip"
    browser.press("Enter")
    reached = []
    for _ in range(6):
        browser.press("Tab")
        reached.append(browser.run("document.activeElement.id"))
        assert browser.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert reached == ["kind", "type", "about", "run", "text", "reset"]
    browser.run("document.getElementById('kind').focus()")
    browser.press("ArrowDown")
    assert browser.run("document.getElementById('kind').value") == "wrong"
    assert "right" in shown(browser) and "zero" not in shown(browser)


def test_a_screen_reader_is_told_what_everything_is(browser: Browser, page: Path):
    browser.open(page)
    roles = browser.roles()
    names = {role: [name for one, name in roles if one == role] for role, _ in roles}
    for landmark in ("banner", "navigation", "main", "contentinfo", "search"):
        assert len(names[landmark]) == 1, landmark
    assert names["combobox"] == ["What happened", "Type", "Knowledge", "In run"]
    assert names["searchbox"] == ["Text"]
    assert {"Summary", "Runs side by side", "Scores", "Errors", "Calibration", "Posts"} <= set(names["heading"])
    assert all(names["image"]) and any(name.startswith("F1 a type") for name in names["image"])
    assert browser.run("document.getElementById('count').getAttribute('aria-live')") == "polite"
    levels = browser.run("Array.from(document.querySelectorAll('h1, h2, h3'), e => Number(e.tagName[1]))")
    assert levels[0] == 1 and all(after - before <= 1 for before, after in pairwise(levels))


def test_text_can_be_read_in_both_schemes(browser: Browser, page: Path):
    for scheme in ("light", "dark"):
        browser.open(page, scheme=scheme)
        poor: list[Any] = browser.run(CONTRAST)
        assert poor == [], scheme


CONTRAST = """(() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const over = (top, under) => { const a = top[3] ?? 1; return [0, 1, 2].map((i) => top[i] * a + under[i] * (1 - a)); };
  const ground = (e) => {
    const layers = [];
    for (let one = e; one; one = one.parentElement) layers.push(parts(getComputedStyle(one).backgroundColor));
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255]);
  };
  const light = (c) => c.map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const poor = [];
  for (const e of document.querySelectorAll("body *")) {
    if (e.closest("svg, script, option, [hidden]")) continue;
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
    const [a, b] = [light(parts(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) poor.push([e.tagName, e.className, e.textContent.slice(0, 40), contrast]);
  }
  return poor.slice(0, 10);
})()"""


LAID_OUT = """Array.from(document.querySelectorAll("article"))
  .filter((e) => e.checkVisibility({contentVisibilityAuto: true})).length"""


def test_three_thousand_posts_are_opened_with_a_few_laid_out(browser: Browser, tmp_path: Path):
    posts = [
        tagged(f"p{at}", "Ann went on to Rome " * 5 + str(at), [], [], known("a street", 0.4)) for at in range(3257)
    ]
    run = write_run(tmp_path / "many", posts, knowledge="blip2")
    assert CliRunner().invoke(app, ["report", str(run)]).exit_code == 0
    browser.open(run / "report.html")
    assert browser.run("document.querySelectorAll('article').length") == 3257
    laid_out = (
        "Array.from(document.querySelectorAll('article')).filter(e => e.checkVisibility({contentVisibilityAuto: true}))"
    )
    assert 0 < browser.run(f"document.getElementById('posts').scrollIntoView(), new Promise(done => setTimeout(() => "
                           f"done({laid_out}.length), 500))") < 100  # fmt: skip
    browser.choose("about", "counted")
    assert browser.run("document.getElementById('count').textContent") == "3,257 posts"
    browser.run("document.getElementById('text').value = ' 3000'")
    browser.choose("about", "")
    assert shown(browser) == ["p3000"]


def test_a_page_of_tag_runs_nothing_either(browser: Browser, tmp_path: Path):
    done = CliRunner().invoke(app, ["tag", "--text", SCRIPT, "--format", "html"])
    assert done.exit_code == 0
    (tmp_path / "tag.html").write_text(done.stdout, "utf-8")
    browser.open(tmp_path / "tag.html", 360, 740)
    assert browser.complaints() == []
    assert browser.run("[document.title, document.scripts.length, document.images.length]") == ["Names in posts", 0, 0]
    assert browser.run("document.documentElement.scrollWidth") <= 360
