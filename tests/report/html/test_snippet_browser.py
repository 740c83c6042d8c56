"""What a notebook shows of a post, in a real browser: its rules hold inside it and nowhere else."""

from pathlib import Path

import pytest
from browser import CHROMIUM, MISSING, started

from mmavk_cli.base.records import Entity, Post, Tagged
from mmavk_cli.corpus.tokenize import cut
from mmavk_cli.report.html.tag_page import snippet

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason=MISSING)]

TEXT = "Ann at Expo"
NAMES = (Entity(0, 3, 0, 1, "PER", "Ann", 0.9), Entity(7, 11, 2, 3, "EVENT", "Expo", 0.8))


def ground(selector: str) -> str:
    return f"getComputedStyle(document.querySelector('{selector}')).backgroundColor"


def test_marks_have_their_grounds_and_the_page_around_keeps_its_own(tmp_path: Path):
    row = Tagged(Post("1", TEXT, cut(TEXT)), NAMES, None, "model")
    around = '<article id="outside"><mark id="theirs">x</mark></article>'
    page = tmp_path / "page.html"
    page.write_text(f"<!doctype html><meta charset=utf-8>{around}{snippet(row, ('PER', 'EVENT'))}", "utf-8")
    with started(tmp_path) as browser:
        browser.open(page)
        person, event = browser.run(ground(".mmavk mark.PER")), browser.run(ground(".mmavk mark.own"))
        assert person == "rgb(255, 224, 138)"
        assert event.startswith("oklch(0.88 0.085")
        assert browser.run(ground("#theirs")) == "rgb(255, 255, 0)"
        assert browser.run("getComputedStyle(document.querySelector('#outside')).borderTopWidth") == "0px"
        assert browser.run(ground("body")) == "rgba(0, 0, 0, 0)"
        assert browser.complaints() == []
