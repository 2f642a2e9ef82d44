# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of engines and clients, on two hosts and against real engines: the CA's rotation, and what goes wrong.

The engines' configuration is a test's own here; the scenario engine-tls has the role do all of it.
"""

from __future__ import annotations

import http.client
import json
import shutil
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Self

import pytest

from tests.hosts import Host
from tests.integration.playbook import Outcome, Playbook

PORT = 2376
FOLDER = "/etc/docker/tls"
MODULE = "engine_certificates"
CLIENT = "engine_client"
DAEMON = {
    "hosts": ["fd://", f"tcp://0.0.0.0:{PORT}"],
    "tlsverify": True,
    "tlscacert": f"{FOLDER}/ca.pem",
    "tlscert": f"{FOLDER}/cert.pem",
    "tlskey": f"{FOLDER}/key.pem",
    "live-restore": True,
}
DROP_IN = "[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd --containerd=/run/containerd/containerd.sock\n"


@pytest.fixture
def pair(host_factory: Any, collection: None) -> Iterator[list[Host]]:
    """A host of each release whose engine is told to ask for certificates at its next start."""
    hosts = [host_factory(flavour, fresh=True) for flavour in ("trixie", "bookworm")]
    for host in hosts:
        host.run(f"mkdir -p /etc/systemd/system/docker.service.d && printf '{DROP_IN}' "
                 ">/etc/systemd/system/docker.service.d/test.conf && systemctl daemon-reload")  # fmt: skip
        host.run("cat >/etc/docker/daemon.json", input=json.dumps(DAEMON))
    yield hosts
    for host in hosts:
        host.remove()


@dataclass
class Fleet:
    """Two hosts and a CA; the second host has a context for the first."""

    hosts: list[Host]
    ca: Path
    options: dict[str, Any] = field(default_factory=dict)

    def handle(self, host: Host) -> dict[str, dict[str, Any]]:
        """All that the role does on one host, in its order. Returns what came of it, by step."""
        arguments = {"ca": str(self.ca), "overlap_days": 0, "clients": ["admin"], **self.options}
        play = Playbook(host)
        play.task("have", MODULE, arguments)
        play.task(
            "restart", "ansible.builtin.raw", "systemctl reset-failed docker docker.socket; systemctl restart docker"
        )
        play.task("confirm", MODULE, {**arguments, "state": "confirmed"})
        if host is self.hosts[1]:
            far = {"host": f"tcp://{self.hosts[0].address}:{PORT}", "client": "admin"}
            play.task("contexts", CLIENT, {"ca": str(self.ca), "contexts": {"far": far}})
        outcome = play.run()
        host.wait_for_engine()
        return {label: outcome.ok(label) for label in outcome.results}


def converged(outcome: Outcome, label: str) -> dict[str, Any]:
    check, apply, again = (outcome.ok(f"{label}/{phase}") for phase in ("check", "apply", "again"))
    assert check["plan"] == apply["plan"]
    assert check.get("diff") == apply.get("diff")
    assert check["changed"] is apply["changed"] is bool(apply["plan"])
    assert (again["plan"], again["changed"]) == ([], False)
    return apply


def verbs(result: dict[str, Any]) -> list[str]:
    return [line.split()[0] for line in result["plan"]]


def ping(host: Host, client: Path | None) -> None:
    """One request over a connection of its own; ssl.SSLError where either refuses the other."""
    context = ssl.create_default_context(cafile=str((client or Path()) / "ca.pem") if client else None)
    if client:
        context.load_cert_chain(client / "cert.pem", client / "key.pem")
    connection = http.client.HTTPSConnection(host.address, PORT, context=context, timeout=10)
    try:
        connection.request("GET", "/_ping")
        assert connection.getresponse().read() == b"OK"
    finally:
        connection.close()


def refused(host: Host, client: Path) -> bool:
    try:
        ping(host, client)
    except (ssl.SSLError, ConnectionResetError):
        return True
    return False


class Callers:
    """Clients that go on asking all hosts, each with a folder of its own. An engine that restarts is no refusal."""

    def __init__(self, hosts: list[Host], folders: list[Path]) -> None:
        self.answers = 0
        self.refusals: list[str] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._call, args=([(host, one) for host in hosts for one in folders],))

    def _call(self, pairs: list[tuple[Host, Path]]) -> None:
        while not self._end.is_set():
            for host, folder in pairs:
                self._ask(host, folder)
            time.sleep(0.05)

    def _ask(self, host: Host, folder: Path) -> None:
        try:
            ping(host, folder)
            self.answers += 1
        except ssl.SSLEOFError:
            pass  # it went down in the middle of the handshake: who refuses says so
        except ssl.SSLError as error:
            self.refusals.append(f"{host.name} with {folder.name}: {error}")
        except (OSError, http.client.HTTPException):
            pass

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()


def test_a_new_ca_takes_over_and_nobody_is_refused(pair: list[Host], tmp_path: Path) -> None:
    """Each host by itself, so that at every moment some are handled and others are not."""
    fleet = Fleet(pair, tmp_path / "ca", {"passphrase": "a passphrase of the CA"})
    admin = fleet.ca / "clients" / "admin"
    folder = ["IssueCertificate", "TrustAuthorities"]
    first = [fleet.handle(host) for host in pair]
    assert verbs(first[0]["have"]) == ["MakeAuthority", *folder, "MakeKey", "TrustAuthorities", "IssueCertificate"]
    assert verbs(first[1]["have"]) == ["MakeKey", "TrustAuthorities", "IssueCertificate"]
    for host in pair:
        ping(host, admin)
    former = (fleet.ca / "ca.pem").read_bytes()
    keys = [host.run(f"sha256sum {FOLDER}/key.pem").stdout for host in pair]

    # What somebody copied at a phase's end is good for the phase that follows.
    copy = Path(shutil.copytree(admin, tmp_path / "beginning"))
    time.sleep(1)  # a certificate knows whole seconds: the first CA has to be of an earlier one
    fleet.options["rotate_before"] = f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M:%S.%f}"
    for phase, begins, follows in (
        ("distributing", ["BeginRotation", "TrustAuthorities", "TrustAuthorities"], ["TrustAuthorities"]),
        ("issuing", ["SwitchAuthority", "IssueCertificate", "IssueCertificate"], ["IssueCertificate"]),
        ("none", ["DropAuthority", "TrustAuthorities", "TrustAuthorities"], ["TrustAuthorities"]),
    ):
        with Callers(pair, [admin, copy]) as callers:
            for host, plan in zip(pair, (begins, follows), strict=True):
                done = fleet.handle(host)
                assert verbs(done["have"]) == plan, phase
                assert done["have"]["restart"] is True
                assert done["have"]["rotation"] == phase
                assert host.name not in done["confirm"]["waits_for"]
            assert verbs(done["contexts"]) == ["WriteContext"]
            if phase != "none":
                # Not before the contexts have it as well.
                assert done["confirm"]["waits_for"] == [f"the contexts of admin of root on {pair[1].name}"]
                assert "is being rotated" in done["confirm"]["warnings"][0]
        assert callers.refusals == []
        assert callers.answers > 20
        copy = Path(shutil.copytree(admin, tmp_path / phase))

    assert (fleet.ca / "ca.pem").read_bytes() != former
    assert sorted(path.name for path in fleet.ca.glob("*.pem")) == ["ca-key.pem", "ca.pem"]
    assert [host.run(f"sha256sum {FOLDER}/key.pem").stdout for host in pair] == keys
    for host in pair:
        ping(host, admin)
        assert refused(host, tmp_path / "beginning"), "who trusts the former CA alone meets a server of the new one"
        assert refused(host, tmp_path / "distributing"), "a certificate of the former CA is accepted still"
    assert fleet.handle(pair[1])["have"]["plan"] == []


SECRETS = ("a passphrase of the CA", "PRIVATE KEY")


@pytest.mark.flavours("trixie", "bookworm")
@pytest.mark.flavour_in_turn
def test_what_goes_wrong_changes_nothing(host: Host, collection: None, tmp_path: Path) -> None:
    """One clear error each, the same in check mode, and nothing written on either side."""
    ca = tmp_path / "ca"
    good = {"ca": str(ca), "passphrase": SECRETS[0], "clients": ["admin"]}
    (tmp_path / "file").write_text("")
    bad = {
        "passphrase": ({"passphrase": "another"}, "cannot be opened with this passphrase"),
        "no passphrase": ({"passphrase": ""}, "is encrypted: its passphrase is needed"),
        "folder": ({"ca": str(tmp_path / "file" / "ca")}, "the CA's folder"),
        "client": ({"clients": ["../x"]}, "cannot be the name of a client"),
        "name": ({"names": ["a b"]}, "neither a host name nor an address"),
        "moment": ({"rotate_before": "yes"}, "has to be a date or a time"),
        "ahead": ({"rotate_before": "2099-01-01"}, "lies ahead"),
        "days": ({"days": 10}, "anew at every run"),
        "foreign": ({"ca": str(tmp_path / "other")}, "neither of this CA nor put there by this role"),
    }
    client = {"ca": str(ca), "contexts": {"x1": {"host": "tcp://h:2376", "client": "admin"}}}
    bad_client = {
        "user": ({**client, "users": ["mallory"]}, "there is no user mallory on this host"),
        "context user": ({**client, "context_users": ["mallory"]}, "there is no user mallory on this host"),
        "no such client": (
            {"ca": str(ca), "contexts": {"x1": {"host": "tcp://h", "client": "ci"}}},
            "engine_tls_clients",
        ),
        "no ca": ({"contexts": client["contexts"]}, "name its folder"),
        "config": ({"proxies": {"http": "http://p"}}, "config.json of root is not JSON"),
    }
    listing = f"ls -la --full-time {FOLDER} /root/.docker /var/lib/stowage/engine 2>&1; cat /root/.docker/config.json"
    play = Playbook(host)
    play.task("clean", "ansible.builtin.raw", f"rm -rf {FOLDER} /root/.docker; mkdir /root/.docker")
    play.task("no openssl", "ansible.builtin.raw", "mv /usr/bin/openssl /usr/bin/openssl.away")
    play.task("without/check", MODULE, good, check_mode=True)
    play.task("without/apply", MODULE, good)
    play.task("openssl", "ansible.builtin.raw", "mv /usr/bin/openssl.away /usr/bin/openssl")
    play.converge("good", MODULE, good)
    play.task("lose memory", "ansible.builtin.raw", "rm /var/lib/stowage/engine/certificates.json")
    play.task("break config", "ansible.builtin.raw", "echo '{' >/root/.docker/config.json")
    play.task("before", "ansible.builtin.raw", listing)
    for label, (change, _) in bad.items():
        play.task(f"{label}/check", MODULE, {**good, **change}, check_mode=True)
        play.task(f"{label}/apply", MODULE, {**good, **change})
    for label, (arguments, _) in bad_client.items():
        play.task(f"{label}/check", CLIENT, arguments, check_mode=True)
        play.task(f"{label}/apply", CLIENT, arguments)
    play.task("after", "ansible.builtin.raw", listing)
    play.task("mend", "ansible.builtin.raw", f"rm /root/.docker/config.json; chmod 644 {FOLDER}/key.pem")
    play.converge("modes", MODULE, good)
    play.task("damage", "ansible.builtin.raw", f"echo >{FOLDER}/cert.pem; rm {FOLDER}/key.pem")
    play.converge("damage", MODULE, good)
    play.converge("contexts", CLIENT, client)
    play.task("bring", "ansible.builtin.raw", "cat /root/.docker/contexts/tls/*/docker/key.pem >/root/brought")
    play.converge("nothing", CLIENT, {"ca": str(ca)})
    play.converge("absent", MODULE, {**good, "state": "absent"})
    play.task("end", "ansible.builtin.raw", f"ls -d {FOLDER} /root/.docker /var/lib/stowage/engine/c*.json 2>/dev/null")
    outcome = play.run("-vvv")

    assert "there is no openssl on" in outcome.failed("without/apply")
    assert outcome.ok("without/check")["plan"] == converged(outcome, "good")["plan"]
    for label, (_, message) in {**bad, **bad_client}.items():
        assert message in outcome.failed(f"{label}/check"), label
        assert outcome.failed(f"{label}/apply") == outcome.failed(f"{label}/check"), label
    assert outcome["before"]["stdout"] == outcome["after"]["stdout"]
    assert not (tmp_path / "other" / "ca.pem").exists()
    assert converged(outcome, "modes")["plan"] == [f"Protect {FOLDER}/key.pem (mode 0644, not 0400)"]
    assert verbs(converged(outcome, "damage")) == ["MakeKey", "IssueCertificate"]
    assert verbs(converged(outcome, "contexts")) == ["WriteContext"]
    assert verbs(converged(outcome, "nothing")) == ["RemoveContext"]
    assert verbs(converged(outcome, "absent")) == ["RemoveFile"] * 3
    assert outcome["end"]["stdout"].strip() == ""
    assert list((ca / "hosts").iterdir()) == []

    key = (ca / "clients" / "admin" / "key.pem").read_text()
    assert host.run("cat /root/brought").stdout == key
    seen = outcome.text + json.dumps(outcome.results)
    for secret in (*SECRETS, key.splitlines()[1]):
        assert secret not in seen, "a secret is in what Ansible says"
