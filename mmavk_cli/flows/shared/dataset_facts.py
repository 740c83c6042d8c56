"""What a run's data is like, in numbers: counted while the run has its posts, kept for its cards. Never a text."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from mmavk_cli.base.paths import dataset_folder, splits_in
from mmavk_cli.base.records import Json, Knowledge, Post
from mmavk_cli.base.settings import DataPlace
from mmavk_cli.corpus.check import check_texts
from mmavk_cli.corpus.check_types import check_types
from mmavk_cli.corpus.findings import Findings
from mmavk_cli.corpus.statistics import survey
from mmavk_cli.corpus.types import TypeChoice
from mmavk_cli.flows.shared.knowledge.similarity import text_of

DATA = "data.json"
"""The file in a run folder: `splits` by data set and split, and `findings` by data set, as `mmavk data check` counts
them."""

LABELS = ("orphan-i", "type-switch", "other-naming", "unseen-type", "untested-type", "types-alike")
REPEATS = ("splits-equal", "conflicting-tags", "repeated-across", "repeated-near", "repeated-inside", "repeated-image")
"""Kinds of findings that are of use to whoever reads a card: on tags, and on what comes more than once."""

PLACEHOLDER_POSTS, PLACEHOLDER_SHARE = 10, 0.02
"""Knowledge that so many posts, and this share of the split, have word for word, tells of a placeholder: the one of
Twitter-2017 stands for 7 % of its pictures, and no other caption of the public sets for more than 0.3 %.
"""


def split_facts(
    posts: Sequence[Post], knowledge: Sequence[Knowledge | None], placeholders: Collection[str] = ()
) -> Json:
    """Numbers of one split: posts, words, names a type under both counting rules, knowledge by recipe, pictures.

    Pictures are `named` by posts and `there` as files (0 also where there is no folder of pictures); `placeholder`
    counts posts whose knowledge tells of one, and those of `placeholders` (ids), in which `generate` saw one.
    """
    counted = survey(posts)
    missing = [post.id in placeholders for post in posts]
    real = real_pictures([text_of(one) for one in knowledge], missing)
    known = [one for one in knowledge if one is not None]
    return {
        "posts": counted.tweets,
        "words": counted.words,
        "names": dict(counted.strict),
        "names_conlleval": dict(counted.lenient),
        "knowledge": dict(Counter(one.recipe for one in known)),
        "gated": sum(one.weight < 1 for one in known),
        "pictures": {
            "named": sum(bool(post.image_id or post.image or post.image_url) for post in posts),
            "there": sum(post.image is not None for post in posts),
            "placeholder": (real or []).count(False),
        },
    }


def real_pictures(texts: Sequence[str | None], missing: Sequence[bool] | None) -> list[bool] | None:
    """Whether each post has a picture of its own. It has none where that is `missing` (no file, or a placeholder; None:
    it is not known of any), or where its knowledge stands word for word beside so many posts that it tells of one.

    None where nothing speaks against any picture: it cannot be known.
    """
    often = max(PLACEHOLDER_POSTS, PLACEHOLDER_SHARE * len(texts))
    placeholders = {text for text, posts in Counter(texts).items() if text and posts >= often}
    real = [text not in placeholders for text in texts]
    if missing is not None:
        real = [here and not gone for here, gone in zip(real, missing, strict=True)]
    return None if all(real) else real


class TypedData(TypeChoice, DataPlace):
    """Where data sets are, and how their types are renamed."""


def findings_of(dataset: str, data: TypedData, splits: Iterable[str]) -> Json:
    """How often `mmavk data check` finds what in the files of these splits, where they are there: kind → split or pair
    of splits → number.

    Raises:
        DataError: a file cannot be read.
    """
    folder = dataset_folder(dataset, data.data_dir)
    asked = set(splits)
    files = {split: path for split, path in splits_in(folder).items() if split in asked}
    found = Findings()
    check_types(check_texts(files, found, data.renaming()), files, found)
    return {one.kind: dict(one.counts) for one in found.all() if one.kind in {*LABELS, *REPEATS}}
