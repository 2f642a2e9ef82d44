# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test hosts themselves: every flavour boots, and does what tests rely on."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.hosts import BARE_FLAVOURS, Host, HostError, api, build, hosts, images, keys, layers, outer, registry
from tests.hosts.mirror import read_mirror
from tests.hosts.pytest_plugin import HostFactory

_TOP = Path(__file__).resolve().parents[2]
_VERSIONS = {"bookworm": "20.10.", "trixie": "26.1.", "trixie-containerd": "26.1.", "sid": "28."}


def _run(host: Host, image: str, script: str) -> str:
    container = host.engine("POST", "/containers/create", {"Image": image, "Cmd": ["sh", "-c", script], "Tty": True})
    host.engine("POST", f"/containers/{container['Id']}/start")
    host.engine("POST", f"/containers/{container['Id']}/wait")
    said: str = host.engine("GET", f"/containers/{container['Id']}/logs?stdout=1")
    return said.strip()


def test_nested_container_runs(clean_host: Host, flavour: str) -> None:
    images.load(clean_host, images.busybox_tar("test/busybox:1", files={"version": "one"}))
    assert clean_host.engine("GET", "/version")["Version"].startswith(_VERSIONS[flavour])
    assert clean_host.engine("GET", "/info")["Driver"] == (
        "overlayfs" if flavour.endswith("containerd") else "overlay2"
    )
    assert _run(clean_host, "test/busybox:1", "echo $(cat /version) $(id -u app)") == "one 1000"


def test_versions_of_an_image_differ_in_what_was_asked_for(clean_host: Host) -> None:
    for version in ("1", "2"):
        health = {"Test": ["CMD", "true"], "Interval": 10**9}
        config = {"Labels": {"version": version}, "Env": [f"VERSION={version}"], "Healthcheck": health}
        images.load(clean_host, images.busybox_tar(f"test/web:{version}", config=config, files={"version": version}))
    first, second = (clean_host.engine("GET", f"/images/test/web:{version}/json") for version in "12")
    assert first["RootFS"]["Layers"][0] == second["RootFS"]["Layers"][0]
    assert (first["Config"]["Labels"], second["Config"]["Labels"]) == ({"version": "1"}, {"version": "2"})
    assert second["Config"]["Env"][-1] == "VERSION=2"
    assert second["Config"]["Healthcheck"]["Test"] == ["CMD", "true"]


def test_archive_has_the_same_bytes_every_time() -> None:
    once, again = (images.busybox_tar("test/web:1", files={"a": "1"}) for _ in range(2))
    assert once == again != images.busybox_tar("test/web:1", files={"a": "2"})


@pytest.mark.flavour_in_turn
def test_wiping_leaves_nothing(clean_host: Host) -> None:
    images.load(clean_host, images.busybox_tar("test/busybox:1", "test/other:1", config={"Volumes": {"/data": {}}}))
    clean_host.engine("POST", "/networks/create", {"Name": "net"})
    clean_host.engine("POST", "/volumes/create", {"Name": "data"})
    _run(clean_host, "test/busybox:1", "true")
    clean_host.wipe_engine()
    assert clean_host.engine("GET", "/containers/json?all=1") == []
    assert clean_host.engine("GET", "/images/json") == []
    assert not clean_host.engine("GET", "/volumes")["Volumes"]
    assert {n["Name"] for n in clean_host.engine("GET", "/networks")} == {"bridge", "host", "none"}


def test_registry_asks_for_the_password(clean_host: Host) -> None:
    images.load(clean_host, images.busybox_tar("test/busybox:1"))
    address = registry.start(clean_host, 5001, "ci", "right horse")
    try:
        target = f"{address}/team/web:1"
        with pytest.raises(api.EngineError, match=r"(?i)unauthorized"):
            registry.push(clean_host, "test/busybox:1", target, "ci", "wrong horse")
        registry.push(clean_host, "test/busybox:1", target, "ci", "right horse")
    finally:
        registry.stop(clean_host, 5001)
    with pytest.raises(api.EngineError, match="refused"):
        registry.push(clean_host, "test/busybox:1", target, "ci", "right horse")


@pytest.mark.flavour_in_turn
def test_killed_engine_stays_down_until_started(clean_host: Host) -> None:
    clean_host.kill_engine()
    try:
        with pytest.raises(HostError, match="does not answer"):
            clean_host.wait_for_engine(3)
    finally:
        clean_host.start_engine()
    assert clean_host.engine("GET", "/_ping") == "OK"


@pytest.mark.flavours("bookworm")
def test_docker_client_reaches_the_engine_over_ssh(host: Host) -> None:
    request = "GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n"
    assert host.run("docker system dial-stdio", input=request).stdout.startswith("HTTP/1.0 200")


@pytest.mark.flavours(*BARE_FLAVOURS)
def test_bare_host_can_install_an_engine(flavour: str, host: Host) -> None:
    assert host.run("ls /usr/sbin/dockerd", check=False).returncode
    host.run("apt-get update -q && apt-get install -q -y --download-only --no-install-recommends docker.io")
    systemd = host.run("test -d /run/systemd/system", check=False).returncode == 0
    assert systemd == (not flavour.endswith("nosystemd"))


@pytest.mark.flavours("bookworm", "bookworm-nosystemd")
def test_second_user_has_sudo(host: Host) -> None:
    deploy = Host(host.name, host.flavour, host.address, host.container, user="deploy")
    assert deploy.run("id -un; sudo id -un").stdout.split() == ["deploy", "root"]


@pytest.mark.flavours("bookworm")
def test_unknown_host_key_is_refused(host: Host, host_factory: HostFactory) -> None:
    other = host_factory("bookworm-nosystemd")
    impostor = Host(host.name, host.flavour, other.address, other.container[::-1])
    with pytest.raises(HostError, match="Host key verification failed"):
        impostor.run("true")


@pytest.mark.flavours("bookworm")
def test_files_and_sockets_come_across(host: Host, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_text("content")
    host.put(tmp_path / "folder", "/root/put-test")
    assert host.run(["cat", "/root/put-test/file"]).stdout == "content"
    host.run("rm -r /root/put-test")
    with host.docker_socket_forward() as path:
        assert Path(path).is_socket()
    assert not Path(path).exists()


def test_changed_recipe_is_built_anew_and_the_stale_image_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    for script in ("containerd-store.sh", "engine.sh", "containerd-store.sh"):
        parent = "bookworm-nosystemd" if script != "engine.sh" else "bookworm"
        throwaway = layers.Layer("bookworm", parent, script=script)
        monkeypatch.setitem(layers.LAYERS, "throwaway", throwaway)
        image = build.build("throwaway")
        assert outer.docker("images", "-q", "stowage-test/throwaway").split() == [outer.docker("images", "-q", image)]
    outer.docker("rmi", image)


def test_hash_follows_what_decides_the_content() -> None:
    mirror = read_mirror()
    other = dataclasses.replace(mirror, certificates=(("other.crt", "-----BEGIN CERTIFICATE-----"),))
    before, after = ({name: layers.recipe_hash(name, m) for name in layers.LAYERS} for m in (mirror, other))
    kept = {name for name in layers.LAYERS if before[name] == after[name]}
    assert kept == {"bookworm-debootstrap", "trixie-debootstrap"}
    assert len(set(before.values())) == len(layers.LAYERS)


@pytest.mark.flavours("bookworm-nosystemd", "trixie-bare")
def test_fresh_machine_is_made_ready(flavour: str, host_factory: HostFactory) -> None:
    with host_factory(flavour, fresh=True) as machine:
        machine.run("mkdir /root/tests")
        machine.put(_TOP / "tests" / "__init__.py", "/root/tests/__init__.py")
        machine.put(_TOP / "tests" / "hosts", "/root/tests/hosts")
        ready = "from tests.hosts import machine, outer; machine.ensure(); print(outer.answers())"
        for _ in range(2):
            assert machine.run(["python3", "-c", ready]).stdout.split()[-1] == "True"
        assert machine.engine("GET", "/info")["Driver"] == "overlay2"
        stopped = machine.run("python3 -m tests.hosts down --all --engine").stdout
        assert stopped == "the machine's engine  stopped\n"
        assert machine.run("pgrep -x dockerd", check=False).returncode == 1


def test_second_build_is_cached(flavour: str) -> None:
    image = build.build(flavour)
    started = time.monotonic()
    assert build.build(flavour) == image
    assert time.monotonic() - started < 5


@pytest.mark.flavours("bookworm")
def test_removed_host_leaves_nothing(flavour: str) -> None:
    with hosts.up(flavour) as host:
        volumes = _volumes(host.name)
        assert len(volumes) == 2
        assert host.boot_seconds < 20
    assert _volumes(host.name) == []
    assert host.name not in [other.name for other in hosts.listed()]
    assert not keys.known_hosts(host.name).exists()


def test_host_of_a_name_is_found_again_and_replaced_once_stopped() -> None:
    first = hosts.up("bookworm-nosystemd", "found-again")
    try:
        assert hosts.up("bookworm-nosystemd", "found-again").container == first.container
        with pytest.raises(HostError, match="is there as bookworm-nosystemd"):
            hosts.up("trixie-bare", "found-again")
        outer.docker("kill", first.container)
        second = hosts.up("bookworm-nosystemd", "found-again")
        assert second.container != first.container
        assert second.run("hostname").stdout == "found-again\n"
    finally:
        hosts.down("found-again")
    assert _volumes("found-again") == []
    with pytest.raises(HostError, match="no such test host"):
        hosts.down("found-again")


def _volumes(name: str) -> list[str]:
    return outer.docker("volume", "ls", "-q", "--filter", f"label={outer.LABEL}={name}").split()


@pytest.mark.flavours("trixie")
def test_inventory_serves_ansible(host: Host, tmp_path: Path) -> None:
    listing = subprocess.run(
        [sys.executable, "-m", "tests.hosts", "inventory"],
        cwd=_TOP,
        capture_output=True,
        text=True,
        check=True,
    )
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(listing.stdout)
    done = subprocess.run(
        [Path(sys.executable).with_name("ansible"), "-i", inventory, host.name, "-m", "ansible.builtin.ping"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "pong" in done.stdout, done.stdout + done.stderr
