# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stowage.cli import entry, main
from stowage.cli.commands import COMMANDS
from stowage.errors import StowageError
from tests.unit.stowage.support.recorded_runtime import document, stream

SOURCES = str(Path(entry.__file__).parent.parent.parent)


def python(*words, **more):
    return subprocess.run(
        [sys.executable, *words], check=False, capture_output=True, env={**os.environ, "PYTHONPATH": SOURCES}, **more
    )


@pytest.fixture
def served(monkeypatch):
    """What the service was begun with; it ends at once."""
    paths = []
    module = type(sys)("stowage.agent.service")
    module.serve = lambda path: paths.append(path) or 0
    monkeypatch.setitem(sys.modules, "stowage.agent.service", module)
    return paths


@pytest.mark.parametrize(
    ("words", "path"),
    [
        ([], "/etc/stowage/runtime.json"),
        (["--settings", "/a b"], "/a b"),
        (["--settings=/a=b"], "/a=b"),
        (["--settings", "/a", "--settings", "/b"], "/b"),
    ],
)
def test_serve(served, stowage, words, path):
    assert stowage("serve", *words) == (0, "", "")
    assert served == [path]


def test_serve_that_cannot_begin(served, stowage, monkeypatch):
    def refuse(_path):
        raise StowageError("another runtime is there")

    monkeypatch.setattr(sys.modules["stowage.agent.service"], "serve", refuse)
    for words in ([], ["--settings", "/a", "--settings", "/b"]):
        assert stowage("serve", *words) == (1, "", "stowage: another runtime is there\n")


def test_serve_keeps_no_parser_in_memory():
    code = (
        "import sys\n"
        "service = type(sys)('stowage.agent.service')\n"
        "service.serve = lambda path: print(*sys.modules) or 0\n"
        "sys.modules['stowage.agent.service'] = service\n"
        "from stowage.cli import main\n"
        "raise SystemExit(main(['serve', '--settings', '/x']))\n"
    )
    done = python("-c", code)
    loaded = set(done.stdout.decode().split())
    assert done.returncode == 0
    assert {name for name in loaded if name.startswith("stowage.")} == {
        "stowage.agent.service",
        "stowage.cli",
        "stowage.cli.entry",
        "stowage.errors",
    }
    assert not loaded & {"argparse", "gettext", "json", "socket", "urllib.parse"}


def test_asking_loads_nothing_that_works_on_an_engine():
    code = "import sys\nfrom stowage.cli import main\nmain(['status'])\nprint(*sys.modules)\n"
    loaded = set(python("-c", code).stdout.decode().split())
    assert "stowage.cli.asking" in loaded
    assert not {name for name in loaded if name.startswith(("stowage.engine", "stowage.planner", "stowage.manifest"))}


def test_every_command_of_the_table_has_its_function(sockets, served, stowage, monkeypatch, tmp_path):
    """Called without a runtime, each does something else than to fall over its own name."""
    values = {"MANIFEST": str(tmp_path / "none.json"), "FROM": "1", "TO": "2", "KIND": "scopes", "SHELL": "bash"}
    for command in COMMANDS:
        words = [values.get(argument.name, "x") for argument in command.words if not argument.optional]
        assert stowage(command.name, *words)[0] in (0, 1)


def test_where_no_runtime_is_a_sentence_says_what_to_do(sockets, stowage):
    for words in (["status"], ["drift"], ["history"], ["show", "a"], ["diff", "1", "2"], ["events"], ["doctor"]):
        code, out, err = stowage(*words)
        assert (code, out) == (1, "")
        assert err.startswith(
            "stowage: the runtime does not run on this host (nobody listens at RUN/read.sock): start it "
        )
        assert (
            err.endswith(" start stowage`, or deploy it with the role stowage.docker.runtime\n")
            or "service stowage start" in err
        )
    for words in (["rollback", "a"], ["pause"], ["resume"], ["logs", "web"]):
        assert "nobody listens at RUN/write.sock" in stowage(*words)[2]
    code, out, err = stowage("status", "--json")
    assert (code, err) == (1, "")
    assert json.loads(out)["failed"] is True
    assert "does not run" in json.loads(out)["msg"]


def test_interrupted(runtime, stowage, monkeypatch):
    def interrupt(*_words, **_more):
        raise KeyboardInterrupt

    monkeypatch.setattr("stowage.client.Client.fetch", interrupt)
    monkeypatch.setattr("stowage.client.Client.follow", interrupt)
    assert stowage("status") == (1, "", "stowage: interrupted\n")
    assert stowage("events", "-f") == stowage("logs", "-f", "web") == (0, "", "")
    text = "stowage: interrupted; the runtime goes on with it, as `stowage events -f` tells\n"
    assert stowage("rollback", "shop") == (1, "", text)


def test_a_reader_that_has_gone(runtime):
    runtime.answers["GET /v1/events?follow=0"] = stream(
        *({"time": 1, "kind": "x", "scope": "", "text": "y" * 999},) * 999
    )
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as out:
        done = subprocess.run(
            [sys.executable, "-m", "stowage", "events"], check=False, stdout=out, stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": SOURCES},
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
def test_output_that_cannot_be_written(runtime):
    runtime.answers["GET /v1/drift"] = document({"scopes": {}})
    with Path("/dev/full").open("wb") as out:
        done = subprocess.run(
            [sys.executable, "-m", "stowage", "drift"], check=False, stdout=out, stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": SOURCES},
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == b"stowage: the output cannot be written: No space left on device\n"


def test_scripts_that_the_output_has_no_letters_for(runtime):
    runtime.answers["GET /v1/drift"] = document({"scopes": {"größe": {"drifted": False, "plan": [], "msg": "日"}}})
    done = python("-m", "stowage", "drift", input=b"")
    assert done.returncode == 0
    environ = {**os.environ, "PYTHONPATH": SOURCES, "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run([sys.executable, "-m", "stowage", "drift"], check=False, capture_output=True, env=environ)
    assert (done.returncode, done.stdout) == (0, b"gr\xf6\xdfe: as declared\n  \\u65e5\n")


def test_streams_are_those_of_the_moment(monkeypatch, sockets):
    out, err = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setattr(sys, "argv", ["stowage", "man"])
    assert main() == 0
    assert out.getvalue().startswith(".TH STOWAGE 8")
