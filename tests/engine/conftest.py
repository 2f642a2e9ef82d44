# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real engines for the client's tests: this machine's, and with ``-p tests.hosts.pytest_plugin`` test hosts too.

This machine's engine is reached as the docker command would reach it (DOCKER_HOST). Test hosts, one per
flavour of engine, are reached through ssh, as the client does it in earnest. What a test makes carries the label
``io.stowage.test=engine-client`` and is removed after it; nothing else is touched.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from stowage.engine.address import from_environment
from stowage.engine.client import Engine
from stowage.errors import EngineError, NotFound
from tests.hosts import images

from . import places, registries

LABEL = "io.stowage.test=engine-client"
LABELS = {"io.stowage.test": "engine-client"}
IMAGE = "stowage-test/engine-client:1"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test on this machine's engine, and on every flavour of test host if there are any."""
    if "place" not in metafunc.fixturenames:
        return
    flavours: list[str] = []
    if metafunc.config.pluginmanager.hasplugin("tests.hosts.pytest_plugin"):
        from tests.hosts.layers import ENGINE_FLAVOURS

        wanted = metafunc.config.getoption("--flavour") or ENGINE_FLAVOURS
        flavours = [flavour for flavour in ENGINE_FLAVOURS if flavour in wanted]
    metafunc.parametrize("place", ["here", *flavours], scope="session", indirect=True)


@pytest.fixture(scope="session")
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[places.Place]:
    if request.param == "here":
        address, tls = from_environment(os.environ)
        yield places.Place(address, tls, None)
        return
    host = request.getfixturevalue("host_factory")(request.param)
    home = tmp_path_factory.mktemp("home")
    places.write_ssh_config(
        home,
        host.address,
        User=host.user,
        Port=host.port,
        IdentityFile=host.key_file,
        IdentitiesOnly="yes",
        UserKnownHostsFile=host.known_hosts,
        GlobalKnownHostsFile="/dev/null",
    )
    with places.home(home):
        yield places.Place(places.ssh_address(host.address), None, host)


@pytest.fixture(scope="session")
def session_engine(place: places.Place) -> Iterator[Engine]:
    with Engine.connect(place.address, place.tls) as engine:
        engine.images.load(images.busybox_tar(IMAGE, config={"Labels": LABELS}))
        yield engine
        clean(engine)
        for image in engine.images.list(labels=[LABEL]):
            with contextlib.suppress(EngineError):
                engine.images.remove(image["Id"], force=True)


@pytest.fixture
def engine(session_engine: Engine) -> Iterator[Engine]:
    """The engine of the place, and nothing of ours in it but the image."""
    yield session_engine
    clean(session_engine)


@pytest.fixture(scope="session")
def registry(place: places.Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[registries.Registry]:
    with registries.running(place, tmp_path_factory.mktemp("registry")) as registry:
        yield registry


def clean(engine: Engine) -> None:
    for container in engine.containers.list(all=True, labels=[LABEL]):
        with contextlib.suppress(NotFound):
            engine.containers.remove(container["Id"], force=True, volumes=True)
    for network in engine.networks.list(labels=[LABEL]):
        engine.networks.remove(network["Id"])
    for volume in engine.volumes.list(labels=[LABEL]):
        engine.volumes.remove(volume["Name"])


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return tmp_path
