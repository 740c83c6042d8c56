"""Made-up short posts around one ambiguous name, with the words of a picture that fits or does not."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from mmavk_cli.base.records import Post
from mmavk_cli.corpus.madeup.lists import KINDS, NOTHING, OPEN, OPEN_MISC, Lists
from mmavk_cli.corpus.madeup.pictures import Pictures
from mmavk_cli.corpus.tokenize import cut
from mmavk_cli.spans import characters, covering, spans_to_tags, strict_spans

SEEN = 0.35
"""Share of the picture words that are a description; the others are a text recogniser's."""

WITH_NAME = 0.5
"""Share of the deciding pictures that spell the name."""

SMALL = 0.5
"""Share of the posts that begin with a small letter."""

_BEFORE = ("", "", "", "", "RT @{user}: ", "@{user} ", "lol ", "ok so ", "\U0001f60d ", "BREAKING: ", "Wow! ")
_BEHIND = (
    "", "", "", "", " #{tag}", " \U0001f60d", " \U0001f525\U0001f525", " :)", " https://t.co/x{user}", " !!",
    " \u2764\ufe0f", " haha",
)  # fmt: skip
_USERS = ("jo_89", "mattk", "newsdesk", "sunnyday", "kel", "thefan", "onair", "misslee", "b_rob")
_TAGS = ("fun", "weekend", "love", "blessed", "tbt", "goals", "finally", "2016", "mood")


@dataclass(frozen=True, slots=True)
class Shown:
    """A post and what its picture says.

    Attributes:
        post: the post.
        picture: the words of its picture, empty for none.
        read: they are a text recogniser's; else a description.
        kind: the type that they speak for.
    """

    post: Post
    picture: str
    read: bool
    kind: str


class Posts:
    """Draws posts of the lists; the same seed draws the same posts."""

    def __init__(self, lists: Lists, seed: int | str) -> None:
        self.lists, self.random = lists, Random(seed)
        self.pictures = Pictures(lists, self.random)

    def open(self, count: int, name: str = "open") -> Iterator[Shown]:
        """Posts whose one name only the picture types."""
        for number in range(count):
            word, kinds = self.random.choice(self.lists.names)
            kind = self.random.choice(kinds)
            patterns = self.lists.posts[OPEN_MISC if "MISC" in kinds else OPEN]
            post = self._post(f"{name}-{number}", self.random.choice(patterns), word, kind)
            yield self.shown(post, kind, word)

    def told(self, count: int, name: str = "told") -> Iterator[Shown]:
        """Posts whose text tells the type; half of their pictures show another bearer of the name."""
        for number in range(count):
            word, kinds = self.random.choice(self.lists.names)
            kind = self.random.choice(kinds)
            post = self._post(f"{name}-{number}", self.random.choice(self.lists.posts[kind]), word, kind)
            others = [other for other in KINDS if other != kind]
            what = self.random.choices(("other", "right", "foreign", "none"), (50, 20, 15, 15))[0]
            if what == "none":
                yield Shown(post, "", True, "")
            elif what == "foreign":
                yield self.foreign(post)
            else:
                yield self.shown(post, self.random.choice(others) if what == "other" else kind, word)

    def nothing(self, count: int, name: str = "nothing") -> Iterator[Shown]:
        """Posts without a name, whose picture holds one: what is in the picture is no name of the post."""
        for number in range(count):
            pattern = self.random.choice(self.lists.posts[NOTHING])
            yield self.foreign(self._post(f"{name}-{number}", pattern, "", ""))

    def foreign(self, post: Post) -> Shown:
        """A picture of a name that the post does not hold."""
        word, kinds = self.random.choice(self.lists.names)
        return self.shown(post, self.random.choice(kinds), word)

    def shown(self, post: Post, kind: str, name: str, with_name: bool | None = None, read: bool | None = None) -> Shown:
        """The post with a picture that makes `name` a `kind`.

        Args:
            post: the post.
            kind: a type of the lists.
            name: the name, as the post writes it.
            with_name: whether the picture spells it; None draws.
            read: whether its words are a text recogniser's or a description; None draws.
        """
        spelled = self.random.random() < WITH_NAME if with_name is None else with_name
        as_read = self.random.random() >= SEEN if read is None else read
        draw = self.pictures.read if as_read else self.pictures.seen
        return Shown(post, draw(kind, name, spelled), as_read, kind)

    def _post(self, number: str, pattern: str, name: str, kind: str) -> Post:
        before, behind = self.random.choice(_BEFORE), self.random.choice(_BEHIND)
        fill = {"user": self.random.choice(_USERS), "tag": self.random.choice(_TAGS)}
        start = before.format(**fill) + self._opening(pattern.partition("{n}")[0])
        text = start + name + pattern.partition("{n}")[2] + behind.format(**fill)
        words = cut(text)
        span = covering(len(start), len(start) + len(name), kind, words) if kind else None
        tags = spans_to_tags([span] if span else [], len(words))
        return Post(number, text, words, tuple(tags), image_id=number)

    def _opening(self, text: str) -> str:
        """Some posts do not begin with a capital."""
        return text[:1].lower() + text[1:] if self.random.random() < SMALL else text


def names_of(post: Post) -> list[tuple[str, str]]:
    """The names of a post, each with its type."""
    spans = strict_spans(post.tags or ())
    return [(post.text[slice(*characters(span, post.words))], span.type) for span in spans]
