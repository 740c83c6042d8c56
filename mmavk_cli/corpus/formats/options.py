"""How the input is to be read, where a person says so."""

from dataclasses import replace

from mmavk_cli.base.errors import UsageError
from mmavk_cli.base.settings import Settings, setting
from mmavk_cli.corpus.formats.format import Reader
from mmavk_cli.corpus.formats.registry import READERS
from mmavk_cli.corpus.formats.table import ColumnNames, Table

TABLES = ("csv", "tsv")
FLAGS = ("--text-column", "--image-column", "--id-column")


class ColumnOptions(Settings):
    """Which columns of a table hold what."""

    text_column: str | None = setting(
        None, "Of a CSV or TSV table, the column with the text, by heading or number. [default: by its heading]",
        metavar="NAME",
    )  # fmt: skip
    image_column: str | None = setting(None, "The column with the picture's path.", metavar="NAME")
    id_column: str | None = setting(None, "The column with the post's id.", metavar="NAME")

    @property
    def column_names(self) -> ColumnNames:
        """The columns that are named."""
        return ColumnNames(self.text_column, self.image_column, self.id_column)

    def check_columns(self, form: str | None) -> None:
        """Refuse named columns where the input is no table.

        Raises:
            UsageError: a column is named.
        """
        names = (self.text_column, self.image_column, self.id_column)
        given = [flag for flag, name in zip(FLAGS, names, strict=True) if name is not None]
        if given and form not in TABLES:
            raise UsageError(f"the input is no table but {form or 'a raw text'}", given[0], "Leave it out")

    def reader(self, name: str) -> Reader:
        """The reader called `name`, with these columns where it is a table's."""
        found = READERS[name]
        return replace(found, columns=self.column_names) if isinstance(found, Table) else found


class InputOptions(ColumnOptions):
    """How a file of posts is read."""

    lines: bool = setting(False, "Read one post a line.", "--lines")
