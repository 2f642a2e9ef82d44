# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All ways a task reaches a host, and an engine: with and without pipelining, by become, as a job, from afar."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.engine import daemons
from tests.hosts import Host
from tests.integration import scene
from tests.integration.playbook import Outcome, Playbook

SLEEP = {"image": "built:1", "command": ["sleep", "1000"], "stop_grace_period": "0s"}


def _document(context: Path, mode: str, **more: Any) -> dict[str, Any]:
    containers = {"app": {**SLEEP, "environment": {"MODE": mode}}}
    images = {"built:1": {"build": {"context": str(context)}}}
    return {"scope": "ways", "monitor": 0, "images": images, "containers": containers, **more}


@pytest.fixture
def context(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text("FROM stowage-test/web:1\nCOPY page /page\n")
    (tmp_path / "page").write_text("page")
    return tmp_path


def _shows_the_same(play: Playbook, document: dict[str, Any], **run: Any) -> Outcome:
    play.converge("deploy", "host", document)
    play.task("info", "host_info", {})
    play.task("refused", "host", {"containers": {"app": {"imagee": "x"}}})
    outcome = play.run(**run)
    outcome.converged("deploy", "BuildImage", "CreateContainer", "StartContainer")
    assert outcome.ok("info")["containers"]["app"]["scope"] == "ways"
    assert "containers.app.imagee" in outcome.failed("refused")
    return outcome


@pytest.mark.flavour_in_turn
def test_without_pipelining(place: Host, context: Path) -> None:
    _shows_the_same(Playbook(place), _document(context, "plain"), inventory={"ansible_pipelining": False})
    assert place.run("ls -A /root/.ansible/tmp 2>/dev/null", check=False).stdout == "", "nothing is left behind"


@pytest.mark.flavour_in_turn
def test_with_files_alone(place: Host, context: Path) -> None:
    """What travels when input cannot: ANSIBLE_KEEP_REMOTE_FILES is off again, so no file may stay."""
    shell = {"ansible_pipelining": False, "ansible_ssh_transfer_method": "piped"}
    _shows_the_same(Playbook(place), _document(context, "piped"), inventory=shell)


@pytest.mark.flavour_in_turn
@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelining", "files"])
def test_as_another_user_by_become(place: Host, context: Path, pipelining: bool) -> None:
    user = {"ansible_user": "deploy", "ansible_become": True, "ansible_pipelining": pipelining}
    _shows_the_same(Playbook(place), _document(context, "become"), inventory=user)


@pytest.mark.flavour_in_turn
def test_as_a_job_through_the_module_itself(place: Host, context: Path) -> None:
    play = Playbook(place)
    play.task("check", "host", _document(context, "job"), check_mode=True)
    play.task("job", "host", _document(context, "job"), **{"async": 60, "poll": 1})
    play.task("again", "host", _document(context, "job"), **{"async": 60, "poll": 1})
    play.task("after", "host", _document(context, "job"))
    play.task("refused", "host", {"containers": {"app": {"imagee": "x"}}}, **{"async": 60, "poll": 1})
    play.task("object", "container", {"name": "app", "state": "absent", "scope": "ways"}, **{"async": 60, "poll": 1})
    play.snapshot("end")
    outcome = play.run()
    assert outcome.ok("job")["plan"] == outcome.ok("check")["plan"]
    assert outcome["job"]["changed"] is True
    assert (outcome.ok("again")["plan"], outcome["again"]["changed"]) == ([], False)
    assert outcome.ok("after")["plan"] == []
    assert "containers.app.imagee" in outcome.failed("refused")
    assert outcome.ok("object")["changed"] is True
    assert not outcome.json("end")["containers"]


@pytest.mark.flavours("bookworm")
def test_from_the_controller_through_ssh_and_tls(host_factory, collection, context: Path, tmp_path_factory) -> None:
    """docker_host with delegate_to: nothing runs on the host but its engine."""
    home = tmp_path_factory.mktemp("home")
    with host_factory("bookworm", fresh=True) as host:
        scene.prepare(host)
        (home / ".ssh").mkdir(mode=0o700)
        (home / ".ssh" / "id_ed25519").write_bytes(host.key_file.read_bytes())
        (home / ".ssh" / "id_ed25519").chmod(0o600)
        (home / ".ssh" / "known_hosts").write_bytes(host.known_hosts.read_bytes())
        _serve_tls(host, home)
        tls = {
            "docker_host": f"tcp://{host.address}:2376",
            "validate_certs": True,
            "ca_path": str(home / "ca.pem"),
            "client_cert": str(home / "cert.pem"),
            "client_key": str(home / "cert-key.pem"),
        }
        ssh = {"docker_host": f"ssh://root@{host.address}"}
        away = {"delegate_to": "localhost", "environment": {"HOME": str(home)}}
        play = Playbook(host)
        for name, engine in (("ssh", ssh), ("tls", tls)):
            play.converge(name, "host", {**_document(context, name), **engine}, **away)
            play.task(f"{name} info", "host_info", engine, **away)
        play.task("nobody", "host", {**_document(context, "x"), **tls, "client_cert": "", "client_key": ""}, **away)
        play.task("unknown host", "host_info", ssh, **{**away, "environment": {"HOME": str(context)}})
        play.task("socket", "host", _document(context, "tls"))
        play.snapshot("end")
        outcome = play.run(environ={"HOME": str(home)})
    outcome.converged("ssh", "BuildImage", "CreateContainer", "StartContainer")
    assert outcome.ok("ssh info")["drift"]["ways"]["drifted"] is False
    outcome.converged("tls", "CreateContainer", "StopContainer", "StartContainer", "RemoveContainer", "RenameContainer")
    assert outcome.ok("tls info")["engine"]["version"].startswith("20.10")
    assert "certificate" in outcome.failed("nobody")
    assert "not found in known_hosts" in outcome.failed("unknown host")
    assert outcome.ok("socket")["plan"] == [], "one engine, whichever way it is reached"


def _serve_tls(host: Host, folder: Path) -> None:
    daemons.make_authority(folder, "ca")
    daemons.make_certificate(folder, "server", "ca", f"subjectAltName=IP:{host.address}\n")
    daemons.make_certificate(folder, "cert", "ca", "extendedKeyUsage=clientAuth\n")
    host.run("mkdir -p /etc/docker/tls /etc/systemd/system/docker.service.d")
    for name in ("ca.pem", "server.pem", "server-key.pem"):
        host.put(folder / name, f"/etc/docker/tls/{name}")
    files = "--tlscacert=/etc/docker/tls/ca.pem --tlscert=/etc/docker/tls/server.pem --tlskey=/etc/docker/tls/server-key.pem"
    start = f"/usr/sbin/dockerd -H fd:// -H tcp://0.0.0.0:2376 --tlsverify {files}"
    host.run(
        "cat >/etc/systemd/system/docker.service.d/tls.conf && systemctl daemon-reload && systemctl restart docker",
        input=f"[Service]\nExecStart=\nExecStart={start}\n",
    )
    host.wait_for_engine()
