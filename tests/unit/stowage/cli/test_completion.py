# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
import shlex
import shutil
import subprocess

import pytest

from stowage.cli.commands import COMMANDS, SHELLS
from stowage.cli.completion import render_completion

SHOWN = [command for command in COMMANDS if not command.hidden]
# Stands in for the command that is asked for words.
STOWAGE = 'stowage() { case "$*" in "complete scopes") printf "default\\nshop\\n";; "complete containers") echo web;; esac; }\n'


@pytest.fixture
def bash(tmp_path):
    """What bash proposes for the last of these words."""
    if not shutil.which("bash"):
        pytest.skip("bash is not installed")
    (tmp_path / "m.json").write_text("{}")
    (tmp_path / "my folder").mkdir()

    def propose(*words):
        line = ["stowage", *words]
        script = (
            f"set -u\n{STOWAGE}{render_completion('bash')}\n"
            f"compopt() {{ :; }}\nCOMP_WORDS=({shlex.join(line)}) COMP_CWORD={len(line) - 1}\n"
            '_stowage stowage\nprintf "%s\\n" "${COMPREPLY[@]}"\n'
        )
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path)
        assert done.stderr == ""
        return done.stdout.split("\n")[:-1] if done.stdout != "\n" else []

    return propose


def test_bash_proposes_commands(bash):
    assert bash("") == [*(command.name for command in SHOWN), "--help", "--version"]
    assert bash("p") == ["plan", "pause", "prune"]
    assert bash("--v") == ["--version"]


@pytest.mark.parametrize(
    ("words", "proposed"),
    [
        (["status", ""], ["default", "shop"]),
        (["status", "s"], ["shop"]),
        (["status", "--json", ""], ["default", "shop"]),
        (["status", "shop", ""], []),
        (["status", "-"], ["--json", "--help"]),
        (["show", "shop", ""], []),
        (["show", "shop", "--"], ["--json", "--help"]),
        (["pause", "--for", ""], []),
        (["pause", "--for", "1h", ""], ["default", "shop"]),
        (["pause", "--reason", "s"], []),
        (["logs", ""], ["web"]),
        (["logs", "-n", "5", "-f", ""], ["web"]),
        (["logs", "--t"], ["--tail"]),
        (["completion", ""], ["bash", "fish", "zsh"]),
        (["plan", "m"], ["m.json", "my folder"]),
        (["plan", "--host", "m"], []),
        (["plan", "m.json", "--e"], ["--exit-code"]),
        (["serve", "--settings", "m."], ["m.json"]),
        (["nope", ""], []),
        (["man", ""], []),
    ],
)
def test_bash_proposes_arguments(bash, words, proposed):
    assert bash(*words) == proposed


def test_bash_takes_the_script_in_its_completion_machinery(tmp_path):
    if not shutil.which("bash"):
        pytest.skip("bash is not installed")
    (tmp_path / "completion").write_text(render_completion("bash"))
    script = "set -eu; . ./completion; complete -p stowage"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert (done.stdout, done.stderr) == ("complete -F _stowage stowage\n", "")


@pytest.mark.parametrize("shell", SHELLS)
def test_every_command_and_option_is_in_every_script(shell):
    script = render_completion(shell)
    assert re.findall("@[A-Z]+@", script) == []  # what the template leaves to be filled in
    for command in SHOWN:
        assert command.name in script
        for option in command.options:
            name = option.name.lstrip("-")
            assert {"fish": f"-l {name} "}.get(shell, option.name) in script


@pytest.mark.parametrize(("shell", "words"), [("zsh", ["-n"]), ("fish", ["--no-execute"])])
def test_scripts_are_syntax(shell, words, tmp_path):
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    (tmp_path / "script").write_text(render_completion(shell))
    done = subprocess.run([shell, *words, str(tmp_path / "script")], capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_fish_lines():
    lines = render_completion("fish").splitlines()
    seen = "complete -c stowage -n '__fish_seen_subcommand_from"
    assert f"{seen} logs' -s n -l tail -x -d 'so many lines from the end, or all'" in lines
    assert f"{seen} logs' -a '(stowage complete containers)'" in lines
    assert f"{seen} plan' -F" in lines
    assert f"{seen} serve' -l settings -r -F -d 'the settings'" in lines
    assert f"{seen} completion' -a 'bash fish zsh'" in lines


def test_zsh_cases():
    lines = [line.strip() for line in render_completion("zsh").splitlines()]
    assert "completion) _arguments ':SHELL:(bash fish zsh)' '--help[show how it is used]' ;;" in lines
    assert (
        "events) _arguments '(-f --follow)'{-f,--follow}'[and what happens from now on]' "
        "'--json[print JSON instead of a table]' '--help[show how it is used]' ;;" in lines
    )
    assert "'serve:be the runtime\\: keep this host as declared, until stopped'" in lines
