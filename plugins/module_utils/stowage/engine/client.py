# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Engine API's client as its callers see it: one object, endpoints in groups.

Puts transport, session and endpoints together and decides nothing else.
"""

from __future__ import annotations

from typing import Optional, Tuple, Union

from .address import Address, Tls, parse_address
from .endpoints.containers import Containers
from .endpoints.images import Images
from .endpoints.networks import Networks
from .endpoints.swarm import Swarm
from .endpoints.system import System
from .endpoints.volumes import Volumes
from .session import Hook, Session
from .transport import make_dialer

__all__ = ["Engine"]


class Engine:
    """A Docker engine, for any number of threads. A context manager; close it when done.

    Errors: EngineError's family, and InvalidRequest for names that cannot be sent.
    """

    def __init__(self, session: Session, address: str = "") -> None:
        self._session = session
        self.address = address
        self.containers = Containers(session)
        self.images = Images(session)
        self.networks = Networks(session)
        self.volumes = Volumes(session)
        self.swarm = Swarm(session)
        self.system = System(session)

    @classmethod
    def connect(
        cls,
        address: Union[str, Address],
        tls: Optional[Tls] = None,
        timeout: float = 60.0,
        pool_size: int = 8,
    ) -> Engine:
        """Prepare to talk to the engine at an address; the first call opens the first connection.

        ``timeout``: seconds for a whole answer where a method has no other limit. ``pool_size``: how
        many calls run at the same time; more wait. Raises EngineUnreachable for a malformed address.
        """
        parsed = parse_address(address) if isinstance(address, str) else address
        return cls(Session(make_dialer(parsed, tls), str(parsed), timeout, pool_size), str(parsed))

    @property
    def api_version(self) -> Tuple[int, int]:
        """The API version spoken with this engine, as (1, 45). Raises EngineTooOld below 1.41."""
        return self._session.api_version

    @property
    def on_call(self) -> Optional[Hook]:
        """Called as ``hook(phase, method, path)`` around every request, in the calling thread.

        ``phase``: "before" it is sent, "after" its answer was read. ``path`` has neither version nor
        query. What the hook raises passes through. For tests and benchmarks.
        """
        return self._session.on_call

    @on_call.setter
    def on_call(self, hook: Optional[Hook]) -> None:
        self._session.on_call = hook

    def close(self) -> None:
        """Close every connection. Calls after that raise EngineUnreachable."""
        self._session.close()

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()
