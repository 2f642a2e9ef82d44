# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An image registry on a test host: Debian's docker-registry, with or without a password.

It is reached as 127.0.0.1:PORT from its host's own engine, which trusts loopback without TLS, and as
ADDRESS:PORT from elsewhere.
"""

from __future__ import annotations

import base64
import json
import urllib.parse

from . import api
from .host import Host

# bcrypt, the one form that the registry knows; the host's libcrypt has it, its Python not any more.
_HTPASSWD = """
import ctypes, os, sys
crypt = ctypes.CDLL("libcrypt.so.1")
crypt.crypt.restype = crypt.crypt_gensalt.restype = ctypes.c_char_p
user, password = sys.stdin.read().splitlines()
salt = crypt.crypt_gensalt(b"$2y$", 5, os.urandom(16), 16)
print(user + ":" + crypt.crypt(password.encode(), salt).decode())
"""
_WAIT = """
import sys, time, urllib.error, urllib.request
for _ in range(400):
    try:
        urllib.request.urlopen(sys.argv[1], timeout=5)
        break
    except urllib.error.HTTPError as error:
        if error.code == 401:
            break
    except OSError:
        pass
    time.sleep(0.05)
else:
    sys.exit("the registry does not answer")
"""


def start(host: Host, port: int = 5000, username: str = "", password: str = "") -> str:
    """Start a registry on the host and return its address there, as images are named by it.

    With a username it asks for that and the password. What it held before a stop is still there.
    """
    settings: dict[str, object] = {
        "version": "0.1",
        "log": {"level": "warn"},
        "storage": {
            "filesystem": {"rootdirectory": f"/var/lib/test-registry-{port}"},
            "delete": {"enabled": True},
        },
        "http": {"addr": f":{port}"},
    }
    if username:
        users = f"/etc/docker/registry/test-{port}.htpasswd"
        host.run(f"umask 077; python3 -c '{_HTPASSWD}' >{users}", input=f"{username}\n{password}\n")
        settings["auth"] = {"htpasswd": {"realm": "test", "path": users}}
    file = f"/etc/docker/registry/test-{port}.yml"
    host.run(f"cat >{file}", input=json.dumps(settings))  # JSON is YAML
    host.run(["systemd-run", "--quiet", f"--unit={_unit(port)}", "docker-registry", "serve", file])
    host.run(["python3", "-c", _WAIT, f"http://127.0.0.1:{port}/v2/"])
    return f"127.0.0.1:{port}"


def stop(host: Host, port: int = 5000) -> None:
    """Stop the registry of that port; what it holds stays."""
    host.run(["systemctl", "stop", f"{_unit(port)}.service"])


def push(host: Host, image: str, target: str, username: str = "", password: str = "") -> None:
    """Tag an image of the host's engine as target (``127.0.0.1:5000/name:tag``) and push it there.

    Raises EngineError with the registry's words where that refuses.
    """
    name, _, tag = target.rpartition(":")
    query = urllib.parse.urlencode({"repo": name, "tag": tag})
    api.request(host, "POST", f"/images/{image}/tag?{query}")
    login = json.dumps({"username": username, "password": password, "serveraddress": name.partition("/")[0]})
    headers = {"X-Registry-Auth": base64.urlsafe_b64encode(login.encode()).decode()}
    api.request(host, "POST", f"/images/{name}/push?tag={tag}", headers=headers)


def _unit(port: int) -> str:
    return f"test-registry-{port}"
