# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registry credentials: docker's own configuration as a table, helpers as real programs, secrets in no error."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any, Dict, Mapping, Optional

import pytest

from stowage.engine import auth
from stowage.errors import AccessDenied

HUB = "https://index.docker.io/v1/"
SECRET = "hunter2:with:colons"


def entry(user: str = "ci", password: str = SECRET) -> Dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def credential(server: str, user: str = "ci", password: str = SECRET) -> Dict[str, str]:
    return {"username": user, "password": password, "serveraddress": server}


@pytest.mark.parametrize(
    ("registry", "server"),
    [
        ("docker.io", HUB),
        ("index.docker.io", HUB),
        (HUB, HUB),
        ("registry-1.docker.io", HUB),
        ("registry.example.net", "registry.example.net"),
        ("https://registry.example.net/v2/", "registry.example.net"),
        ("http://localhost:5000", "localhost:5000"),
    ],
)
def test_the_name_of_a_registry_in_dockers_configuration(registry: str, server: str) -> None:
    assert auth.server_name(registry) == server


@pytest.mark.parametrize(
    ("config", "registry", "found"),
    [
        ({}, "docker.io", None),
        ({"auths": None, "credHelpers": []}, "docker.io", None),
        ({"auths": {HUB: entry()}}, "docker.io", credential(HUB)),
        ({"auths": {"docker.io": entry()}}, "index.docker.io", credential(HUB)),
        ({"auths": {"r.io:5000": entry()}}, "r.io:5000", credential("r.io:5000")),
        ({"auths": {"r.io": entry()}}, "r.io:5000", None),
        ({"auths": {"https://r.io/v1/": entry()}}, "r.io", credential("r.io")),
        ({"auths": {"r.io": {}}}, "r.io", None),
        ({"auths": {"r.io": {"auth": ""}}}, "r.io", None),
        ({"auths": {"r.io": {"username": "a", "password": "b"}}}, "r.io", credential("r.io", "a", "b")),
        (
            {"auths": {"r.io": {"identitytoken": "t"}}},
            "r.io",
            {"identitytoken": "t", "serveraddress": "r.io"},
        ),
    ],
)
def test_stored_credentials(config: Mapping[str, Any], registry: str, found: Optional[Mapping[str, str]]) -> None:
    assert auth.find_credential(config, registry) == found


@pytest.mark.parametrize("value", ["!!", base64.b64encode(SECRET.split(":", 1)[0].encode()).decode(), "/w=="])
def test_a_malformed_entry_is_an_error_without_its_content(value: str) -> None:
    with pytest.raises(AccessDenied) as caught:
        auth.find_credential({"auths": {"r.io": {"auth": value}}}, "r.io")
    assert value not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_helpers_come_before_the_store_and_the_store_before_the_file() -> None:
    asked = []

    def run(helper: str, server: str) -> bytes:
        asked.append((helper, server))
        return b'{"ServerURL":"x","Username":"u","Secret":"s"}' if helper == "own" else b""

    config = {
        "credsStore": "store",
        "credHelpers": {"r.io": "own"},
        "auths": {"q.io": entry(), "r.io": entry(), HUB: entry("hub")},
    }
    assert auth.find_credential(config, "r.io", run) == credential("r.io", "u", "s")
    assert auth.find_credential(config, "q.io", run) == credential("q.io")
    assert auth.find_credential(config, "docker.io", run) == credential(HUB, "hub")
    assert asked == [("own", "r.io"), ("store", "q.io"), ("store", HUB)]


def install_helper(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = folder / "docker-credential-test"
    program.write_text("#!/bin/sh\n" + script)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


@pytest.mark.parametrize(
    ("script", "found"),
    [
        (
            'read server; echo "{\\"Username\\":\\"$1\\",\\"Secret\\":\\"$server\\"}"',
            {"username": "get", "password": "r.io", "serveraddress": "r.io"},
        ),
        (
            'echo "{\\"Username\\":\\"<token>\\",\\"Secret\\":\\"t\\"}"',
            {"identitytoken": "t", "serveraddress": "r.io"},
        ),
        ("echo credentials not found in native keychain; exit 1", None),
    ],
)
def test_a_real_helper(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, found: Optional[Mapping[str, str]]
) -> None:
    install_helper(tmp_path, monkeypatch, script)
    assert auth.find_credential({"credsStore": "test"}, "r.io") == found


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo hunter2; echo hunter2 >&2; exit 3", "exit code 3"),
        ("echo hunter2", "not understood"),
        ('echo "[\\"hunter2\\"]"', "not understood"),
    ],
)
def test_what_a_failing_helper_prints_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, words: str
) -> None:
    install_helper(tmp_path, monkeypatch, script)
    with pytest.raises(AccessDenied, match=words) as caught:
        auth.find_credential({"credHelpers": {"r.io": "test"}}, "r.io")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("helper", "words"), [("is-not-there", "not installed"), ("../../bin/sh", "no name"), ("a b", "no name")]
)
def test_a_helper_that_cannot_be_run(helper: str, words: str) -> None:
    with pytest.raises(AccessDenied, match=words):
        auth.run_credential_helper(helper, "r.io")


def test_dockers_configuration_is_found(tmp_path: Path) -> None:
    document = {"auths": {"r.io": entry()}}
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text(json.dumps(document))
    assert auth.load_config({"HOME": str(tmp_path)}) == document
    assert auth.load_config({"DOCKER_CONFIG": str(tmp_path / ".docker"), "HOME": "/nowhere"}) == document
    assert auth.load_config({"HOME": "/nowhere"}) == {}


@pytest.mark.parametrize("content", ["{", "[]", '{"auths": hunter2}'])
def test_a_broken_configuration_is_an_error_without_its_content(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(AccessDenied, match="registry credentials") as caught:
        auth.load_config({"DOCKER_CONFIG": str(tmp_path)})
    assert "hunter2" not in str(caught.value)


def test_headers_are_what_the_engine_decodes() -> None:
    given = credential("r.io", "ü", "?>~~")
    assert json.loads(base64.urlsafe_b64decode(auth.encode_auth(given))) == given
    assert auth.encode_auth(None) == "e30="
    header = auth.encode_registry_config({"docker.io": given, "https://r.io": given})
    assert json.loads(base64.urlsafe_b64decode(header)) == {HUB: given, "r.io": given}
    assert not {"+", "/", "\n"} & set(auth.encode_auth(given) + header)
