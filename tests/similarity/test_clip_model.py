"""The CLIP itself: batches that do not fit, text without its padding."""

import weakref
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image

from mmavk_cli.base.errors import MemoryShortError
from mmavk_cli.flows.shared.knowledge.clip_scorer import ClipOfStore
from mmavk_cli.similarity import clip as clip_module
from mmavk_cli.similarity.clip import Clip, load_clip
from mmavk_cli.similarity.clip_source import ClipChoice, ClipSettings, clip_source
from mmavk_cli.store.store import Store

PICTURES = [Image.new("RGB", (40, 50), (40 * shade, 90, 255 - 30 * shade)) for shade in range(7)]


@pytest.fixture
def clip(tiny_clip: Path) -> Clip:
    return load_clip(clip_source(ClipChoice(clip=str(tiny_clip))), "float32", "cpu", 4)


def short_of_memory(clip: Clip, most: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let only so many pictures fit; the sizes that were tried."""
    whole, tried = clip.model.encode_image, []

    def encode(pixels: torch.Tensor) -> torch.Tensor:
        tried.append(len(pixels))
        if len(pixels) > most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return whole(pixels)

    monkeypatch.setattr(clip.model, "encode_image", encode)
    return tried


def test_vectors_have_length_one(clip: Clip):
    pictures = clip.pictures([clip.prepared(one) for one in PICTURES])
    texts, cut = clip.texts(["a dog", "", "🐕"])
    assert np.linalg.norm(pictures, axis=1) == pytest.approx(np.ones(7), abs=1e-6)
    assert np.linalg.norm(texts, axis=1) == pytest.approx(np.ones(3), abs=1e-6)
    assert cut == [False] * 3


def test_batch_is_halved_until_it_fits_and_every_picture_is_seen(clip: Clip, monkeypatch: pytest.MonkeyPatch):
    pixels = [clip.prepared(one) for one in PICTURES]
    whole = clip.pictures(pixels)
    tried = short_of_memory(clip, 1, monkeypatch)
    assert clip.pictures(pixels) == pytest.approx(whole, abs=1e-6)
    assert tried == [4, 2, *[1] * 7]
    assert clip.batch == 1


def test_one_picture_that_does_not_fit_is_told(clip: Clip, monkeypatch: pytest.MonkeyPatch):
    short_of_memory(clip, 0, monkeypatch)
    with pytest.raises(MemoryShortError):
        clip.pictures([clip.prepared(PICTURES[0])])


def test_the_failed_batch_is_gone_before_memory_is_given_back(clip: Clip, monkeypatch: pytest.MonkeyPatch):
    made: list[weakref.ref[torch.Tensor]] = []
    gone: list[bool] = []
    whole = clip.model.encode_image

    def encode(pixels: torch.Tensor) -> torch.Tensor:
        held = pixels + 1
        made.append(weakref.ref(held))
        if len(pixels) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return whole(pixels)

    monkeypatch.setattr(clip.model, "encode_image", encode)
    monkeypatch.setattr(clip_module, "empty_cache", lambda: gone.extend(one() is None for one in made))
    clip.pictures([clip.prepared(one) for one in PICTURES])
    assert gone == [True]


def test_memory_that_ends_while_it_is_loaded_is_not_taken_for_a_broken_file(
    tiny_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(open_clip, "load_checkpoint", lambda *_: torch.empty(1 << 60, dtype=torch.uint8))
    with Store(tmp_path / "store") as store, pytest.raises(MemoryShortError, match="does not fit"):
        ClipOfStore(ClipSettings(clip=str(tiny_clip), device="cpu"), store).model  # noqa: B018


def test_other_faults_of_a_model_are_not_taken_for_memory(clip: Clip):
    with pytest.raises(RuntimeError, match="size"):
        clip.pictures([torch.zeros(3, 5, 5)])


def test_padding_left_out_gives_what_the_model_gives_with_it(clip: Clip, tiny_clip: Path):
    texts = ["a", "Ann visits Rome with a dog", "dog " * 90, ""]
    whole = open_clip.create_model(f"local-dir:{tiny_clip}").eval()
    with torch.inference_mode():
        padded = whole.encode_text(clip.tokenizer(texts), normalize=True).numpy()
    assert clip.texts(texts)[0] == pytest.approx(padded, abs=1e-6)
    assert clip.texts(texts)[1] == [False, False, True, False]


def test_nothing_to_see(clip: Clip):
    assert len(clip.pictures([])) == 0
    assert clip.texts([])[1] == []
