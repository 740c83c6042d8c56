"""F1 of the shipped int8 tagger on both data sets: own knowledge, none, and that of other posts.

    python tests/benchmarks/shipped_scores.py [--split test] [--model embedded] [--store FOLDER]

Prints a Markdown table. Needs ../shared/data; imports the BLIP-2 captions into a store of its own.
"""

import argparse
import datetime
import json
import subprocess
import sys
import tempfile
from pathlib import Path

DATA = Path(__file__).parents[3] / "shared" / "data"
MMAVK = str(Path(sys.executable).parent / "mmavk")
SHUFFLES = (1, 2, 3)
"""Seeds of the shuffled captions; their mean is shown."""


def run(*words: str) -> str:
    return subprocess.run([MMAVK, *words], check=True, capture_output=True, text=True).stdout


def f1(model: str, dataset: str, split: str, store: str, *more: str) -> dict[str, float]:
    place = ("--data-dir", str(DATA), "--store", store, "--format", "json", "--quiet")
    scores = json.loads(run("eval", model, "--dataset", dataset, "--split", split, *place, *more))
    return {rule: scores[rule]["overall"]["f1"] for rule in ("strict", "conlleval")} | {
        "with": scores["with_knowledge"] / scores["posts"]
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--split", default="test")
    parser.add_argument("--threshold", help="instead of the model's own")
    asked = parser.parse_args()
    gate = ("--threshold", asked.threshold) if asked.threshold else ()
    print(f"{datetime.date.today()}: {' '.join(sys.argv)}\n")
    print("| data set | split | knowledge | strict F1 | conlleval F1 | knowledge counted in |")
    print("| --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as store:
        for dataset in ("twitter2015", "twitter2017"):
            captions = DATA / "knowledge" / "blip2" / f"{dataset}.txt"
            run("store", "import", "--dataset", dataset, str(captions), "--store", store, "--data-dir", str(DATA))
            blip2 = ("--knowledge", "blip2", *gate)
            own = f1(asked.model, dataset, asked.split, store, *blip2)
            none = f1(asked.model, dataset, asked.split, store)
            other = [
                f1(
                    asked.model,
                    dataset,
                    asked.split,
                    store,
                    *blip2,
                    "--pairing",
                    "shuffled",
                    "--resampling-seed",
                    str(seed),
                )
                for seed in SHUFFLES
            ]
            shuffled = {name: sum(one[name] for one in other) / len(other) for name in own}
            for name, row in (("BLIP-2, own", own), ("none", none), ("BLIP-2, shuffled", shuffled)):
                scores = f"{row['strict']:.2f} | {row['conlleval']:.2f} | {100 * row['with']:.0f} %"
                print(f"| {dataset} | {asked.split} | {name} | {scores} |", flush=True)


if __name__ == "__main__":
    main()
