"""The text scorer that ships, made again: posts and captions of the train splits → `scorer.safetensors`.

    python -m mmavk_cli.flows.train.fit_text_scorer --data-dir DATA --captions DATA/knowledge/blip2 --out FOLDER

Not a command of `mmavk`: who uses the program never needs it. The same files, machine and libraries give the same
bytes.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mmavk_cli.base.digest import canonical, digest
from mmavk_cli.base.errors import DataError
from mmavk_cli.base.paths import dataset_folder
from mmavk_cli.base.records import Json
from mmavk_cli.base.settings import DataFolder, setting
from mmavk_cli.base.tokenizers import load_tokenizer
from mmavk_cli.corpus.dataset import load_split
from mmavk_cli.knowledge.generators.ocr import SENTENCE
from mmavk_cli.knowledge.importing import captions_by_image
from mmavk_cli.similarity.text_scorer import TOKENIZER, TextScorer
from mmavk_cli.similarity.text_scorer_fit import FitSettings, Pair, fit, word_embeddings
from mmavk_cli.tagger.encoders.transformer import MINILM, encoder_folder, save_tokenizer

PLACEHOLDER = "sha256:9a05c719bb18c19791cc90d263d69bbfb5faf4700362a28e8c9c9d59b0e8440c"
"""Digest of the caption of 358 posts of Twitter-2017: what BLIP-2 saw in the picture that stands for a missing one."""

NEUTRAL = (SENTENCE.format(words=""),)
"""Words around what a picture's text says, which must not make it more or less related to a post."""


class FitScorerSettings(FitSettings, DataFolder):
    """What fitting the shipped scorer needs."""

    dataset: tuple[str, ...] = setting(("twitter2015", "twitter2017"), "Data sets whose train split is fitted on.")
    captions: Path = setting(..., "Folder of the BLIP-2 captions, <data set>.txt.")
    out: Path = setting(..., "Folder for the scorer and its tokenizer.")


def fit_scorer(settings: FitScorerSettings) -> Json:
    """Fit the scorer, write it with its tokenizer, and load it again; what it is, for people.

    Raises:
        DataError: a data set or its captions. MissingError: the encoder's weights are not installed.
    """
    source = encoder_folder(MINILM)
    tokenizer = load_tokenizer(source / TOKENIZER)
    pairs = [
        pair
        for name in settings.dataset
        for pair in captioned(dataset_folder(name, settings.data_dir), settings.captions / f"{name}.txt", "train")
    ]
    fitted = fit(pairs, word_embeddings(source), tokenizer, NEUTRAL, settings)
    settings.out.mkdir(parents=True, exist_ok=True)
    save_tokenizer(source, settings.out)
    path = fitted.save(settings.out)
    return {"id": TextScorer.load(settings.out).id, "pairs": len(pairs), "bytes": path.stat().st_size}


def captioned(folder: Path, captions: Path, split: str) -> list[Pair]:
    """The posts of a split with the captions of their pictures; without those that have none or the placeholder's.

    Raises:
        DataError: a file cannot be read, or no post has a caption.
    """
    texts = captions_by_image(captions)
    posts = ((post.text, texts.get(post.image_id or "", "")) for post in load_split(folder, split))
    pairs = [(text, caption) for text, caption in posts if caption and digest(caption) != PLACEHOLDER]
    if not pairs:
        raise DataError(f"no post of {folder.name} {split} has a caption", str(captions), "Are these its captions?")
    return pairs


def main(arguments: Sequence[str]) -> None:
    """Read the command line above and print what was made, as JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m mmavk_cli.flows.train.fit_text_scorer", description=fit_scorer.__doc__
    )
    for name in ("data-dir", "captions", "out"):
        parser.add_argument(f"--{name}", required=name != "data-dir", type=Path)
    given = {name: value for name, value in vars(parser.parse_args(arguments)).items() if value is not None}
    sys.stdout.write(canonical(fit_scorer(FitScorerSettings.gather(given))) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
