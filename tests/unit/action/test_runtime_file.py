# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One real playbook on this machine that puts the packed command in a folder, and takes it away."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from plugins.module_utils.stowage import __version__
from plugins.plugin_utils import zipapp

from .plays import PLAYBOOK, copy_collection, run

pytest.importorskip("ansible")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PLAYBOOK is None, reason="needs ansible-playbook"),
    pytest.mark.skipif(os.geteuid() != 0, reason="the command is root's"),
]
INTERPRETER = f"{sys.executable} -ISB"


def put(name, path, **more):
    options = {"path": str(path), "interpreter": INTERPRETER}
    return {"name": name, "stowage.docker.runtime_file": options, "register": name, "failed_when": False, **more}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What each task returned, by its name; beside them the output, and what lay there in the end."""
    folder = tmp_path_factory.mktemp("play")
    copy_collection(folder)
    path = folder / "stowage"
    wrong = put("wrong", path)
    wrong["stowage.docker.runtime_file"] = {"path": str(path), "state": "gone"}
    gone = put("gone", path)
    gone["stowage.docker.runtime_file"] = {"path": str(path), "state": "absent"}
    tasks = [
        put("ahead", path, check_mode=True),
        {"ansible.builtin.stat": {"path": str(path)}, "register": "untouched"},
        put("first", path),
        put("second", path),
        {"ansible.builtin.copy": {"src": str(path), "dest": f"{path}.kept", "remote_src": True, "mode": "preserve"}},
        {"ansible.builtin.copy": {"content": "another version", "dest": str(path), "mode": "0777"}},
        put("other", path),
        put("nowhere", folder / "none" / "stowage"),
        wrong,
        {**gone, "name": "going", "register": "going", "check_mode": True},
        gone,
        {**gone, "name": "again", "register": "again"},
    ]
    names = [task["register"] for task in tasks if "register" in task]
    told = "{{ {" + ", ".join(f"'{name}': {name}" for name in names) + "} | to_json }}"
    tasks.append({"ansible.builtin.copy": {"dest": str(folder / "told"), "content": told, "mode": "0600"}})
    book = folder / "play.yml"
    book.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    done = run(folder, book, "--diff")
    assert done.returncode == 0, done.stdout + done.stderr
    return {**json.loads((folder / "told").read_text()), "output": done.stdout, "kept": Path(f"{path}.kept")}


def test_looking_ahead_tells_and_does_nothing(results):
    assert results["ahead"]["changed"]
    assert not results["untouched"]["stat"]["exists"]


def test_the_file_is_there_and_named(results):
    first = results["first"]
    assert first["changed"]
    assert (first["version"], first["digest"]) == (__version__, zipapp.runtime_digest())
    assert results["kept"].read_bytes() == zipapp.pack_runtime(interpreter=INTERPRETER)
    assert results["kept"].stat().st_mode & 0o7777 == 0o755
    shown = subprocess.run([results["kept"], "--version"], capture_output=True, text=True, check=True)
    assert shown.stdout == f"stowage {__version__}\n"


def test_a_second_time_nothing_changes(results):
    assert not results["second"]["changed"]
    assert results["second"]["digest"] == results["first"]["digest"]


def test_another_one_is_replaced(results):
    assert results["other"]["changed"]


def test_the_diff_tells_the_version_and_no_bytes(results):
    assert f"+stowage {__version__}" in results["output"]
    assert "another version" not in results["output"]


def test_what_copy_refuses_is_told(results):
    assert "none" in results["nowhere"]["msg"]
    assert not results["nowhere"]["changed"]


def test_a_state_that_is_none_is_refused(results):
    assert results["wrong"]["msg"] == "value of state must be one of: present, absent, got: gone"


def test_it_goes_once(results):
    assert [results[name]["changed"] for name in ("going", "gone", "again")] == [True, True, False]
