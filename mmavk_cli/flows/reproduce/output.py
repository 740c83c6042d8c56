"""What reproduce writes beside its runs: GRID/WHAT.md and GRID/WHAT.json."""

import json
from collections.abc import Sequence

from mmavk_cli.base.files import atomic_write
from mmavk_cli.base.records import Json
from mmavk_cli.flows.reproduce.settings import Reproduced, ReproduceSettings
from mmavk_cli.report.table_section import Section, markdown


def write_output(
    settings: ReproduceSettings, sections: Sequence[Section], tables: Sequence[Json], code: int = 0
) -> Reproduced:
    """Both files, where there is a folder for them.

    Args:
        settings: the options of the command.
        sections: tables for people.
        tables: the same as JSON.
        code: exit code of the first cell that failed; 0: none did.

    Raises:
        DataError: the folder cannot be written.
    """
    content: Json = {"experiment": settings.experiment, "tables": list(tables)}
    if settings.out is None:
        return Reproduced(tuple(sections), content, (), code)
    page, data = (settings.out / f"{settings.experiment}{suffix}" for suffix in (".md", ".json"))
    with atomic_write(page) as file:
        file.write(markdown(sections))
    with atomic_write(data) as file:
        file.write(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    return Reproduced(tuple(sections), content, (page, data), code)
