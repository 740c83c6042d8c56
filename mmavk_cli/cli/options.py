"""A command's options, made from its settings class: one option a field, no default of its own."""

import inspect
import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer
from pydantic.fields import FieldInfo

from mmavk_cli.base.settings import Settings, flags_of

Run = Callable[[Any], None]


def add_command(
    app: typer.Typer, name: str, settings: type[Settings], run: Run, text: str, examples: Sequence[str]
) -> None:
    """Add the command `name` to `app`; it gathers `settings` from what was given and calls `run` with them.

    `text` is the help page's first paragraph; `examples` are command lines, each run by a test.
    """

    def body(**given: Any) -> None:
        chosen = {key: value for key, value in given.items() if value is not None and value != []}
        try:
            run(settings.gather(chosen))
            sys.stdout.flush()
        except KeyboardInterrupt:
            typer.echo("mmavk: stopped", err=True)
            raise  # typer exits with 130
        except BrokenPipeError:  # the reader went away, as `head` does; typer would call that a fault
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    body.__signature__ = inspect.Signature(_parameters(settings))  # type: ignore[attr-defined]
    body.__annotations__ = {}
    body.__name__ = name
    body.__doc__ = text
    body.settings, body.examples = settings, tuple(examples)  # type: ignore[attr-defined]  # for the tests of the design
    app.command(name, epilog=epilog(examples))(body)


def epilog(examples: Sequence[str]) -> str:
    """The examples under a help page; the first line keeps the lines after it from being wrapped."""
    return "\n".join(("\b", "Examples:", *(f"  {example}" for example in examples)))


def _parameters(settings: type[Settings]) -> list[inspect.Parameter]:
    parameters = []
    for name in _in_order(settings):
        field = settings.model_fields[name]
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        metavar = str(extra.get("metavar") or "") or None
        text = field.description or ""
        if not flags_of(name, field):
            info: Any = typer.Argument(help=text, metavar=metavar or name.upper(), show_default=False)
        else:
            info = typer.Option(*flags_of(name, field), help=_help(text, field), metavar=metavar, show_default=False)
        parameters.append(
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=None,
                annotation=Annotated[_optional(field.annotation), info],
            )
        )
    return parameters


def _in_order(settings: type[Settings]) -> list[str]:
    """The fields as a person looks for them: the command's own first, what all commands have last."""
    names = [name for cls in settings.__mro__ for name in vars(cls).get("__annotations__", {})]
    return [name for name in dict.fromkeys(names) if name in settings.model_fields]


def _optional(annotation: Any) -> Any:
    return annotation | None


def _help(text: str, field: FieldInfo) -> str:
    if field.is_required():
        return f"{text} [required]"
    shown = field.default not in (None, False, (), "") and "[default:" not in text
    return f"{text} [default: {'yes' if field.default is True else field.default}]" if shown else text
