# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of units, drop-ins and the init script's settings."""

import pytest

from provision.config import unit
from provision.errors import ProvisionError

DEBIAN = """
[Unit]
# ExecStart=/not/this
[Service]
EnvironmentFile=-/etc/default/docker
ExecStart=/usr/sbin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock $DOCKER_OPTS
ExecReload=/bin/kill -s HUP $MAINPID
[Install]
ExecStart=/nor/this
"""
WITHOUT = "/usr/sbin/dockerd --containerd=/run/containerd/containerd.sock $DOCKER_OPTS"


@pytest.mark.parametrize(
    ("texts", "command"),
    [
        ([DEBIAN], WITHOUT.replace("dockerd ", "dockerd -H fd:// ")),
        (["[Service]\nExecStart=/usr/bin/dockerd \\\n# no\n  -H fd:// \\\n"], "/usr/bin/dockerd -H fd://"),
        ([DEBIAN, "[Service]\nExecStart=\nExecStart=/usr/bin/dockerd --debug\n"], "/usr/bin/dockerd --debug"),
        ([DEBIAN, "[Service]\nExecStart=\n"], None),
        ([DEBIAN, "[Service]\nLimitNOFILE=1\n"], WITHOUT.replace("dockerd ", "dockerd -H fd:// ")),
        ([], None),
    ],
)
def test_the_command_of_a_unit(texts, command):
    found = unit.command(texts)
    assert (" ".join(found) if found else None) == command


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("dockerd -H fd:// --x", "dockerd --x"),
        ("dockerd --host fd:// --host=tcp://1 -H=x -Hfd:// --x", "dockerd --x"),
        ("dockerd --host-gateway-ip 10.0.0.1", "dockerd --host-gateway-ip 10.0.0.1"),
        ("dockerd", "dockerd"),
    ],
)
def test_a_command_without_hosts(before, after):
    assert unit.without_hosts(before.split()) == after.split()
    assert unit.says_hosts(before.split()) is (before != after)


def test_the_drop_in():
    words = unit.without_hosts(unit.command([DEBIAN]))
    text = unit.drop_in(words, True)
    assert text.splitlines()[1:] == [
        "[Service]",
        "EnvironmentFile=/etc/docker/stowage-proxies.env",
        "ExecStart=",
        f"ExecStart={WITHOUT}",
    ]
    assert " ".join(unit.command([DEBIAN, text])) == WITHOUT
    assert unit.drop_in(None, False) is None


def test_the_file_of_proxies_is_read_alike_by_systemd_and_shells():
    text = unit.proxies_file({"http-proxy": 'http://a:b"$x@p', "no-proxy": "a,b"})
    assert text.splitlines()[1:] == [
        "HTTP_PROXY='http://a:b\"$x@p'",
        "http_proxy='http://a:b\"$x@p'",
        "NO_PROXY='a,b'",
        "no_proxy='a,b'",
    ]
    assert unit.proxies_file({}) is None
    with pytest.raises(ProvisionError, match=r"\$.proxies.http-proxy: write ' as %27"):
        unit.proxies_file({"http-proxy": "it's"})


def test_the_init_scripts_settings_are_left_as_they_are_but_for_one_line():
    theirs = "# theirs\nDOCKER_OPTS=--debug"
    text = unit.defaults_file(theirs, True)
    path = "/etc/docker/stowage-proxies.env"
    assert text == f"{theirs}\n[ ! -r {path} ] || {{ set -a; . {path}; set +a; }} # stowage.docker\n"
    assert unit.defaults_file(text, True) == text
    assert unit.defaults_file(text, False) == f"{theirs}\n"
    assert unit.defaults_file(theirs, False) == theirs
    assert unit.defaults_file(None, False) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, []),
        ('#DOCKER_OPTS="--no"\n', []),
        ('DOCKER_OPTS="-H tcp://0.0.0.0:1 --debug"  # why\n', ["-H", "tcp://0.0.0.0:1", "--debug"]),
        ("DOCKER_OPTS=--one\nexport DOCKER_OPTS='--two --three'\n", ["--two", "--three"]),
        ('DOCKER_OPTS="--one\n', ["--one"]),
    ],
)
def test_options_of_the_init_script(text, words):
    assert unit.script_options(text) == words


@pytest.mark.parametrize(
    ("names", "words", "flags"),
    [
        (["hosts"], "dockerd -H fd://", ["-H"]),
        (["hosts"], "dockerd -Hfd://", ["-H"]),
        (["hosts"], "dockerd --host=fd://", ["--host"]),
        (["log-opts", "labels"], "dockerd --log-opt a=1 --label=b", ["--log-opt", "--label"]),
        (["debug"], "dockerd -D", ["-D"]),
        (["proxies"], "dockerd --http-proxy=x", ["--http-proxy"]),
        (["data-root"], "dockerd -g /x", ["-g"]),
        # These may stand in both.
        (["runtimes"], "dockerd --add-runtime x=y", []),
        (["mtu"], "dockerd --containerd=x $DOCKER_OPTS", []),
    ],
)
def test_clashes(names, words, flags):
    found = unit.clashes(names, {"there": words.split()})
    assert [flag for _name, flag, _place in found] == flags


def test_values_of_flags():
    words = "dockerd --config-file /x --log-driver=journald --debug".split()
    assert unit.value_of(words, "--config-file") == "/x"
    assert unit.value_of(words, "--log-driver") == "journald"
    assert unit.value_of(words, "--none") is None


@pytest.mark.parametrize(
    ("words", "on"),
    [
        (["dockerd", "--live-restore"], True),
        (["dockerd", "--live-restore", "$DOCKER_OPTS"], True),
        (["dockerd", "--live-restore=true"], True),
        (["dockerd", "--live-restore=false"], False),
        (["dockerd", "--live-restore", "--live-restore=0"], False),
        (["dockerd"], False),
    ],
)
def test_switches(words, on):
    assert unit.is_on(words, "--live-restore") is on
