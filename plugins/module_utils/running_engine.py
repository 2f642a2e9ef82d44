# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's client as the parts of ``provision`` want it: plain methods, and ProvisionError for what goes wrong.

``provision`` does not know the runtime; modules hand it this. Each call has a connection of its own, as the engine may
be another process by the next one.
"""

from __future__ import annotations

import contextlib
import time
from typing import Any, Dict, Iterator, List

from .provision.errors import ProvisionError
from .provision.service import Service
from .stowage.engine.client import Engine
from .stowage.errors import EngineError

_SWARM_TASK = "com.docker.swarm.task.id"


class RunningEngine:
    """The engine behind a socket. Connecting may start one that systemd promises: ask Service.answer first."""

    def __init__(self, socket_path: str, timeout: float = 60.0) -> None:
        self._address = f"unix://{socket_path}"
        self._timeout = timeout

    def info(self) -> Dict[str, Any]:
        """Return its settings and state."""
        with self._connected() as engine:
            return engine.system.info()

    def running(self) -> List[str]:
        """Return the ids of containers that run, the oldest first: a younger one may need it, as for its network.

        A swarm's are left out: it replaces its tasks itself, and one that is started by hand is one too many.
        """
        with self._connected() as engine:
            found = engine.containers.list()
        return [str(one["Id"]) for one in reversed(found) if _SWARM_TASK not in (one.get("Labels") or {})]

    def start(self, container: str) -> None:
        """Start a container."""
        with self._connected() as engine:
            engine.containers.start(container)

    def reload(self, service: Service, seconds: float) -> bool:
        """Have the engine read its configuration anew; tell whether it said within that time that it has."""
        filters = {"type": ["daemon"], "event": ["reload"]}
        try:
            with contextlib.ExitStack() as stack:
                engine = stack.enter_context(Engine.connect(self._address, timeout=self._timeout))
                events = stack.enter_context(engine.system.events(since=time.time(), filters=filters, idle=seconds))
                service.reload()
                return next(iter(events), None) is not None
        except EngineError:
            # Silence, or an engine that ended over it.
            return False

    @contextlib.contextmanager
    def _connected(self) -> Iterator[Engine]:
        try:
            with Engine.connect(self._address, timeout=self._timeout) as engine:
                yield engine
        except EngineError as error:
            raise ProvisionError(f"the engine: {error}") from error
