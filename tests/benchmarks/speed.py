"""How fast tagging is beside transformers' token-classification pipeline on the same encoder, and how flat its memory.

    python tests/benchmarks/speed.py process     whole processes, one post
    python tests/benchmarks/speed.py bulk        posts a second on Twitter-2017 test
    python tests/benchmarks/speed.py memory      resident memory over 200,000 posts

Prints Markdown tables of medians and ratios: read the ratios, the machines are noisy. Bulk and memory need
../shared/data.
"""

import argparse
import datetime
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as `mmavk tag` sets it, before NumPy is imported

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
EXAMPLES = ROOT / "docs" / "examples"
MMAVK = Path(sys.executable).parent / "mmavk"

PIPELINE = """
import sys
from pathlib import Path
from transformers import pipeline
tag = pipeline("token-classification", model=sys.argv[1], aggregation_strategy="simple")
for line in tag(Path(sys.argv[2]).read_text("utf-8")):
    print(line)
"""


def peer(folder: Path) -> Path:
    """A token-classification model on the MiniLM encoder; its classifier is random, which costs the same time."""
    from transformers import AutoTokenizer, BertForTokenClassification
    from transformers.utils import logging

    from mmavk_cli.tagger.encoders.transformer import encoder_folder

    logging.set_verbosity_error()
    source = encoder_folder("minilm")
    BertForTokenClassification.from_pretrained(source, num_labels=9).save_pretrained(folder)
    AutoTokenizer.from_pretrained(source).save_pretrained(folder)
    return folder


def seconds(command: list[str], times: int) -> float:
    """Median wall time of a whole process, the first run (cold disk) left out."""
    taken = []
    for _ in range(times + 1):
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken[1:])


def process(times: int) -> None:
    """Whole processes for one post."""
    post, picture = str(EXAMPLES / "post.txt"), str(EXAMPLES / "picture.jpg")
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "pipeline.py"
        script.write_text(PIPELINE)
        base = seconds([sys.executable, str(script), str(peer(Path(folder) / "peer")), post], times)
    rows = [("pipeline of transformers, text", base)]
    for name, command in (
        ("mmavk --help", [str(MMAVK), "--help"]),
        ("mmavk tag, text", [str(MMAVK), "tag", post, "--format", "jsonl"]),
        ("mmavk tag, text and picture", [str(MMAVK), "tag", post, "--image", picture, "--format", "jsonl"]),
    ):
        rows.append((name, seconds(command, times)))
    table(("whole process, one post", "seconds", "times faster"), [(n, f"{s:.2f}", f"{base / s:.1f}") for n, s in rows])


def bulk(times: int) -> None:
    """Posts a second on Twitter-2017 test, text only."""
    from transformers import pipeline

    from mmavk_cli.corpus.conll import read_conll
    from mmavk_cli.corpus.raw import post_from_text
    from mmavk_cli.flows.shared.models import open_model
    from mmavk_cli.flows.shared.predict import find

    texts = [post.text for post in read_conll(DATA / "twitter2017" / "test.txt")]
    predictor, _ = open_model("embedded")

    def ours() -> None:
        for _ in find(predictor, ((post_from_text(text, "1"), None) for text in texts)):
            pass

    with tempfile.TemporaryDirectory() as folder:
        tag = pipeline("token-classification", model=str(peer(Path(folder))), aggregation_strategy="simple")

        def one_by_one() -> None:
            for text in texts:
                tag(text)

        def batched() -> None:
            tag(texts, batch_size=16)

        kinds = (("pipeline, batch 1", one_by_one), ("pipeline, batch 16", batched), ("mmavk", ours))
        rows = [(name, len(texts) / quickest(work, times)) for name, work in kinds]
    base = rows[0][1]
    table(("bulk, Twitter-2017 test", "posts/s", "times faster"), [(n, f"{r:.0f}", f"{r / base:.1f}") for n, r in rows])


def quickest(work: Callable[[], None], times: int) -> float:
    """Median seconds, after one round to warm up."""
    taken = []
    for _ in range(times + 1):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken[1:])


def memory(posts: int) -> None:
    """Resident memory of one `mmavk tag` fed through a pipe with `posts` posts as JSON Lines."""
    import json

    from mmavk_cli.corpus.conll import read_conll

    texts = [post.text for post in read_conll(DATA / "twitter2017" / "test.txt")]
    child = subprocess.Popen(
        [str(MMAVK), "tag", "-", "--format", "jsonl", "--quiet"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdin is not None
    assert child.stdout is not None

    def lines() -> Iterator[bytes]:
        for number, text in enumerate(islice(cycle(texts), posts)):
            yield json.dumps({"id": str(number), "text": text}).encode() + b"\n"

    def feed() -> None:
        child.stdin.writelines(lines())
        child.stdin.close()

    threading.Thread(target=feed, daemon=True).start()
    marks = {}
    for number, _ in enumerate(child.stdout, 1):
        if number % 20_000 == 0:
            status = Path(f"/proc/{child.pid}/status").read_text()
            marks[number] = (
                int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024
            )
    if child.wait() != 0 or not marks:
        sys.exit("tagging failed")
    first = next(iter(marks.values()))
    rows = [(f"{number:,}", f"{mb:.1f}", f"{100 * (mb / first - 1):+.1f} %") for number, mb in marks.items()]
    table(("after posts", "resident MB", "beside the first"), rows)


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """A Markdown table with the machine and the date."""
    print(f"\n{datetime.date.today()}, {platform.machine()}, {os.cpu_count()} cores: {' '.join(sys.argv)}\n")
    for row in (head, ("---",) * len(head), *rows):
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["process", "bulk", "memory"])
    parser.add_argument("--times", type=int, default=7)
    parser.add_argument("--posts", type=int, default=200_000)
    chosen = parser.parse_args()
    {"process": process, "bulk": bulk}[chosen.what](chosen.times) if chosen.what != "memory" else memory(chosen.posts)
