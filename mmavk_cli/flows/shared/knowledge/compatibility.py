"""Whether knowledge is such as a model was trained with."""

from collections.abc import Iterable

from mmavk_cli.base.digest import short
from mmavk_cli.base.errors import KnowledgeError
from mmavk_cli.base.records import Json, Knowledge
from mmavk_cli.flows.shared.knowledge.attach import EvalKnowledge, KnowledgeChoice
from mmavk_cli.similarity.clip_source import CLIP, TEXT
from mmavk_cli.tagger.checkpoint import RECIPES, SCORER, SCORER_ID, TaggerConfig
from mmavk_cli.tagger.fusions.registry import FUSIONS


def check_knowledge(choice: EvalKnowledge, config: TaggerConfig, knowledge: Iterable[Knowledge | None]) -> None:
    """The model was trained with such knowledge, and its own threshold on similarities by that scorer.

    A checkpoint that does not say what it was trained with, and a model that reads no knowledge, take any.

    Raises:
        KnowledgeError: it was not, and `--other-knowledge` is not given.
    """
    if not FUSIONS[config.pieces.fusion].reads or choice.other_knowledge:
        return
    known = [one for one in knowledge if one is not None]
    check_recipes(choice.knowledge, config, known)
    scorer = config.trained.get(SCORER_ID)
    for one in known:
        if scorer and one.scorer and one.scorer != scorer and choice.threshold is None:
            what = "the model's threshold is for similarities by another scorer"
            raise KnowledgeError(what, "--scorer, --clip", "Choose the scorer of its training, or give --threshold")


def check_any(name: str, dataset: str, split: str, knowledge: Iterable[Knowledge | None]) -> None:
    """Some post of a split has the knowledge that was asked for by `name`.

    Args:
        name: of the knowledge.
        dataset: name of the data set, for the message.
        split: for the message.
        knowledge: of each post.

    Raises:
        KnowledgeError: none has.
    """
    if not any(knowledge):
        advice = f"Import some: mmavk store import --dataset {dataset} FILE"
        raise KnowledgeError(f"no post has knowledge {name!r}", f"{dataset} {split}", advice)


def check_recipes(name: str | None, config: TaggerConfig, knowledge: Iterable[Knowledge | None]) -> None:
    """The knowledge called `name`, None for features of pictures, is what the model was trained with; a checkpoint that
    does not say takes any.

    Raises:
        KnowledgeError: it is of another recipe.
    """
    recipes = config.trained.get(RECIPES)
    other = next((one.recipe for one in knowledge if one is not None and one.recipe not in (recipes or ())), None)
    if recipes is None or other is None:
        return
    its = config.trained.get("knowledge") or "a CLIP's features"
    before = f"{its} (recipe {' and '.join(map(short, recipes))})" if recipes else "no knowledge"
    what = f"the model was trained with {before}, not with this (recipe {short(other)})"
    advice = "Name what it was trained with (mmavk store ls), or say --other-knowledge"
    raise KnowledgeError(what, f"--knowledge {name}" if name else "--clip", advice)


def trained_with(choice: KnowledgeChoice, knowledge: Iterable[Knowledge | None]) -> Json:
    """What a checkpoint says of the knowledge it was trained with."""
    known = [one for one in knowledge if one is not None]
    scorer = next((one.scorer for one in known if one.scorer), None)
    recipes = sorted({one.recipe for one in known})
    who = choice.scorer or TEXT
    if any(one.visual for one in known):
        who = CLIP
    return {"knowledge": choice.knowledge, RECIPES: recipes} | ({SCORER: who, SCORER_ID: scorer} if scorer else {})
