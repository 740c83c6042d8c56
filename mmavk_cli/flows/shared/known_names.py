"""What is there to be named: data sets, knowledge, recipes, generators, runs. Quick: the shell asks as one types."""

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

from mmavk_cli.base.paths import data_root, splits_in, store_folder
from mmavk_cli.tagger.decoders.registry import DECODERS
from mmavk_cli.tagger.encoders.registry import ENCODERS
from mmavk_cli.tagger.fusions.registry import FUSIONS

MOST = 200
"""Runs that are listed at most."""


def datasets(data_dir: Path | None) -> list[str]:
    """Folders in the data folder that hold a split."""
    root = data_root(data_dir)
    folders = root.iterdir() if root.is_dir() else ()
    return [folder.name for folder in folders if splits_in(folder)]


def knowledge(store: Path | None) -> list[str]:
    """Names of knowledge in the store; none where there is no store.

    Raises:
        DataError: the store is damaged or locked.
    """
    folder = store_folder(store)
    if not folder.is_dir():
        return []
    from mmavk_cli.store.store import Store

    with Store(folder, read_only=True, timeout_s=1.0) as opened:
        return list(opened.names())


def generators() -> list[str]:
    """What can write about a picture, and `none`."""
    from mmavk_cli.knowledge.generators.registry import GENERATORS

    return [*GENERATORS, "none"]


def runs(folder: Path) -> Iterator[Path]:
    """Run folders in a folder and in those right under it."""
    found = chain.from_iterable(folder.glob(f"{depth}run.json") for depth in ("*/", "*/*/"))
    return (path.parent for path in islice(found, MOST))


def parts() -> dict[str, list[str]]:
    """The names of a tagger's parts, by the setting that chooses one."""
    return {"fusion": list(FUSIONS), "decoder": list(DECODERS), "encoder_kind": list(ENCODERS)}
