# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Has a container become what was waited for? Reads one inspect answer; neither waits nor asks."""

from __future__ import annotations

from typing import Any, Mapping, Optional, Tuple

DEFAULT_RETRIES = 3  # of a health check that sets none (moby, daemon/health.go)
# (True, why) it has; (False, why) it never will; (None, why) not yet.
Verdict = Tuple[Optional[bool], str]


def judge(condition: str, inspect: Mapping[str, Any], seconds: float, monitor: float) -> Verdict:
    """``ready`` is healthy where there is a health check, else up for ``monitor`` of the ``seconds`` waited.

    A container that ended with code 0, and that its restart policy does not bring back, has done its
    work and is ready too. One that the engine brings back is "restarting", never "exited", meanwhile.
    """
    state = inspect.get("State") or {}
    status = str(state.get("Status") or "")
    health = str((state.get("Health") or {}).get("Status") or "")
    code = int(state.get("ExitCode") or 0)
    if condition == "completed":
        return _completed(status, code, inspect)
    if status in ("exited", "dead"):
        if condition == "ready" and status == "exited" and code == 0 and not _restarts(inspect):
            return True, "has done its work"
        return (None, "restarts") if _restarts(inspect) and status == "exited" else (False, f"exited with code {code}")
    if int(inspect.get("RestartCount") or 0) > 0 and status == "restarting":
        return False, f"keeps failing: it exited with code {code} and is restarted"
    if health and health != "none":
        return _healthy(health, inspect)
    if condition == "healthy":
        return False, "has no health check, so it can never be healthy"
    if status != "running":
        return None, f"is {status}"
    if int(inspect.get("RestartCount") or 0) > 0 and seconds < monitor:
        return False, f"did not stay up: it exited with code {code} and was restarted"
    return (True, "is running") if seconds >= monitor else (None, "is watched")


def _completed(status: str, code: int, inspect: Mapping[str, Any]) -> Verdict:
    if status != "exited":
        return (False, "is dead") if status == "dead" else (None, f"is {status}")
    if code == 0:
        return True, "has completed"
    return (None, "restarts") if _restarts(inspect) else (False, f"exited with code {code}")


def _healthy(health: str, inspect: Mapping[str, Any]) -> Verdict:
    if health == "healthy":
        return True, "is healthy"
    if health != "unhealthy" or _is_stale(inspect):
        return None, "its health check has not passed yet"
    log = (inspect["State"].get("Health") or {}).get("Log") or [{}]
    output = str(log[-1].get("Output") or "").strip()
    return False, f"is unhealthy: {output[-500:]}" if output else "is unhealthy"


def _is_stale(inspect: Mapping[str, Any]) -> bool:
    """Whether no probe has spoken yet: the engine says unhealthy of a paused container, until one has passed."""
    found = inspect["State"].get("Health") or {}
    check = (inspect.get("Config") or {}).get("Healthcheck") or {}
    return "FailingStreak" in found and int(found["FailingStreak"]) < int(check.get("Retries") or DEFAULT_RETRIES)


def _restarts(inspect: Mapping[str, Any]) -> bool:
    """Whether the engine may yet start a container that has exited: on-failure has given up by then."""
    policy = (inspect.get("HostConfig") or {}).get("RestartPolicy") or {}
    return str(policy.get("Name") or "no") in ("always", "unless-stopped")
