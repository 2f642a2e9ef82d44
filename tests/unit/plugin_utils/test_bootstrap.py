# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from plugins.plugin_utils import bootstrap, zipapp

BOOTSTRAP = zipapp.join_texts("loader", "bootstrap").encode()
FIRST_STEP = (
    "import sys;sys.version_info<(3,9)and sys.exit(93);"
    'i=sys.stdin.buffer;s={};exec(i.read(int(i.readline())),s);s["run"](i)'
)
MARK = "<<mark>>"
ECHO = """
import os, sys
from .parts import double

def answer(request):
    if request.get("raise"):
        raise ValueError("out of order")
    if request.get("exit"):
        sys.exit("gone")
    return {
        "double": double(request["number"]),
        "environment": os.environ.get("PLANTED", ""),
        "input": sys.stdin.read(),
        "path": [entry for entry in sys.path if not entry],
        "file": __file__,
    }
"""
SOURCES = {
    "stowage/__init__.py": "",
    "stowage/request.py": ECHO,
    "stowage/parts/__init__.py": "from .double import double\n",
    "stowage/parts/double.py": "def double(number):\n    return 2 * number\n",
}


@pytest.fixture
def send(tmp_path):
    (tmp_path / "json.py").write_text("raise ImportError('the working folder is on the path')\n")

    def run(request, *, digest="d1", sources=SOURCES, environment=None):
        content = zlib.compress(json.dumps(sources).encode())
        body = zlib.compress(json.dumps(request).encode())
        header = {"mark": MARK, "environment": environment or {}, "digest": digest, "by": "test"}
        header["sockets"] = str(tmp_path / "sockets")
        header.update(sources=len(content), request=len(body))
        parcel = b"%d\n%s%s\n%s%s" % (len(BOOTSTRAP), BOOTSTRAP, json.dumps(header).encode(), content, body)
        done = subprocess.run(
            [sys.executable, "-c", as_user(FIRST_STEP)],
            input=parcel,
            capture_output=True,
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
            check=False,
        )
        found = re.fullmatch(f"\n{MARK}(.*){MARK}\n", done.stdout.decode())
        assert found, (done.stdout, done.stderr)
        return json.loads(found[1])

    return run


def as_user(step):
    """Root's cache is the machine's: these runs look at a user's, and find it not theirs."""
    return "import os;os.geteuid=lambda:4711;" + step


def test_the_request_is_answered(send):
    answer = send({"number": 21}, environment={"PLANTED": "value"})
    assert answer == {
        "double": 42, "environment": "value", "input": "", "path": [], "file": "stowage/request.py",
    }  # fmt: skip


def test_an_error_comes_back_with_its_place(send):
    answer = send({"raise": True})
    assert answer["failed"]
    assert answer["msg"] == "the runtime failed on the host: ValueError: out of order"
    assert 'File "stowage/request.py", line 7, in answer' in answer["exception"]
    assert 'raise ValueError("out of order")' in answer["exception"]


def test_an_error_quotes_nothing_of_the_request(send):
    answer = send({"raise": True, "manifest": {"environment": ["out of order"]}})
    assert answer["msg"] == "the runtime failed on the host: ValueError: ********"
    assert "out of order" not in answer["exception"]


def test_even_an_exit_is_answered(send):
    assert send({"exit": True})["msg"] == "the runtime failed on the host: SystemExit: gone"


def test_a_parcel_without_the_runtime_is_answered(send):
    answer = send({}, sources={"stowage/__init__.py": ""})
    assert "No module named 'stowage.request'" in answer["msg"]


def test_what_is_brought_lies_where_the_runtime_may_read_it_though_a_file_of_before_lies_there(tmp_path):
    """A run that was cut off left it, and the same process asks again when the runtime was restarted."""
    state, brought = tmp_path / "state", tmp_path / "brought"
    state.mkdir()
    for content in ("first", "second"):
        brought.unlink(missing_ok=True)
        brought.write_text(content)
        found = bootstrap._bring_in(str(state), {"sha256:1": str(brought)})
        (path,) = found.values()
        assert Path(path).parent == state / "incoming"
        assert Path(path).read_text() == content
        assert Path(path).parent.stat().st_mode & 0o777 == 0o700


def test_another_file_system_is_no_obstacle(tmp_path, monkeypatch):
    def refuse(*_paths):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "brought").write_text("content")
    found = bootstrap._bring_in(str(tmp_path), {"sha256:1": str(tmp_path / "brought")})
    assert Path(found["sha256:1"]).read_text() == "content"
