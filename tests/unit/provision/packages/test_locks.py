# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for package managers: a real process holds a real lock, and the kernel's list tells of it."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from provision.errors import ProvisionError
from provision.files import Files
from provision.packages.locks import Locks

HOLDER = """
import fcntl, sys, time
file = open(sys.argv[1], "w")
fcntl.lockf(file, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(float(sys.argv[2]))
"""


@pytest.fixture
def held(tmp_path):
    """Hold a lock for some seconds."""
    (tmp_path / "lock").touch()
    started = []

    def hold(seconds):
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, tmp_path / "lock", str(seconds)], stdout=subprocess.PIPE
        )
        started.append(process)
        process.stdout.readline()
        return process.pid

    yield hold
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def locks(tmp_path, patience):
    return Locks(Files(), [str(tmp_path / "none"), str(tmp_path / "lock")], patience)


def test_nobody_is_waited_for(tmp_path):
    (tmp_path / "lock").touch()
    locks(tmp_path, 0).wait()


def test_one_that_ends_in_time(tmp_path, held):
    held(0.7)
    begun = time.monotonic()
    locks(tmp_path, 20).wait()
    assert 0.4 < time.monotonic() - begun < 10


def test_one_that_does_not_is_named(tmp_path, held):
    pid = held(60)
    with pytest.raises(
        ProvisionError, match=rf"lock is locked by process {pid} \(.*python.*was so for 0.6 s: nothing was changed"
    ):
        locks(tmp_path, 0.6).wait()


def test_somebody_who_was_faster_is_waited_for_as_well(tmp_path):
    answers = iter(["the lock is held by process 7 (apt)", None])
    locks(tmp_path, 5).retry(lambda: next(answers))
    with pytest.raises(ProvisionError, match="held by process 7"):
        locks(tmp_path, 0.1).retry(lambda: "the lock is held by process 7 (apt)")
