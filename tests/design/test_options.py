"""Options are made from the settings: one a field, no default of their own, one meaning in all commands."""

import re
from collections import defaultdict
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import pytest
from pydantic import TypeAdapter
from pydantic_core import PydanticUndefined
from registered import Command, commands

from mmavk_cli.base.renamed import RENAMED, SHARED, variable
from mmavk_cli.base.settings import Settings, extra_of, flags_of, kept_names, option_names

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


def test_a_name_has_one_meaning_in_all_commands_as_a_flag_a_variable_and_in_the_settings_file():
    """What it means, what kind of value it takes and how a help page calls that are the same wherever it stands, as an
    option or an argument. Its default may differ, and a command may take fewer of the choices, or several values.
    """
    meanings: dict[str, dict[Any, list[str]]] = defaultdict(lambda: defaultdict(list))
    for command in commands():
        for name, field in command.settings.model_fields.items():
            meaning = (field.description, kind_of(field.annotation), extra_of(field)["metavar"])
            for spelling in {name, *flags_of(name, field), *spelt_in_files(command.settings, name)}:
                meanings[spelling][name, *meaning].append(str(command))
    assert {spelling: dict(found) for spelling, found in meanings.items() if len(found) > 1} == {}


def spelt_in_files(settings: type[Settings], name: str) -> list[str]:
    """The variable of a setting, which is what files call it too, with `MMAVK_` before it."""
    return [variable(option) for option, field in kept_names(settings).items() if field == name]


def kind_of(annotation: Any) -> str:
    """The type of one value: choices are texts, an optional value and one of several are what a given one is."""
    parts = [one for one in get_args(annotation) if one is not type(None)]
    if get_origin(annotation) is Literal:
        return "choice"
    if get_origin(annotation) is list or type(None) in get_args(annotation):
        return kind_of(parts[0])
    return str(annotation)


def test_choices_of_a_name_are_those_of_the_command_that_has_most():
    choices: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for command in commands():
        for name, field in command.settings.model_fields.items():
            if found := choices_of(field.annotation):
                choices[name].append(found)
    for name, found in choices.items():
        most = max(found, key=len)
        assert all(set(one) <= set(most) for one in found), name


def choices_of(annotation: Any) -> tuple[Any, ...]:
    """The values of a Literal, also of an optional one; empty for another type."""
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    return next((get_args(one) for one in get_args(annotation) if get_origin(one) is Literal), ())


def test_names_that_are_read_as_old_ones_are_old():
    """An old name is no option of its command any more, its new name is one, and what `SHARED` holds of them is what
    another command has.
    """
    options = {str(command): set(kept_names(command.settings)) for command in commands()}
    every = {str(command): set(option_names(command.settings)) for command in commands()}
    for command, renamed in RENAMED.items():
        assert set(renamed.values()) <= every[command], command
        assert not renamed.keys() & every[command], command
    old = {name for renamed in RENAMED.values() for name in renamed}
    assert {name for name in old if any(name in names for names in options.values())} == SHARED


def test_choices_stand_in_one_order_everywhere():
    """Python takes Literals with the same choices for one, so the order on a help page would be that loaded first."""
    orders: dict[frozenset[Any], set[tuple[Any, ...]]] = defaultdict(set)
    for path in (Path(__file__).parents[2] / "mmavk_cli").rglob("*.py"):
        for choices in re.findall(r"Literal\[([^\]]*)\]", path.read_text("utf-8")):
            names = tuple(name.strip(" \n\"'") for name in choices.split(","))
            orders[frozenset(names)].add(names)
    assert [order for order in orders.values() if len(order) > 1] == []
