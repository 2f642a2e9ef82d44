# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every error the runtime raises, in one small tree.

Knows no other module. Layers raise these and nothing of their own making, so that the border
above needs one ``except StowageError`` and the user one clear sentence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Optional, Tuple


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a declaration: where (``$.containers.web.ports[0]``) and what."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class StowageError(Exception):
    """Root of everything the runtime raises on purpose; its text is fit for an operator."""


class DeclarationError(StowageError):
    """The declaration cannot be applied as written. Raised before anything is changed.

    Carries every problem found, not just the first one.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: Tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class TreeError(StowageError):
    """A file of a stack cannot be put where it belongs; the text names its path on the host."""


class BusyError(StowageError):
    """Another run holds this engine's lock and did not let go of it in time."""


class EngineError(StowageError):
    """The engine, or the way to it, failed. ``message`` keeps the engine's own words.

    ``status`` is the HTTP status, or None where there was no answer; ``call`` names the request
    (``POST /containers/create``) without its query, which may carry values.
    """

    def __init__(self, message: str, *, status: Optional[int] = None, call: str = "") -> None:
        self.message = message
        self.status = status
        self.call = call
        super().__init__(f"{call}: {message}" if call else message)


class EngineUnreachable(EngineError):
    """No connection to the engine, or it went away before it answered."""


class EngineTimeout(EngineError):
    """The engine did not answer within the deadline of the call."""


class EngineTooOld(EngineError):
    """The engine and the runtime share no API version (1.41 is the oldest spoken here)."""


class InvalidRequest(EngineError):
    """400 or 406: the engine refuses the request as it stands."""


class BadReference(InvalidRequest):
    """A text that no engine takes for the name of an image."""


class AccessDenied(EngineError):
    """401 or 403: the engine or a registry wants other credentials."""


class NotFound(EngineError):
    """404: the object named in the request does not exist."""


class Conflict(EngineError):
    """409: the object's present state, or its name, is in the way."""


class ServerFault(EngineError):
    """5xx, or an error inside a stream (pull, build, push): the engine tried and failed."""
