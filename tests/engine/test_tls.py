# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""tcp with TLS, against an engine that asks for a client certificate: who gets in, and what the others are told."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stowage import errors
from stowage.engine.address import Tls, from_environment
from stowage.engine.client import Engine

from . import daemons
from .registries import free_port


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates as docker names them, and those of a stranger."""
    folder = tmp_path_factory.mktemp("tls")
    daemons.make_authority(folder, "ca")
    daemons.make_authority(folder, "stranger")
    daemons.make_certificate(folder, "server", "ca", "subjectAltName=DNS:engine.test,IP:127.0.0.1\n")
    daemons.make_certificate(folder, "cert", "ca", "extendedKeyUsage=clientAuth\n")
    daemons.make_certificate(folder, "forged", "stranger", "extendedKeyUsage=clientAuth\n")
    (folder / "cert-key.pem").rename(folder / "key.pem")
    return folder


@pytest.fixture(scope="module")
def port(folder: Path) -> Iterator[int]:
    options = ["--tlsverify", "--tlscacert=ca.pem", "--tlscert=server.pem", "--tlskey=server-key.pem"]
    options = [option.replace("=", f"={folder}/") for option in options]
    with daemons.tls_engine(folder, options) as (port, _process):
        yield port


def tls(folder: Path, **more: object) -> Tls:
    files: dict[str, Any] = {key: str(folder / f"{key}.pem") for key in ("ca", "cert", "key")}
    return Tls(**{**files, **more})


def test_calls_go_through_on_kept_connections(port: int, folder: Path) -> None:
    with Engine.connect(f"tcp://127.0.0.1:{port}", tls(folder)) as engine:
        assert engine.system.info()["Containers"] == 0
        for number in range(20):
            engine.volumes.create(f"volume-{number}")
        assert len(engine.volumes.list()) == 20
        with pytest.raises(errors.NotFound):
            engine.containers.inspect("is-not-there")
        image = engine.images.build(_scratch(), {"t": "made:1"})  # a body in many pieces
        assert engine.images.inspect("made:1")["Id"] == image
        with engine.images.save(["made:1"]) as answer:
            assert len(b"".join(answer)) > 5_000_000
        with engine.system.events() as events:
            seen: list[object] = []
            thread = threading.Thread(target=lambda: seen.extend(events))
            thread.start()
            time.sleep(0.2)
        thread.join(5)
        assert not thread.is_alive()
        assert seen == []


def _scratch() -> bytes:
    from .test_images import context

    return context("FROM scratch\nCOPY big /\n", big=os.urandom(6_000_000))


def test_the_environment_docker_uses(port: int, folder: Path) -> None:
    environ = {"DOCKER_HOST": f"tcp://127.0.0.1:{port}", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(folder)}
    with Engine.connect(*from_environment(environ)) as engine:
        assert engine.system.ping()
    del environ["DOCKER_TLS_VERIFY"]
    with Engine.connect(*from_environment({**environ, "DOCKER_TLS": "1"})) as engine:
        assert engine.system.ping()


def test_another_name_is_checked_if_it_is_given(port: int, folder: Path) -> None:
    with Engine.connect(f"https://127.0.0.1:{port}", tls(folder, server_name="engine.test")) as engine:
        assert engine.system.ping()
    with Engine.connect(f"tcp://127.0.0.1:{port}", tls(folder, server_name="other.test")) as engine:
        with pytest.raises(errors.EngineUnreachable, match=r"other.test.*tls_hostname"):
            engine.system.ping()


def test_an_engine_of_another_authority_is_refused(port: int, folder: Path) -> None:
    with Engine.connect(f"tcp://127.0.0.1:{port}", tls(folder, ca=str(folder / "stranger.pem"))) as engine:
        with pytest.raises(errors.EngineUnreachable, match=r"certificate verify failed.*ca_path"):
            engine.system.ping()
    with Engine.connect(f"https://127.0.0.1:{port}") as engine:  # the system's authorities
        with pytest.raises(errors.EngineUnreachable, match="certificate verify failed"):
            engine.system.ping()


@pytest.mark.parametrize("name", ["none", "forged"])
def test_a_client_without_the_right_certificate_is_told_so(port: int, folder: Path, name: str) -> None:
    own = {"cert": "", "key": ""}
    if name != "none":
        own = {"cert": str(folder / f"{name}.pem"), "key": str(folder / f"{name}-key.pem")}
    with Engine.connect(f"tcp://127.0.0.1:{port}", tls(folder, **own)) as engine:
        with pytest.raises(errors.EngineUnreachable, match=r"(?i)certificate.*Check the client certificate and key"):
            engine.system.ping()


def test_plain_text_to_a_tls_port_and_back(port: int, folder: Path) -> None:
    with Engine.connect(f"tcp://127.0.0.1:{port}") as engine:
        with pytest.raises(errors.EngineError, match=r"HTTPS server|is TLS set"):
            engine.system.ping()
    with daemons.sshd(_below(folder, "no-tls")) as other:
        with Engine.connect(f"tcp://127.0.0.1:{other}", tls(folder)) as engine:
            with pytest.raises(errors.EngineUnreachable, match="speaks TLS on this port"):
                engine.system.ping()


def test_files_that_are_not_there(port: int, folder: Path) -> None:
    for key in ("ca", "cert", "key"):
        with Engine.connect(f"tcp://127.0.0.1:{port}", tls(folder, **{key: "/is/not/there.pem"})) as engine:
            with pytest.raises(errors.EngineUnreachable, match="No such file"):
                engine.system.ping()


def test_nobody_there() -> None:
    with Engine.connect(f"tcp://127.0.0.1:{free_port()}") as engine:
        with pytest.raises(errors.EngineUnreachable, match="Connection refused"):
            engine.system.ping()


def test_an_engine_killed_in_the_middle_of_a_call(tmp_path: Path) -> None:
    with daemons.tls_engine(tmp_path, []) as (port, process), Engine.connect(f"tcp://127.0.0.1:{port}") as engine:
        assert engine.system.ping()
        failures: list[Exception] = []

        def listen() -> None:
            try:
                for _event in engine.system.events():
                    pass
            except errors.EngineError as error:
                failures.append(error)

        thread = threading.Thread(target=listen)
        thread.start()
        time.sleep(0.3)
        _kill(process)
        thread.join(10)
        assert [type(failure) for failure in failures] == [errors.EngineUnreachable]
        with pytest.raises(errors.EngineUnreachable, match=r"refused|reset"):
            engine.system.ping()


def _kill(process: subprocess.Popen[bytes]) -> None:
    # Its containerd is a child of its own and would stay behind: it goes first.
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    for child in children:
        os.kill(int(child), signal.SIGTERM)


def _below(folder: Path, name: str) -> Path:
    path = folder / name
    path.mkdir(exist_ok=True)
    return path
