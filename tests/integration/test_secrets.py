# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets planted in the environment, in build arguments and in registry passwords are found nowhere else.

Not in what ansible-playbook prints at its most talkative, in results, diffs, labels, logs, command lines,
or files of the host that others can read.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hosts import Host, registry
from tests.integration import scene
from tests.integration.playbook import Playbook, recorded
from tests.integration.test_containers import SLEEP

PORT = 5003
# Keeps every command line and environment that is seen on the host while it runs; its own hold no secret.
_WATCH = """
import os, sys, time
seen = set()
while not os.path.exists("/run/watch-stop"):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            seen.add(open(f"/proc/{pid}/cmdline", "rb").read())
        except OSError:
            pass
    time.sleep(0.002)
open("/run/watch-seen", "wb").write(b"\\n".join(seen))
"""
# Everywhere but in the engine's own data and in what is for root's eyes only by its folder's mode.
_SEARCH = (
    "grep -rlaF -f - --exclude-dir=docker --exclude-dir=containerd --exclude-dir=stowage"
    " /etc /home /opt /root /run /srv /tmp /usr/local /var 2>/dev/null | grep -v '^/var/lib/test-registry'"
)


class Planted:
    """Distinct random strings, and where each is to be looked for."""

    def __init__(self) -> None:
        self.values = {
            name: f"{name}-{secrets.token_hex(12)}"
            for name in ("environment", "argument", "password", "wrong", "object", "hook", "command")
        }

    def __getattr__(self, name: str) -> str:
        return self.values[name]

    def found_in(self, text: str) -> list[str]:
        return [name for name, value in self.values.items() if value in text]


@pytest.fixture
def planted() -> Planted:
    return Planted()


@pytest.fixture
def address(place: Host, planted: Planted) -> Iterator[str]:
    place.run(f"rm -rf /var/lib/test-registry-{PORT}")
    address = registry.start(place, PORT, "ci", planted.password)
    registry.push(place, f"{scene.WEB}:1", f"{address}/web:1", "ci", planted.password)
    place.engine("DELETE", f"/images/{address}/web:1")
    try:
        yield address
    finally:
        registry.stop(place, PORT)


def _documents(planted: Planted, address: str, context: Path) -> dict[str, dict[str, Any]]:
    """Runs that succeed and runs that fail, each with everything planted."""
    echo = ["sh", "-c", "echo the secret is $SECRET; exec sleep 1000"]
    good = {
        "scope": "secrets",
        "monitor": 0.5,
        "registries": {address: {"username": "ci", "password": planted.password}},
        "images": {"secret:1": {"build": {"context": str(context), "args": {"SECRET": planted.argument}}}},
        "containers": {
            "app": {**SLEEP, "image": "secret:1", "environment": {"SECRET": planted.environment}, "command": echo},
            "pulled": {**SLEEP, "image": f"{address}/web:1", "environment": [f"SECRET={planted.environment}"]},
        },
    }

    def changed(**service: Any) -> dict[str, Any]:
        return {**good, "containers": {**good["containers"], "app": {**good["containers"]["app"], **service}}}

    wrong = {**good, "registries": {address: {"username": "ci", "password": planted.wrong}}}
    build = {"context": str(context), "args": {"SECRET": planted.argument, "FAIL": "1"}}
    return {
        "good": good,
        "other value": changed(environment={"SECRET": planted.environment + "-2"}),
        "taken out": changed(environment={}),
        "back": good,
        "exits": changed(command=["sh", "-c", "echo last words: $SECRET; exit 1"]),
        "refused": changed(environment={"SECRET": [planted.environment]}),
        "command": changed(command=["no-such", planted.command]),
        "build fails": {**good, "images": {"secret:1": {"build": build}}},
        "wrong login": {**wrong, "images": {f"{address}/web:1": {"pull": "always"}}},
        "hook fails": changed(
            environment={"V": "9"},
            post_start=[{"command": ["sh", "-c", "echo $H; exit 1"], "environment": {"H": planted.hook}}],
        ),
    }


@pytest.mark.flavour_in_turn
@pytest.mark.parametrize("way", ["pipelining", "files", "job"])
def test_secrets_are_nowhere(place: Host, planted: Planted, address: str, tmp_path: Path, way: str) -> None:
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text(
        f'FROM {scene.WEB}:1\nARG SECRET\nARG FAIL\nRUN echo built with $SECRET; test -z "$FAIL"\n'
    )
    documents = _documents(planted, address, context)
    keywords: dict[str, Any] = {}
    if way == "job":  # a job takes seconds to be polled and to end
        keywords = {"async": 60, "poll": 1}
        documents = {label: documents[label] for label in ("good", "exits", "wrong login")}
    play = Playbook(place)
    for label, document in documents.items():
        play.task(f"{label}/check", "host", document, check_mode=True, diff=True)
        play.task(label, "host", document, diff=True, **keywords)
    single = {"name": "one", **SLEEP, "env": {"SECRET": planted.object}, "monitor": 0}
    play.task("single", "container", single, diff=True, **keywords)
    play.task("info", "host_info", {})
    place.run("rm -f /run/watch-*")
    place.run("cat >/run/watch.py", input=_WATCH)
    place.run("systemd-run --quiet --unit=watch python3 /run/watch.py")
    place.run(["sh", "-c", "sleep 0.3 # decoy-argument"])
    folder = tmp_path / "run"
    folder.mkdir()
    environ = {"ANSIBLE_LOG_PATH": str(folder / "log")}
    process = play.start(folder, "-vvvv", environ=environ, inventory={"ansible_pipelining": way != "files"})
    text = process.communicate(timeout=300)[0]
    results = recorded(folder)
    place.run("touch /run/watch-stop; while systemctl is-active --quiet watch; do sleep 0.05; done")

    for label in (*documents, "single", "info"):
        fails = label in ("exits", "refused", "command", "build fails", "wrong login", "hook fails")
        assert bool(results[label].get("failed")) is fails, results[label]
    seen = scene.snapshot(place)
    _not_in(planted, "output", text)
    _not_in(planted, "results", json.dumps(results))
    _not_in(planted, "log", (folder / "log").read_text())
    labels = [container["Config"]["Labels"] for container in seen["containers"].values()]
    _not_in(planted, "labels", json.dumps([labels, seen["networks"], seen["volumes"], seen["labels"]]))
    assert "SECRET=" + planted.environment in json.dumps(seen["containers"]), "the secret did arrive"
    _not_on_host(place, planted)


def _not_in(planted: Planted, what: str, text: str) -> None:
    found = planted.found_in(text)
    where = [text[max(0, text.index(planted.values[name]) - 300) :][:400] for name in found]
    assert not found, f"{what}: {found}\n" + "\n---\n".join(where)


def _not_on_host(place: Host, planted: Planted) -> None:
    words = "\n".join([*planted.values.values(), "decoy-in-a-file"]) + "\n"
    seen = place.run("cat /run/watch-seen").stdout
    assert "decoy-argument" in seen, "the watch sees command lines"
    _not_in(planted, "command lines", seen)
    journal = place.run("journalctl --no-pager -o cat", timeout=60).stdout
    _not_in(planted, "journal", journal)
    place.run("cat >/srv/decoy", input="decoy-in-a-file")
    files = place.run(_SEARCH, input=words, check=False).stdout.split()
    assert files == ["/srv/decoy"], f"found in {files}"
    kept = "find /var/lib/stowage/engines -mindepth 1 ! -type d ! -perm 600 -o -mindepth 1 -type d ! -perm 700"
    assert place.run(f"{kept} 2>/dev/null").stdout == "", "what is declared is for root alone to read"
