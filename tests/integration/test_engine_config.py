# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration on real engines: what is set shows, what is unset goes, and containers run through all of it."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.hosts import Host
from tests.integration import scene
from tests.integration.playbook import Outcome, Playbook

pytestmark = pytest.mark.flavours("bookworm", "trixie")
FILE = "/etc/docker/daemon.json"
DROP_IN = "/etc/systemd/system/docker.service.d/stowage.conf"
RESTART = "systemctl reset-failed docker; systemctl restart docker"
THEIRS = {"shutdown-timeout": 20, "labels": ["theirs=1"], "log-opts": {"mode": "blocking"}}
WEB = {
    "Image": f"{scene.WEB}:1",
    "HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": "8081"}]}},
    "ExposedPorts": {"80/tcp": {}},
}


@pytest.fixture(scope="module")
def lent(host: Host, collection: None) -> Iterator[Host]:
    """The session's host, which other tests find again as it was."""
    yield host
    host.wipe_engine()
    host.run(f"rm -rf {FILE} /var/lib/stowage {DROP_IN} && systemctl daemon-reload && {RESTART}")


@pytest.fixture
def place(lent: Host) -> Host:
    """A host whose engine has the tests' image and a configuration of somebody's, and none of ours."""
    _write(lent, json.dumps(THEIRS))
    lent.run(f"rm -rf /var/lib/stowage {DROP_IN} && systemctl daemon-reload && {RESTART}")
    scene.prepare(lent)
    return lent


def _write(host: Host, text: str) -> None:
    host.run(f"cat >{FILE}", input=text)


def _read(host: Host) -> Any:
    return json.loads(host.run(["cat", FILE]).stdout)


def _pid(host: Host) -> str:
    return host.run("cat /var/run/docker.pid").stdout.strip()


def _converged(outcome: Outcome, label: str) -> dict[str, Any]:
    """The apply of check, apply and again; it did what check said, and left nothing."""
    check, apply, again = (outcome.ok(f"{label}/{phase}") for phase in ("check", "apply", "again"))
    assert check["plan"] == apply["plan"], label
    assert check.get("diff") == apply.get("diff"), label
    assert (again["plan"], again["changed"]) == ([], False), label
    assert check["changed"] is apply["changed"] is bool(apply["plan"]), label
    return apply


def _run(host: Host, **options: Any) -> dict[str, Any]:
    """One configuration, converged."""
    play = Playbook(host)
    play.converge("it", "engine_config", options)
    return _converged(play.run(), "it")


def _start(host: Host, name: str, body: dict[str, Any] | None = None) -> str:
    """A container that runs; the moment of its start."""
    host.engine("POST", f"/containers/create?name={name}", body or {"Image": f"{scene.WEB}:1", "StopTimeout": 0})
    host.engine("POST", f"/containers/{name}/start")
    return _started(host, name)


def _started(host: Host, name: str) -> str:
    state = host.engine("GET", f"/containers/{name}/json")["State"]
    assert state["Running"]
    return str(state["StartedAt"])


class Client:
    """Asks a web server on and on, each time over a connection of its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers = 0
        self.misses: list[str] = []
        self._over = threading.Event()

    def _ask(self) -> None:
        while not self._over.is_set():
            try:
                with urllib.request.urlopen(self.url, timeout=5) as answer:
                    assert answer.read() == b"page 1\n"
                self.answers += 1
            except (OSError, AssertionError) as error:
                self.misses.append(repr(error))
            time.sleep(0.01)

    @contextmanager
    def asking(self) -> Iterator[None]:
        asker = threading.Thread(target=self._ask)
        asker.start()
        try:
            yield
        finally:
            self._over.set()
            asker.join()


EVERYTHING = {
    "log_driver": "local",
    "log_options": {"max-size": "5m", "max-file": 2},
    "registry_mirrors": ["https://mirror.example.net"],
    "insecure_registries": ["registry.example.net:5000"],
    "address_pools": [{"base": "10.199.0.0/16", "size": 24}],
    "bip": "172.29.0.1/24",
    "dns": ["192.0.2.53"],
    "dns_search": ["example.net"],
    "dns_options": ["ndots:2"],
    "mtu": 1400,
    "ipv6": True,
    "fixed_cidr_v6": "fd00:99::/64",
    "default_ulimits": {"nofile": {"soft": 1000, "hard": 2000}, "nproc": 500},
    "live_restore": "true",
    "metrics_address": "127.0.0.1:9323",
    "proxies": {"http": "http://user:hidden@proxy.example.net:3128", "no": "localhost"},
    "features": {"buildkit": True},
    "runtimes": ["crun"],
    "default_runtime": "runc",
    "debug": True,
    "labels": ["rack=7"],
    "icc": False,
    "userland_proxy": False,
    "no_new_privileges": True,
    "config": {"max-concurrent-downloads": 2},
}
LOOK = (
    "test-engine GET /info >/tmp/info; test-engine GET /networks/bridge >/tmp/bridge;"
    ' python3 -c \'import json; print(json.dumps({n: json.load(open("/tmp/" + n)) for n in ("info", "bridge")}))\''
)


def test_all_options_show_and_go_again(place: Host) -> None:
    metrics = "python3 -c 'import urllib.request as r; print(r.urlopen(\"http://127.0.0.1:9323/metrics\").status)'"
    play = Playbook(place)
    play.converge("all", "engine_config", EVERYTHING)
    play.task("seen", "ansible.builtin.raw", LOOK)
    play.task("metrics", "ansible.builtin.raw", metrics)
    play.task("environment", "ansible.builtin.raw", "tr '\\0' '\\n' </proc/$(cat /var/run/docker.pid)/environ")
    play.task("file", "ansible.builtin.raw", f"cat {FILE}; stat -c %a {FILE}")
    play.converge("none", "engine_config", {"live_restore": "false", "log_options": {}})
    play.task("after", "ansible.builtin.raw", LOOK)
    play.converge("gone", "engine_config", {"state": "absent"})
    outcome = play.run()
    applied = _converged(outcome, "all")
    assert applied["plan"][-1].startswith("RestartEngine docker (")
    assert "hidden" not in outcome.text
    assert "hidden" not in json.dumps(outcome.results["all/apply"])
    seen = outcome.json("seen")
    info, bridge = seen["info"], seen["bridge"]
    assert (info["LoggingDriver"], info["LiveRestoreEnabled"], info["Debug"]) == ("local", True, True)
    assert info["RegistryConfig"]["Mirrors"] == ["https://mirror.example.net/"]
    assert "registry.example.net:5000" in info["RegistryConfig"]["IndexConfigs"]
    assert [(pool["Base"], pool["Size"]) for pool in info["DefaultAddressPools"]] == [("10.199.0.0/16", 24)]
    assert sorted(info["Labels"]) == ["rack=7", "theirs=1"]
    assert "crun" in info["Runtimes"]
    if place.flavour != "bookworm":  # 20.10 does not show it
        assert "name=no-new-privileges" in info["SecurityOptions"]
    assert bridge["EnableIPv6"]
    assert bridge["IPAM"]["Config"][0]["Subnet"] == "172.29.0.0/24"
    assert bridge["Options"]["com.docker.network.driver.mtu"] == "1400"
    assert bridge["Options"]["com.docker.network.bridge.enable_icc"] == "false"
    assert outcome.ok("metrics")["stdout"].strip() == "200"
    text, mode = outcome.ok("file")["stdout"].strip().rsplit("\n", 1)
    written = json.loads(text)
    assert list(written)[:3] == list(THEIRS)
    assert written["log-opts"] == {"mode": "blocking", "max-size": "5m", "max-file": "2"}
    assert (mode == "600") is ("proxies" in written)
    environment = "HTTP_PROXY=http://user:hidden@proxy.example.net:3128" in outcome.ok("environment")["stdout"]
    assert environment is not ("proxies" in written)
    after = outcome.json("after")["info"]
    assert (after["Labels"], after["Debug"], after["LiveRestoreEnabled"]) == (["theirs=1"], False, False)
    assert after["RegistryConfig"]["Mirrors"] in ([], None)
    _converged(outcome, "none")
    _converged(outcome, "gone")
    assert _read(place) == THEIRS
    assert place.run("ls /etc/systemd/system/docker.service.d /etc/docker/*.env", check=False).stdout == ""


@pytest.mark.flavour_in_turn
def test_what_can_be_reloaded_restarts_nothing(place: Host) -> None:
    settled = {"labels": ["rack=7"], "config": {"max-concurrent-downloads": 4}}
    play = Playbook(place)
    play.task("settled", "engine_config", {})
    play.task("pid", "ansible.builtin.raw", "cat /var/run/docker.pid")
    loud = {**settled, "debug": True, "registry_mirrors": ["https://mirror.example.net"], "live_restore": "false"}
    play.converge("set", "engine_config", loud)
    play.task("seen", "ansible.builtin.raw", f"{scene.COMMAND} GET /info")
    play.converge("unset", "engine_config", settled)
    play.task("left", "ansible.builtin.raw", f"{scene.COMMAND} GET /info")
    play.task("same", "ansible.builtin.raw", "cat /var/run/docker.pid")
    outcome = play.run()
    applied, gone = _converged(outcome, "set"), _converged(outcome, "unset")
    assert applied["plan"][-1].startswith("ReloadEngine docker (debug, ")
    assert gone["plan"][-1] == "ReloadEngine docker (debug, live-restore, registry-mirrors)"
    assert outcome.ok("pid")["stdout"] == outcome.ok("same")["stdout"]
    seen, left = outcome.json("seen"), outcome.json("left")
    assert (seen["Debug"], seen["LiveRestoreEnabled"], sorted(seen["Labels"])) == (True, False, ["rack=7", "theirs=1"])
    assert seen["RegistryConfig"]["Mirrors"] == ["https://mirror.example.net/"]
    # An engine keeps what its file no longer speaks of, unless it is told otherwise.
    assert (left["Debug"], left["LiveRestoreEnabled"], left["RegistryConfig"]["Mirrors"] or []) == (False, True, [])
    assert _read(place) == {
        **THEIRS,
        "labels": ["theirs=1", "rack=7"],
        "log-opts": {"mode": "blocking", "max-size": "10m", "max-file": "3"},
        "live-restore": True,
        "max-concurrent-downloads": 4,
    }


def test_a_client_misses_no_answer_while_the_engine_is_restarted(place: Host) -> None:
    """Live-restore is not on before: it is taken up first, and then the restart leaves containers alone."""
    began = _start(place, "web", WEB)
    pid = _pid(place)
    client = Client(f"http://{place.address}:8081/")
    with client.asking():
        time.sleep(0.5)
        done = _run(place, default_ulimits={"nofile": 4096}, icc=False)
        time.sleep(0.5)
    why = "default-ulimits.nofile, log-opts.max-file, log-opts.max-size, live-restore; containers run on"
    assert done["plan"][-2:] == [
        "ReloadEngine docker (live-restore on: containers are to run on through the restart)",
        f"RestartEngine docker ({why})",
    ]
    assert client.misses == []
    assert client.answers > 20
    assert _pid(place) != pid
    assert _started(place, "web") == began
    (waiting,) = done["pending"]
    assert waiting.startswith("icc: the default bridge is made anew when")
    place.engine("DELETE", "/containers/web?force=1")
    again = _run(place, default_ulimits={"nofile": 4096}, icc=False)
    assert (again["plan"], again["pending"]) == (["RestartEngine docker (icc)"], [])
    bridge = place.engine("GET", "/networks/bridge")
    assert bridge["Options"]["com.docker.network.bridge.enable_icc"] == "false"


@pytest.mark.flavour_in_turn
def test_a_restart_can_wait(place: Host) -> None:
    pid = "cat /var/run/docker.pid"
    play = Playbook(place)
    play.task("settled", "engine_config", {})
    play.task("first", "ansible.builtin.raw", pid)
    play.converge("waits", "engine_config", {"mtu": 1400, "debug": True, "restart": False})
    play.task("second", "ansible.builtin.raw", pid)
    # A run that was killed between writing and restarting leaves just this.
    play.converge("done", "engine_config", {"mtu": 1400, "debug": True})
    play.task("third", "ansible.builtin.raw", pid)
    play.task("waits again", "engine_config", {"mtu": 1410, "debug": True, "restart": False})
    play.task("by hand", "ansible.builtin.raw", "systemctl restart docker")
    play.converge("in force", "engine_config", {"mtu": 1410, "debug": True})
    outcome = play.run()
    waits = _converged(outcome, "waits")
    assert waits["plan"][-1] == "ReloadEngine docker (debug)"
    assert waits["pending"] == outcome.ok("waits/again")["pending"]
    assert waits["pending"] == ["mtu: the engine takes it up when it is restarted"]
    assert _converged(outcome, "done")["plan"] == ["RestartEngine docker (mtu)"]
    first, second, third = (outcome.ok(name)["stdout"] for name in ("first", "second", "third"))
    assert first == second != third
    assert outcome.ok("waits again")["pending"]
    done = _converged(outcome, "in force")
    assert (done["plan"], done["pending"]) == ([], [])


def _fails(place: Host, **options: Any) -> str:
    """A configuration that is refused; returns why."""
    play = Playbook(place)
    play.task("it", "engine_config", options)
    return play.run().failed("it")


@pytest.mark.flavour_in_turn
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"storage_driver": "nonsense"}, "nonsense"),
        ({"metrics_address": "127.0.0.1:22"}, "address already in use"),
    ],
    ids=["driver", "port"],
)
def test_an_engine_that_does_not_start_gets_its_former_configuration_back(
    place: Host, options: dict[str, Any], said: str
) -> None:
    began = _start(place, "steady")
    play = Playbook(place)
    play.task("settled", "engine_config", {"labels": ["rack=7"]})
    play.task("before", "ansible.builtin.raw", f"cat {FILE}")
    play.task("fails", "engine_config", {"labels": ["rack=8"], "timeout": 30, **options})
    play.task("after", "ansible.builtin.raw", f"cat {FILE}; ls -A /etc/docker | grep stowage")
    play.task("again", "engine_config", {"labels": ["rack=7"]})
    outcome = play.run()
    told = outcome.failed("fails")
    assert said in told, told
    assert "The former configuration is back, and the engine runs with it; containers that ran run." in told
    assert outcome.json("before") == json.loads(outcome["after"]["stdout"])
    assert outcome.ok("again")["plan"] == []
    # What moves the engine's data must not leave containers running unseen: they are started again.
    assert (_started(place, "steady") == began) is ("storage_driver" not in options)
    assert sorted(place.engine("GET", "/info")["Labels"]) == ["rack=7", "theirs=1"]


@pytest.mark.flavour_in_turn
def test_a_broken_file_of_others_is_not_touched(place: Host) -> None:
    pid = _pid(place)
    _write(place, '{\n  "debug": true,\n  "labels": [oops]\n}\n')
    told = _fails(place, mtu=1400)
    assert f"{FILE} is no JSON: line 3, column 14" in told
    assert "nothing was changed" in told
    assert "[oops]" in place.run(["cat", FILE]).stdout
    assert _pid(place) == pid


@pytest.mark.flavour_in_turn
def test_a_full_disk_loses_nothing(place: Host) -> None:
    before, pid = _read(place), _pid(place)
    place.run(
        "cp -a /etc/docker /root/docker && mount -t tmpfs -o size=64k tmpfs /etc/docker && cp -a /root/docker/. /etc/docker"
        " && dd if=/dev/zero of=/etc/docker/full bs=4k 2>/dev/null; test -s /etc/docker/full"
    )
    try:
        told = _fails(place, labels=["rack=8"], mtu=1400)
        assert "No space left on device" in told
        assert "Nothing was changed." in told
        assert _read(place) == before
        assert sorted(place.run("ls -A /etc/docker").stdout.split()) == sorted(
            [*place.run("ls -A /root/docker").stdout.split(), "full"]
        )
    finally:
        place.run("umount /etc/docker; rm -rf /root/docker")
    assert _pid(place) == pid


@pytest.mark.flavour_in_turn
def test_hosts_take_the_flag_out_of_the_unit(place: Host) -> None:
    began = _start(place, "steady")
    hosts = ["unix:///var/run/docker.sock", "tcp://127.0.0.1:2377"]
    ask = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:2377/_ping').read().decode())"
    play = Playbook(place)
    play.converge("set", "engine_config", {"hosts": hosts})
    play.task("unit", "ansible.builtin.raw", "systemctl show -p ExecStart docker")
    play.task("asked", "ansible.builtin.raw", f'python3 -c "{ask}"')
    play.task("lonely", "engine_config", {"hosts": hosts[1:]})
    play.converge("unset", "engine_config", {})
    play.task("vendor's", "ansible.builtin.raw", "systemctl show -p ExecStart docker")
    outcome = play.run()
    applied, gone = _converged(outcome, "set"), _converged(outcome, "unset")
    assert f"WriteFile {DROP_IN} (says how the unit is to call dockerd)" in applied["plan"]
    assert applied["config"]["hosts"] == ["fd://", hosts[1]]
    assert any("whoever reaches it is root here" in warning for warning in applied["warnings"])
    assert "dockerd --containerd=" in outcome.ok("unit")["stdout"]
    assert "-H" not in outcome.ok("unit")["stdout"]
    assert outcome.ok("asked")["stdout"].strip() == "OK"
    assert "$.hosts: leaves out fd://" in outcome.failed("lonely")
    assert f"RemoveFile {DROP_IN} (is not declared any more)" in gone["plan"]
    assert "-H fd://" in outcome.ok("vendor's")["stdout"]
    assert _started(place, "steady") == began


@pytest.mark.flavour_in_turn
def test_what_moves_the_data_leaves_nothing_running_unseen(place: Host) -> None:
    _start(place, "steady")
    play = Playbook(place)
    play.task("settled", "engine_config", {"labels": ["rack=7"]})
    play.converge("moved", "engine_config", {"labels": ["rack=7"], "data_root": "/var/lib/docker/elsewhere"})
    play.task("elsewhere", "ansible.builtin.raw", f"{scene.COMMAND} GET /info")
    play.task("unseen", "ansible.builtin.raw", "pgrep -x httpd")
    play.task("back", "engine_config", {"labels": ["rack=7"]})
    play.task("there", "ansible.builtin.raw", f"{scene.COMMAND} GET /info")
    outcome = play.run()
    done = _converged(outcome, "moved")
    assert done["plan"][-2:] == [
        "ReloadEngine docker (live-restore off: no container is to run on unseen)",
        "RestartEngine docker (data-root; containers stop, and those that ran are started again)",
    ]
    assert any("out of sight" in warning for warning in done["warnings"])
    assert outcome.json("elsewhere")["Containers"] == 0
    assert outcome["unseen"]["stdout"] == ""
    assert outcome.json("there")["Containers"] == 1


@pytest.mark.flavour_in_turn
def test_certificates_of_registries_need_no_restart(place: Host, tmp_path: Path) -> None:
    authority = tmp_path / "ca.crt"
    authority.write_text("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
    registry = "registry.example.net:5000"
    path = f"/etc/docker/certs.d/{registry}/ca.crt"
    play = Playbook(place)
    play.task("settled", "engine_config", {})
    play.task("pid", "ansible.builtin.raw", "cat /var/run/docker.pid")
    play.converge("set", "engine_config", {"registry_certificates": {registry: {"ca": str(authority)}}})
    play.task("there", "ansible.builtin.raw", f"cat {path}")
    play.converge("unset", "engine_config", {})
    play.task("left", "ansible.builtin.raw", "ls /etc/docker/certs.d")
    play.task("same", "ansible.builtin.raw", "cat /var/run/docker.pid")
    play.task("none", "engine_config", {"registry_certificates": {registry: {"ca": "none.crt"}}})
    outcome = play.run()
    assert _converged(outcome, "set")["plan"] == [f"WriteFile {path} (is missing)"]
    assert outcome.ok("there")["stdout"].replace("\r", "") == authority.read_text()
    assert _converged(outcome, "unset")["plan"] == [f"RemoveFile {path} (is not declared any more)"]
    assert outcome.ok("left")["stdout"] == ""
    assert outcome.ok("pid")["stdout"] == outcome.ok("same")["stdout"]
    assert "ca: none.crt cannot be read on the controller" in outcome.failed("none")


@pytest.mark.flavour_in_turn
def test_an_engine_that_is_not_the_installed_one_is_restarted(place: Host) -> None:
    """As after an upgrade of its package, which does not restart it."""
    play = Playbook(place)
    play.task("settled", "engine_config", {})
    play.run().ok("settled")
    began = _start(place, "web", WEB)
    play = Playbook(place)
    dockerd = "/usr/sbin/dockerd"
    play.task("upgrade", "ansible.builtin.raw", f"cp -p {dockerd} {dockerd}.new && mv {dockerd}.new {dockerd}")
    play.task("left", "engine_service", {"current": False})
    play.converge("restarted", "engine_service", {})
    client = Client(f"http://{place.address}:8081/")
    with client.asking():
        outcome = play.run()
    assert (outcome.ok("left")["plan"], outcome.ok("left")["outdated"]) == ([], True)
    (step,) = _converged(outcome, "restarted")["plan"]
    assert step.startswith("RestartEngine docker (another ")
    assert step.endswith("; containers run on)")
    assert client.misses == []
    assert _started(place, "web") == began
