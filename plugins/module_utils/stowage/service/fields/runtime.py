# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows about how the engine runs a container: runtime, isolation, logging, annotations.

Knows which of these the daemon fills in from its own configuration.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Tuple

from .base import ENGINE, Difference, Field, Service, State
from .kinds import Scalar, Table


def _isolation(value: Any) -> str:
    return "" if value in (None, "default") else str(value)


def _logging(service: Service) -> Optional[Dict[str, Any]]:
    declared = service.get("logging")
    if declared is None:
        return None
    return {"Type": declared.get("driver", ""), "Config": declared.get("options", {})}


class Logging(Field):
    """LogConfig: the daemon fills in its default driver, and its own options for that driver."""

    __slots__ = ()

    def compare(self, state: State) -> List[Difference]:
        declared: Optional[Mapping[str, Any]] = state.service.get("logging")
        actual = state.host.get("LogConfig") or {}
        if declared is None:
            gone = self.key in state.declared_before
            return [Difference(self.key, "logging removed")] if gone else []
        driver = declared.get("driver")
        if driver and driver != actual.get("Type"):
            return [Difference(self.key, f"log driver {actual.get('Type') or 'default'} -> {driver}")]
        if not driver and "logging/driver" in state.declared_before:
            return [Difference(self.key, "log driver removed")]
        causes = self.kind.causes(declared.get("options") or {}, actual.get("Config") or {}, self._extra(state))
        return [Difference(self.key, cause) for cause in causes]


FIELDS: Tuple[Field, ...] = (
    Field("runtime", "HostConfig.Runtime", default=ENGINE),
    Field("isolation", "HostConfig.Isolation", Scalar("isolation", _isolation)),
    Logging("logging", "HostConfig.LogConfig", Table("log option"), value=_logging, default=ENGINE),
    Field("storage_opt", "HostConfig.StorageOpt", Table("storage option")),
    Field("annotations", "HostConfig.Annotations", Table("annotation")),
)
