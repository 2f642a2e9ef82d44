# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""engine_firewall with real traffic: who reaches a published port, by which way, and what brings the rules back.

One host publishes a port; another one, and the machine that runs the tests, try to reach it.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.hosts import Host
from tests.hosts.pytest_plugin import HostFactory
from tests.integration import scene
from tests.integration.playbook import Outcome, Playbook

PORT = 8080
# A rule for the port that the web server has inside: traffic between containers must not fall under it.
INSIDE = {"port": 80}
REACH = "import socket,sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=1).close()"
# A firewall as many have it: it empties the whole table when it starts, and when it is told to read anew.
FLUSHING = """[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/iptables -F
ExecStart=-/usr/sbin/iptables -X
ExecReload=/usr/sbin/iptables -F
"""


def by_machine(host: Host) -> bool:
    try:
        socket.create_connection((host.address, PORT), timeout=1).close()
    except OSError:
        return False
    return True


def by_host(source: Host, address: str, port: int = PORT, inside: str = "") -> bool:
    """Whether an address is reached from a host, or from the network of a container there."""
    words = ["python3", "-c", REACH, address, str(port)]
    if inside:
        state = scene.snapshot(source)["containers"][inside]["State"]
        words = ["nsenter", "-t", str(state["Pid"]), "-n", *words]
    return source.run(words, check=False).returncode == 0


def inner_address(host: Host) -> str:
    """Return the web server's own address."""
    return str(scene.snapshot(host)["containers"]["web"]["NetworkSettings"]["Networks"]["inner"]["IPAddress"])


@contextmanager
def route(source: Host, address: str, through: Host) -> Iterator[None]:
    """Have a host send what is for an address by another host."""
    source.run(f"ip route add {address}/32 via {through.address}")
    yield
    source.run(f"ip route del {address}/32")


def publish(host: Host) -> None:
    """Run a web server on the port, and one that is only in a network with it."""
    scene.prepare(host)
    host.run(scene.command("POST", "/networks/create", {"Name": "inner"}))
    for name, ports in (("web", {"80/tcp": [{"HostPort": str(PORT)}]}), ("peer", {})):
        config = {"PortBindings": ports, "NetworkMode": "inner", "RestartPolicy": {"Name": "always"}}
        # Nothing is waited for when the engine is restarted.
        body = {"Image": f"{scene.WEB}:1", "StopSignal": "SIGKILL", "HostConfig": config}
        host.run(scene.command("POST", f"/containers/create?name={name}", body))
        host.run(scene.command("POST", f"/containers/{name}/start"))


def declare(host: Host, rules: list[dict[str, object]]) -> Outcome:
    """Check, apply, apply again; they agree, and the last one finds nothing to do."""
    book = Playbook(host)
    for label, check in (("check", True), ("apply", False), ("again", False)):
        book.task(label, "engine_firewall", {"rules": rules}, check_mode=check, diff=True)
    outcome = book.run()
    assert outcome.ok("check")["plan"] == outcome.ok("apply")["plan"]
    assert outcome.ok("check").get("diff") == outcome.ok("apply").get("diff")
    assert (outcome.ok("again")["plan"], outcome.ok("again")["changed"]) == ([], False)
    return outcome


def restart_engine(host: Host) -> None:
    """Restart it, however often that was done already within a minute."""
    host.run("systemctl reset-failed docker docker.socket; systemctl restart docker")


def wait_for(host: Host, address: str) -> None:
    """Wait until a host reaches the port: containers are started again after the engine."""
    end = time.monotonic() + 30
    while not by_host(host, address):
        assert time.monotonic() < end, "the port is not reached by who may"
        time.sleep(0.3)


@pytest.fixture(scope="module")
def friend(host_factory: HostFactory) -> Iterator[Host]:
    """A host that may reach the port, and publishes the same port to everybody."""
    host = host_factory("bookworm")
    publish(host)
    with ipv6(host):
        yield host


@pytest.fixture(scope="module")
def guarded(
    request: pytest.FixtureRequest, host_factory: HostFactory, friend: Host, collection: None
) -> Iterator[Host]:
    """A host on which only the friend may reach the port. The scenario engine-hardened has both releases."""
    flavours = request.config.getoption("--flavour") or ["trixie"]
    with host_factory(flavours[0], fresh=True) as host, ipv6(host):
        publish(host)
        restart_engine(host)  # it has looked for IPv6 when it was started
        host.run("sysctl -qw net.bridge.bridge-nf-call-iptables=1", check=False)
        assert by_machine(host)
        assert declare(host, [{"port": PORT, "sources": [friend.address]}, INSIDE]).ok("apply")["changed"]
        yield host


@contextmanager
def ipv6(host: Host) -> Iterator[None]:
    """Have IPv6, as hosts on the internet do: the engine's proxy takes in what comes by it."""
    settings = [f"net.ipv6.conf.{name}.disable_ipv6" for name in ("all", "eth0", "lo")]
    host.run(f"sysctl -qw {' '.join(f'{name}=0' for name in settings)}")
    yield
    host.run(f"sysctl -qw {' '.join(f'{name}=1' for name in settings)}")


def closed(host: Host, friend: Host) -> None:
    wait_for(friend, host.address)
    assert not by_machine(host)


def test_only_who_is_named_gets_in(guarded: Host, friend: Host) -> None:
    closed(guarded, friend)
    assert by_host(guarded, "127.0.0.1")
    assert by_host(guarded, guarded.address)


def test_what_containers_send_is_not_touched(guarded: Host, friend: Host) -> None:
    assert by_host(guarded, friend.address, inside="peer")
    assert by_host(guarded, inner_address(guarded), 80, inside="peer")


def test_a_containers_own_address_is_no_way_around_the_port(guarded: Host, friend: Host) -> None:
    inner = inner_address(guarded)
    with route(friend, inner, guarded):
        assert not by_host(friend, inner, 80)
        guarded.run("iptables -I STOWAGE-USER -j RETURN")
        assert by_host(friend, inner, 80), "without the rules it is open: else this test shows nothing"
        guarded.run("iptables -D STOWAGE-USER 1")
        assert not by_host(friend, inner, 80)
    closed(guarded, friend)


def test_what_the_host_forwards_for_others_is_not_touched(guarded: Host, friend: Host) -> None:
    """A bridge that is named like the engine's, with a machine behind it."""
    guarded.run(
        "ip netns add lan; ip link add br-data type bridge; ip link add lan0 type veth peer name eth0 netns lan;"
        "ip link set lan0 master br-data up; ip addr add 10.99.0.1/24 dev br-data; ip link set br-data up;"
        "ip -n lan addr add 10.99.0.2/24 dev eth0; ip -n lan link set eth0 up; ip -n lan route add default via 10.99.0.1;"
        "iptables -A FORWARD -o br-data -j ACCEPT;"
        "ip netns exec lan python3 -m http.server 80 >/dev/null 2>&1 & sleep 1"
    )
    with route(friend, "10.99.0.2", guarded):
        declare(guarded, [{"port": PORT, "sources": [friend.address]}, INSIDE])
        assert by_host(friend, "10.99.0.2", 80)
        closed(guarded, friend)
    guarded.run(
        "ip netns pids lan | xargs kill; ip netns del lan; ip link del br-data; iptables -D FORWARD -o br-data -j ACCEPT"
    )
    declare(guarded, [{"port": PORT, "sources": [friend.address]}, INSIDE])


def test_what_was_put_in_front_is_seen_and_put_behind(guarded: Host, friend: Host) -> None:
    """By the role, and by the next start of the engine; what only drops may stand there."""
    guarded.run("iptables -N f2b-test; iptables -A f2b-test -j RETURN; iptables -I INPUT -j f2b-test")
    assert declare(guarded, [{"port": PORT, "sources": [friend.address]}, INSIDE]).ok("apply")["plan"] == []
    for mend in ("role", "engine"):
        guarded.run(f"iptables -I DOCKER-USER -j ACCEPT; iptables -I INPUT -p tcp --dport {PORT} -j ACCEPT")
        assert by_machine(guarded)
        if mend == "engine":
            restart_engine(guarded)
        else:
            assert declare(guarded, [{"port": PORT, "sources": [friend.address]}, INSIDE]).ok("apply")["plan"] == [
                "AddJump DOCKER-USER -> STOWAGE-USER (IPv4) (comes after what lets packets in)",
                "AddJump INPUT -> STOWAGE-INPUT (IPv4) (comes after what lets packets in)",
            ]
        closed(guarded, friend)
        guarded.run(f"iptables -D DOCKER-USER -j ACCEPT; iptables -D INPUT -p tcp --dport {PORT} -j ACCEPT")
    guarded.run("iptables -D INPUT -j f2b-test; iptables -F f2b-test; iptables -X f2b-test")


def test_the_engines_proxy_lets_nobody_in_by_ipv6(guarded: Host, friend: Host) -> None:
    time.sleep(1.5)  # until the link's address may be used
    address = guarded.run("ip -6 -o addr show dev eth0 scope link | awk '{print $4}'").stdout.split("/")[0] + "%eth0"
    assert not by_host(friend, address)
    guarded.run("ip6tables -I STOWAGE-INPUT -j RETURN")
    assert by_host(friend, address), "without the rule it is open: else this test shows nothing"
    assert declare(guarded, [{"port": PORT, "sources": [friend.address]}, INSIDE]).ok("apply")["plan"] == [
        "FillChain STOWAGE-INPUT (IPv6) (1 rule removed)"
    ]
    assert not by_host(friend, address)


def test_a_restart_of_the_engine_changes_nothing(guarded: Host, friend: Host) -> None:
    restart_engine(guarded)
    closed(guarded, friend)


@pytest.mark.parametrize("verb", ["restart", "reload"])
def test_a_firewall_that_flushes_gets_them_back(guarded: Host, friend: Host, verb: str) -> None:
    guarded.run("cat >/etc/systemd/system/ufw.service && systemctl daemon-reload", input=FLUSHING)
    guarded.run(f"systemctl {'start' if verb == 'restart' else 'is-active'} ufw")
    guarded.run(f"systemctl {verb} ufw")
    # systemctl waits for the firewall alone; what follows it is a moment later.
    guarded.run("for i in $(seq 50); do iptables -S INPUT | grep -q STOWAGE-INPUT && exit 0; sleep 0.1; done; exit 1")
    assert not by_machine(guarded)
    # What the firewall took of the engine's own rules is for the engine to bring back.
    restart_engine(guarded)
    closed(guarded, friend)


def test_rules_that_somebody_flushed_are_seen_and_put_back(guarded: Host, friend: Host) -> None:
    guarded.run("iptables -F DOCKER-USER; iptables -F STOWAGE-USER")
    assert by_machine(guarded)
    assert declare(guarded, [{"port": PORT, "sources": [friend.address]}, INSIDE]).ok("apply")["plan"] == [
        "FillChain STOWAGE-USER (IPv4) (9 rules added)",
        "AddJump DOCKER-USER -> STOWAGE-USER (IPv4) (is missing)",
    ]
    closed(guarded, friend)


def test_other_rules_are_left_alone_and_a_rule_taken_out_opens_its_port(guarded: Host, friend: Host) -> None:
    guarded.run("iptables -A DOCKER-USER -s 192.0.2.0/24 -j DROP")
    declare(guarded, [{"port": PORT}])
    assert not by_machine(guarded)
    assert not by_host(friend, guarded.address)
    declare(guarded, [INSIDE])
    assert by_machine(guarded)
    assert "192.0.2.0/24" in guarded.run("iptables -S DOCKER-USER").stdout


def test_an_empty_list_leaves_nothing_behind(guarded: Host) -> None:
    assert declare(guarded, []).ok("apply")["changed"]
    left = guarded.run(
        "iptables -S; ip6tables -S; ls /etc/stowage-firewall /usr/local/sbin /etc/systemd/system/*stowage* "
        "/etc/systemd/system/*/*stowage* /var/lib/stowage/engine 2>/dev/null || true"
    ).stdout
    assert "stowage" not in left.lower().replace("/var/lib/stowage/engine", "")
    # Only an engine that filters IPv6 itself has the chain there.
    chains = guarded.run("ip6tables -S").stdout.splitlines()
    assert ("-N DOCKER-USER" in chains) is ("-N DOCKER" in chains)
    assert by_machine(guarded)


def test_what_makes_no_sense_or_would_close_nothing_is_refused(guarded: Host) -> None:
    before = guarded.run("iptables -S; ls -R /etc").stdout
    book = Playbook(guarded)
    book.task("port", "engine_firewall", {"rules": [{"port": 70000}]})
    book.task("source", "engine_firewall", {"rules": [{"port": 80}, {"port": 81, "sources": ["10.0.0.0/8", "x"]}]})
    book.task("key", "engine_firewall", {"rules": [{"port": 80, "from": "x"}]})
    backend = {"dest": "/etc/docker/daemon.json", "content": '{"firewall-backend": "nftables"}'}
    book.task("configure", "ansible.builtin.copy", {**backend, "mode": "0644"})
    book.task("backend", "engine_firewall", {"rules": [{"port": 80}]})
    book.task("restore", "ansible.builtin.file", {"path": "/etc/docker/daemon.json", "state": "absent"})
    outcome = book.run()
    assert outcome.failed("port").startswith("rules[0].port: 70000 is out of range")
    assert outcome.failed("source").startswith("rules[1].sources[1]: 'x'")
    assert "from" in outcome.failed("key")
    assert "firewall-backend" in outcome.failed("backend")
    assert guarded.run("iptables -S; ls -R /etc").stdout == before


def test_without_systemd_the_init_script_brings_them_back(host_factory: HostFactory, collection: None) -> None:
    with host_factory("bookworm-nosystemd", fresh=True) as host:
        outcome = declare(host, [{"port": PORT}])
        assert outcome.ok("apply")["kept_by"] == "none"
        assert "no service manager" in outcome.text
        # With an engine that has an init script, there is one for the rules as well.
        host.run("install -m 755 /bin/true /etc/init.d/docker")
        plan = declare(host, [{"port": PORT}]).ok("apply")["plan"]
        assert "Enable /etc/init.d/stowage-firewall (brings the rules back after restarts)" in plan
        assert "RemoveFile /usr/local/sbin/stowage-firewall (is of no use here)" in plan
        assert host.run("ls /etc/rc2.d | grep -c 'S.*stowage-firewall'").stdout.strip() == "1"
        host.run("iptables -F; /etc/init.d/stowage-firewall start; /etc/init.d/stowage-firewall status")
        assert declare(host, [{"port": PORT}]).ok("apply")["changed"] is False
        declare(host, [])
        assert "stowage" not in host.run("ls /etc/init.d /etc/rc?.d; iptables -S").stdout.lower()
