# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role runtime offers against what the runtime takes, and what it asks of a host before there is Python."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from plugins.module_utils.stowage.agent.settings import MODES, NOTIFIED, Notify, Settings

ROLE = Path(__file__).resolve().parents[3] / "roles" / "runtime"
OPTIONS = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
WRITTEN = yaml.safe_load((ROLE / "vars" / "main.yml").read_text())["runtime_document"]
# Where commands and other roles look for them: not for an inventory to say.
FIXED = {"state", "sockets", "log", "group"}


def defaults(cls):
    values = json.loads(json.dumps(dataclasses.asdict(cls())))
    return {name: value for name, value in values.items() if name not in FIXED}


def test_every_setting_is_written_and_has_its_default():
    assert set(WRITTEN) == set(defaults(Settings))
    offered = {name: OPTIONS[f"runtime_{name}"]["default"] for name in WRITTEN if name != "notify"}
    assert offered == {name: value for name, value in defaults(Settings).items() if name != "notify"}


def test_choices_are_those_of_the_runtime():
    notify = OPTIONS["runtime_notify"]["options"]
    assert tuple(OPTIONS["runtime_mode"]["choices"]) == MODES
    assert set(notify) == set(defaults(Notify))
    assert tuple(notify["events"]["choices"]) == NOTIFIED


def look(python="", engine="/nowhere"):
    script = f"runtime_python='{python}'\nruntime_engine='{engine}'\n{(ROLE / 'files' / 'look.sh').read_text()}"
    done = subprocess.run(["/bin/sh"], input=script, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_the_first_look_finds_an_interpreter():
    found = look()
    assert found["system"] == "Linux"
    assert found["user"] == os.geteuid()
    assert Path(found["python"]).is_absolute()
    assert found["engine"] is False


@pytest.mark.parametrize(("python", "found"), [(sys.executable, True), ("/bin/false", False), ("/nowhere", False)])
def test_an_interpreter_that_is_named_is_the_only_one_tried(python, found):
    assert bool(look(python)["python"]) is found


@pytest.mark.parametrize(
    ("spoiling", "found"),
    [("pass", True), ("sys.version_info = (3, 8, 20)", False), ("sys.modules['ssl'] = None", False)],
)
def test_an_interpreter_that_is_too_old_or_not_whole_is_none(tmp_path, spoiling, found):
    stand_in = tmp_path / "python"
    stand_in.write_text(f'#!/bin/sh\nexec {sys.executable} -c "import sys; {spoiling}; exec(sys.argv[1])" "$3"\n')
    stand_in.chmod(0o755)
    assert bool(look(stand_in)["python"]) is found
