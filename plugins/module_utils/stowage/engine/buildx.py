# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds with BuildKit by way of the docker command and its buildx plugin, where a host has them.

BuildKit's own protocol is gRPC over a hijacked connection, far beyond the standard library; the
command speaks it. Knows how that is started and what it prints; not what is built.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import tempfile
from collections import deque
from typing import IO, Any, Callable, Deque, Dict, List, Mapping, Optional

from ..errors import EngineUnreachable, InvalidRequest, ServerFault
from .auth import load_config

_KEPT_LINES = 30
# A build argument of such a name would change what the command itself does.
_RESERVED = ("PATH", "HOME", "LD_PRELOAD", "LD_LIBRARY_PATH")


def build_with_buildx(
    address: str,
    words: List[str],
    arguments: Mapping[str, str],
    context: IO[bytes],
    logins: Mapping[str, Mapping[str, str]],
    progress: Optional[Callable[[Mapping[str, Any]], None]] = None,
) -> str:
    """Run ``docker buildx build`` with the context as a tar on standard input.

    ``arguments`` are build arguments, passed by the environment; ``logins`` are registry credentials,
    passed by a configuration of the run's own. Raises EngineUnreachable where the
    command or its plugin is missing, and ServerFault with the last lines of a build that failed.
    """
    for name in arguments:
        if name in _RESERVED or name.startswith(("DOCKER_", "BUILDX_", "BUILDKIT_")):
            raise InvalidRequest(
                f"the build argument {name} cannot be passed to buildx; use builder: classic or another name"
            )
    environment = {**os.environ, **arguments, "DOCKER_HOST": address, "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
    if not logins:
        return _run(words, environment, context, progress)
    with tempfile.TemporaryDirectory(prefix="stowage-") as folder:
        environment.update(_configure(folder, logins, environment))
        return _run(words, environment, context, progress)


def _configure(folder: str, logins: Mapping[str, Mapping[str, str]], environ: Mapping[str, str]) -> Mapping[str, str]:
    """Write the user's configuration with these logins added; the variables that make docker read it."""
    home = environ.get("DOCKER_CONFIG") or os.path.join(os.path.expanduser("~"), ".docker")
    config: Dict[str, Any] = dict(load_config(environ))
    auths = dict(config.get("auths") or {})
    for login in logins.values():
        text = f"{login.get('username', '')}:{login.get('password', '')}"
        entry = {"auth": base64.b64encode(text.encode()).decode()}
        if login.get("identitytoken"):
            entry = {"identitytoken": login["identitytoken"]}
        auths[login["serveraddress"]] = entry
    config.update(auths=auths, cliPluginsExtraDirs=[os.path.join(home, "cli-plugins")])
    # Helpers would be asked instead of the logins told.
    config.pop("credsStore", None)
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8", opener=_private) as file:
        json.dump(config, file)
    return {"DOCKER_CONFIG": folder, "BUILDX_CONFIG": environ.get("BUILDX_CONFIG") or os.path.join(home, "buildx")}


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _run(
    words: List[str],
    environment: Mapping[str, str],
    context: IO[bytes],
    progress: Optional[Callable[[Mapping[str, Any]], None]],
) -> str:
    command = ["docker", "buildx", "build", "--progress=plain", *words]
    try:
        process = subprocess.Popen(  # noqa: S603  a list of words, no shell  # pylint: disable=ansible-bad-function
            command, stdin=context, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
        )
    except OSError as error:
        raise EngineUnreachable(
            f"builder: buildkit needs the docker command with buildx on the host: {error}"
        ) from error
    lines: Deque[str] = deque(maxlen=_KEPT_LINES)
    with process:
        for raw in process.stdout or ():
            line = raw.decode("utf-8", "replace").rstrip()
            lines.append(line)
            if progress is not None and line:
                progress({"stream": line})
    if process.returncode:
        text = "\n".join(lines)
        if "is not a docker command" in text or "unknown flag" in text or "unknown command" in text:
            raise EngineUnreachable(f"builder: buildkit needs the buildx plugin on the host: {text}")
        raise ServerFault(f"the build failed:\n{text}", call="docker buildx build")
    return ""
