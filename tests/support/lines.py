"""The command lines of the documents."""

import re

BLOCK = re.compile(r"^```(?:sh|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)


PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def python_blocks(page: str) -> list[str]:
    """The ```python blocks of a page, which make one program."""
    return PYTHON.findall(page)


def block_lines(page: str) -> list[str]:
    """All lines of a page's ```sh and ```console blocks, continued lines joined."""
    lines = [line for block in BLOCK.findall(page) for line in block.replace("\\\n", "").splitlines()]
    return [line.removeprefix("$ ") for line in lines]


def command_lines(page: str) -> list[str]:
    """Those of them that call `mmavk`."""
    return [line for line in block_lines(page) if re.match(r"(?:.*[|=(] *|(?:[A-Z_]+=\S+ )+)?mmavk ", line)]


def exits(line: str) -> set[int]:
    """The exit codes with which a line ends well: `data check` says with 3 that it found something."""
    return {0, 3} if line.startswith("mmavk data check") else {0}
