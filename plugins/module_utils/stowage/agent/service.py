# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resident process: puts the parts together, waits to be told to stop, and takes them apart again.

Knows who needs whom, folders and signals. Everything else is the parts' own.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import json
import os
import signal
import socket
import sys
import time
from typing import Any, Mapping

from .. import DIGEST, __version__, request
from ..engine.address import from_environment
from ..engine.client import Engine
from ..errors import StowageError
from ..places import ABOUT
from ..store import Store
from .audit import Audit
from .handlers import Handlers
from .journal import Journal
from .keeper import Keeper
from .metrics import Metrics
from .notify import Notifier
from .runs import Runs
from .server import Door, Server
from .settings import Settings, load_settings
from .telling import Parts
from .tending import Tending
from .watch import Watch

PID_FILE = "/run/docker.pid"
STOP_PATIENCE = 8.0  # seconds that an apply may go on; the next start finishes what was not
_POLL = 0.1


def serve(path: str) -> int:
    """Keep this host until SIGTERM or SIGINT. Raises StowageError where it cannot be begun."""
    settings = load_settings(path)
    # Blocked in every thread, so that the one place that waits for them gets them.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    service = Service(settings)
    service.start()
    tell_manager("READY=1")
    try:
        signal.sigwait({signal.SIGTERM, signal.SIGINT})
    finally:
        tell_manager("STOPPING=1")
        service.stop()
    return 0


class StopSign:
    """Whether an engine was stopped, rather than killed: dockerd takes the file with its process id away then."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._was_there = False

    def __call__(self) -> bool:
        is_there = os.path.exists(self._path)
        self._was_there = self._was_there or is_there
        return self._was_there and not is_there


class Service:
    """The runtime of one host, in parts."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.address = engine_address(settings)
        make_folders(settings)
        self._claim = claim(settings.sockets)
        self._metrics = Metrics()
        self._audit = Audit(settings.log, settings.audit_bytes, settings.audit_files, self._unwritten)
        self._notifier = Notifier(settings.notify, self._unsent)
        self.journal = Journal([self._audit.write, self._notifier.tell])
        self.store = Store(settings.state, self.address, keep=settings.history)
        tending = Tending(self.store, self.journal, self._metrics)
        self.keeper = Keeper(self.address, self.store, settings, tending, self.journal)
        self._is_stopped = StopSign(PID_FILE)
        self._watch = Watch(self._connect, self._came, self._left, self.keeper.saw, self._is_stopped)
        self._runs = Runs()
        parts = Parts(self.address, DIGEST, settings, self.store, self.keeper, self.journal, self._metrics, self._runs)
        gid = group_id(settings.group)
        doors = (
            Door(os.path.join(settings.sockets, "read.sock"), 0o660, gid, writes=False),
            Door(os.path.join(settings.sockets, "write.sock"), 0o600, os.getegid(), writes=True),
        )
        self._server = Server(doors, Handlers(parts).answer)

    def start(self) -> None:
        """Begin to listen and to keep."""
        self.keeper.start()
        self._server.start()
        self._introduce()
        self._watch.start()
        self.journal.tell("started", f"keeps the engine at {self.address}")
        # What is there now stays: it need not be looked through for garbage time and again.
        gc.collect()
        gc.freeze()

    def stop(self) -> None:
        """End; containers run on."""
        deadline = time.monotonic() + STOP_PATIENCE
        while self._runs.busy() and time.monotonic() < deadline:
            time.sleep(_POLL)
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(self._settings.sockets, ABOUT))
        self._server.stop()
        self._watch.stop()
        self.keeper.stop()
        self._notifier.close(2.0)
        self._audit.close()
        os.close(self._claim)

    def _introduce(self) -> None:
        """Say beside the sockets who listens, for runs that come from elsewhere."""
        about = {"engine": self.address, "state": self._settings.state, "version": __version__, "digest": DIGEST}
        path = os.path.join(self._settings.sockets, ABOUT)
        with open(f"{path}.new", "w", encoding="utf-8") as file:
            json.dump(about, file)
        os.replace(f"{path}.new", path)

    def _connect(self) -> Engine:
        options: Mapping[str, Any] = {"host": self._settings.engine} if self._settings.engine else {}
        return request.connect(options)[0]

    def _came(self, engine: Engine) -> None:
        self._is_stopped()  # notes that there is such a file
        self._metrics.set("engine_reachable", 1)
        self.keeper.came(engine)

    def _left(self, reason: str) -> None:
        self._metrics.set("engine_reachable", 0)
        self.keeper.left(reason)

    def _unsent(self, text: str) -> None:
        """A notification came to nothing: noted, but not notified."""
        self._metrics.count("notifications_lost")
        complain(text)

    def _unwritten(self, text: str) -> None:
        """An event is not in the audit log."""
        self._metrics.count("audit_lost")
        complain(text)


def complain(text: str) -> None:
    """Say it to whoever reads this process's errors. That nobody does, or on a full disk, is no trouble."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"stowage: {text}\n")


def engine_address(settings: Settings) -> str:
    """The engine that this runtime keeps. Raises StowageError where that is another machine's."""
    address = settings.engine or str(from_environment(os.environ)[0])
    if not address.startswith("unix:"):
        raise StowageError(f"the runtime keeps the engine of its own host, over a unix socket; {address} is none")
    return request.known_by(address)


def make_folders(settings: Settings) -> None:
    """The folders of the runtime, each for whom it is. Raises StowageError."""
    try:
        for path, mode in ((settings.sockets, 0o755), (settings.state, 0o700), (settings.log, 0o750)):
            os.makedirs(path, mode=mode, exist_ok=True)
        incoming = os.path.join(settings.state, "incoming")
        for name in os.listdir(incoming) if os.path.isdir(incoming) else ():
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(incoming, name))  # brought for a run that an earlier process did not end
    except OSError as error:
        raise StowageError(f"{error.filename}: {error.strerror}") from error


def claim(folder: str) -> int:
    """Make sure that this is the only runtime with these sockets. Raises StowageError where it is not."""
    path = os.path.join(folder, "pid")
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise StowageError(f"another runtime has {path}; stop that one first") from None
    except OSError as error:
        raise StowageError(f"{path}: {error.strerror}") from error
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    return descriptor


def group_id(name: str) -> int:
    """The group that may read, or that of this process where there is none of the name."""
    import grp

    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return os.getegid()


def tell_manager(state: str) -> None:
    """Tell systemd how it stands (sd_notify); without systemd nobody listens."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.connect(f"\0{path[1:]}" if path.startswith("@") else path)
        manager.sendall(state.encode())
