# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A transaction that waits before its first change. A script stands for apt: it calls the hook as apt does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from provision.commands import Commands
from provision.files import Files
from provision.packages.gate import Gate

APT = """\
#!/bin/sh
for word in "$@"; do
    case "$word" in DPkg::Pre-Install-Pkgs::=*) hook=${word#*::=} ;; esac
done
echo "$SAID"
[ -z "$FAILS" ] || exit 100
[ -z "$LONG" ] || exec sleep 60
if [ -n "$CHANGES" ]; then echo "$CHANGES" | sh -c "$hook" || { echo "E: the hook"; exit 100; }; fi
touch "$ROOT/done"
"""


@pytest.fixture
def files(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "var/tmp").mkdir(parents=True)
    apt = tmp_path / "bin" / "apt-get"
    apt.write_text(APT)
    apt.chmod(0o755)
    return Files(str(tmp_path))


def begin(files, tmp_path, **environment):
    gate = Gate(files)
    commands = Commands(f"{tmp_path}/bin:{os.environ['PATH']}")
    told = gate.begin(commands, ("apt-get", "install", "x"), {"ROOT": str(tmp_path), **environment})
    return gate, told


def left(tmp_path):
    return sorted(path.name for path in (tmp_path / "var/tmp").iterdir())


def test_it_waits_for_the_word(files, tmp_path):
    gate, told = begin(files, tmp_path, CHANGES="VERSION 3\n\nx - - none", SAID="hello")
    assert told == "VERSION 3\n\nx - - none\n"
    time.sleep(0.1)
    assert not (tmp_path / "done").exists()
    done = gate.go()
    assert (done.code, done.output) == (0, "hello\n")
    assert (tmp_path / "done").exists()
    assert left(tmp_path) == []
    gate.give_up()  # nothing is left to give up


def test_given_up_it_changes_nothing(files, tmp_path):
    gate, _told = begin(files, tmp_path, CHANGES="VERSION 3")
    gate.give_up()
    time.sleep(0.1)
    assert not (tmp_path / "done").exists()
    assert left(tmp_path) == []


def test_with_nothing_to_do_it_ends_by_itself(files, tmp_path):
    gate, told = begin(files, tmp_path, SAID="0 upgraded")
    assert (told, gate.end().output) == ("", "0 upgraded\n")


def test_what_fails_before_says_why(files, tmp_path):
    gate, told = begin(files, tmp_path, FAILS="1", SAID="E: no such package", CHANGES="VERSION 3")
    done = gate.end()
    assert (told, done.code, done.output) == ("", 100, "E: no such package\n")
    assert left(tmp_path) == []


KILLED = """\
import sys, time
sys.path.insert(0, sys.argv[1])
from provision.commands import Commands
from provision.files import Files
from provision.packages.gate import Gate
root = sys.argv[2]
gate = Gate(Files(root))
gate.begin(Commands(sys.argv[3]), ("apt-get", "install", "x"), {"ROOT": root, "CHANGES": "VERSION 3"})
print("waits", flush=True)
time.sleep(60)
"""


def test_where_whoever_gives_the_word_is_killed_nothing_is_changed(files, tmp_path):
    library = str(Path(sys.modules["provision"].__file__).parents[1])
    searched = f"{tmp_path}/bin:{os.environ['PATH']}"
    command = [sys.executable, "-c", KILLED, library, str(tmp_path), searched]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "waits\n"
        process.send_signal(signal.SIGKILL)
    (folder,) = left(tmp_path)
    output = tmp_path / "var/tmp" / folder / "output"
    end = time.monotonic() + 10
    while "E: the hook" not in output.read_text():
        assert time.monotonic() < end
        time.sleep(0.02)
    assert not (tmp_path / "done").exists()
    begin(files, tmp_path)[0].end()
    assert left(tmp_path) == [], "the next one removes what it left"
