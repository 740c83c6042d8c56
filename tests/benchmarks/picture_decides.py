"""How often the picture decides, and how often it misleads: `python tests/benchmarks/picture_decides.py [MODEL]`.

Four contrast sets (tests/benchmarks/contrast) with names and sentence patterns that are in no training data: pictures
with the name, pictures without it, descriptions in place of pictures, and posts whose text leaves no doubt beside the
picture of another bearer of the name. Pictures are drawn and read by the text recogniser; the knowledge counts in
full. A group is right when every one of its items is. JSON on stdout.
"""

import argparse
import json
from collections.abc import Sequence
from random import Random

from contrast.draw import poster
from contrast.groups import Item, open_groups, told_posts

from mmavk_cli.base.records import Json, Knowledge, Post
from mmavk_cli.corpus.tokenize import cut
from mmavk_cli.flows.shared.models import open_model
from mmavk_cli.flows.shared.predict import find
from mmavk_cli.knowledge.generators.ocr import OcrGenerator, OcrSettings
from mmavk_cli.spans import characters


class Judge:
    """A model, and what is read in the pictures."""

    def __init__(self, model: str) -> None:
        self.predictor, _ = open_model(model)
        self.reader, self.random, self.read = OcrGenerator(OcrSettings()), Random(3), {}

    def knowledge(self, item: Item, described: bool) -> str:
        """What is known of an item's picture."""
        if described:
            return item.picture
        if item.picture not in self.read:
            self.read[item.picture] = self.reader.generate(poster(item.picture, self.random))
        return self.read[item.picture]

    def right(self, items: Sequence[Item], texts: Sequence[str]) -> list[bool]:
        """Whether each item's one name is found with its type, and nothing else."""
        posts = [Post(str(number), item.text, cut(item.text)) for number, item in enumerate(items)]
        pairs = [(post, Knowledge(text, "contrast") if text else None) for post, text in zip(posts, texts, strict=True)]
        judged = []
        for item, post, found in zip(items, posts, find(self.predictor, pairs), strict=True):
            start = item.text.index(item.name)
            names = [(*characters(one.span, post.words), one.span.type) for one in found]
            judged.append(names == [(start, start + len(item.name), item.kind)])
        return judged


def of_groups(judge: Judge, groups: Sequence[Sequence[Item]], described: bool) -> Json:
    """Percent of groups and items that are right, with the pictures and without any."""
    items = [item for group in groups for item in group]
    shares: Json = {"groups": len(groups), "items": len(items)}
    for name, texts in {
        "with": [judge.knowledge(item, described) for item in items],
        "without": [""] * len(items),
    }.items():
        right = iter(judge.right(items, texts))
        judged = [[next(right) for _ in group] for group in groups]
        shares[f"groups_right_{name}"] = percent([all(group) for group in judged])
        shares[f"items_right_{name}"] = percent([one for group in judged for one in group])
    return shares


def percent(judged: Sequence[bool]) -> float:
    """The share that is true."""
    return round(100 * sum(judged) / len(judged), 1)


def main() -> None:
    """Judge the model of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default="embedded")
    parser.add_argument("--groups", type=int, help="so many groups of each set, for a quick look")
    given = parser.parse_args()
    judge, figures = Judge(given.model), {}
    for scenes in ("with_name", "without", "described"):
        groups = list(open_groups(scenes))[: given.groups]
        figures[scenes] = of_groups(judge, groups, scenes == "described")
    told = list(told_posts())[: given.groups]
    misled = [judge.knowledge(item, described=False) for item in told]
    figures["told"] = {"posts": len(told), "right_with_another_bearer": percent(judge.right(told, misled))}
    figures["told"]["right_without"] = percent(judge.right(told, [""] * len(told)))
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
