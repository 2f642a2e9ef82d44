# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A runtime in a process of its own beside the test, keeping a test host's engine; and how to ask it.

It can be told to die at its N-th write or changing call, whichever comes. Knows nothing of what is declared.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from stowage import lock, request
from stowage.agent import service
from stowage.agent.settings import Settings
from stowage.engine.client import Engine

PHASES = ("before", "after")
PATIENCE = 60.0  # seconds for something to come true


class Killer:
    """Ends this process with SIGKILL before or after the N-th change of the disk or the engine; 0: never."""

    def __init__(self, number: int, phase: str, count: Path) -> None:
        self._number, self._phase, self._count = number, phase, count
        self._lock = threading.Lock()
        self._counts = dict.fromkeys(PHASES, 0)

    def call(self, phase: str, method: str, _path: str) -> None:
        """The engine's hook."""
        if method != "GET":
            self._step(phase)

    def write(self, phase: str, _path: str) -> None:
        """The store's hook."""
        self._step(phase)

    def _step(self, phase: str) -> None:
        with self._lock:
            self._counts[phase] += 1
            self._count.write_text(str(self._counts["before"]))
            if phase == self._phase and self._counts[phase] == self._number:
                os.kill(os.getpid(), signal.SIGKILL)


class Resident:
    """The runtime of one engine, with folders of its own, that is started and ended as a test likes."""

    def __init__(self, folder: Path, engine: str, **settings: Any) -> None:
        self.folder = folder
        self.settings = Settings(
            engine=f"unix://{engine}",
            state=str(folder / "state"),
            sockets=str(folder / "sockets"),
            log=str(folder / "log"),
            group="root",
            **settings,
        )
        self.process = 0

    def start(self, number: int = 0, phase: str = "before", *, armed: bool = True) -> None:
        """Fork; with a number, it dies at that point after it was first asked for something."""
        self.process = os.fork()
        if not self.process:
            try:
                self._be(Killer(number, phase, self.folder / "count") if number or armed else None)
            except BaseException:  # noqa: BLE001  a forked test must not go on as one
                traceback.print_exc()
            os._exit(1)
        self.until(lambda: self.get("/v1/status")["engine"]["reachable"])

    def _be(self, killer: Killer | None) -> None:
        lock.FOLDERS = (str(self.folder),)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
        running = service.Service(self.settings)
        if killer is not None:
            connect, store = request.connect, running.store

            def watched(options: Mapping[str, Any]) -> tuple[Engine, str]:
                engine, address = connect(options)
                engine.on_call = killer.call
                return engine, address

            request.connect = watched
            store.on_write = killer.write
        running.start()
        signal.sigwait({signal.SIGTERM})
        running.stop()
        os._exit(0)

    def kill(self) -> None:
        """SIGKILL, if it still runs."""
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process, signal.SIGKILL)
            self.gone()

    def stop(self) -> None:
        """SIGTERM."""
        os.kill(self.process, signal.SIGTERM)
        self.gone()

    def gone(self) -> int:
        """Wait for its end; the status of os.waitpid."""
        if not self.process:
            return 0
        _process, status = os.waitpid(self.process, 0)
        self.process = 0
        return status

    def count(self) -> int:
        """How many changes there were since it was started."""
        path = self.folder / "count"
        return int(path.read_text()) if path.exists() else 0

    # -- asking -------------------------------------------------------------------------------

    def get(self, path: str) -> Any:
        """A document."""
        return self.ask("GET", path)[1]

    def apply(self, manifest: Mapping[str, Any]) -> dict[str, Any] | None:
        """The result of an apply; None where the runtime died of it."""
        status, text = self.raw("POST", "/v1/apply", {"manifest": manifest, "by": "test"})
        lines = [json.loads(line) for line in text.splitlines() if line.endswith("}")]
        results = [line["answer"] for line in lines if line.get("event") == "result"]
        if status and status >= 400:
            return {"failed": True, "msg": lines[0]["error"]["message"]}
        return results[0] if results else None

    def ask(self, method: str, path: str, document: Any = None, door: str = "write") -> tuple[int, Any]:
        """Status and document. Raises OSError where nobody answers."""
        status, text = self.raw(method, path, document, door)
        if not status:
            raise ConnectionError("the runtime does not answer")
        return status, json.loads(text)

    def raw(self, method: str, path: str, document: Any = None, door: str = "write") -> tuple[int, str]:
        """Status and body, as far as they came; status 0 where nobody answers."""
        return self.raw_text(method, path, None if document is None else json.dumps(document), door)

    def raw_text(
        self, method: str, path: str, body: str | None, door: str = "write", *, length: int | None = None
    ) -> tuple[int, str]:
        """The same with a body of any kind; ``length`` is what is said of it, if that is not what it is."""
        connection = _Connection(f"{self.settings.sockets}/{door}.sock")
        headers = {"Content-Type": "application/json"}
        if length is not None:
            headers["Content-Length"] = str(length)
        try:
            connection.request(method, path, None if body is None else body.encode("latin-1"), headers)
            answer = connection.getresponse()
            text = b""
            with contextlib.suppress(OSError, http.client.HTTPException):
                while piece := answer.read1():
                    text += piece
            return answer.status, text.decode()
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()

    def state(self, scope: str) -> str:
        """How a scope was found last."""
        return str(self.get("/v1/status")["scopes"].get(scope, {}).get("state", ""))

    def until(self, happened: Callable[[], Any], patience: float = PATIENCE) -> None:
        """Wait for it; what nobody answers has not happened yet."""
        deadline = time.monotonic() + patience
        while True:
            with contextlib.suppress(ConnectionError, KeyError):
                if happened():
                    return
            assert time.monotonic() < deadline, f"it did not happen within {patience:g} s: {self._last_words()}"
            time.sleep(0.05)

    def _last_words(self) -> str:
        try:
            return json.dumps(self.get("/v1/status"))[-3000:]
        except ConnectionError:
            return "nobody answers"


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("stowage", timeout=120)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
