"""A command's options, made from its settings class: one option a field, no default of its own."""

import inspect
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from time import monotonic
from typing import Annotated, Any, get_args

import typer
from pydantic.fields import FieldInfo
from typer.core import TyperCommand

from mmavk_cli.base.config import plain
from mmavk_cli.base.device import peak_memory
from mmavk_cli.base.errors import UsageError
from mmavk_cli.base.renamed import new_names, unread_variables
from mmavk_cli.base.settings import Common, Settings, extra_of, flags_of, in_order
from mmavk_cli.cli.completion import completion_of
from mmavk_cli.cli.notes import notes

FORMAT, JSON = "format", "json"
"""Wherever `--format` can be `json`, `--json` says so: one option that is no setting of its own."""

Run = Callable[[Any], int | None]
"""Does the work of a command; what it returns is the exit code of one that went through (None is 0): 3 where single
rows were bad. A fault that ends the command is raised: `base/errors.py`."""


def add_command(
    app: typer.Typer, name: str, settings: type[Settings], run: Run, text: str, examples: Sequence[str]
) -> None:
    """Add the command `name` to `app`; it gathers `settings` from what was given and calls `run` with them.

    `text` is the help page's first paragraph; `examples` are command lines, each run by a test. The exit code is what
    `run` returns, or that of the error it raises (`cli/main.py`).

    Args:
        app: the group that the command is added to.
        name: of the command.
        settings: the class that its options are made from.
        run: is called with the settings, and returns the exit code.
        text: the help page's first paragraph.
        examples: command lines, each run by a test.
    """

    def body(ctx: typer.Context, **given: Any) -> None:
        command = _words(ctx)
        try:
            chosen = _chosen(given)
            gathered = settings.gather(chosen, command)
            quiet = isinstance(gathered, Common) and gathered.quiet
            for note in () if quiet else unread_variables(command):
                typer.echo(f"mmavk: {note}", err=True)
            with _verbose_lines(gathered, chosen, command), notes(quiet):
                if code := run(gathered):
                    raise typer.Exit(code)
            sys.stdout.flush()
        except KeyboardInterrupt:
            typer.echo("mmavk: stopped", err=True)
            raise  # typer exits with 130
        except BrokenPipeError:  # the reader went away, as `head` does; typer would call that a fault
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    context = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    body.__signature__ = inspect.Signature([context, *_parameters(settings)])  # type: ignore[attr-defined]
    body.__annotations__ = {}
    body.__name__ = name
    body.__doc__ = text
    body.settings, body.examples = settings, tuple(examples)  # type: ignore[attr-defined]  # for the tests of the design
    app.command(name, cls=_Command, epilog=epilog(examples))(body)


class _Command(TyperCommand):
    """A command that knows how its options were called before, and whose help page calls an argument of several values
    `RUN...`; Typer would write `RUN <list[Path]>`.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the command line.

        Raises:
            UsageError: an option has a new name.
        """
        try:
            return super().parse_args(ctx, args)
        except Exception as error:  # Typer has a click of its own, whose NoSuchOption has no public name
            command, name = _words(ctx), getattr(error, "option_name", "").removeprefix("--")
            for new in new_names(plain(name), command):
                raise UsageError(f"is now --{new.replace('_', '-')} for mmavk {command}", f"--{name}") from None
            raise

    def format_options(self, ctx: Any, formatter: Any) -> None:
        for one in self.params:
            if one.param_type_name == "argument" and one.nargs != 1:
                one.get_help_record = partial(_record, one)  # type: ignore[method-assign]
        super().format_options(ctx, formatter)


def _record(argument: Any, ctx: Any) -> tuple[str, str]:  # noqa: ARG001
    return f"{argument.metavar}...", argument.help


def _words(ctx: Any) -> str:
    """The words of a command after `mmavk`."""
    return str(ctx.command_path).partition(" ")[2]


def epilog(examples: Sequence[str]) -> str:
    """The examples under a help page; the first line keeps the lines after it from being wrapped."""
    return "\n".join(("\b", "Examples:", *(f"  {example}" for example in examples)))


def _parameters(settings: type[Settings]) -> list[inspect.Parameter]:
    parameters = []
    for name in in_order(settings):
        field = settings.model_fields[name]
        extra = extra_of(field)
        metavar = extra.get("metavar") or None
        text = f"{field.description} {extra.get('here', '')}".strip()
        how: Any = {"metavar": metavar, "show_default": False, "autocompletion": completion_of(settings, name)}
        if not flags_of(name, field):
            info: Any = typer.Argument(help=text, **how | {"metavar": metavar or name.upper()})
        else:
            info = typer.Option(*flags_of(name, field), help=_help(text, field), **how)
        parameters.append(_parameter(name, _optional(field.annotation), info))
        if name == FORMAT and JSON in get_args(_bare(field.annotation)):
            short = typer.Option(f"--{JSON}", help="The same as --format json.", show_default=False)
            parameters.append(_parameter(JSON, bool | None, short))
    return parameters


def _parameter(name: str, annotation: Any, info: Any) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[annotation, info]
    )  # fmt: skip


def _chosen(given: dict[str, Any]) -> dict[str, Any]:
    """What was given of the options, `--json` as the format it stands for.

    Raises:
        UsageError: `--json` and another format.
    """
    chosen = {key: value for key, value in given.items() if value is not None and value != []}
    if chosen.pop(JSON, False) and chosen.setdefault(FORMAT, JSON) != JSON:
        raise UsageError(f"--format {chosen[FORMAT]} is given too", f"--{JSON}", "Give one of them")
    return chosen


@contextmanager
def _verbose_lines(settings: Settings, chosen: dict[str, Any], command: str) -> Iterator[None]:
    """With --verbose: which settings are not from the command line, and what the command took."""
    began = monotonic()
    verbose = isinstance(settings, Common) and settings.verbose and not settings.quiet
    if verbose:
        for name, (value, source) in type(settings).layers(chosen, command).items():
            if source:
                typer.echo(f"mmavk: {name.replace('_', '-')} = {value} ({source})", err=True)
    yield
    if verbose:
        memory = peak_memory() / 1e6
        typer.echo(f"mmavk: {monotonic() - began:.1f} s, at most {memory:,.0f} MB of memory", err=True)


def _bare(annotation: Any) -> Any:
    """An annotation without `None`."""
    rest = [one for one in get_args(annotation) if one is not type(None)]
    return rest[0] if type(None) in get_args(annotation) and len(rest) == 1 else annotation


def _optional(annotation: Any) -> Any:
    return annotation | None


def _help(text: str, field: FieldInfo) -> str:
    if field.is_required():
        return f"{text} [required]"
    shown = field.default not in (None, False, (), [], "") and "[default:" not in text
    default = "yes" if field.default is True else field.default
    return f"{text} [default: {default}]" if shown else text
