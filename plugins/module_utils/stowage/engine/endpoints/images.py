# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images: pull, build, load, save, tag, push, and what a registry says about them.

The long calls report as they go: ``progress`` receives every event of the engine, decoded. An error
inside such a stream (the status was 200 by then) is raised as ServerFault with the engine's words.
``auth`` and ``reference`` are imported where they are used: a run that pulls nothing does not compile them.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, Optional

from ...errors import EngineUnreachable
from .. import faults
from ..answer import Answer
from ..connection import Body
from ..session import Session
from ..streams import json_lines
from . import paths

PULL_SILENCE = 600.0  # seconds without an event; unpacking one large layer on a slow disk is silent
BUILD_SILENCE = 7200.0  # seconds; a RUN step may well say nothing for an hour
PIECE = 256 * 1024

Event = Dict[str, Any]
Progress = Optional[Callable[[Event], None]]


class Images:
    """``/images``, ``/build`` and ``/distribution``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def list(
        self,
        *,
        all: bool = False,
        labels: Iterable[str] = (),
        filters: Optional[Mapping[str, Iterable[str]]] = None,
        digests: bool = False,
    ) -> List[Dict[str, Any]]:
        """The images with a name and the dangling ones; ``all`` adds intermediate layers."""
        query = {
            "all": all or None,
            "digests": digests or None,
            "filters": paths.filters(labels, more=filters),
        }
        return paths.as_list(self._session.json("GET", "/images/json", query=query))

    def inspect(self, ref: str) -> Dict[str, Any]:
        """Everything about an image, by reference or id. Raises NotFound."""
        return dict(self._session.json("GET", f"/images/{paths.image(ref)}/json") or {})

    def history(self, ref: str) -> List[Dict[str, Any]]:
        """The layers of an image and what made them, newest first."""
        return paths.as_list(self._session.json("GET", f"/images/{paths.image(ref)}/history"))

    def pull(
        self,
        ref: str,
        platform: str = "",
        auth: Optional[Mapping[str, str]] = None,
        progress: Progress = None,
        timeout: float = PULL_SILENCE,
    ) -> str:
        """Pull one tag or digest (``latest`` where none is given); the digest pulled, or "".

        ``auth``: a credential as in ``auth.py``. ``timeout``: seconds of silence. Raises NotFound,
        AccessDenied or ServerFault as the engine puts it.
        """
        from ... import reference

        name = reference.parse(ref)
        query = {"fromImage": name.familiar_name, "tag": name.version, "platform": platform or None}
        digest = ""
        headers = self._auth_header(auth)
        for event in self._events("/images/create", query, headers, progress, timeout):
            status = event.get("status")
            if isinstance(status, str) and status.startswith("Digest: "):
                digest = status[len("Digest: ") :].strip()
        return digest

    def build(
        self,
        context: Any,
        query: Mapping[str, Any],
        registry_auths: Optional[Mapping[str, Mapping[str, str]]] = None,
        progress: Progress = None,
        timeout: float = BUILD_SILENCE,
    ) -> str:
        """Build with the classic builder; the new image's id (``sha256:…``).

        ``context``: a tar archive (gzip and the like are allowed) as bytes, a binary file, or pieces;
        None where ``query`` names a ``remote``. ``query``: the endpoint's parameters as they are, with
        mappings for ``buildargs`` and ``labels``, a list for ``cachefrom``, a tuple of names for ``t``.
        """
        headers = {"Content-Type": "application/x-tar"}
        if registry_auths:
            from .. import auth as auth_

            headers["X-Registry-Config"] = auth_.encode_registry_config(registry_auths)
        built = ""
        body = body_of(context)
        for event in self._events("/build", query, headers, progress, timeout, body=body):
            aux = event.get("aux")
            if isinstance(aux, dict) and aux.get("ID"):
                built = str(aux["ID"])
        if not built:
            raise EngineUnreachable("the build ended without an image", call="POST /build")
        return built

    def load(self, archive: Any, progress: Progress = None, timeout: float = PULL_SILENCE) -> List[str]:
        """Load an archive as ``save`` makes it; the names, or for nameless images the ids, it held."""
        query = {"quiet": progress is None}
        headers = {"Content-Type": "application/x-tar"}
        loaded: List[str] = []
        body = body_of(archive)
        for event in self._events("/images/load", query, headers, progress, timeout, body=body):
            lines = str(event.get("stream") or "").splitlines()
            loaded += [line.partition(": ")[2].strip() for line in lines if line.startswith("Loaded image")]
        return loaded

    def save(self, refs: Iterable[str]) -> Answer:
        """A tar archive of images by names or ids. Iterate the answer, and close it."""
        names = tuple(refs)
        return self._session.open("GET", "/images/get", query={"names": names}, timeout=PULL_SILENCE)

    def tag(self, source: str, repo: str, tag: str = "") -> None:
        """Give an image (by reference or id) another name; one that is in use moves over."""
        query = {"repo": repo, "tag": tag or None}
        self._session.json("POST", f"/images/{paths.image(source)}/tag", query=query)

    def push(
        self,
        ref: str,
        auth: Optional[Mapping[str, str]] = None,
        progress: Progress = None,
        timeout: float = PULL_SILENCE,
    ) -> str:
        """Push one tag (``latest`` where none is given); the digest it has in the registry, or ""."""
        from ... import reference
        from .. import auth as auth_

        name = reference.parse(ref)
        headers = {"X-Registry-Auth": auth_.encode_auth(auth)}
        path = f"/images/{paths.image(name.familiar_name)}/push"
        query = {"tag": name.tag or reference.DEFAULT_TAG}
        digest = ""
        for event in self._events(path, query, headers, progress, timeout):
            aux = event.get("aux")
            _before, marked, after = str(event.get("status") or "").partition(": digest: ")
            if isinstance(aux, dict) and aux.get("Digest"):
                digest = str(aux["Digest"])
            elif marked:  # all that the containerd image store says about it
                digest = after.partition(" ")[0]
        return digest

    def remove(self, ref: str, force: bool = False, noprune: bool = False) -> List[Dict[str, Any]]:
        """Remove a name, and the image with its last one: ``[{"Untagged": …}, {"Deleted": …}]``.

        Raises NotFound, and Conflict where a container uses it.
        """
        query = {"force": force or None, "noprune": noprune or None}
        return paths.as_list(self._session.json("DELETE", f"/images/{paths.image(ref)}", query=query))

    def distribution(self, ref: str, auth: Optional[Mapping[str, str]] = None) -> Dict[str, Any]:
        """What the registry has under a name now, without pulling.

        ``{"Descriptor": {"digest": "sha256:…", …}, "Platforms": […]}``. Raises AccessDenied and NotFound.
        """
        from ... import reference

        name = reference.parse(ref).with_default_tag()
        path = f"/distribution/{paths.image(name.familiar)}/json"
        return dict(self._session.json("GET", path, headers=self._auth_header(auth)) or {})

    def _auth_header(self, auth: Optional[Mapping[str, str]]) -> Dict[str, str]:
        if not auth:
            return {}
        from .. import auth as auth_

        return {"X-Registry-Auth": auth_.encode_auth(auth)}

    def _events(
        self,
        path: str,
        query: Mapping[str, Any],
        headers: Mapping[str, str],
        progress: Progress,
        timeout: float,
        *,
        body: Body = None,
    ) -> Iterator[Event]:
        """The progress stream to its end, every event shown to ``progress``; its error is raised."""
        request = self._session.open("POST", path, query=query, body=body, headers=headers, timeout=timeout)
        with request as answer:
            for event in answer.each(json_lines):
                if not isinstance(event, dict):
                    continue
                if progress is not None:
                    progress(event)
                fault = faults.from_event(event, answer.call)
                if fault is not None:
                    raise fault
                yield event


def body_of(source: Any) -> Body:
    """A request's body from bytes, a binary file (read piece by piece) or anything that yields bytes."""
    if source is None or isinstance(source, bytes) or not hasattr(source, "read"):
        return source  # type: ignore[no-any-return]
    return iter(lambda: source.read(PIECE), b"")
