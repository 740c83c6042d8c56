"""The benchmark for a GPU runs, small, on a CPU. What it measures is read by people: docs/performance.md."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "generate_gpu.py"


@pytest.mark.slow
def test_it_runs_small_and_prints_a_row_a_batch(tmp_path: Path):
    line = [sys.executable, str(SCRIPT), "--small", "--batches", "1", "4", "--new-tokens", "8", "--out"]
    done = subprocess.run([*line, str(tmp_path / "rows.json")], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "rows.json").read_text("utf-8"))
    assert [(row["batch"], row["way"]) for row in rows] == [(1, "no cap"), (1, "mmavk"), (4, "mmavk")]
    assert all(row["s_a_picture"] > 0 and row["back_off"] == "" for row in rows)
    assert len([line for line in done.stdout.splitlines() if line.startswith("| float32 |")]) == 3
