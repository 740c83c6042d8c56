"""A command's options, made from its settings class: one option a field, no default of its own."""

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

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
        config = chosen.get("config")
        run(settings.gather(chosen, Path(config) if config else None))

    body.__signature__ = inspect.Signature(_parameters(settings))  # type: ignore[attr-defined]
    body.__annotations__ = {}
    body.__name__ = name
    body.__doc__ = text
    app.command(name, epilog=epilog(examples))(body)


def epilog(examples: Sequence[str]) -> str:
    """The examples under a help page."""
    return "\n\n".join(("Examples:", *(f"  {example}" for example in examples)))


def _parameters(settings: type[Settings]) -> list[inspect.Parameter]:
    parameters = []
    for name, field in settings.model_fields.items():
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        metavar = str(extra.get("metavar") or "") or None
        text = field.description or ""
        if not flags_of(name, field):
            info: Any = typer.Argument(help=text, metavar=metavar or name.upper(), show_default=False)
        else:
            info = typer.Option(
                *flags_of(name, field), help=_help(text, field.default), metavar=metavar, show_default=False
            )
        parameters.append(
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=None,
                annotation=Annotated[_optional(field.annotation), info],
            )
        )
    return parameters


def _optional(annotation: Any) -> Any:
    return annotation | None


def _help(text: str, default: Any) -> str:
    shown = default not in (None, False, (), "") and "[default:" not in text
    return f"{text} [default: {'yes' if default is True else default}]" if shown else text
