"""How fast `mmavk score` is beside the loop of open_clip's README, and how flat its memory.

    python tests/benchmarks/score_speed.py speed [--pictures 200] [--rounds 3]
                                                                        posts/s, share of time by step, all known
    python tests/benchmarks/score_speed.py memory [--pictures 20000]    resident memory over many pictures

ViT-B/32 at full size with random weights, 1024x768 JPEGs that are drawn; no download. `memory` has a tiny CLIP and
small pictures, for it looks at what is kept. Prints Markdown tables: read the ratios, and where others use the machine
those in processor seconds (of all threads) with OMP_NUM_THREADS=1: threads that wait for each other count as work.
Both sides take turns at going first.
"""

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

MMAVK = [sys.executable, "-m", "mmavk_cli"]
VISION = {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 16}
TEXT = {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2}
WORDS = ("cup", "final", "Rome", "loud", "tonight", "and", "Ann", "Lee", "sang", "near", "the", "river", "rain", "😀")

LOOP = """
import json, sys, time
from pathlib import Path
import open_clip, torch
from PIL import Image
source = sys.argv[1]
model, _, preprocess = open_clip.create_model_and_transforms("ViT-B-32-quickgelu", pretrained="openai")
model.eval()
tokenizer = open_clip.get_tokenizer("ViT-B-32")
rows = [json.loads(line) for line in Path(source).read_text().splitlines()]
found, began, spent = [], time.perf_counter(), time.process_time()
for row in rows:
    image = preprocess(Image.open(Path(source).parent / row["image"])).unsqueeze(0)
    text = tokenizer([row["text"]])
    with torch.no_grad():
        image_features = model.encode_image(image)
        text_features = model.encode_text(text)
        image_features /= image_features.norm(dim=-1, keepdim=True)
        text_features /= text_features.norm(dim=-1, keepdim=True)
        found.append(float(image_features @ text_features.T))
seconds = {"clock": time.perf_counter() - began, "processor": time.process_time() - spent}
print(json.dumps({"seconds": seconds, "scores": found}))
"""

OURS = """
import sys, time
from mmavk_cli.cli.main import main
from mmavk_cli.flows.shared.knowledge.clip_scorer import ClipOfStore
load, spent = ClipOfStore._load, []
def loaded(clip):
    model = load(clip)
    spent.append(time.process_time())
    return model
ClipOfStore._load = loaded
try:
    main()
finally:
    print(time.process_time() - spent[0], file=sys.stderr)
"""


def clip(folder: Path, config: dict) -> Path:
    """A CLIP with random weights, as open_clip saves one."""
    import open_clip
    import torch
    from safetensors.torch import save_file

    folder.mkdir()
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": config, "preprocess_cfg": {}}))
    torch.manual_seed(1)
    model = open_clip.create_model(f"local-dir:{folder}", load_weights=False)
    save_file(model.state_dict(), folder / "open_clip_model.safetensors")
    return folder


def posts(folder: Path, many: int, size: tuple[int, int]) -> Path:
    """Posts of 8 to 20 words, each with a picture of its own."""
    random = np.random.default_rng(1)
    rows = []
    for number in range(many):
        low = random.integers(0, 255, (size[1] // 16, size[0] // 16, 3), dtype=np.uint8)
        Image.fromarray(low).resize(size, Image.Resampling.BICUBIC).save(folder / f"{number}.jpg", quality=90)
        words = random.choice(WORDS, random.integers(8, 21))
        rows.append(json.dumps({"id": number, "text": f"{number} {' '.join(words)}", "image": f"{number}.jpg"}))
    path = folder / "posts.jsonl"
    path.write_text("\n".join(rows))
    return path


def fetched(cache: Path) -> None:
    """A hub's cache as `hf download` fills it, with a ViT-B/32 of random weights in place of OpenAI's."""
    import open_clip

    own = cache / "models--timm--vit_base_patch32_clip_224.openai"
    (own / "refs").mkdir(parents=True)
    (own / "refs" / "main").write_text("0" * 40)
    (own / "snapshots").mkdir()
    clip(own / "snapshots" / ("0" * 40), open_clip.get_model_config("ViT-B-32"))


def run(line: list[str], home: Path) -> tuple[float, dict, str]:
    """Wall seconds of a whole process, what it printed, and the last it said."""
    began = time.perf_counter()
    own = {"MMAVK_HOME": str(home), "HF_HUB_CACHE": str(home / "hub"), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(line, check=True, capture_output=True, text=True, env=os.environ | own)
    return time.perf_counter() - began, json.loads(done.stdout), (done.stderr.splitlines() or [""])[-1]


def speed(many: int, rounds: int) -> None:
    """The README's loop and the first run, in turn, and the run after it."""
    plain, ours, steps = [], [], dict.fromkeys(("decode", "resize", "pictures", "texts"), 0.0)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        fetched(place / "hub")
        source = posts(place, many, (1024, 768))

        def line(number: int) -> list[str]:
            return ["score", "--input", str(source), "--store", str(place / f"store-{number}"), "--format", "json"]

        def scored(number: int) -> float:
            whole, made, said = run([sys.executable, "-c", OURS, *line(number)], place)
            spent = made["seconds"]
            ours.append({"clock": spent["all"] - spent["load"], "processor": float(said)})
            for step in steps:
                steps[step] += spent[step]
            return whole

        for number in range(rounds):
            first = scored(number) if number % 2 else None
            _, loop, _ = run([sys.executable, "-c", LOOP, str(source)], place)
            whole = first or scored(number)
            plain.append(loop["seconds"])
        known, told, _ = run([*MMAVK, *line(number)], place)
        run([*MMAVK, *line(number), "--out", str(place / "run")], place)
        found = [json.loads(row)["similarity"] for row in (place / "run" / "similarity.jsonl").open()]
    apart = max(abs(one - other) for one, other in zip(found, loop["scores"], strict=True))
    print(f"\n| {many:,} posts, 1024x768 JPEG | posts/s | times | posts a processor second | times |")
    print("| --- | --- | --- | --- | --- |")
    for name, side in (("open_clip's README, one by one", plain), ("mmavk score", ours)):
        cells = []
        for by in ("clock", "processor"):
            ratio = statistics.median(one[by] / other[by] for one, other in zip(plain, side, strict=True))
            cells += [f"{many / statistics.median(one[by] for one in side):.2f}", f"{ratio:.2f}"]
        print(f"| {name} | {' | '.join(cells)} |")
    print("\n| whole process | seconds | times faster |\n| --- | --- | --- |")
    print(f"| first run | {whole:.2f} | 1.0 |\n| all known | {known:.2f} | {whole / known:.0f} |")
    print(f"\nIn the process the last run took {told['seconds']['all']:.2f} s. Medians of {rounds} rounds.", end=" ")
    print(f"Largest difference of a score: {apart:.1e}.")
    shares = ", ".join(f"{name} {100 * seconds / sum(steps.values()):.0f} %" for name, seconds in steps.items())
    print(f"Seconds by step (decoding and shrinking on threads of their own): {shares}")


def memory(many: int) -> None:
    """Resident memory of one run, read from outside as pictures pass."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        folder = clip(place / "clip", {"embed_dim": 16, "vision_cfg": VISION, "text_cfg": TEXT})
        source = posts(place, many, (64, 48))
        out = place / "run"
        line = [*MMAVK, "score", "--input", str(source), "--clip", str(folder), "--format", "json", "--out", str(out)]
        running = subprocess.Popen(line, stdout=subprocess.DEVNULL, env=os.environ | {"MMAVK_HOME": name})
        rows = place / ".run.unfinished" / "similarity.jsonl"
        marks = [many * share // 20 for share in (1, 2, 5, 10, 15, 19)]
        print("\n| after pictures | own MB | mapped files MB |\n| --- | --- | --- |")
        while running.poll() is None and marks:
            time.sleep(0.05)
            if rows.is_file() and rows.read_bytes().count(b"\n") >= marks[0]:
                status = dict(
                    line.split(":", 1) for line in Path(f"/proc/{running.pid}/status").read_text().splitlines()
                )
                own, files = (int(status[name].split()[0]) / 1024 for name in ("RssAnon", "RssFile"))
                print(f"| {marks.pop(0):,} | {own:.1f} | {files:.1f} |", flush=True)
        running.wait()


def main() -> None:
    """Read the command line above."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("speed", "memory"))
    parser.add_argument("--pictures", type=int)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    machine = f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores"
    print(f"{datetime.datetime.now(tz=datetime.UTC).date()}, {machine}")
    speed(given.pictures or 200, given.rounds) if given.what == "speed" else memory(given.pictures or 20_000)


if __name__ == "__main__":
    main()
