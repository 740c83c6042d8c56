"""Options are made from the settings: one a field, no default of their own, one meaning in all commands."""

from collections import defaultdict
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter
from pydantic_core import PydanticUndefined
from registered import Command, commands

from mmavk_cli.base.settings import Settings, flags_of

EVERYWHERE_ALIKE = {"--config", "--store", "--data-dir", "--images", "--device", "--seed", "--quiet/--no-quiet", "-q"}

each_command = pytest.mark.parametrize("command", commands(), ids=str)


@each_command
def test_every_option_is_a_settings_field_and_the_other_way_round(command: Command):
    assert sorted(parameter.name for parameter in command.parameters) == sorted(
        (*command.settings.model_fields, *short(command))
    )


def short(command: Command) -> list[str]:
    """`--json`, the one option that is no setting: it stands for `--format json`."""
    field = command.settings.model_fields.get("format")
    return ["json"] if field is not None and "'json'" in str(field.annotation) else []


@each_command
def test_option_holds_no_default_of_its_own(command: Command):
    assert {
        parameter.name: parameter.default for parameter in command.parameters if parameter.default is not None
    } == {}


@each_command
def test_spellings_are_those_of_the_settings_and_none_is_used_twice(command: Command):
    spelt: list[str] = []
    for parameter in command.parameters:
        if parameter.name in short(command):
            assert parameter.opts == ["--json"]
            continue
        expected = flags_of(parameter.name, command.settings.model_fields[parameter.name])
        given = [*parameter.opts, *parameter.secondary_opts] if parameter.param_type_name == "option" else []
        assert sorted(given) == sorted(flag for flags in expected for flag in flags.split("/"))
        spelt += given
    assert len(spelt) == len(set(spelt))


@each_command
def test_every_setting_is_described_and_its_default_is_one_it_would_accept(command: Command):
    for name, field in command.settings.model_fields.items():
        assert field.description, name
        if field.default is not PydanticUndefined:
            TypeAdapter(Annotated[field.annotation, field]).validate_python(field.default)


@each_command
def test_no_default_is_written_twice(command: Command):
    owners: dict[str, list[str]] = defaultdict(list)
    for base in command.settings.__mro__:
        if issubclass(base, Settings):
            for name in base.__annotations__.keys() & command.settings.model_fields.keys():
                owners[name].append(base.__name__)
    assert {name: classes for name, classes in owners.items() if len(classes) > 1} == {}


def test_an_option_means_the_same_in_every_command():
    meanings: dict[str, set[Any]] = defaultdict(set)
    for command in commands():
        for name, field in command.settings.model_fields.items():
            for flag in flags_of(name, field):
                alike = (str(field.annotation), repr(field.default)) if flag in EVERYWHERE_ALIKE else ()
                meanings[flag].add((name, *alike))
    assert {flag: names for flag, names in meanings.items() if len(names) > 1} == {}
