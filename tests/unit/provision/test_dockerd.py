# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a daemon was told, by its command line and by its file."""

from __future__ import annotations

import os
import time

import pytest

from provision.dockerd import Dockerd, identify_process, observe_dockerd, parse_options
from provision.files import Files


@pytest.mark.parametrize(
    ("words", "options"),
    [
        (["-H", "fd://", "--containerd=/run/c.sock"], {"host": ("fd://",), "containerd": ("/run/c.sock",)}),
        (["-Hfd://", "-H=tcp://0.0.0.0:2376"], {"host": ("fd://", "tcp://0.0.0.0:2376")}),
        (["--icc=false", "--live-restore", "-D"], {"icc": ("false",), "live-restore": ("true",), "debug": ("true",)}),
        (["--log-level", "warn", "stray"], {"log-level": ("warn",)}),
        ([], {}),
    ],
)
def test_options_are_read_as_dockerd_reads_them(words, options):
    assert parse_options(words) == options


def test_the_command_line_counts_before_the_file():
    dockerd = Dockerd({"icc": ("false",), "host": ("fd://",)}, {"icc": True, "hosts": ["tcp://0.0.0.0:2376"]})
    assert dockerd.told("icc") == "false"
    assert not dockerd.is_on("icc", True)
    assert dockerd.is_on("iptables", True)
    assert dockerd.each("host") == ["fd://", "tcp://0.0.0.0:2376"]
    assert Dockerd(settings={"default-ulimits": {"nofile": {}}}).each("default-ulimit") == ["nofile"]


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"icc": false}'])
def test_a_file_that_is_no_object_says_nothing(tmp_path, text):
    files = Files(str(tmp_path))
    if text is not None:
        files.write("/etc/docker/daemon.json", text)
    assert observe_dockerd(files).is_on("icc", True) is (text != '{"icc": false}')


def test_the_process_says_where_the_file_is(tmp_path):
    files = Files(str(tmp_path))
    files.write("/run/docker.pid", "12\n")
    files.write("/proc/12/cmdline", "/usr/sbin/dockerd\0--config-file=/srv/d.json\0")
    files.write("/srv/d.json", '{"debug": true}')
    assert observe_dockerd(files).settings == {"debug": True}


def test_the_file_says_where_the_process_is(tmp_path):
    files = Files(str(tmp_path))
    files.write("/etc/docker/daemon.json", '{"pidfile": "/srv/d.pid"}')
    files.write("/srv/d.pid", "12\n")
    files.write("/proc/12/cmdline", "/usr/sbin/dockerd\0--debug\0")
    assert observe_dockerd(files).options == {"debug": ("true",)}


def test_a_number_that_is_somebody_elses_by_now_is_no_engines(tmp_path):
    files = Files(str(tmp_path))
    files.write("/var/run/docker.pid", "12\n")
    files.write("/proc/12/cmdline", "sleep\0--debug\0")
    assert observe_dockerd(files).options == {}
    files.write("/run/docker.pid", "13\n")
    files.write("/proc/13/cmdline", "/usr/bin/dockerd\0--debug\0")
    assert observe_dockerd(files).options == {"debug": ("true",)}


def test_a_process_that_is_known_is_not_looked_for(tmp_path):
    files = Files(str(tmp_path))
    files.write("/run/docker.pid", "12\n")
    for pid, words in ((12, "dockerd\0--debug\0"), (13, "dockerd\0--icc=false\0")):
        files.write(f"/proc/{pid}/cmdline", words)
    assert observe_dockerd(files, 13).options == {"icc": ("false",)}


@pytest.mark.parametrize(
    ("dockerd", "group", "root"),
    [
        (Dockerd(), "docker", "/var/lib/docker"),
        (Dockerd(settings={"group": "ops", "data-root": "/srv/d/"}), "ops", "/srv/d"),
        (Dockerd({"group": ("wheel",), "data-root": ("/d",)}, {"group": "ops"}), "wheel", "/d"),
    ],
)
def test_who_may_use_it_and_where_its_data_is(dockerd, group, root):
    assert (dockerd.group, dockerd.data_root) == (group, root)


def test_a_process_is_told_from_others_and_has_its_time():
    process, started = identify_process(os.getpid())
    assert f":{os.getpid()}:" in process
    assert 0 <= time.time() - started < 86400
    assert identify_process(None) == identify_process(2**30) == ("", 0.0)
