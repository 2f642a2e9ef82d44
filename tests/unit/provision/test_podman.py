# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Podman in Docker's place: what is planned, and that another engine's socket is never taken.

The real one answers in the molecule scenario engine-rootless.
"""

from __future__ import annotations

import socket

import pytest

from provision.commands import Commands, Done
from provision.errors import ProvisionError
from provision.files import Files
from provision.podman import DROP_IN, SOCKET, Found, decide, drop_in_text, have_socket, observe
from provision.system import DIRECT, SYSTEMD

DOCKER = "/run/docker.sock"
READY = Found(True, SYSTEMD, enabled=True, active=True, drop_in=drop_in_text(DOCKER), link="podman")


def plan(found, path=DOCKER):
    return [str(step) for step in decide(found, path)]


def changed(**fields):
    return Found(**{**READY.__dict__, **fields})


@pytest.mark.parametrize(
    ("found", "path", "steps"),
    [
        (READY, DOCKER, []),
        (
            Found(True, SYSTEMD),
            DOCKER,
            [
                f"WriteFile {DROP_IN} (is missing)",
                "EnableService podman.socket (is not started at boot)",
                "StartService podman.socket (does not listen)",
            ],
        ),
        # Debian 12's package has it enabled and listening, without a link.
        (
            changed(drop_in=None, link=""),
            DOCKER,
            [
                f"WriteFile {DROP_IN} (is missing)",
                f"RestartService podman.socket (does not answer at {DOCKER})",
            ],
        ),
        (changed(link=""), DOCKER, [f"RestartService podman.socket (does not answer at {DOCKER})"]),
        (
            changed(drop_in=drop_in_text("/run/other.sock"), link=""),
            DOCKER,
            [f"WriteFile {DROP_IN} (is out of date)", f"RestartService podman.socket (does not answer at {DOCKER})"],
        ),
        (
            READY,
            SOCKET,
            [
                f"RemoveFile {DROP_IN} (is out of date)",
                f"RestartService podman.socket (does not answer at {SOCKET})",
            ],
        ),
        (changed(drop_in=None), SOCKET, []),
        (
            Found(True, DIRECT),
            DOCKER,
            [
                f"StartService podman at {SOCKET} (does not answer)",
                f"Link {DOCKER} to {SOCKET} (Docker's clients look there)",
            ],
        ),
        (Found(True, DIRECT, active=True, link="podman"), DOCKER, []),
    ],
)
def test_what_is_planned(found, path, steps):
    assert plan(found, path) == steps


def test_another_engine_s_socket_is_never_taken():
    with pytest.raises(ProvisionError, match="another engine's"):
        plan(changed(link="other"))


class Units(Commands):
    """A systemd whose socket is enabled and listens; ``podman`` is there or not."""

    def __init__(self, podman=True):
        super().__init__()
        self.podman = podman

    def find(self, program):
        return "/usr/bin/podman" if self.podman else None

    def run(self, *argv, text=None, timeout=None, environment=None):
        said = {"is-enabled": "enabled\n", "is-active": "active\n"}[argv[1]]
        return Done(0, said, said)


@pytest.fixture
def files(tmp_path):
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    return Files(str(tmp_path))


def test_what_lies_in_docker_s_place_is_seen(files, tmp_path):
    place = tmp_path / "run/docker.sock"
    assert observe(DOCKER, files, Units()).link == ""
    place.symlink_to("/var/run/podman/podman.sock")
    assert observe(DOCKER, files, Units()).link == "podman"
    place.unlink()
    place.symlink_to("/run/elsewhere.sock")
    assert observe(DOCKER, files, Units()).link == "other"
    place.unlink()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(place))
        assert observe(DOCKER, files, Units()).link == "other"


def test_podman_has_to_be_installed_unless_it_is_only_planned(files):
    assert have_socket(DOCKER, check=True, files=files, commands=Units(podman=False)).installed is False
    with pytest.raises(ProvisionError, match="engine_kind: podman"):
        have_socket(DOCKER, check=False, files=files, commands=Units(podman=False))
