"""A newcomer's first minutes: a fresh clone, an empty home, and the commands of README.md as they are written.

    make newcomer

Clones what is committed into an empty folder and runs every line of README.md's blocks, from `make demo` on, in order
and in one shell. Prints the seconds of each. The first that ends with an exit code it should not have ends all, with
what it printed. `make test` is not run again; `mmavk data fetch` gets the real files from a server on loopback.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

from lines import block_lines, exits
from web import Server, Silent, serving

ROOT = Path(__file__).parents[2]

DATA = ROOT.parent / "shared" / "data"
NOT_AGAIN = "make test"
FETCH = "mmavk data fetch "
OWN = ("MMAVK_", "XDG_", "PYTHON", "VIRTUAL_ENV", "MAKE", "MFLAGS")
"""How the variables begin that a newcomer does not have."""

END = "The line has ended:"


class WrongError(Exception):
    """A line ended as it should not."""


class Shell:
    """One bash, in which a line finds what those before it have set."""

    def __init__(self, folder: Path, home: Path) -> None:
        self._bash = subprocess.Popen(
            ["bash", "--norc"], cwd=folder, env=bare(home), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def __enter__(self) -> "Shell":
        return self

    def __exit__(self, *_: object) -> None:
        self._bash.communicate()

    def __call__(self, line: str) -> float:
        """Run a line and return its seconds.

        Raises:
            WrongError: it ended with another exit code than it should, or ended the shell.
        """
        assert self._bash.stdin and self._bash.stdout
        began = time.monotonic()
        self._bash.stdin.write(f"{{\n{line}\n}} </dev/null\nprintf '\\n%s %s\\n' '{END}' $?\n")
        self._bash.stdin.flush()
        said = []
        for row in self._bash.stdout:
            if row.startswith(END):
                code = int(row.removeprefix(END))
                if code not in exits(line):
                    raise WrongError(f"{''.join(said)}{line}\nexit {code}")
                return time.monotonic() - began
            said.append(row)
        raise WrongError(f"{''.join(said)}{line}\nended the shell")


def bare(home: Path) -> dict[str, str]:
    """The environment of someone who has just come: this home, no mmavk on the path, nothing set for it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OWN)}
    path = [folder for folder in kept["PATH"].split(os.pathsep) if not (Path(folder) / "mmavk").exists()]
    return kept | {"HOME": str(home), "PATH": os.pathsep.join(path)}


class Files(Silent, SimpleHTTPRequestHandler):
    """The files of a folder."""


def walk(lines: Sequence[str], shell: Shell, url: str) -> None:
    """Run the lines in order and print the seconds of each. `url` has what is to be fetched."""
    for line in lines:
        called = line.partition("  #")[0].rstrip()
        if line.startswith(NOT_AGAIN):
            print(f"      -    {called} (not run again)", flush=True)
        elif line.startswith(FETCH):
            print(f"{shell(f'MMAVK_MIRROR={url} {line}'):7.1f} s  {called} (from a server on loopback)", flush=True)
        else:
            print(f"{shell(line):7.1f} s  {called}", flush=True)


def main() -> None:
    began = time.monotonic()
    lines = block_lines((ROOT / "README.md").read_text("utf-8"))
    files = Server(partial(Files, directory=str(DATA)))
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch, serving(files):
        clone, home = Path(scratch) / "mmavk", Path(scratch) / "home"
        home.mkdir()
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        with Shell(clone, home) as shell:
            try:
                walk(lines, shell, files.url)
            except WrongError as wrong:
                sys.exit(str(wrong))
        print(f"{time.monotonic() - began:7.1f} s  in all", flush=True)


if __name__ == "__main__":
    main()
