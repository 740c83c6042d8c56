"""Help pages from the commands: `python tests/design/pages.py FOLDER` writes one file a command of the first level."""

import sys
from pathlib import Path

from registered import commands
from typer.testing import CliRunner

from mmavk_cli.cli.main import app

COLUMNS = 100


def pages() -> dict[str, str]:
    """File name → text of every help page."""
    found: dict[str, list[tuple[str, ...]]] = {"README.md": [()]}
    for command in commands():
        groups = [command.path[:depth] for depth in range(1, len(command.path) + 1)]
        page = found.setdefault(f"{command.path[0]}.md", [])
        page.extend(path for path in groups if path not in page)
    return {name: "\n".join(_section(path) for path in paths) for name, paths in found.items()}


def help_text(path: tuple[str, ...]) -> str:
    """What `mmavk … --help` prints on a terminal of fixed width."""
    result = CliRunner().invoke(app, [*path, "--help"], prog_name="mmavk", terminal_width=COLUMNS)
    if result.exit_code:
        raise RuntimeError(f"{' '.join(path)} --help: exit {result.exit_code}\n{result.output}")
    return "\n".join(line.rstrip() for line in result.stdout.splitlines())


def _section(path: tuple[str, ...]) -> str:
    title = " ".join(("mmavk", *path))
    return f"{'##' if len(path) > 1 else '#'} {title}\n\n```text\n{help_text(path)}\n```\n"


def main(folder: Path) -> None:
    """Write the pages, and remove those of commands that are gone."""
    folder.mkdir(parents=True, exist_ok=True)
    written = pages()
    for path in folder.glob("*.md"):
        if path.name not in written:
            path.unlink()
    for name, text in written.items():
        (folder / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
