# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registry credentials: from docker's own configuration, and into the headers the engine reads.

A credential is a plain dict as the API has it: ``username``, ``password``, ``serveraddress``, or
``identitytoken``. Secrets go to helpers and from them by pipes only, and into no error's text.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from typing import Any, Callable, Dict, Mapping, Optional

from ..errors import AccessDenied

HUB_SERVER = "https://index.docker.io/v1/"
"""Docker Hub's name in docker's configuration and in X-Registry-Config."""

MAX_CONFIG = 4 * 1024 * 1024
HELPER_SECONDS = 30

Credential = Dict[str, str]
RunHelper = Callable[[str, str], bytes]
"""(name of the helper, server) -> what ``docker-credential-<name> get`` prints. Raises AccessDenied."""


def encode_auth(credential: Optional[Mapping[str, str]]) -> str:
    """The X-Registry-Auth header; for None an empty object, which a push must send as well."""
    return _encode(dict(credential or {}))


def encode_registry_config(credentials: Mapping[str, Mapping[str, str]]) -> str:
    """The X-Registry-Config header of a build: credentials by registry, for all its FROM lines."""
    return _encode({server_name(registry): dict(value) for registry, value in credentials.items()})


def server_name(registry: str) -> str:
    """A registry's key in docker's configuration: its host, but Docker Hub has an address for a name."""
    host = _host_of(registry)
    return HUB_SERVER if host in ("docker.io", "index.docker.io", "registry-1.docker.io") else host


def load_config(environ: Mapping[str, str]) -> Dict[str, Any]:
    """Docker's ``config.json`` from $DOCKER_CONFIG or ~/.docker; empty where there is none.

    Raises AccessDenied for one that cannot be read or is no JSON: its credentials would be missed.
    """
    home = environ.get("HOME") or os.path.expanduser("~")
    path = (environ.get("DOCKER_CONFIG") or f"{home}/.docker") + "/config.json"
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_CONFIG)
        config = json.loads(content)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not JSON"
        raise AccessDenied(f"{path} cannot be used for registry credentials: {reason}") from None
    if not isinstance(config, dict):
        raise AccessDenied(f"{path} cannot be used for registry credentials: it is not a JSON object")
    return config


def find_credential(
    config: Mapping[str, Any], registry: str, run_helper: Optional[RunHelper] = None
) -> Optional[Credential]:
    """The credential docker's configuration has for a registry, or None.

    As docker does it: the registry's own helper, else the store, else ``auths``. Raises AccessDenied
    where a helper fails or an entry is malformed.
    """
    server = server_name(registry)
    helpers = _object(config, "credHelpers")
    helper = helpers.get(_host_of(registry)) or helpers.get(server) or config.get("credsStore")
    if helper:
        found = _from_helper((run_helper or run_credential_helper)(str(helper), server), server)
        if found:
            return found
    auths = _object(config, "auths")
    for key, entry in auths.items():
        if server_name(key) == server and isinstance(entry, dict):
            return _from_entry(entry, server)
    return None


def run_credential_helper(helper: str, server: str) -> bytes:
    """Run ``docker-credential-<helper> get`` with the server on its stdin; b"" where it has none.

    What it prints on failure is not repeated: some helpers print more than they should.
    """
    import subprocess

    if not helper.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise AccessDenied(f"{helper!r} is no name of a credential helper")
    command = f"docker-credential-{helper}"
    try:
        done = subprocess.run(  # noqa: S603 - the name was checked, no shell  # pylint: disable=ansible-bad-function
            [command, "get"],
            input=server.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=HELPER_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise AccessDenied(f"{command}, named in docker's config.json, is not installed") from None
    except (OSError, subprocess.TimeoutExpired):
        raise AccessDenied(f"{command} could not be run, or did not end within {HELPER_SECONDS} s") from None
    if done.returncode == 0:
        return done.stdout
    if b"credentials not found" in done.stdout:
        return b""
    raise AccessDenied(f"{command} failed for {server} (exit code {done.returncode})")


def _from_helper(output: bytes, server: str) -> Optional[Credential]:
    if not output.strip():
        return None
    try:
        answer = json.loads(output)
        username, secret = str(answer["Username"]), str(answer["Secret"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise AccessDenied(f"the credential helper's answer for {server} is not understood") from None
    if not secret:
        return None
    if username == "<token>":
        return {"identitytoken": secret, "serveraddress": server}
    return {"username": username, "password": secret, "serveraddress": server}


def _from_entry(entry: Mapping[str, Any], server: str) -> Optional[Credential]:
    found: Credential = {"serveraddress": server}
    for key in ("identitytoken", "registrytoken"):
        if entry.get(key):
            found[key] = str(entry[key])
    username, password = str(entry.get("username") or ""), str(entry.get("password") or "")
    if entry.get("auth"):
        try:
            text = base64.b64decode(str(entry["auth"]), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise AccessDenied(f"docker's config.json has a malformed entry for {server}") from None
        username, colon, password = text.partition(":")
        if not colon:
            raise AccessDenied(f"docker's config.json has a malformed entry for {server}")
        password = password.rstrip("\0")
    if username:
        found["username"] = username
        found["password"] = password
    return found if len(found) > 1 else None


def _host_of(name: str) -> str:
    """A registry's host from any way it is written: with a scheme, a path, a trailing slash."""
    for scheme in ("https://", "http://"):
        name = name.removeprefix(scheme)
    return name.partition("/")[0]


def _object(config: Mapping[str, Any], key: str) -> Dict[str, Any]:
    value = config.get(key)
    return value if isinstance(value, dict) else {}


def _encode(document: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode()
