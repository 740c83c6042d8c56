"""The store: what comes back is what was put, from any process, after any crash, and nothing else."""

import json
import os
import pickle
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from diskcache import Cache
from hypothesis import given, settings
from hypothesis import strategies as st
from stored import similarity

from mmavk_cli.base.digest import canonical, digest
from mmavk_cli.base.errors import DataError, KnowledgeError, UsageError
from mmavk_cli.base.records import Post
from mmavk_cli.store.recipe import Recipe
from mmavk_cli.store.rows import SEAL, KnowledgeRow, SimilarityRow, decode, encode, image_subject
from mmavk_cli.store.store import BATCH, Store, knowledge_for

RECIPE = Recipe(name="echo", generator="echo", decoding={"length": 9})
OTHER = Recipe(name="ocr", generator="ocr")
PICTURE = digest(b"the bytes of a picture")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store that must be sane when the test is over."""
    with Store(tmp_path / "store") as made:
        yield made
        assert made.verify() == []
    with Cache(str(tmp_path / "store")) as cache:
        assert cache.check() == []


# ---------------------------------------------------------------- what comes back


def test_a_text_comes_back_under_its_picture_and_recipe_alone(store: Store):
    assert store.put_knowledge(PICTURE, RECIPE, "a dog", "dog.jpg") == "new"
    row = store.get_knowledge(PICTURE, RECIPE.id)
    assert row == KnowledgeRow(subject=PICTURE, recipe=RECIPE.id, text="a dog", source="dog.jpg")
    assert store.get_knowledge(PICTURE, OTHER.id) is None
    assert store.get_knowledge(digest(b"another"), RECIPE.id) is None


def test_an_empty_text_is_not_a_missing_one(store: Store):
    store.put_knowledge(PICTURE, RECIPE, "")
    row = store.get_knowledge(PICTURE, RECIPE.id)
    assert row is not None
    assert (row.text, row.error) == ("", None)


def test_what_was_done_is_told(store: Store):
    texts = ["a", "a", "b"]
    assert [store.put_knowledge(PICTURE, RECIPE, text) for text in texts] == ["new", "same", "changed"]


def test_a_failure_counts_its_attempts_and_gives_way_to_a_text(store: Store):
    for attempt in (1, 2, 3):
        store.put_failure(PICTURE, RECIPE, "out of memory")
        row = store.get_knowledge(PICTURE, RECIPE.id)
        assert row is not None
        assert (row.text, row.error, row.attempts) == (None, "out of memory", attempt)
    store.put_knowledge(PICTURE, RECIPE, "at last")
    row = store.get_knowledge(PICTURE, RECIPE.id)
    assert row is not None
    assert (row.text, row.error, row.attempts) == ("at last", None, 4)


def test_a_similarity_belongs_to_picture_text_and_scorer(store: Store):
    store.put(similarity(PICTURE, "hello", "clip", 0.25))
    assert store.get_similarity(PICTURE, "hello", "clip") == 0.25
    assert store.get_similarity(PICTURE, "hello ", "clip") is None
    assert store.get_similarity(PICTURE, "hello", "other") is None


@pytest.mark.parametrize("value", [1.01, -2.0, float("nan"), float("inf")])
def test_a_similarity_outside_its_range_is_refused(store: Store, value: float):
    with pytest.raises(ValueError, match="value"):
        store.put(similarity(PICTURE, "hello", "clip", value))


@settings(max_examples=60, deadline=None)
@given(
    rows=st.dictionaries(
        st.tuples(st.text(), st.sampled_from([0, 1])),
        st.text(st.characters(codec=None)),  # lone surrogates too
        max_size=8,
    )
)
def test_any_text_comes_back(rows: dict[tuple[str, int], str], tmp_path_factory: pytest.TempPathFactory):
    recipes = (RECIPE, OTHER)
    with Store(tmp_path_factory.mktemp("any")) as store:
        for (image_id, which), text in rows.items():
            store.put_knowledge(image_subject("set", image_id), recipes[which], text)
        for (image_id, which), text in rows.items():
            row = store.get_knowledge(image_subject("set", image_id), recipes[which].id)
            assert row is not None
            assert row.text == text.encode("utf-8", "replace").decode()
        assert store.verify() == []
        assert sum(isinstance(row, KnowledgeRow) for row in store.rows()) == len(rows)


def test_many_rows_are_put_in_transactions(store: Store):
    store.put_recipe(RECIPE)
    rows = [KnowledgeRow(subject=f"id:set/{n}", recipe=RECIPE.id, text=f"text {n}") for n in range(2 * BATCH + 7)]
    assert list(store.put_all(rows)) == ["new"] * len(rows)
    assert [row for row in store.rows(RECIPE.id) if isinstance(row, KnowledgeRow)] == rows


def test_nothing_is_ever_thrown_away(store: Store, tmp_path: Path):
    store.put_knowledge(PICTURE, RECIPE, "x" * 40_000)  # diskcache would move this into a file
    with Cache(str(tmp_path / "store")) as cache:
        assert (cache.eviction_policy, cache.cull_limit) == ("none", 0)
    assert {path.name for path in (tmp_path / "store").iterdir()} <= {"cache.db", "cache.db-wal", "cache.db-shm"}


def test_removing_takes_all_or_nothing(store: Store):
    for number in range(300):
        store.put_knowledge(digest(str(number)), RECIPE, "a dog")
    with sqlite3.connect(store.folder / "cache.db") as other:
        other.execute(
            "CREATE TRIGGER cut BEFORE DELETE ON Cache WHEN OLD.rowid = 250 BEGIN SELECT RAISE(ABORT, 'cut'); END"
        )
    with pytest.raises(DataError):
        store.remove(RECIPE.id)
    assert (store.count(), store.verify()) == (302, [])
    with sqlite3.connect(store.folder / "cache.db") as other:
        other.execute("DROP TRIGGER cut")
    assert store.remove(RECIPE.id) == 302
    assert store.count() == 0


# ---------------------------------------------------------------- recipes and names


def test_a_recipe_is_all_but_its_name():
    assert RECIPE.id == RECIPE.model_copy(update={"name": "another"}).id
    changes = {"generator": "x", "model": "x", "revision": "x", "prompt": "x", "decoding": {}, "pixels": {"side": 1},
               "versions": {"pillow": "1"}}  # fmt: skip
    assert changes.keys() == Recipe.model_fields.keys() - {"name"}
    ids = {RECIPE.model_copy(update={name: value}).id for name, value in changes.items()}
    assert len(ids | {RECIPE.id}) == len(changes) + 1


def test_a_name_or_the_first_digits_lead_to_the_recipe(store: Store):
    store.put_recipe(RECIPE)
    store.put_recipe(OTHER)
    digits = RECIPE.id.partition(":")[2][:8]
    assert store.resolve("echo") == store.resolve(digits) == store.resolve(f"sha256:{digits}") == RECIPE
    assert store.recipes() == [RECIPE, OTHER]


def test_a_name_stands_for_the_recipe_that_was_put_last(store: Store):
    later = RECIPE.model_copy(update={"versions": {"pillow": "99"}})
    store.put_recipe(RECIPE)
    store.put_recipe(later)
    assert store.resolve("echo") == later
    assert store.resolve(RECIPE.id) == RECIPE


@pytest.mark.parametrize(
    ("name", "advice"), [("ehco", "Did you mean 'echo'?"), ("zzz", "There is: echo"), ("", "There is: echo")]
)
def test_an_unknown_name_is_told_with_a_near_one(store: Store, name: str, advice: str):
    store.put_recipe(RECIPE)
    with pytest.raises(KnowledgeError) as caught:
        store.resolve(name)
    assert caught.value.do == advice


def test_digits_that_fit_two_recipes_are_not_enough(store: Store):
    for number in range(17):  # more recipes than hex digits
        store.put_recipe(Recipe(name=f"n{number}", generator="echo", decoding={"n": number}))
    first = [recipe.id.partition(":")[2][0] for recipe in store.recipes()]
    twice = next(digit for digit in first if first.count(digit) > 1)
    with pytest.raises(KnowledgeError, match=r"\d+ recipes begin with"):
        store.resolve(twice)


def test_removing_a_recipe_leaves_the_others(store: Store):
    for recipe in (RECIPE, OTHER):
        store.put_knowledge(PICTURE, recipe, recipe.name)
    store.put(similarity(PICTURE, "hello", "clip", 0.5))
    assert store.remove(RECIPE.id) == 3
    assert store.recipes() == [OTHER]
    assert store.get_knowledge(PICTURE, RECIPE.id) is None
    assert store.get_knowledge(PICTURE, OTHER.id) is not None
    store.put_knowledge(PICTURE, RECIPE, "again")
    assert store.resolve("echo") == RECIPE
    assert store.remove("clip") == 1


# ---------------------------------------------------------------- lookup by post


def test_the_picture_goes_before_the_image_id(store: Store, tmp_path: Path):
    picture = tmp_path / "7.jpg"
    picture.write_bytes(b"the bytes of a picture")
    store.put_knowledge(image_subject("set", "7"), RECIPE, "by id")
    post = Post("7", "text", (), image_id="7", image=picture)
    assert knowledge_for(store, RECIPE.id, "set")(post) == "by id"
    store.put_knowledge(PICTURE, RECIPE, "by picture")
    lookup = knowledge_for(store, RECIPE.id, "set")
    assert lookup(post) == "by picture"
    assert lookup(Post("7", "text", (), image_id="7", image=tmp_path / "gone.jpg")) == "by id"
    assert lookup(Post("8", "text", (), image_id="8")) is None
    assert knowledge_for(store, RECIPE.id, "other")(Post("7", "text", (), image_id="7")) is None
    assert knowledge_for(store, RECIPE.id, None)(Post("7", "text", ())) is None


def test_a_failure_is_no_text(store: Store):
    store.put_failure(image_subject("set", "7"), RECIPE, "broken picture")
    assert knowledge_for(store, RECIPE.id, "set")(Post("7", "text", (), image_id="7")) is None


def test_rows_about_one_picture_are_found(store: Store):
    store.put_knowledge(PICTURE, RECIPE, "by picture")
    store.put(similarity(PICTURE, "hello", "clip", 0.5))
    store.put_knowledge(image_subject("set", "7"), RECIPE, "by id")
    assert len(store.about(PICTURE)) == 2
    assert [row.key for row in store.about("7")] == [row.key for row in store.about("id:set/7")]
    assert store.about(f"knowledge|{PICTURE}|{RECIPE.id}") == [store.get_knowledge(PICTURE, RECIPE.id)]
    assert store.about("77") == store.about("set") == []


# ---------------------------------------------------------------- tampering


def alter(folder: Path, statement: str, *values: object) -> None:
    """Change the real SQLite file past the store."""
    connection = sqlite3.connect(folder / "cache.db")
    with connection:
        connection.execute(statement, values)
    connection.close()


class Evil:
    """Unpickled, it leaves a trace."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return (Path.touch, (self.trace,))


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """The folder of a closed store with one text and one similarity."""
    with Store(tmp_path / "store") as store:
        store.put_knowledge(PICTURE, RECIPE, "a dog")
        store.put(similarity(PICTURE, "hello", "clip", 0.5))
        assert store.verify() == []
    return tmp_path / "store"


KEY = f"knowledge|{PICTURE}|{RECIPE.id}"


def test_a_pickled_value_is_refused_and_never_loaded(filled: Path, tmp_path: Path):
    trace = tmp_path / "trace"
    data = pickle.dumps(Evil(trace))
    alter(filled, "UPDATE Cache SET mode = 4, value = ? WHERE key = ?", data, KEY)
    with Store(filled) as store:
        with pytest.raises(DataError, match="not plain text"):
            store.get_knowledge(PICTURE, RECIPE.id)
        with pytest.raises(DataError, match="not plain text"):
            list(store.rows())
        assert [fault.key for fault in store.verify()] == [KEY]
        with store._database.writing() as cache, pytest.raises(DataError, match="not plain text"):
            cache.get(KEY)  # by way of diskcache itself
    assert not trace.exists()
    with Cache(str(filled)) as cache:  # the trap is real: a plain diskcache walks into it
        cache.get(KEY)
    assert trace.exists()


def test_a_pickled_key_is_refused_and_never_loaded(filled: Path, tmp_path: Path):
    trace = tmp_path / "trace"
    alter(filled, "UPDATE Cache SET raw = 0, key = ? WHERE key = ?", pickle.dumps(Evil(trace)), KEY)
    with Store(filled) as store:
        assert any("pickled" in fault.what for fault in store.verify())
        with store._database.writing() as cache, pytest.raises(DataError, match="not plain text"):
            list(cache)
    assert not trace.exists()


def test_diskcache_is_not_let_write_anything_but_text(filled: Path):
    with Store(filled) as store, store._database.writing() as cache:
        for key, value in (((1, 2), "text"), ("key", {"a": 1}), ("key", b"bytes"), (7, "text")):
            with pytest.raises(TypeError, match="takes text"):
                cache.set(key, value)


def test_a_row_that_points_to_a_file_neither_reads_nor_removes_it(filled: Path, tmp_path: Path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    alter(filled, "UPDATE Cache SET mode = 3, filename = ?, value = NULL WHERE key = ?", str(secret), KEY)
    with Store(filled) as store:
        with pytest.raises(DataError, match="not plain text"):
            store.get_knowledge(PICTURE, RECIPE.id)
        assert [fault.key for fault in store.verify()] == [KEY]
        assert store.remove(RECIPE.id) == 3
    assert secret.read_text() == "secret"


def changed(value: str, **fields: object) -> str:
    """A row's text with other fields and a digest that fits them: what somebody with a reason would write."""
    content = json.loads(value) | fields
    del content[SEAL]
    return canonical(content | {SEAL: digest(canonical(content))})


ROW = encode(KnowledgeRow(subject=PICTURE, recipe=RECIPE.id, text="a dog"))


@pytest.mark.parametrize(
    ("column", "value", "what"),
    [
        ("value", ROW.replace("a dog", "a cat"), "was changed"),
        ("value", changed(ROW, recipe=OTHER.id), "belongs under"),
        ("value", changed(ROW, subject=digest(b"another")), "belongs under"),
        ("value", changed(ROW, attempts="many"), "not a row of a store"),
        ("value", changed(ROW, kind="spell"), "not a row of a store"),
        ("value", changed(ROW, more=1), "not a row of a store"),
        ("value", ROW.replace('"attempts":1', '"attempts":NaN'), "was changed"),
        ("value", "[]", "no digest"),
        ("value", "not json", "not JSON"),
        ("key", f"knowledge|{digest(b'another')}|{RECIPE.id}", "belongs under"),
        ("key", "nonsense", "belongs under"),
        ("tag", OTHER.id, "tag"),
        ("expire_time", 4e9, "expire"),
    ],
)
def test_verify_names_a_row_that_is_not_as_it_was_written(filled: Path, column: str, value: object, what: str):
    alter(filled, f"UPDATE Cache SET {column} = ? WHERE key = ?", value, KEY)
    with Store(filled, read_only=True) as store:
        assert what in "; ".join(fault.what for fault in store.verify())
        if column == "value":
            with pytest.raises(DataError, match=what):
                store.get_knowledge(PICTURE, RECIPE.id)
        good = [row for row in store.scan() if isinstance(row, SimilarityRow)]
    assert len(good) == 1


def test_verify_names_rows_whose_recipe_is_gone(filled: Path):
    alter(filled, "DELETE FROM Cache WHERE key = ?", f"recipe|{RECIPE.id}")
    with Store(filled) as store:
        assert {fault.what for fault in store.verify()} == {"its recipe is not in the store"}


@settings(max_examples=200, deadline=None)
@given(at=st.integers(0, len(ROW) - 1), letter=st.characters(codec="utf-8"))
def test_no_letter_of_a_row_can_be_changed_unseen(at: int, letter: str):
    value = ROW[:at] + letter + ROW[at + 1 :]
    if value == ROW:
        assert decode(value).key == KEY
    else:
        with pytest.raises(DataError):
            decode(value)


# ---------------------------------------------------------------- places that fail


def test_a_store_that_is_not_there_reads_as_empty_and_is_not_made(tmp_path: Path):
    with Store(tmp_path / "none", read_only=True) as store:
        assert store.get_knowledge(PICTURE, RECIPE.id) is None
        assert (list(store.rows()), store.recipes(), store.verify(), store.count()) == ([], [], [], 0)
        with pytest.raises(KnowledgeError, match="no knowledge called") as caught:
            store.resolve("echo")
        assert "import" in caught.value.do
    assert not (tmp_path / "none").exists()


def test_a_store_opened_for_reading_is_not_written(filled: Path):
    with Store(filled, read_only=True) as store, pytest.raises(UsageError, match="reading only"):
        store.put_knowledge(PICTURE, OTHER, "text")


def test_a_folder_that_cannot_be_made(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot be made or written") as caught:
        Store(tmp_path / "file" / "store")
    assert "--store" in caught.value.do


@pytest.mark.parametrize("garbage", [b"this is not a database" * 100, b"SQLite format 3\0" + b"\0" * 4000])
@pytest.mark.parametrize("read_only", [True, False])
def test_a_damaged_database(tmp_path: Path, garbage: bytes, read_only: bool):
    (tmp_path / "cache.db").write_bytes(garbage)
    with pytest.raises(DataError, match="damaged") as caught, Store(tmp_path, read_only=read_only) as store:
        store.get_knowledge(PICTURE, RECIPE.id)
    assert caught.value.where.endswith("cache.db")
    assert "import" in caught.value.do


def test_pages_that_were_overwritten(filled: Path):
    with Store(filled) as store:
        store.put_recipe(RECIPE)
        list(store.put_all(KnowledgeRow(subject=f"id:set/{n}", recipe=RECIPE.id, text="x" * 900) for n in range(200)))
    data = bytearray((filled / "cache.db").read_bytes())
    data[len(data) // 4 : len(data) // 2] = os.urandom(len(data) // 2 - len(data) // 4)
    (filled / "cache.db").write_bytes(data)
    with Store(filled, read_only=True) as store:
        try:
            faults = store.verify()
        except DataError as error:
            assert "damaged" in error.what
        else:
            assert faults


def test_a_store_that_another_process_holds(filled: Path):
    with Store(filled, timeout_s=0.05) as store:
        holder = sqlite3.connect(filled / "cache.db", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(DataError, match="in use by another process"):
            store.put_knowledge(PICTURE, OTHER, "text")
        assert store.get_knowledge(PICTURE, RECIPE.id) is not None  # reading goes on
        holder.execute("ROLLBACK")
        holder.close()
        assert store.put_knowledge(PICTURE, OTHER, "text") == "new"


def test_a_store_that_is_just_being_made_reads_as_empty(tmp_path: Path):
    maker = sqlite3.connect(tmp_path / "cache.db", isolation_level=None)
    with Store(tmp_path, read_only=True) as store:
        assert (list(store.rows()), store.count(), store.verify()) == ([], 0, [])  # the file alone, no byte in it
        maker.execute("CREATE TABLE Settings (key TEXT NOT NULL UNIQUE, value)")
        maker.close()
        assert (list(store.rows()), store.count(), store.verify()) == ([], 0, [])
        with Store(tmp_path) as made:
            made.put_knowledge(PICTURE, RECIPE, "a dog")
        assert store.get_knowledge(PICTURE, RECIPE.id) is not None  # the same reader sees what has come since


@pytest.mark.parametrize("read_only", [True, False])
def test_a_store_that_is_locked_while_it_is_made_is_in_use(
    tmp_path: Path, read_only: bool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("diskcache.core.time.sleep", lambda _: pytest.fail("diskcache waits, by a limit of its own"))
    maker = sqlite3.connect(tmp_path / "cache.db", isolation_level=None)
    maker.execute("BEGIN EXCLUSIVE")
    maker.execute("CREATE TABLE Settings (key TEXT NOT NULL UNIQUE, value)")
    with pytest.raises(DataError, match="in use by another process"), Store(tmp_path, read_only, 0.05) as store:
        store.count()
    maker.execute("ROLLBACK")
    maker.close()
    with Store(tmp_path, read_only, 0.05) as store:
        assert store.count() == 0


def run(code: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True)


AS_NOBODY = """
import os
import psutil
import mmavk_cli.store.text_disk
from mmavk_cli.store.rows import NameRow, decode, encode
decode(encode(NameRow(name="a", recipe="b")))  # all is loaded while it may be read
if os.geteuid() == 0:  # root may write everywhere
    os.setuid(65534)
"""

READ_AND_WRITE = """
import sys
from pathlib import Path
from mmavk_cli.base.errors import DataError
from mmavk_cli.store.store import Store
# HERE
folder = Path(sys.argv[1])
with Store(folder, read_only=True) as store:
    print(store.get_knowledge(sys.argv[2], sys.argv[3]).text)
    print(len(store.verify()))
try:
    Store(folder)
except DataError as error:
    print(error.what)
"""


def test_a_folder_that_may_only_be_read(filled: Path):
    for path in (filled, filled / "cache.db"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    for parent in filled.parents:
        if parent.name.startswith(("pytest-", "popen-", "test_")):
            parent.chmod(0o755)  # pytest makes its folders for one user alone
    done = run(READ_AND_WRITE.replace("# HERE", AS_NOBODY), filled, PICTURE, RECIPE.id)
    filled.chmod(0o755)
    (filled / "cache.db").chmod(0o644)
    assert done.stdout.splitlines()[:2] == ["a dog", "0"], done.stderr
    assert "cannot be made or written" in done.stdout.splitlines()[2]


# ---------------------------------------------------------------- processes

WRITE_ON = """
import sys
from pathlib import Path
from mmavk_cli.store.recipe import Recipe
from mmavk_cli.store.store import Store
with Store(Path(sys.argv[1])) as store:
    for number in range(int(sys.argv[3])):
        store.put_knowledge(f"id:{sys.argv[2]}/{number}", Recipe(name="echo", generator="echo"), f"text {number}")
        print(number, flush=True)
"""


def test_rows_that_were_finished_survive_kill_9(tmp_path: Path):
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITE_ON, str(tmp_path / "store"), "set", "1000000"], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    with writer:
        seen = [next(writer.stdout) for _ in range(40)]
        writer.kill()
        seen += writer.stdout.readlines()
    finished = [int(line) for line in seen if line.endswith("\n")]
    assert finished == list(range(len(finished)))
    recipe = Recipe(name="echo", generator="echo").id
    with Store(tmp_path / "store", read_only=True) as store:
        for number in finished:
            row = store.get_knowledge(f"id:set/{number}", recipe)
            assert row is not None
            assert row.text == f"text {number}"
        assert store.verify() == []
    with Store(tmp_path / "store") as store:
        assert store.put_knowledge("id:set/next", OTHER, "goes on") == "new"


def test_two_processes_write_into_one_store(tmp_path: Path):
    command = [sys.executable, "-c", WRITE_ON, str(tmp_path / "store")]
    both = [
        subprocess.Popen([*command, name, "60"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for name in ("one", "two")
    ]
    for process in both:
        _, errors = process.communicate()
        assert process.returncode == 0, errors
    with Store(tmp_path / "store") as store:
        subjects = {row.subject for row in store.rows() if isinstance(row, KnowledgeRow)}
        assert subjects == {f"id:{name}/{number}" for name in ("one", "two") for number in range(60)}
        assert store.verify() == []


def test_reading_loads_neither_diskcache_nor_anything_heavy(filled: Path):
    code = READ_AND_WRITE.partition("try:")[0] + "print(*sys.modules)"
    loaded = set(run(code, filled, PICTURE, RECIPE.id).stdout.splitlines()[2].split())
    assert "sqlite3" in loaded
    assert not loaded & {"diskcache", "pickle", "numpy", "PIL", "torch", "rapidocr", "onnxruntime"}
