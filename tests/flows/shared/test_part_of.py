"""The progress of parts, as that of the whole."""

from mmavk_cli.flows.shared.progress import part_of


def test_parts_follow_each_other():
    seen: list[tuple[int, int | None, str]] = []

    def moved(done: int, total: int | None = None, /, step: str = "") -> None:
        seen.append((done, total, step))

    for part in range(2):
        for done in (1, 2, 3):
            part_of(moved, part, 2)(done, 3)
    assert [done for done, *_ in seen] == [1, 2, 3, 4, 5, 6]
    assert {total for _, total, _ in seen} == {6}


def test_parts_of_parts_and_steps():
    seen: list[tuple[int, int | None, str]] = []

    def moved(done: int, total: int | None = None, /, step: str = "") -> None:
        seen.append((done, total, step))

    inner = part_of(part_of(moved, 1, 2), 2, 3)
    inner(5, 10, "looking")
    assert seen == [(2 * 10 + 5 + 3 * 10, 60, "looking")]


def test_a_whole_that_nobody_knows_stays_unknown():
    seen: list[tuple[int, int | None]] = []
    part_of(lambda done, total=None, /, step="": seen.append((done, total)), 1, 2)(7)  # noqa: ARG005
    assert seen == [(7, None)]
