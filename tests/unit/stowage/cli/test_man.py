# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from stowage.cli.commands import COMMANDS
from stowage.cli.man import render_man

PAGE = render_man()


def plain(roff):
    return re.sub(r"\\f[BIR]", "", roff).replace("\\-", "-").replace("\\&", "")


def test_structure():
    sections = re.findall(r"^\.SH (.*)$", PAGE, re.MULTILINE)
    assert sections == [
        "NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES",
    ]  # fmt: skip
    assert PAGE.startswith('.TH STOWAGE 8 "" "stowage ')
    assert "\nstowage \\- keep a container engine as declared\n" in PAGE
    requests = {line.split()[0] for line in PAGE.splitlines() if line.startswith((".", "'"))}
    assert requests == {".TH", ".SH", ".SS", ".TP", ".PP", ".B", ".br", ".nh", ".ad"}


def test_nothing_of_the_table_is_missing():
    text = plain(PAGE)
    for command in COMMANDS:
        if command.hidden:
            assert command.name not in re.findall(r"^\.SS (.*)$", PAGE, re.MULTILINE)
            continue
        part = text.split(f"\n.SS {command.name}\n")[1].split("\n.S")[0]
        assert command.text in part
        for argument in command.arguments:
            assert argument.name in part
            assert argument.help[1:] in part


def test_arguments():
    text = plain(PAGE)
    assert "\nstowage diff [SCOPE] FROM TO [--json]\n" in text
    assert "\nstowage logs CONTAINER [-f|--follow] [-n|--tail LINES] [--json]\n" in text
    assert "\n.TP\n-n, --tail LINES\nSo many lines from the end, or all.\nDefault: 100.\n" in text
    assert "\n.TP\n--for TIME\nHow long: 90s, 30m, 1h, 1d.\nDefault: 3600 seconds.\n" in text
    assert "\n.TP\nSHELL\nThe shell.\nOne of: bash, fish, zsh.\n" in text


@pytest.mark.skipif(not shutil.which("groff"), reason="groff is not installed")
def test_groff_finds_no_fault():
    command = ["groff", "-man", "-Tutf8", "-ww", "-P-c"]
    done = subprocess.run(command, input=PAGE.encode(), capture_output=True, check=True)
    assert done.stderr == b""
    text = re.sub(".\b", "", done.stdout.decode())
    assert "stowage diff [SCOPE] FROM TO [--json]" in text
    assert "\\" not in text


@pytest.mark.skipif(not shutil.which("mandoc"), reason="mandoc is not installed")
def test_mandoc_finds_no_fault():
    done = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning"], input=PAGE.encode(), capture_output=True, check=False
    )
    # The page is the same whenever it is made, and so has no date.
    assert [line for line in done.stdout.splitlines() if b"missing date" not in line] == []
