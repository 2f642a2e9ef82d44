# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real playbooks on this machine, against a runtime that only says what reached it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .plays import PLAYBOOK, copy_collection

pytest.importorskip("ansible")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(PLAYBOOK is None, reason="needs ansible-playbook")]
ROOT = Path(__file__).parents[3]

# Stands in for the runtime: the surface is what is tried here, and it must not know what it carries.
REQUEST = """
import glob, os, sys, tarfile
def answer(request):
    manifest = request.get("manifest", {})
    if manifest.get("scope") == "broken":
        raise RuntimeError("broken on purpose")
    if manifest.get("scope") == "failed":
        return {"failed": True, "changed": True, "msg": "it failed", "plan": ["#1 X"], "failures": [{"message": "no"}]}
    wanted = [image["build"]["digest"] for image in manifest.get("images", {}).values() if "build" in image]
    files = request.get("files", {})
    if not request.get("check") and set(wanted) - set(files):
        return {"changed": False, "failed": False, "needed_files": wanted}
    return {
        "changed": True,
        "failed": False,
        "plan": ["#1 CreateContainer web (it is missing)"],
        "warnings": ["mind the gap"],
        "containers": {}, "images": {}, "networks": {}, "volumes": {"v": {"driver": "local"}},
        "seen": {
            "request": {key: value for key, value in request.items() if key not in ("manifest", "files")},
            "services": {n: sorted(s) for n, s in manifest.get("containers", {}).items()},
            "environment": {k: v for k, v in os.environ.items() if k in ("PLAIN", "LC_ALL", "DOCKER_HOST")},
            "python": list(sys.version_info[:2]),
            "names": [sorted(tarfile.open(path).getnames()) for path in files.values()],
            "paths": list(files.values()),
            "arguments": open("/proc/self/cmdline").read().split("\\0"),
        },
    }
"""


@pytest.fixture(scope="module")
def collection(tmp_path_factory):
    root = tmp_path_factory.mktemp("collections")
    folder = copy_collection(root)
    (folder / "plugins" / "module_utils" / "stowage" / "request.py").write_text(REQUEST)
    return root


@pytest.fixture
def play(collection, tmp_path):
    def run(tasks, *arguments, **environment):
        for number, task in enumerate(tasks):
            task.setdefault("register", "result")
            tasks[number] = task
        dump = {"ansible.builtin.copy": {"dest": str(tmp_path / "result"), "content": "{{ result | to_json }}"}}
        book = [{"hosts": "localhost", "gather_facts": False, "tasks": [*tasks, {**dump, "check_mode": False}]}]
        (tmp_path / "play.yml").write_text(json.dumps(book))
        home = tmp_path / "home"
        done = subprocess.run(
            [PLAYBOOK, "-c", "local", str(tmp_path / "play.yml"), *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={
                **os.environ,
                "ANSIBLE_COLLECTIONS_PATH": str(collection),
                "ANSIBLE_HOME": str(home),
                "ANSIBLE_LOCAL_TEMP": str(home / "local"),
                "ANSIBLE_REMOTE_TEMP": str(home / "remote"),
                "ANSIBLE_ASYNC_DIR": str(home / "async"),
                "ANSIBLE_LOCALHOST_WARNING": "0",
                "ANSIBLE_NOCOLOR": "1",
                **environment,
            },
        )
        output = done.stdout + done.stderr
        assert done.returncode == 0, output
        return json.loads((tmp_path / "result").read_text()), output

    return run


def host(**options):
    return {"stowage.docker.host": options}


def leftovers(tmp_path):
    return sorted((tmp_path / "home" / "remote").glob("ansible-tmp-*"))


def test_one_task_one_answer(play, tmp_path):
    secret = "planted-secret-value"
    task = host(
        containers={"web": {"image": "a", "env": {"PASSWORD": secret}}},
        registries={"r": {"username": "u", "password": secret}},
        lock_timeout=5,
    )
    task["environment"] = {"PLAIN": "from the task", "LC_ALL": "C.UTF-8", "DOCKER_HOST": "unix:///planted"}
    result, output = play([task], "-vvvv", "--diff")
    seen = result["seen"]
    assert re.fullmatch(r"ansible \(\S+@\S+\)", seen["request"].pop("by"))
    assert seen["request"] == {
        "version": 1, "do": "converge", "check": False, "engine": {}, "lock_timeout": 5.0, "remember": True,
    }  # fmt: skip
    assert seen["services"] == {"web": ["environment", "image"]}
    assert seen["environment"] == {"PLAIN": "from the task", "LC_ALL": "C.UTF-8", "DOCKER_HOST": "unix:///planted"}
    assert result["changed"]
    assert result["plan"] == ["#1 CreateContainer web (it is missing)"]
    assert "\n#1 CreateContainer web (it is missing)\n" in output
    assert "[WARNING]: mind the gap" in output
    assert secret not in output
    assert "from the task" not in " ".join(seen["arguments"])
    assert not leftovers(tmp_path)


def test_check_mode_reaches_the_runtime_and_brings_no_files(play, tmp_path):
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "Dockerfile").write_text("FROM scratch\n")
    result, output = play([host(images={"web:1": {"build": {"context": "web"}}})], "--check")
    assert result["seen"]["request"]["check"] is True
    assert result["seen"]["paths"] == []
    assert "CreateContainer" not in output  # a diff is for --diff alone


def test_files_are_brought_when_asked_for_and_removed_afterwards(play, tmp_path):
    web = tmp_path / "files" / "web"
    web.mkdir(parents=True)
    (web / "Dockerfile").write_text("FROM scratch\n")
    (web / "page").write_text("hello")
    result, _output = play([host(images={"web:1": {"build": {"context": "web"}}})])
    assert result["seen"]["names"] == [["Dockerfile", "page"]]
    assert not any(Path(path).exists() for path in result["seen"]["paths"])
    assert not leftovers(tmp_path)


def test_without_a_way_to_standard_input_a_file_is_sent(play, tmp_path):
    result, _output = play([host(containers={"web": {"image": "a"}})], ANSIBLE_KEEP_REMOTE_FILES="1")
    assert result["seen"]["services"] == {"web": ["image"]}
    (parcel,) = (tmp_path / "home" / "remote").glob("*/parcel")
    assert parcel.parent.stat().st_mode & 0o077 == 0


def test_async_is_the_module_with_the_same_result(play, tmp_path):
    web = tmp_path / "files" / "web"
    web.mkdir(parents=True)
    (web / "Dockerfile").write_text("FROM scratch\n")
    options = {"images": {"web:1": {"build": {"context": "web"}}}, "containers": {"a": {"env": {"A": "planted-value"}}}}
    plain, _output = play([host(**options)], "--diff")
    task = {**host(**options), "async": 30, "poll": 1}
    result, output = play([task], "--diff", "-vvv")
    for key in ("changed", "plan", "volumes", "diff"):
        assert result[key] == plain[key], key
    plain["seen"]["request"].pop("by")  # the module, alone on the host, does not know whose playbook it is part of
    assert {**result["seen"], "arguments": 0, "paths": 0} == {**plain["seen"], "arguments": 0, "paths": 0}
    assert "mind the gap" in output
    assert "planted-value" not in output
    # The wrapper of asynchronous tasks cleans up after its answer is there.
    deadline = time.monotonic() + 20
    while leftovers(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not leftovers(tmp_path)


def test_a_failure_is_the_tasks(play):
    result, output = play([{**host(scope="failed"), "ignore_errors": True}])
    assert result["failed"]
    assert result["changed"]
    assert result["msg"] == "it failed"
    assert result["failures"] == [{"message": "no"}]
    assert "it failed" in output


def test_an_error_of_the_runtime_shows_its_place(play):
    result, _output = play([{**host(scope="broken"), "ignore_errors": True}], "-vvv")
    assert result["msg"] == "the runtime failed on the host: RuntimeError: broken on purpose"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"contaners": {}}, "contaners: there is no such option; did you mean containers?"),
        ({"prune": "perhaps", "wait": "x"}, "argument 'prune' is of type"),
        ({"containers": {"a": {"auto_remove": True}}}, "containers.a.auto_remove: not supported: a declared container"),
        ({"images": {"a:1": {"build": {"context": "nowhere"}}}}, 'images["a:1"].build: Could not find or access'),
    ],
)
def test_bad_options_are_named(play, options, message):
    result, _output = play([{**host(**options), "ignore_errors": True}])
    assert message in result["msg"]


def test_a_single_object(play):
    result, _output = play([{"stowage.docker.volume": {"volume_name": "v"}}])
    assert result["volume"] == {"driver": "local"}
    assert result["seen"]["request"]["remember"] is False


def test_defaults_of_the_group_reach_every_module(play):
    group = {"group/stowage.docker.docker": {"docker_host": "tcp://192.0.2.1:1"}}
    result, _output = play([{"stowage.docker.volume": {"name": "v"}, "module_defaults": group}])
    assert result["seen"]["request"]["engine"] == {"host": "tcp://192.0.2.1:1"}


def test_an_interpreter_is_looked_for_where_none_is_named(play, tmp_path):
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    for name, code in (("python3.13", 93), ("python3.12", 127)):
        (bin_folder / name).write_text(f"#!/bin/sh\nexit {code}\n")
        (bin_folder / name).chmod(0o755)
    (bin_folder / "python3").symlink_to(sys.executable)
    fallback = json.dumps(["python3.13", "python3.12", "python3"])
    task = {
        **host(),
        "environment": {"PATH": f"{bin_folder}:{os.environ['PATH']}"},
        "vars": {
            "ansible_python_interpreter": "auto_silent",
            "ansible_interpreter_python_fallback": json.loads(fallback),
        },
    }
    result, _output = play([task])
    assert result["seen"]["python"] == list(sys.version_info[:2])


@pytest.mark.parametrize("interpreter", ["/nowhere/python3", "{old}"])
def test_a_host_without_a_fitting_python_is_told_so(play, tmp_path, interpreter):
    old = tmp_path / "python3.8"
    old.write_text("#!/bin/sh\nexit 93\n")
    old.chmod(0o755)
    name = interpreter.format(old=old)
    task = {**host(), "vars": {"ansible_python_interpreter": name}, "ignore_errors": True}
    result, _output = play([task])
    assert f"Python >= 3.9 is needed on the host; not found as {name}" in result["msg"]
