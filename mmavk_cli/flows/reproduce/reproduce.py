"""reproduce: a table or figure of the paper → our numbers beside the published ones."""

from mmavk_cli.flows.reproduce.settings import Reproduced, ReproduceSettings
from mmavk_cli.flows.shared.progress import Log


def reproduce(settings: ReproduceSettings, on_log: Log) -> Reproduced:
    """Count, or train and score what is not finished in the grid; writes the table and the plot into its folder.

    Raises:
        UsageError: a finished cell was made with other settings. DataError: with other data, or no such data set.
        MissingError: the plot needs a package that is not there.
    """
    if settings.experiment == "table1":
        from mmavk_cli.flows.reproduce.table1 import reproduce_table1

        return reproduce_table1(settings)
    if settings.experiment == "fig4":
        from mmavk_cli.flows.reproduce.fig4 import reproduce_fig4

        return reproduce_fig4(settings, on_log)
    from mmavk_cli.flows.reproduce.tables_3_and_4 import reproduce_grid

    return reproduce_grid(settings, on_log)
