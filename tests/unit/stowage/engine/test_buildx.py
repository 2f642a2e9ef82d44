# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the docker command is started; a script stands in for it, for what it is given is what is looked at."""

from __future__ import annotations

import json
import tempfile

import pytest

from stowage.engine.buildx import build_with_buildx
from stowage.errors import EngineUnreachable, InvalidRequest, ServerFault

LOGINS = {"r.example.net": {"username": "ci", "password": "pa55word-planted", "serveraddress": "r.example.net"}}
SCRIPT = """#!/bin/sh
{ echo "$@"; echo "TOKEN=$TOKEN"; stat -c %a "$DOCKER_CONFIG/config.json"; cat "$DOCKER_CONFIG/config.json"; } > "$SEEN"
cat > /dev/null
echo line one
exit ${CODE:-0}
"""


@pytest.fixture
def docker(tmp_path, monkeypatch):
    command = tmp_path / "bin" / "docker"
    command.parent.mkdir()
    command.write_text(SCRIPT)
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}:/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SEEN", str(tmp_path / "seen"))
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    return tmp_path / "seen"


def build(logins, **arguments):
    with tempfile.TemporaryFile() as context:
        context.write(b"tar")
        context.seek(0)
        build_with_buildx("unix:///run/x.sock", ["--build-arg", "TOKEN", "-"], arguments, context, logins)


def test_secrets_go_by_environment_and_a_private_file(docker):
    build(LOGINS, TOKEN="hunter2")
    words, token, mode, config = docker.read_text().splitlines()
    assert words == "buildx build --progress=plain --build-arg TOKEN -"
    assert token == "TOKEN=hunter2"
    assert mode == "600"
    assert json.loads(config)["auths"] == {"r.example.net": {"auth": "Y2k6cGE1NXdvcmQtcGxhbnRlZA=="}}


def test_a_failed_build_tells_its_last_lines(docker, monkeypatch):
    monkeypatch.setenv("CODE", "3")
    with pytest.raises(ServerFault, match="line one"):
        build(LOGINS)


def test_arguments_that_would_change_the_command_are_refused(docker):
    for name in ("PATH", "DOCKER_HOST", "BUILDX_CONFIG"):
        with pytest.raises(InvalidRequest, match=name):
            build({}, **{name: "x"})
    assert not docker.exists()


def test_a_host_without_docker(docker, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineUnreachable, match="needs the docker command with buildx"):
        build({})
