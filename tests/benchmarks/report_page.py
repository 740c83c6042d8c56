"""How long a report takes to make and to open, and how large it is: 3,257 posts of ours, as many as Twitter-2015 test.

    PYTHONPATH=tests/support python tests/benchmarks/report_page.py [--posts 3257] [--repeat 3]

Prints a Markdown table. The pictures are drawn: 640x480 with noise, which makes them as large as photographs. Times are
of whole processes, and processor time stands beside them: on a machine that does other work it is the one to read.
Opening and scrolling are measured in Chromium where it is installed.
"""

import argparse
import datetime
import os
import platform
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from browser import CHROMIUM, started
from PIL import Image, ImageChops, ImageFilter
from written import draw, known, tagged, write_run

from mmavk_cli.base.records import Tagged

NAMES = (("Ann Lee", "PER"), ("Rome", "LOC"), ("Ajax", "ORG"), ("Olympics", "MISC"), ("Oslo", "LOC"), ("Bob", "PER"))
WORDS = tuple("the of a big match today we saw with in for at new year when it said and then on my way".split())  # noqa: SIM905
DRAWN = 100
"""Different pictures; each post has a file of its own."""


def noisy(path: Path, seed: int) -> None:
    """A drawn picture that is as hard to compress as a photograph."""
    draw(path, seed=seed)
    with Image.open(path) as image:
        noise = Image.effect_noise(image.size, 60).filter(ImageFilter.GaussianBlur(1)).convert("RGB")
        ImageChops.overlay(image.convert("RGB"), noise).save(path, quality=88)


def posts(number: int, pictures: Path | None) -> list[Tagged]:
    """Posts of some twenty words with one or two names, a third of them wrong; the same at every call."""
    dice = random.Random(1)
    rows = []
    for at in range(number):
        gold = dice.sample(NAMES, dice.randint(1, 2))
        words = dice.choices(WORDS, k=18)
        for name, _ in gold:
            words.insert(dice.randrange(len(words)), name)
        found = gold if dice.random() < 0.67 else gold[1:]
        sight = known(" ".join(dice.choices(WORDS, k=10)), dice.uniform(-0.1, 0.8))
        rows.append(tagged(str(at), " ".join(words), gold, found, sight, pictures / f"{at}.jpg" if pictures else None))
    return rows


def made(*words: object) -> tuple[float, float]:
    """Seconds and processor seconds of one `mmavk report`."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run([sys.executable, "-m", "mmavk_cli", "report", *map(str, words)], check=True, capture_output=True)
    after, took = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - began
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


SCROLL = """new Promise(done => {
  let frames = 0, first = 0;
  const step = now => {
    first ||= now;
    if (now - first > 5000) return done([frames * 1000 / (now - first), frames]);
    frames++;
    scrollBy(0, 120);
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})"""
"""Scrolls for 5 seconds, 120 pixels a frame (a turn of the wheel each): frames a second, and their number."""


def opened(page: Path) -> list[float]:
    """Seconds until the page is loaded, the main thread's processor seconds for it and for one filter, frames a second
    while it is scrolled, and the main thread's processor milliseconds a frame.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, started(Path(folder)) as browser:
        browser.ask("Performance.enable", timeDomain="threadTicks")

        def spent() -> float:
            return next(one["value"] for one in browser.ask("Performance.getMetrics")["metrics"]
                        if one["name"] == "ThreadTime")  # fmt: skip

        start, began = spent(), time.monotonic()
        browser.open(page)
        took, loaded = time.monotonic() - began, spent()
        browser.choose("kind", "wrong")
        browser.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        filtered = spent()
        browser.choose("kind", "")
        browser.run("document.getElementById('posts').scrollIntoView()")
        before = spent()
        rate, frames = browser.run(SCROLL)
        return [took, loaded - start, filtered - loaded, rate, (spent() - before) * 1000 / frames]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--posts", type=int, default=3257)
    parser.add_argument("--repeat", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        (place / "pictures").mkdir()
        for at in range(asked.posts):
            path = place / "pictures" / f"{at}.jpg"
            if at < DRAWN:
                noisy(path, at)
            else:
                path.write_bytes((place / "pictures" / f"{at % DRAWN}.jpg").read_bytes())
        one = write_run(place / "own", posts(asked.posts, None), knowledge="drawn")
        two = write_run(place / "blank", [Tagged(row.post, row.entities[:1], None, row.model)
                                          for row in posts(asked.posts, None)])  # fmt: skip
        full = write_run(place / "pictured", posts(asked.posts, place / "pictures"), knowledge="drawn")
        print(f"{datetime.date.today()}, {platform.machine()}, {os.cpu_count()} cores, {asked.posts:,} posts\n")
        print("| report | seconds | processor s | MB | open, s | main thread s | filter, main thread s"
              " | frames/s scrolling | main thread ms a frame |")  # fmt: skip
        print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
        for name, runs in (("one run", [one]), ("two runs", [one, two]), ("one run, pictures", [full])):
            page = place / "page.html"
            times = [made(*runs, "--out", page) for _ in range(asked.repeat)]
            seconds, processor = (statistics.median(part) for part in zip(*times, strict=True))
            row = [f"{seconds:.2f}", f"{processor:.2f}", f"{page.stat().st_size / 1e6:.1f}"]
            row += (
                [f"{part:.{digits}f}" for part, digits in zip(opened(page), (2, 2, 2, 0, 1), strict=True)]
                if CHROMIUM
                else ["-"] * 5
            )
            print(f"| {name} | {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
