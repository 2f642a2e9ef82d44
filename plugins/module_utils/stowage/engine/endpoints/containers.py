# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers, and the commands run inside them.

Ids and exact names are both accepted by the engine, and id prefixes too: who must not act on a
look-alike passes full ids. Every method raises EngineError's family.
"""

from __future__ import annotations

import time
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Tuple

from ...errors import EngineUnreachable, InvalidRequest
from ..answer import Answer
from ..connection import Body
from ..session import FOREVER, Session
from ..streams import MAX_OUTPUT, joined_output, log_lines, split_output
from . import paths

STOP_MARGIN = 30  # seconds the engine may take beyond a stop's timeout, to kill and to clean up
LONG_STOP = 3600  # seconds, where the container's own timeout counts and is not known here


class Containers:
    """``/containers`` and ``/exec``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def list(
        self,
        *,
        all: bool = False,
        labels: Iterable[str] = (),
        filters: Optional[Mapping[str, Iterable[str]]] = None,
        size: bool = False,
    ) -> List[Dict[str, Any]]:
        """The running ones, or ``all``; those with every label given (``key`` or ``key=value``)."""
        query = {"all": all or None, "size": size or None, "filters": paths.filters(labels, more=filters)}
        return paths.as_list(self._session.json("GET", "/containers/json", query=query))

    def inspect(self, container: str, *, size: bool = False) -> Dict[str, Any]:
        """Everything about one container. Raises NotFound."""
        return self._dict("GET", container, "/json", {"size": size or None})

    def create(self, name: str, body: Mapping[str, Any], platform: str = "") -> Dict[str, Any]:
        """Create without starting: ``{"Id": …, "Warnings": […]}``. An empty name lets the engine choose.

        Raises NotFound for a missing image, Conflict for a name in use.
        """
        query = {"name": name or None, "platform": platform or None}
        answer = self._session.json("POST", "/containers/create", query=query, body=body)
        return dict(answer or {})

    def start(self, container: str) -> None:
        """Start; nothing happens where it runs already."""
        self._do("POST", container, "/start")

    def stop(self, container: str, timeout: Optional[int] = None, signal: Optional[str] = None) -> None:
        """Stop, and kill after ``timeout`` seconds (None: the container's own setting; -1: never kill).

        ``signal`` (API 1.42) replaces the container's stop signal. Nothing happens where it is stopped.
        """
        self._stop(container, "/stop", timeout, signal)

    def restart(self, container: str, timeout: Optional[int] = None, signal: Optional[str] = None) -> None:
        """Stop as ``stop`` does, and start again."""
        self._stop(container, "/restart", timeout, signal)

    def kill(self, container: str, signal: str = "SIGKILL") -> None:
        """Send a signal. Raises Conflict where the container does not run."""
        self._do("POST", container, "/kill", {"signal": signal})

    def pause(self, container: str) -> None:
        """Freeze its processes. Raises Conflict where it does not run."""
        self._do("POST", container, "/pause")

    def unpause(self, container: str) -> None:
        """Let its processes go on. Raises Conflict where it is not paused."""
        self._do("POST", container, "/unpause")

    def remove(self, container: str, force: bool = False, volumes: bool = False) -> None:
        """Remove; ``force`` kills a running one, ``volumes`` takes its anonymous volumes along."""
        self._do("DELETE", container, "", {"force": force or None, "v": volumes or None})

    def rename(self, container: str, name: str) -> None:
        """Give it another name. Raises Conflict where the name is in use."""
        self._do("POST", container, "/rename", {"name": name})

    def update(self, container: str, body: Mapping[str, Any]) -> List[str]:
        """Change resources or the restart policy in place; the engine's warnings."""
        path = f"/containers/{paths.segment(container, 'container')}/update"
        answer = self._session.json("POST", path, body=body)
        return list((answer or {}).get("Warnings") or [])

    def wait(self, container: str, condition: str = "not-running", timeout: Optional[float] = None) -> Dict[str, Any]:
        """Wait for ``not-running``, ``next-exit`` or ``removed``: ``{"StatusCode": 0, "Error": …}``.

        Raises EngineTimeout after ``timeout`` seconds; None waits for ever.
        """
        limit = FOREVER if timeout is None else timeout
        path = f"/containers/{paths.segment(container, 'container')}/wait"
        answer = self._session.json("POST", path, query={"condition": condition}, timeout=limit)
        return dict(answer or {})

    def logs(
        self,
        container: str,
        *,
        tail: int | str = "all",
        stdout: bool = True,
        stderr: bool = True,
        since: float = 0,
        until: float = 0,
        timestamps: bool = False,
        tty: Optional[bool] = None,
        limit: int = MAX_OUTPUT,
    ) -> Tuple[bytes, bytes]:
        """(stdout, stderr) so far, each cut to its last ``limit`` bytes; all in stdout with a terminal.

        ``tail``: so many last lines. ``tty``: whether the container has a terminal, if it is known;
        else it is found out, which costs an inspect on engines before API 1.42.
        """
        query = {
            "stdout": stdout,
            "stderr": stderr,
            "tail": tail,
            "since": since or None,
            "until": until or None,
            "timestamps": timestamps or None,
        }
        path = f"/containers/{paths.segment(container, 'container')}/logs"
        if tty is None and self._session.api_version < (1, 42):
            tty = bool(self.inspect(container).get("Config", {}).get("Tty"))
        with self._session.open("GET", path, query=query) as answer:
            if tty is None:
                tty = "multiplexed" not in answer.headers.get("content-type", "")
            return answer.decode(lambda pieces: split_output(pieces, bool(tty), limit))

    def follow_logs(self, container: str, *, tail: int | str = "all", follow: bool = True) -> Lines:
        """The output line by line, on a connection of its own, and with ``follow`` what comes from now on."""
        tty = bool(self.inspect(container).get("Config", {}).get("Tty"))
        query = {"stdout": True, "stderr": True, "tail": tail, "follow": follow or None}
        path = f"/containers/{paths.segment(container, 'container')}/logs"
        return Lines(self._session.open("GET", path, query=query, timeout=FOREVER, bounded=False), tty)

    def exec_run(
        self,
        container: str,
        body: Mapping[str, Any],
        timeout: Optional[float] = None,
        limit: int = MAX_OUTPUT,
    ) -> Tuple[int, bytes]:
        """Run a command in a running container to its end: (exit code, stdout and stderr as they came).

        ``body`` is that of ``POST /containers/{id}/exec``: ``{"Cmd": […], "User": …, "Env": […]}``; its
        output is attached unless it says otherwise. ``timeout``: seconds for all of it (None: no limit);
        EngineTimeout after that leaves the command running, for the engine cannot stop one.
        """
        full = {"AttachStdout": True, "AttachStderr": True, **body}
        tty = bool(full.get("Tty"))
        path = f"/containers/{paths.segment(container, 'container')}/exec"
        exec_id = paths.segment(str(self._session.json("POST", path, body=full)["Id"]), "command")
        start = {"Detach": False, "Tty": tty}
        limit_seconds = FOREVER if timeout is None else timeout
        with self._session.open(
            "POST", f"/exec/{exec_id}/start", document=start, timeout=limit_seconds, idle=False
        ) as answer:
            output = answer.decode(lambda pieces: joined_output(pieces, tty, limit))
        return self._exit_code(exec_id), output

    def put_archive(
        self,
        container: str,
        path: str,
        archive: Body,
        *,
        no_overwrite: bool = False,
        copy_owner: bool = False,
    ) -> None:
        """Unpack a tar archive (bytes, or pieces as they come) into the folder ``path`` of a container."""
        target = f"/containers/{paths.segment(container, 'container')}/archive"
        query = {"path": path, "noOverwriteDirNonDir": no_overwrite or None, "copyUIDGID": copy_owner or None}
        headers = {"Content-Type": "application/x-tar"}
        with self._session.open("PUT", target, query=query, body=archive, headers=headers) as answer:
            answer.read(MAX_OUTPUT)

    def get_archive(self, container: str, path: str) -> Answer:
        """A tar archive of a file or folder of a container. Iterate the answer, and close it.

        Raises NotFound. ``answer.headers["x-docker-container-path-stat"]`` is the engine's base64 JSON.
        """
        target = f"/containers/{paths.segment(container, 'container')}/archive"
        return self._session.open("GET", target, query={"path": path})

    def top(self, container: str, ps_args: str = "") -> Dict[str, Any]:
        """The processes: ``{"Titles": […], "Processes": [[…]]}``. Raises Conflict where it does not run."""
        return self._dict("GET", container, "/top", {"ps_args": ps_args or None})

    def stats(self, container: str) -> Dict[str, Any]:
        """One sample of the resources in use, taken at once (no second sample for rates)."""
        return self._dict("GET", container, "/stats", {"stream": False, "one-shot": True})

    def _dict(self, method: str, container: str, tail: str, query: Mapping[str, Any]) -> Dict[str, Any]:
        path = f"/containers/{paths.segment(container, 'container')}{tail}"
        return dict(self._session.json(method, path, query=query) or {})

    def _do(
        self,
        method: str,
        container: str,
        tail: str,
        query: Optional[Mapping[str, Any]] = None,
        timeout: Optional[float] = None,
    ) -> None:
        path = f"/containers/{paths.segment(container, 'container')}{tail}"
        self._session.json(method, path, query=query, timeout=timeout)

    def _stop(self, container: str, tail: str, timeout: Optional[int], signal: Optional[str]) -> None:
        if signal and self._session.api_version < (1, 42):
            raise InvalidRequest("this engine cannot be told the signal of a stop (API 1.42): use kill")
        if timeout is None:
            limit = float(LONG_STOP)
        else:
            limit = FOREVER if timeout < 0 else max(self._session.timeout, timeout + STOP_MARGIN)
        self._do("POST", container, tail, {"t": timeout, "signal": signal or None}, limit)

    def _exit_code(self, exec_id: str) -> int:
        # The stream's end comes a moment before the engine has written down how the command ended.
        pause = 0.005
        for _attempt in range(10):
            state = self._session.json("GET", f"/exec/{exec_id}/json")
            if not state.get("Running") and state.get("ExitCode") is not None:
                return int(state["ExitCode"])
            time.sleep(pause)
            pause *= 2
        call = f"POST /exec/{exec_id}/start"
        raise EngineUnreachable("the connection ended before the command did", call=call)


class Lines:
    """An iterator of (stream, text); also a context manager."""

    def __init__(self, answer: Answer, tty: bool) -> None:
        self._answer = answer
        self._tty = tty

    def __iter__(self) -> Iterator[Tuple[str, str]]:
        return self._answer.each(lambda pieces: log_lines(pieces, self._tty))

    def close(self) -> None:
        """End it; from another thread too, where the iteration then ends without an error."""
        self._answer.abort()

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()
