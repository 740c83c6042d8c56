"""Whatever a name, a path or a setting is, a card shows it and is not changed by it."""

import html

import pytest
import yaml
from huggingface_hub import ModelCard
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from mmavk_cli.base.records import Json
from mmavk_cli.report.card.markdown import code, escaped, table
from mmavk_cli.report.card.model import CardOptions, Model, Parts, model_card
from mmavk_cli.report.card.render import rendered_card
from mmavk_cli.report.safe_text import visible
from mmavk_cli.report.table_section import Section

HOSTILE = (
    "a|b", "`x`", "``", "*a* _b_ ~~c~~", "[x](javascript:alert(1))", "![x](y)", "<script>alert(1)</script>",
    "&lt;&#124;", "$x$", "\\|", "\\", "https://example.org", "www.example.org", "a\nb\n# c\n---", "\u202eabc",
    "\x1b[31m", "name@host", "|",
)  # fmt: skip

PLAIN = Parts(frozenset(), "", "", "a CRF tags them", "a probability")

hostile = pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))


def shown(text: str) -> str:
    """What a reader is to see of a value."""
    return " ".join(visible(text).split())


def cells(page: str) -> list[str]:
    """The texts of a page's table cells, as a Markdown reader has them; anything but text and code is a fault."""
    found = []
    for token in MarkdownIt("commonmark").enable("table").enable("strikethrough").parse(page):
        assert token.type not in {"html_block", "heading_open", "fence", "hr"}
        if token.type == "inline":
            kinds = {child.type for child in token.children or ()}
            assert kinds <= {"text", "code_inline", "text_special"}, kinds
            found.append("".join(child.content for child in token.children or ()))
    return found


@given(st.lists(st.text(), min_size=2, max_size=2))
@example(["a|b\\", "`"])
@example(["\\", "|"])
def test_a_table_has_the_cells_it_was_given(texts: list[str]):
    page = table(Section("", ("one", "two"), (tuple(texts),), (), 2))
    assert cells(page) == ["one", "two", *map(shown, texts)]


@hostile
def test_text_and_code_are_what_they_were(text: str):
    for made in (escaped(text), code(text)):
        assert cells(f"| x |\n| - |\n| {made} |") == ["x", shown(text)]


@hostile
def test_a_model_with_such_names_has_a_card_that_stands(text: str):
    model = Model(
        text,
        {
            "encoder": text, "tags": ["O", "B-PER", "I-PER"], "pieces": {"fusion": "word"}, "gate": {"threshold": 0.1},
            "trained": {"datasets": [text], "knowledge": text}, "decoder": text,
        },
        Parts(frozenset({"knowledge"}), text, text, text, text),
        {
            "command": "train", "line": ["mmavk", "train", "--dataset", text], "device": text,
            "encoder_is_folder": False, "settings": {"dataset": [text], "knowledge": text}, "python": text,
            "data": {f"{text}/train": text},
        },
        {f"f1_{text}_own": 50.0, "f1": 50.0, "epoch": 1},
        {"splits": {f"{text}/train": {"posts": 1, "names": {"PER": 1}, "knowledge": {text: 1}, "gated": 0}}},
    )  # fmt: skip
    page = rendered_card(model_card(model, CardOptions(license="mit", language="de")))
    said = yaml.safe_load(page.split("\n---\n")[0].removeprefix("---\n"))
    assert (said["license"], said["language"], said["datasets"]) == ("mit", "de", [text])
    card = ModelCard(page)
    assert [one.metric_value for one in card.data.eval_results or ()] == [50.0]
    tokens = MarkdownIt("commonmark").enable("table").parse(card.text)
    headings = [tokens[at + 1].content for at, token in enumerate(tokens) if token.type == "heading_open"]
    assert headings[1:] == [
        "What it is", "Scores", "Validation", "How to use it", "Use and limits", "Data", "How it was trained",
        "How it was trained: all other settings and versions",
    ]  # fmt: skip
    _, made = [token.content for token in tokens if token.type == "fence"]
    assert made.startswith("mmavk train --dataset ")
    links = {child.attrs.get("href") for token in tokens for child in token.children or () if child.type == "link_open"}
    assert links == {"data_card.md"}
    kinds = {child.type for token in tokens for child in token.children or ()}
    assert kinds <= {"text", "text_special", "code_inline", "softbreak", "link_open", "link_close"}
    title = next(token for token in tokens if token.type == "inline")
    assert "".join(child.content for child in title.children or ()) == shown(text)


def test_a_licence_and_a_language_nobody_gave_are_not_there():
    config = {
        "encoder": "x",
        "tags": ["O"],
        "pieces": {"fusion": "text"},
        "decoder": "crf",
        "gate": {},
        "trained": {"datasets": ["mine"]},
    }
    page = rendered_card(model_card(Model("m", config, PLAIN, {}, {}, {}), CardOptions()))
    said = ModelCard(page).data.to_dict()
    assert said.keys() & {"license", "language", "base_model", "model-index"} == set()
    config["trained"] = {"datasets": ["twitter2015", "twitter2017"]}
    assert (
        ModelCard(rendered_card(model_card(Model("m", config, PLAIN, {}, {}, {}), CardOptions()))).data.language == "en"
    )


@pytest.mark.parametrize("fusion", ["word", "concat", "text"])
def test_the_card_of_a_model_without_knowledge_speaks_of_no_picture(fusion: str):
    reads = frozenset({"knowledge"} if fusion != "text" else ())
    parts = Parts(reads, "", "the text about the picture is read too", "a CRF tags them", "a probability")
    trained: Json = {"datasets": ["mine"]}
    config = {"encoder": "x", "tags": ["O"], "pieces": {"fusion": fusion}, "decoder": "crf"}
    config |= {"gate": {}, "trained": trained}
    page = rendered_card(model_card(Model("m", config, parts, {}, {}, {}), CardOptions()))
    assert "It reads the text alone." in page
    assert "picture" not in page
    trained["knowledge"] = "blip2"
    page = rendered_card(model_card(Model("m", config, parts, {}, {}, {}), CardOptions()))
    assert ("picture" in page) == (fusion != "text")


@pytest.mark.parametrize(
    ("encoder", "folder", "base"),
    [
        ("minilm", False, "sentence-transformers/all-MiniLM-L6-v2"),
        ("xlm-roberta-large", False, "xlm-roberta-large"),
        ("models/mine", True, None),
    ],
)
def test_only_an_encoder_of_the_hub_is_a_base_model(encoder: str, folder: bool, base: str | None):
    network = {"encoder": encoder, "tags": ["O"], "pieces": {"fusion": "text"}, "decoder": "crf"}
    config = network | {"gate": {}, "trained": {}}
    run = {"command": "train", "settings": {}, "encoder_is_folder": folder}
    assert (
        ModelCard(rendered_card(model_card(Model("m", config, PLAIN, run, {}, {}), CardOptions()))).data.base_model
        == base
    )


def test_a_plain_name_is_written_as_it_is():
    assert (escaped("twitter2017/train, 12.5 %"), code("runs/text")) == ("twitter2017/train, 12.5 %", "`runs/text`")
    assert html.unescape(escaped("a_b")) == "a\\_b"
