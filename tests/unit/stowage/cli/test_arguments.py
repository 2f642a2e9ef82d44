# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools

import pytest

from stowage.cli import main
from stowage.cli.arguments import parse_arguments
from stowage.cli.commands import COMMANDS


@pytest.mark.parametrize(
    ("words", "values"),
    [
        ("status", {"scope": None, "json": False}),
        ("status --json shop", {"scope": "shop", "json": True}),
        ("plan -", {"manifest": "-", "host": "", "lock_timeout": 60.0, "exit_code": False}),
        ("plan --host tcp://a --exit-code m.json --lock-timeout=0", {"manifest": "m.json", "host": "tcp://a", "exit_code": True, "lock_timeout": 0.0}),
        ("diff 1 2", {"scope": None, "from": 1, "to": 2}),
        ("diff --json shop 1 2", {"scope": "shop", "from": 1, "to": 2, "json": True}),
        ("diff 7 1 2", {"scope": "7", "from": 1, "to": 2}),
        ("show shop", {"scope": "shop", "version": None}),
        ("rollback --check shop 12", {"scope": "shop", "version": 12, "check": True}),
        ("pause", {"scope": None, "seconds": 3600.0, "reason": ""}),
        ("pause --for 90s --reason because shop", {"scope": "shop", "seconds": 90.0, "reason": "because"}),
        ("pause --reason -x shop", {"scope": "shop", "reason": "-x"}),
        ("logs web -fn 5", {"container": "web", "follow": True, "tail": "5"}),
        ("logs -fn5 web", {"container": "web", "follow": True, "tail": "5"}),
        ("logs -n all web", {"container": "web", "follow": False, "tail": "all"}),
        ("status -- shop", {"scope": "shop"}),
        ("serve", {"settings": "/etc/stowage/runtime.json"}),
        ("completion fish", {"shell": "fish"}),
        ("complete containers", {"kind": "containers"}),
    ],
)  # fmt: skip
def test_values(words, values):
    if "--reason -x" in words:
        with pytest.raises(SystemExit):
            parse_arguments(words.split())
        values["reason"], words = "-x", words.replace("--reason -x", "--reason=-x")
    options = vars(parse_arguments(words.split()))
    assert options["command"] == words.split()[0]
    assert {key: options[key] for key in values} == values


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("", "COMMAND"),
        ("remove x", "invalid choice"),
        ("plan", "MANIFEST"),
        ("apply --nope x", "--nope"),
        ("apply x --lock-timeout nan", "'nan' is no number of seconds"),
        ("apply x --lock-timeout -1", "--lock-timeout"),
        ("apply x --lock-timeout", "expected one argument"),
        ("apply x --lock 3", "--lock"),
        ("status a b", "b"),
        ("show", "SCOPE"),
        ("show shop 0", "'0' is no number of a version"),
        ("show shop ٣", "is no number of a version"),
        ("show shop 9999999999", "is no number of a version"),
        ("rollback shop x", "'x' is no number of a version"),
        ("diff 1", "TO"),
        ("diff a b c", "'b' is no number of a version"),
        ("pause --for 3x", "'3x' is no span of time"),
        ("logs web --tail some", "'some' is neither a number of lines nor all"),
        ("completion tcsh", "invalid choice"),
        ("serve --settings a --bad", "--bad"),
    ],
)
def test_what_is_refused_with_2_and_a_usage(words, complaint, capsys):
    with pytest.raises(SystemExit) as caught:
        main(words.split())
    assert caught.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("usage: stowage")
    assert complaint in err


def test_options_may_stand_anywhere():
    words = [["--json"], ["--for", "1h"], ["--reason", "a b"], ["shop"]]
    found = {
        str(sorted(vars(parse_arguments(["pause", *itertools.chain(*order)])).items()))
        for order in itertools.permutations(words)
    }
    assert len(found) == 1


def test_each_command_has_a_help_that_names_its_arguments(capsys):
    for command in COMMANDS:
        with pytest.raises(SystemExit) as caught:
            main([command.name, "--help"])
        assert caught.value.code == 0
        text = capsys.readouterr().out
        assert f"usage: stowage {command.name}" in text
        for argument in command.arguments:
            assert argument.choices or argument.name in text
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    assert "complete " not in text
    assert all(f"\n    {command.name}" in text for command in COMMANDS if not command.hidden)


def test_the_table_is_one_that_argparse_and_shells_can_take():
    assert len({command.name for command in COMMANDS}) == len(COMMANDS)
    for command in COMMANDS:
        assert len({argument.into for argument in command.arguments}) == len(command.arguments)
        for text in (command.help, *(argument.help for argument in command.arguments)):
            assert text
            assert not text.endswith(".")
            assert text.isascii()


def test_version(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith("stowage ")
