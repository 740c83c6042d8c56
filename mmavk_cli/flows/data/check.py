"""data check: a data set → everything in its texts, files and pictures that changes a score, and where."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from mmavk_cli.base.digest import SCHEME, digest_file
from mmavk_cli.base.errors import DataError
from mmavk_cli.base.paths import SPLITS, dataset_folder, images_folder, split_file, unread_files
from mmavk_cli.base.records import Json
from mmavk_cli.base.settings import DataPlace, setting
from mmavk_cli.corpus.check import Entry, check_texts
from mmavk_cli.corpus.check_types import check_types
from mmavk_cli.corpus.findings import Finding, Findings
from mmavk_cli.corpus.pictures import list_pictures
from mmavk_cli.corpus.public_datasets import RELEASES
from mmavk_cli.flows.data.stats import DataSet
from mmavk_cli.flows.shared.progress import Progress
from mmavk_cli.report.paper.published import published_counts

FIRST = 5
"""Places of a kind that are listed when not all are asked for."""


class DataCheckSettings(DataPlace, DataSet):
    """Options of `mmavk data check`."""

    every: bool = setting(False, f"List every place, not the first {FIRST} of a kind.", "--all/--no-all")


@dataclass(frozen=True, slots=True)
class Check:
    """What was found in one data set."""

    name: str
    folder: str
    tweets: dict[str, int]
    findings: tuple[Finding, ...]

    @property
    def changes_score(self) -> bool:
        """Something was found that changes a score."""
        return any(finding.severity == "score" for finding in self.findings)

    @property
    def code(self) -> int:
        """What the command exits with."""
        return DataError.code if self.changes_score else 0

    def as_json(self, every: bool) -> Json:
        """One JSON object; the first places of each kind, or all."""
        most = None if every else FIRST
        return {
            "name": self.name,
            "folder": self.folder,
            "changes_score": self.changes_score,
            "tweets": self.tweets,
            "findings": [finding.as_json(most) for finding in self.findings],
        }


def data_check(settings: DataCheckSettings, on_progress: Progress) -> Check:
    """Check the texts, the files against their authors' release, and the pictures where there are any.

    Raises:
        DataError: no such data set, a file that cannot be read, or `--images` is given and is not a folder.
    """
    folder = dataset_folder(settings.dataset, settings.data_dir)
    findings = Findings()
    files: dict[str, Path] = {}
    for split in SPLITS:
        try:
            files[split] = split_file(folder, split)
        except DataError as error:
            findings.add("split-missing", split, folder.name, error.what)
    for path in unread_files(folder, files.values()):
        findings.add("unread-file", "all", path.name, "call it after a split, or convert it")
    entries = check_texts(files, findings, settings.renaming())
    check_types(entries, files, findings)
    tweets = Counter(entry.split for entry in entries)
    _check_release(settings.dataset, files, tweets, findings)
    _check_pictures(entries, images_folder(folder, settings.images), settings.images is not None, on_progress, findings)
    return Check(settings.dataset, str(folder), {split: tweets[split] for split in files}, tuple(findings.all()))


def _check_release(name: str, files: dict[str, Path], tweets: Counter[str], findings: Findings) -> None:
    published, release = published_counts(name).splits, RELEASES.get(name)
    for split, path in files.items():
        if split in published and tweets[split] != published[split].tweets:
            detail = f"{tweets[split]} tweets, published {published[split].tweets}"
            findings.add("tweet-count", split, path.name, detail)
        if release is not None:
            expected, found = f"{SCHEME}:{release.sha256[split]}", digest_file(path)
            if found != expected:
                findings.add("edited-file", split, path.name, f"{found}, released {expected}")


def _check_pictures(entries: list[Entry], images: Path, asked: bool, on_progress: Progress, findings: Findings) -> None:
    from mmavk_cli.base.images import check_picture

    named = [entry for entry in entries if entry.post.image_id or entry.post.image or entry.post.image_url]
    if not images.is_dir() and not asked and not any(entry.post.image or entry.post.image_url for entry in named):
        if named:
            findings.add("no-pictures", "all", images.name, f"{len(named)} tweets have a picture's id")
        return
    pictures = list_pictures(images) if asked or images.is_dir() else {}
    for done, entry in enumerate(named, 1):
        post = entry.post
        name = pictures.get(post.image_id or "")
        path = post.image or (images / name if name else None)
        place = entry.places[0]
        if path is None or not path.exists():
            findings.add("picture-missing", entry.split, place, str(post.image or post.image_url or post.image_id))
        elif fault := check_picture(path):
            findings.add("picture-broken", entry.split, place, f"{path.name}: {fault}")
        on_progress(done, len(named))
