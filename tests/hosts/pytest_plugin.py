# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test hosts as pytest fixtures: tests ask for ``host`` and run once per flavour.

    def test_anything(host): ...                       # on every flavour with an engine
    @pytest.mark.flavours("trixie", "sid")             # on these
    @pytest.mark.flavour_in_turn                       # on one of them, which follows from the test's name

``--flavour NAME`` (repeatable) narrows a run. Hosts live as long as the session; with ``--keep-hosts`` they
stay up, and the next such session starts with them.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Protocol

import pytest

from . import hosts
from .host import Host
from .layers import ENGINE_FLAVOURS, FLAVOURS


class HostFactory(Protocol):
    """Gives hosts to tests."""

    def __call__(self, flavour: str, fresh: bool = False) -> Host:
        """Return the session's host of that flavour, or a fresh one of the test's own.

        A fresh one is removed at the end of the session, or by the test (a host is a context manager).
        """


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options for test hosts."""
    group = parser.getgroup("test hosts")
    group.addoption("--flavour", action="append", choices=FLAVOURS, help="run on this flavour of test host only")
    group.addoption("--keep-hosts", action="store_true", help="leave the session's hosts up for the next session")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marks known."""
    config.addinivalue_line("markers", "flavours(*names): the flavours of test host that the test runs on")
    config.addinivalue_line("markers", "flavour_in_turn: run on one of the test's flavours only")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests that use a host once per flavour."""
    if "flavour" not in metafunc.fixturenames:
        return
    mark = metafunc.definition.get_closest_marker("flavours")
    chosen = list(mark.args) if mark else list(ENGINE_FLAVOURS)
    wanted = metafunc.config.getoption("flavour")
    chosen = [flavour for flavour in chosen if not wanted or flavour in wanted]
    if chosen and metafunc.definition.get_closest_marker("flavour_in_turn"):
        chosen = [chosen[zlib.crc32(metafunc.definition.nodeid.encode()) % len(chosen)]]
    metafunc.parametrize("flavour", chosen, scope="session")


@pytest.fixture(scope="session")
def host_factory(request: pytest.FixtureRequest) -> Iterator[HostFactory]:
    """Give hosts by flavour; all of them are gone after the session, unless they are to be kept."""
    keep = request.config.getoption("--keep-hosts")
    shared: dict[str, Host] = {}
    own: list[Host] = []

    def give(flavour: str, fresh: bool = False) -> Host:
        if fresh:
            own.append(hosts.up(flavour))
            return own[-1]
        if flavour not in shared:
            shared[flavour] = hosts.up(flavour, f"kept-{flavour}" if keep else None)
        return shared[flavour]

    yield give
    here = {host.container for host in hosts.listed()}
    for host in own + ([] if keep else list(shared.values())):
        if host.container in here:
            host.remove()


@pytest.fixture(scope="session")
def host(flavour: str, host_factory: HostFactory) -> Host:
    """The session's host of the flavour that the test runs on, as earlier tests left it."""
    return host_factory(flavour)


@pytest.fixture
def clean_host(host: Host) -> Host:
    """The same host with an empty engine: no containers, networks, volumes or images."""
    host.wipe_engine()
    return host
