"""Made-up posts and picture words: what they hold, and that the contrast sets are apart from them."""

import re
import tomllib
from pathlib import Path

import pytest

from mmavk_cli.corpus.madeup.lists import KINDS, Cues, lists
from mmavk_cli.corpus.madeup.pictures import Pictures
from mmavk_cli.corpus.madeup.posts import Posts, Shown, names_of

TRAIN, TEST = lists("train"), lists("test")
SCENES = Path(__file__).parents[2] / "benchmarks" / "contrast" / "scenes.toml"


def drawn(seed: int = 1) -> list[Shown]:
    posts = Posts(TRAIN, seed)
    return [*posts.open(200), *posts.told(200), *posts.nothing(50)]


def test_names_and_patterns_of_the_contrast_sets_never_occur_in_training():
    assert {name.lower() for name, _ in TRAIN.names} & {name.lower() for name, _ in TEST.names} == set()
    patterns = {pattern for own in TRAIN.posts.values() for pattern in own}
    assert patterns & {pattern for own in TEST.posts.values() for pattern in own} == set()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("scenes", "own"), [("with_name", "with_name"), ("without", "without"), ("described", "seen")])
def test_pictures_of_the_contrast_sets_are_none_of_trainings(kind: str, scenes: str, own: str):
    shown = set(tomllib.loads(SCENES.read_text("utf-8"))[kind][scenes].strip().splitlines())
    cues: Cues = TRAIN.cues[kind]
    assert shown & set(getattr(cues, own)) == set()
    assert all("{n}" in line for line in shown) is (scenes != "without")


@pytest.mark.parametrize("kind", KINDS)
def test_lines_without_the_name_have_no_place_for_it(kind: str):
    cues = TRAIN.cues[kind]
    assert not any("{n}" in line for line in cues.without)
    assert all("{n}" in line for line in cues.with_name)


def test_every_slot_is_filled():
    texts = [one.picture + one.post.text for one in drawn()]
    assert not any(re.search(r"[{}]", text) for text in texts)


def test_posts_have_one_name_of_the_lists_with_its_type_or_none():
    types = {}
    for name, kinds in TRAIN.names:
        types.setdefault(name, set()).update(kinds)
    for one in drawn():
        found = names_of(one.post)
        if one.post.id.startswith("nothing"):
            assert found == []
        else:
            ((name, kind),) = found
            assert kind in types[name], one.post.text


def test_the_picture_of_an_open_post_speaks_for_its_type():
    for one in Posts(TRAIN, 3).open(200):
        assert one.kind == names_of(one.post)[0][1]


def test_a_picture_without_the_name_does_not_spell_it():
    pictures = Posts(TRAIN, 5).pictures
    for kind in KINDS:
        for _ in range(100):
            assert "zaphod" not in pictures.read(kind, "Zaphod", with_name=False).lower()
            assert "zaphod" not in pictures.seen(kind, "Zaphod", with_name=False).lower()


def test_a_picture_with_the_name_spells_it():
    pictures: Pictures = Posts(TRAIN, 5).pictures
    for kind in KINDS:
        assert "zaphod" in pictures.seen(kind, "Zaphod", with_name=True).lower()


def test_half_of_the_pictures_of_telling_posts_show_another_bearer():
    shown = list(Posts(TRAIN, 2).told(1000))
    others = [one for one in shown if one.kind and one.kind != names_of(one.post)[0][1]]
    assert 450 < len(others) < 700


def test_the_same_seed_draws_the_same_and_another_draws_others():
    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
