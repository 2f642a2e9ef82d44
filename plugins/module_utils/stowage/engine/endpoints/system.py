# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine itself: ping, version, info, disk use, build cache, events."""

from __future__ import annotations

from typing import Any, Dict, Iterable, Iterator, Mapping, Optional

from ..answer import Answer
from ..session import FOREVER, Session
from ..streams import json_lines
from . import paths


class System:
    """``/_ping``, ``/version``, ``/info``, ``/system/df``, ``/build/prune`` and ``/events``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def ping(self) -> Dict[str, str]:
        """What the engine says of itself in a ping's headers (lower-case names: api-version, ostype …)."""
        with self._session.open("GET", "/_ping", versioned=False, idle=False) as answer:
            answer.read(65536)
            return dict(answer.headers)

    def version(self) -> Dict[str, Any]:
        """Versions of the engine and its parts."""
        return dict(self._session.json("GET", "/version") or {})

    def info(self) -> Dict[str, Any]:
        """The engine's settings and state; slower than ``version``, as it counts what there is."""
        return dict(self._session.json("GET", "/info") or {})

    def df(self, types: Iterable[str] = ()) -> Dict[str, Any]:
        """Disk use of images, containers, volumes and build cache; slow on hosts with many layers.

        ``types`` (``image``, ``container``, ``volume``, ``build-cache``) bounds it from API 1.42 on; before that all is
        told. Each kind's entries stand below Images, Containers, Volumes and BuildCache, whatever the API's version.
        """
        version = self._session.api_version
        query = {
            "type": tuple(types) if version >= (1, 42) else None,
            "verbose": True if version >= (1, 52) else None,
        }
        answer = self._session.json("GET", "/system/df", query=query, timeout=max(300.0, self._session.timeout))
        return _as_before(dict(answer or {}))

    def prune_build_cache(
        self, *, all: bool = False, filters: Optional[Mapping[str, Iterable[str]]] = None
    ) -> Dict[str, Any]:
        """Remove build cache that is not in use: ``{"CachesDeleted": [id, …], "SpaceReclaimed": bytes}``."""
        query = {"all": all or None, "filters": paths.filters(more=filters)}
        limit = max(600.0, self._session.timeout)
        return dict(self._session.json("POST", "/build/prune", query=query, timeout=limit) or {})

    def events(
        self,
        *,
        since: float = 0,
        until: float = 0,
        labels: Iterable[str] = (),
        filters: Optional[Mapping[str, Iterable[str]]] = None,
        idle: Optional[float] = None,
    ) -> Events:
        """The engine's events as they happen, on a connection of their own. Close it when done.

        ``since``/``until``: Unix times; with ``until`` the stream ends then. ``idle``: EngineTimeout
        after so many seconds of silence (None: silence is no fault).
        """
        query = {
            "since": since or None,
            "until": until or None,
            "filters": paths.filters(labels, more=filters),
        }
        limit = FOREVER if idle is None else idle
        return Events(self._session.open("GET", "/events", query=query, timeout=limit, bounded=False))


# API 1.52 tells disk use in sections of its own, and leaves out the former fields when asked for entries.
_SECTIONS = {
    "Images": ("ImageUsage", "ImagesUsage"),
    "Containers": ("ContainerUsage", "ContainersUsage"),
    "Volumes": ("VolumeUsage", "VolumesUsage"),
    "BuildCache": ("BuildCacheUsage",),
}


def _as_before(answer: Dict[str, Any]) -> Dict[str, Any]:
    """Disk use with its entries where engines before API 1.52 have them."""
    for name, sections in _SECTIONS.items():
        for section in sections:
            found = answer.get(section)
            if isinstance(found, dict) and not answer.get(name):
                answer[name] = found.get("Items") or []
    return answer


class Events:
    """An iterator of events (plain dicts); also a context manager."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[Dict[str, Any]]:
        return self._answer.each(json_lines)

    def close(self) -> None:
        """End the stream; from another thread too, where the iteration then ends without an error."""
        self._answer.abort()

    def __enter__(self) -> Events:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()
