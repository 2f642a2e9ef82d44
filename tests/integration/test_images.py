# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images by every way they come to a host: pulled, built, loaded, tagged; pushed and removed again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hosts import Host, images, registry
from tests.integration import scene
from tests.integration.playbook import Playbook, operations
from tests.integration.test_containers import REPLACE, SLEEP

OPEN, CLOSED = 5000, 5001
USER, PASSWORD = "ci", "right-horse-battery"


@pytest.fixture
def registries(place: Host) -> Iterator[tuple[str, str]]:
    """One registry that is open to all and one with a password, both empty."""
    place.run(f"rm -rf /var/lib/test-registry-{OPEN} /var/lib/test-registry-{CLOSED}")
    addresses = registry.start(place, OPEN), registry.start(place, CLOSED, USER, PASSWORD)
    try:
        yield addresses
    finally:
        registry.stop(place, OPEN)
        registry.stop(place, CLOSED)
        place.run("rm -rf /root/.docker")


def _document(image: str, entry: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    declared = {} if entry is None else {"images": {image: entry}}
    return {"scope": "images", "monitor": 0, **declared, "containers": {"app": {**SLEEP, "image": image}}, **more}


def test_pulls_by_policy_digest_and_login(place: Host, registries: tuple[str, str]) -> None:
    free, closed = registries
    for version in scene.VERSIONS:
        registry.push(place, f"{scene.WEB}:{version}", f"{free}/web:v{version}")
        registry.push(place, f"{scene.WEB}:{version}", f"{closed}/web:v{version}", USER, PASSWORD)
    retag = f"{scene.COMMAND} retag http://{{login}}@{{address}}/v2/web/manifests/"
    free_tag = retag.format(login="x:x", address=free)
    tags = [f"{address}/web:v{version}" for address in registries for version in scene.VERSIONS]
    login = {"registries": {closed: {"username": USER, "password": PASSWORD}}}

    play = Playbook(place)
    play.task("tag 1", "ansible.builtin.raw", f"{free_tag} v1 live")
    for number, tag in enumerate(tags):
        play.engine(f"forget {number}", "DELETE", f"/images/{tag}")
    play.converge("missing", "host", _document(f"{free}/web:live"))
    play.task("tag 2", "ansible.builtin.raw", f"{free_tag} v2 live")
    play.converge("still there", "host", _document(f"{free}/web:live", {"pull": "missing"}))
    play.converge("never", "host", _document(f"{free}/web:live", {"pull": "never"}))
    play.converge("always", "host", _document(f"{free}/web:live", {"pull": "always"}))
    play.converge("without login", "host", _document(f"{free}/web:live", {"pull": "always"}))
    play.task("closed", "host", _document(f"{closed}/web:v1"))
    play.task("wrong", "host", _document(f"{closed}/web:v1", registries={closed: {"username": USER, "password": "no"}}))
    play.snapshot("refused")
    play.converge("login", "host", _document(f"{closed}/web:v1", **login))
    config = json.dumps({"auths": {closed: {"auth": "Y2k6cmlnaHQtaG9yc2UtYmF0dGVyeQ=="}}})
    play.task("config", "ansible.builtin.raw", f"mkdir -p /root/.docker && echo '{config}' >/root/.docker/config.json")
    play.converge("config login", "host", _document(f"{closed}/web:v2", {"pull": "always"}))
    play.snapshot("end")
    outcome = play.run()

    outcome.converged("missing", "PullImage", "CreateContainer", "StartContainer")
    outcome.converged("still there")
    outcome.converged("never")
    always = outcome.converged("always", "PullImage", *REPLACE)
    assert f"the registry holds {outcome.json('tag 2')[:19]} now" in always["plan"][0]
    outcome.converged("without login")
    assert "auth" in outcome.failed("closed").lower()
    assert "auth" in outcome.failed("wrong").lower()
    assert outcome.json("refused")["containers"]["app"]["State"]["Running"]
    outcome.converged("login", "PullImage", *REPLACE)
    outcome.converged("config login", "PullImage", *REPLACE)


def test_digests_tags_pushes_and_removals(place: Host, registries: tuple[str, str]) -> None:
    free, _closed = registries
    target = f"{free}/team/app:1"

    def pushed(version: int) -> dict[str, Any]:
        return {"scope": "images", "images": {target: {"tag_of": f"{scene.WEB}:{version}", "push": True}}}

    play = Playbook(place)
    play.converge("push", "host", pushed(1))
    play.converge("push other", "host", pushed(2))
    play.task("lose", "ansible.builtin.raw", f"{scene.COMMAND} retag http://x:x@{free}/v2/team/app/manifests/ 1 kept")
    play.converge("absent", "host", {"scope": "images", "images": {target: {"state": "absent"}}})
    play.snapshot("gone")
    outcome = play.run()
    outcome.converged("push", "TagImage", "PushImage")
    outcome.converged("push other", "TagImage", "PushImage")
    outcome.converged("absent", "RemoveImage")
    assert target not in outcome.json("gone")["images"]

    by_digest = f"{free}/team/app@{outcome.json('lose')}"
    play = Playbook(place)
    play.converge("digest", "host", _document(by_digest))
    play.engine("only name", "DELETE", f"/images/{scene.WEB}:2")
    play.task("in use", "host", {"scope": "other", "images": {by_digest: {"state": "absent"}}})
    play.converge("gone", "host", {"scope": "images"})
    play.task("untag", "image", {"name": by_digest, "state": "absent"})
    outcome = play.run()
    outcome.converged("digest", "PullImage", "CreateContainer", "StartContainer")
    assert "is in use by app" in outcome.failed("in use")
    outcome.converged("gone", "StopContainer", "RemoveContainer")
    assert operations(outcome.ok("untag")) == ["RemoveImage"]


@pytest.mark.flavour_in_turn
def test_builds_run_when_what_goes_in_has_changed(place: Host, tmp_path: Path) -> None:
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text(
        f"FROM {scene.WEB}:1 AS base\nARG COLOUR=none\nRUN echo $COLOUR >/colour\nCOPY . /src\nFROM base\nRUN touch /last\n"
    )
    (context / ".dockerignore").write_text("*.log\n")
    (context / "page").write_text("one")

    def document(**build: Any) -> dict[str, Any]:
        return _document("built:1", {"build": {"context": str(context), **build}})

    def file(name: str, text: str) -> None:
        play.task(f"write {name} {text}", "ansible.builtin.copy", {"dest": str(context / name), "content": text},
                  delegate_to="localhost", connection="local")  # fmt: skip

    inline = f"FROM {scene.WEB}:2\nRUN echo inline >/colour\n"
    play = Playbook(place)
    play.converge("first", "host", document())
    file("noise.log", "ignored")
    play.converge("ignored file", "host", document())
    play.converge("argument", "host", document(args={"COLOUR": "blue"}))
    file("page", "two")
    play.converge("file", "host", document(args={"COLOUR": "blue"}))
    play.converge("target", "host", document(args={"COLOUR": "blue"}, target="base"))
    play.converge("inline", "host", document(dockerfile_inline=inline))
    play.task("files", "ansible.builtin.raw", f"mkdir -p /srv/build && printf 'FROM {scene.WEB}:1\\nCOPY a /a\\n' "
              ">/srv/build/Dockerfile && echo one >/srv/build/a")  # fmt: skip
    there = _document("built:1", {"build": {"context": "/srv/build", "remote_src": True}})
    play.converge("remote", "host", there)
    play.task("other file", "ansible.builtin.raw", "echo two >/srv/build/a")
    play.converge("remote changed", "host", there)
    play.snapshot("before")
    play.task("fails", "host", document(dockerfile_inline=f"FROM {scene.WEB}:1\nRUN echo broken-step >&2; exit 3\n"))
    play.task("no Dockerfile", "host", document(dockerfile="missing"))
    play.task("no context", "host", _document("built:1", {"build": {"context": str(tmp_path / "nowhere")}}))
    play.snapshot("after")
    outcome = play.run()

    rebuilt = ["BuildImage", *REPLACE, "RemoveImage"]
    outcome.converged("first", "BuildImage", "CreateContainer", "StartContainer")
    outcome.converged("ignored file")
    for label in ("argument", "file", "target", "inline", "remote", "remote changed"):
        outcome.converged(label, *rebuilt)
    message = outcome.failed("fails")
    assert "BuildImage built:1" in message
    assert "returned a non-zero code: 3" in message
    assert "broken-step" in message, "the build's own last words are told"
    assert "missing" in outcome.failed("no Dockerfile")
    assert "nowhere" in outcome.failed("no context")
    before, after = outcome.json("before"), outcome.json("after")
    assert scene.identity(before, "app") == scene.identity(after, "app")
    assert before["images"]["built:1"] == after["images"]["built:1"]


@pytest.mark.flavour_in_turn
def test_archives_are_loaded_from_here_and_from_there(place: Host, tmp_path: Path) -> None:
    for version in ("1", "2"):
        archive = images.busybox_tar("packed:1", config={"Cmd": ["sh"]}, files={"version": f"packed {version}"})
        (tmp_path / f"{version}.tar").write_bytes(archive)
    place.put(tmp_path / "1.tar", "/srv/archive.tar")

    def document(path: Path | str, **load: Any) -> dict[str, Any]:
        return _document("packed:1", {"load": {"path": str(path), **load}})

    play = Playbook(place)
    play.converge("here", "host", document(tmp_path / "1.tar"))
    play.converge("there", "host", document("/srv/archive.tar", remote_src=True))
    play.converge("other", "host", document(tmp_path / "2.tar"))
    play.converge("there again", "host", document("/srv/archive.tar", remote_src=True))
    play.task("nowhere", "host", document("/srv/nowhere.tar", remote_src=True))
    play.converge("module", "image", {"name": "packed:1", "load_path": str(tmp_path / "2.tar")})
    outcome = play.run()
    outcome.converged("here", "LoadImage", "CreateContainer", "StartContainer")
    outcome.converged("there")
    outcome.converged("other", "LoadImage", *REPLACE)
    outcome.converged("there again", "LoadImage", *REPLACE)
    assert "/srv/nowhere.tar" in outcome.failed("nowhere")
    outcome.converged("module", "LoadImage")


@pytest.mark.flavours("trixie")
def test_buildkit_where_the_host_has_it(host_factory, collection, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        f"FROM {scene.WEB}:1\nARG SECRETIVE\nRUN --mount=type=cache,target=/c touch /c/x\n"
    )
    build = {"context": str(tmp_path), "builder": "buildkit", "args": {"SECRETIVE": "quiet-argument-value"}}
    document = _document("kit:1", {"build": build})
    with host_factory("trixie", fresh=True) as host:
        scene.prepare(host)
        play = Playbook(host)
        play.task("lacking", "host", document)
        install = "apt-get update -qq && apt-get install -y -qq --no-install-recommends docker-cli docker-buildx"
        play.task("install", "ansible.builtin.raw", f"export DEBIAN_FRONTEND=noninteractive; {install}")
        play.converge("build", "host", document)
        play.task("change", "ansible.builtin.raw", "true")
        outcome = play.run()
        (tmp_path / "Dockerfile").write_text(f"FROM {scene.WEB}:1\nRUN echo broken-step >&2; exit 3\n")
        play = Playbook(host)
        play.task("broken", "host", document)
        broken = play.run().failed("broken")
    assert "buildx" in outcome.failed("lacking")
    outcome.ok("install")
    outcome.converged("build", "BuildImage", "CreateContainer", "StartContainer")
    assert "broken-step" in broken
    assert "quiet-argument-value" not in outcome.text + broken
