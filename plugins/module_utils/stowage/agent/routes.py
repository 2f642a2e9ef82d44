# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every path that the sockets answer, by hand, and the published description made of the same table.

Knows what there is and who may ask for it. What is answered is the handlers'.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Tuple

from .. import __version__

READ, WRITE = "read.sock and write.sock", "write.sock"


@dataclass(frozen=True)
class Route:
    """One path. Parts in braces match one segment. ``name`` is the handler's method."""

    method: str
    path: str
    name: str
    summary: str
    writes: bool = False
    stream: bool = False
    query: Tuple[str, ...] = ()
    body: Tuple[str, ...] = ()


ROUTES = (
    Route("GET", "/v1/status", "status", "The runtime, its engine, and how each scope was found last."),
    Route("GET", "/v1/drift", "drift", "Ask the engine now: what would bring back what is declared.", query=("scope",)),
    Route("GET", "/v1/history", "history", "The kept versions of each scope, newest first.", query=("scope",)),
    Route("GET", "/v1/history/{scope}/{number}", "version", "One version; values that may be secret are masked."),
    Route("GET", "/v1/diff/{scope}/{before}/{after}", "diff", "What differs between two versions, as a unified diff."),
    Route(
        "GET",
        "/v1/events",
        "events",
        "Events as they happen, the latest known first.",
        stream=True,
        query=("after", "follow"),
    ),
    Route("GET", "/v1/doctor", "doctor", "Whether engine, store, sockets, version and disk are as they should be."),
    Route("GET", "/v1/metrics", "metrics", "Metrics in the Prometheus text format."),
    Route("GET", "/v1/openapi.json", "description", "This description."),
    Route("POST", "/v1/plan", "plan", "What applying a manifest would do.", writes=True, body=("manifest",)),
    Route(
        "POST",
        "/v1/apply",
        "apply",
        "Store a manifest and make it so; progress, and at last the result.",
        writes=True,
        stream=True,
        body=("manifest", "by", "lock_timeout"),
    ),
    Route(
        "POST",
        "/v1/requests",
        "request",
        "Answer a task of a playbook; the number of a run where that takes longer than wait.",
        writes=True,
        body=("request", "digest", "wait", "by"),
    ),
    Route(
        "GET", "/v1/runs/{run}", "run", "What a run told since, or its answer.", writes=True, query=("after", "wait")
    ),
    Route(
        "POST",
        "/v1/rollback",
        "rollback",
        "Bring an earlier version back, images included.",
        writes=True,
        stream=True,
        body=("scope", "number", "check", "by"),
    ),
    Route(
        "POST",
        "/v1/pause",
        "pause",
        "Leave a scope, or all, alone for a while.",
        writes=True,
        body=("scope", "seconds", "reason", "by"),
    ),
    Route(
        "POST", "/v1/resume", "resume", "End a pause, and try anew what was left alone.", writes=True, body=("scope",)
    ),
    Route(
        "GET",
        "/v1/logs/{container}",
        "logs",
        "The output of a container.",
        writes=True,
        stream=True,
        query=("tail", "follow"),
    ),
)


def find(method: str, path: str) -> Tuple[Optional[Route], Dict[str, str], Tuple[str, ...]]:
    """The route of a request, with what stands for its braces; or the methods that the path has otherwise."""
    methods: List[str] = []
    for route in ROUTES:
        values = _match(route.path, path)
        if values is None:
            continue
        if route.method == method:
            return route, values, ()
        methods.append(route.method)
    return None, {}, tuple(methods)


def _match(pattern: str, path: str) -> Optional[Dict[str, str]]:
    wanted, given = pattern.split("/"), path.split("/")
    if len(wanted) != len(given):
        return None
    values: Dict[str, str] = {}
    for want, have in zip(wanted, given):
        if want.startswith("{") and have:
            values[want[1:-1]] = have
        elif want != have:
            return None
    return values


def describe() -> Dict[str, Any]:
    """The routes as an OpenAPI 3.1 document."""
    paths: Dict[str, Dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _described(route)
    about = {
        "title": "stowage",
        "version": __version__,
        "description": "The runtime that keeps this host as declared. It listens on two sockets under /run/stowage: "
        "read.sock, for root and the group stowage, and write.sock, for root. Streams are JSON lines.",
    }
    return {"openapi": "3.1.0", "info": about, "paths": paths}


def _described(route: Route) -> Dict[str, Any]:
    kind = "application/x-ndjson" if route.stream else "text/plain" if route.name == "metrics" else "application/json"
    names = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
    parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
    parameters += [
        {"name": name, "in": "query", "required": False, "schema": {"type": "string"}} for name in route.query
    ]
    about: Dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "description": f"Answered on {WRITE if route.writes else READ}.",
        "parameters": parameters,
        "responses": {
            "200": {"description": "Well.", "content": {kind: {"schema": {}}}},
            "default": {"description": "An error.", "content": {"application/json": {"schema": _ERROR}}},
        },
    }
    if route.body:
        schema: Mapping[str, Any] = {"type": "object", "properties": {name: {} for name in route.body}}
        about["requestBody"] = {"content": {"application/json": {"schema": schema}}}
    return about


_ERROR = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
        }
    },
}
