# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one border at which what went wrong below becomes an error of the runtime.

Statuses, system errors, TLS and ssh errors come in; EngineError's family comes out, with the engine's
own words kept and advice where the cause is known. Nothing else in ``engine`` translates errors.
"""

from __future__ import annotations

import errno
import json
import socket
from typing import Any, Dict, Optional, Type

from ..errors import (
    AccessDenied,
    Conflict,
    EngineError,
    EngineTimeout,
    EngineTooOld,
    EngineUnreachable,
    InvalidRequest,
    NotFound,
    ServerFault,
)
from .http import ProtocolError

MAX_WORDS = 16384  # of the engine's words kept in an error

_BY_STATUS: Dict[int, Type[EngineError]] = {
    401: AccessDenied,
    403: AccessDenied,
    404: NotFound,
    407: AccessDenied,
    408: EngineTimeout,
    409: Conflict,
}


def from_status(status: int, body: bytes, call: str) -> EngineError:
    """The error for an answer of 400 or more; ``message`` of the JSON body is kept verbatim."""
    message = _message_of(body) or f"the engine answered with status {status} and no explanation"
    if status == 400 and message.startswith("client version ") and " is too " in message:
        return EngineTooOld(message, status=status, call=call)
    kind = _BY_STATUS.get(status) or (ServerFault if status >= 500 else InvalidRequest)
    return kind(message, status=status, call=call)


def from_event(event: Any, call: str) -> Optional[ServerFault]:
    """The error a progress event carries (pull, build, push, load answer 200 first), or None."""
    if not isinstance(event, dict):
        return None
    detail = event.get("errorDetail")
    message = detail.get("message") if isinstance(detail, dict) else None
    message = message or event.get("error")
    if not message:
        return None
    return ServerFault(str(message)[:MAX_WORDS], call=call)


def from_exception(
    error: Exception, where: str, call: str, words: str = "", seconds: Optional[float] = None
) -> EngineError:
    """The error for one that the system, ssl or paramiko raised on the way to ``where`` (an address).

    ``words`` is what the transport had to say (ssh: the far side's stderr), ``seconds`` the deadline.
    """
    if isinstance(error, EngineError):
        return error
    if isinstance(error, (socket.timeout, TimeoutError)) and getattr(error, "errno", None) is None:
        within = "in time" if seconds is None else f"within {seconds:g} s"
        return EngineTimeout(f"the engine at {where} did not answer {within}", call=call)
    if isinstance(error, ProtocolError):
        return EngineUnreachable(f"{error}: {words}" if words else str(error), call=call)
    message = f"cannot reach the engine at {where}: {_describe(error)}"
    if words:
        message += f": {words}"
    advice = _advice(error, where)
    return EngineUnreachable(f"{message}. {advice}" if advice else message, call=call)


def _message_of(body: bytes) -> str:
    text = body[: MAX_WORDS * 4].decode("utf-8", "replace").strip()
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return text[:MAX_WORDS]
    if isinstance(document, dict):
        # "cause" and "response" are podman's form of the same thing.
        return str(document.get("message") or document.get("cause") or "")[:MAX_WORDS]
    return text[:MAX_WORDS]


def _describe(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror if not error.filename else f"{error.strerror}: {error.filename}"
    return str(error) or type(error).__name__


_UNIX_ADVICE = {
    errno.EACCES: "Run the task with become: true, or put the user into the docker group and log in anew",
    errno.ENOENT: "No such socket: is the engine installed and running, and is docker_host right?",
    errno.ENOTDIR: "No such socket: is docker_host right?",
    errno.ECONNREFUSED: "The socket is there but nobody listens: the engine is not running",
}

# By name: ssl and paramiko are not imported just to recognize what they raise.
_ADVICE = {
    "SSLCertVerificationError": "Check ca_path and tls_hostname against the engine's certificate",
    "SSLError": "Check the client certificate and key, and that the engine speaks TLS on this port",
    "BadHostKeyException": "It is not the key in known_hosts: verify it before you remove the old line",
    "AuthenticationException": "Check the user, the key file and the agent (SSH_AUTH_SOCK)",
    "BadAuthenticationType": "Check the user, the key file and the agent (SSH_AUTH_SOCK)",
    "PasswordRequiredException": "Add the key to an agent (SSH_AUTH_SOCK): nobody is asked for a passphrase here",
}


def _advice(error: Exception, where: str) -> str:
    if where.startswith("unix://"):
        return _UNIX_ADVICE.get(getattr(error, "errno", None) or 0, "")
    if "not found in known_hosts" in str(error):
        return "Verify the host's key and add it to known_hosts (ssh-keyscan prints it)"
    return _ADVICE.get(type(error).__name__, "")
