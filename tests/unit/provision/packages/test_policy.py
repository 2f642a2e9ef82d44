# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy that keeps services from starting: there meanwhile, gone afterwards, and what was there is back."""

from __future__ import annotations

import subprocess

import pytest

from provision.files import Files
from provision.packages import policy

PATH = "/usr/sbin/policy-rc.d"
FOLDER = "/usr/sbin"


@pytest.fixture
def files(tmp_path):
    return Files(str(tmp_path))


def test_where_there_was_none(files):
    with policy.services_left_alone(files):
        assert "exit 101" in files.read(PATH)
        assert files.standing(PATH).mode == 0o755
    assert files.list(FOLDER) == []


def test_where_there_was_one_it_comes_back_whatever_happens(files):
    files.write(PATH, "theirs", mode=0o755)

    def fail():
        with policy.services_left_alone(files):
            assert "exit 101" in files.read(PATH)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (files.list(FOLDER), files.read(PATH)) == (["policy-rc.d"], "theirs")


@pytest.mark.parametrize("theirs", ["theirs", None])
def test_after_a_run_that_was_killed(files, theirs):
    if theirs:
        files.write(PATH, theirs)
    killed = policy.services_left_alone(files)
    killed.__enter__()
    assert policy.is_left_over(files)
    with policy.services_left_alone(files):
        assert "exit 101" in files.read(PATH)
    assert files.read(PATH) == theirs
    assert not policy.is_left_over(files)
    policy.restore(files)
    assert files.read(PATH) == theirs
    del killed


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["docker", "start"], 101),
        (["docker.service", "restart"], 101),
        (["--quiet", "docker.socket", "start"], 101),
        (["containerd", "stop", "2"], 101),
        (["podman-auto-update.timer", "start"], 101),
        (["apparmor.service", "start"], 0),
        (["docker-registry", "start"], 0),
        (["auditd", "start"], 0),
    ],
)
def test_whose_services_are_left_alone(files, words, code):
    with policy.services_left_alone(files):
        assert subprocess.run(["/bin/sh", files.path(PATH), *words], check=False).returncode == code


def test_of_others_their_own_policy_decides(files, monkeypatch):
    files.write(PATH, "#!/bin/sh\nexit 104\n", mode=0o755)
    kept = files.path("/usr/sbin/policy-rc.d.stowage-kept")
    monkeypatch.setattr(policy, "_TEXT", policy._TEXT.replace(policy._KEPT, kept))
    with policy.services_left_alone(files):
        assert subprocess.run(["/bin/sh", files.path(PATH), "auditd", "start"], check=False).returncode == 104
        assert subprocess.run(["/bin/sh", files.path(PATH), "docker", "start"], check=False).returncode == 101


def test_a_policy_of_somebody_elses_is_nothing_to_restore(files):
    files.write(PATH, "theirs")
    policy.restore(files)
    assert files.read(PATH) == "theirs"
