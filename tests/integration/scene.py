# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test sets up on a host's engine and looks at afterwards, by a hand independent of the code under test.

``engine`` is also a command on the host (COMMAND), so that a playbook's tasks can change things between two
tasks under test.
"""

from __future__ import annotations

import json
import shlex
from typing import Any

from tests.hosts import Host, images

WEB = "stowage-test/web"
VERSIONS = ("1", "2")
_CONFIG = {"Cmd": ["httpd", "-f", "-h", "/www"], "Env": ["FROM_IMAGE=1"], "ExposedPorts": {"80/tcp": {}}}
# Told to end, it answers those whom it has begun to answer, as a server that people run does: ``sh /serve``.
_SERVE = 'httpd -f -h /www &\ntrap "kill $!; sleep 0.3" TERM\nwait\n'
COMMAND = "/usr/local/bin/test-engine"

_SCRIPT = '''#!/usr/bin/python3
"""Prints JSON; exits 1 where the engine refuses.

test-engine METHOD PATH [JSON]
test-engine snapshot
test-engine wipe TAG...                 all goes but images of these tags
test-engine retag URL FROM TO           in a registry: http://user:password@host:port/v2/NAME/manifests/
"""
import base64, http.client, json, socket, sys, urllib.parse, urllib.request
class Engine(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect("/var/run/docker.sock")
def ask(method, path, body=None):
    engine = Engine("docker", timeout=300)
    engine.request(method, path, body=body, headers={"Content-Type": "application/json"} if body else {})
    answer = engine.getresponse()
    return answer.status, answer.read().decode()
def get(path):
    status, text = ask("GET", path)
    return json.loads(text) if status < 400 else None
def snapshot():
    containers = [get(f"/containers/{c['Id']}/json") for c in get("/containers/json?all=1")]
    networks = [get(f"/networks/{n['Id']}") for n in get("/networks")]
    return {
        "containers": {c["Name"][1:]: c for c in containers if c},
        "networks": {n["Name"]: n for n in networks if n},
        "volumes": {v["Name"]: v for v in get("/volumes")["Volumes"] or []},
        "images": {tag: i["Id"] for i in get("/images/json") for tag in i["RepoTags"] or [i["Id"]]},
        "labels": {i["Id"]: i["Labels"] for i in get("/images/json")},
    }
def wipe(kept):
    for container in get("/containers/json?all=1"):
        ask("DELETE", f"/containers/{container['Id']}?force=1&v=1")
    ask("POST", "/networks/prune")
    for volume in get("/volumes")["Volumes"] or []:
        ask("DELETE", f"/volumes/{volume['Name']}?force=1")
    for image in get("/images/json"):
        for tag in image["RepoTags"] or image["RepoDigests"] or [image["Id"]]:
            if tag not in kept:
                ask("DELETE", f"/images/{image['Id'] if '<none>' in tag else tag}?force=1")
    return sorted(tag for image in get("/images/json") for tag in image["RepoTags"] or [image["Id"]])
def retag(url, source, target):
    parts = urllib.parse.urlsplit(url)
    url = f"http://{parts.hostname}:{parts.port}{parts.path}"
    login = base64.b64encode(f"{parts.username}:{parts.password}".encode()).decode()
    kinds = ["application/vnd.docker.distribution.manifest.v2+json", "application/vnd.oci.image.manifest.v1+json"]
    headers = {"Accept": ", ".join(kinds), "Authorization": f"Basic {login}"}
    with urllib.request.urlopen(urllib.request.Request(url + source, headers=headers)) as answer:
        body, kind = answer.read(), answer.headers["Content-Type"]
    headers["Content-Type"] = kind
    request = urllib.request.Request(url + target, data=body, headers=headers, method="PUT")
    with urllib.request.urlopen(request) as answer:
        return answer.headers["Docker-Content-Digest"]
if sys.argv[1] == "snapshot":
    print(json.dumps(snapshot()))
elif sys.argv[1] == "wipe":
    print(json.dumps(wipe(sys.argv[2:])))
elif sys.argv[1] == "retag":
    print(json.dumps(retag(*sys.argv[2:])))
else:
    status, text = ask(*sys.argv[1:])
    print(text.strip() or "{}")
    sys.exit(status >= 400)
'''


# A runtime that an earlier test left would bring back what is wiped here. Its files may stay.
_NO_RUNTIME = """
if test -e /etc/systemd/system/stowage.service; then systemctl stop stowage; fi
if test -e /etc/init.d/stowage; then /etc/init.d/stowage stop; fi
rm -rf /run/stowage
"""


def prepare(host: Host) -> None:
    """An engine with two versions of a small web server's image and nothing else; no memory of earlier tests."""
    wanted = [f"{WEB}:{version}" for version in VERSIONS]
    words = shlex.join([COMMAND, "wipe", *wanted])
    script = f"{_NO_RUNTIME}cat >{COMMAND} && chmod 755 {COMMAND} && rm -rf /var/lib/stowage && {words}"
    held = json.loads(host.run(script, input=_SCRIPT).stdout)
    for version in VERSIONS:
        if f"{WEB}:{version}" not in held:
            page = {"www/index.html": f"page {version}\n", "version": version, "serve": _SERVE}
            images.load(host, images.busybox_tar(f"{WEB}:{version}", config=_CONFIG, files=page))


def command(method: str, path: str, body: Any = None) -> str:
    """The shell's words that ask the engine."""
    words = [COMMAND, method, path] + ([json.dumps(body)] if body is not None else [])
    return shlex.join(words)


def snapshot(host: Host) -> dict[str, Any]:
    """Everything the engine holds: inspected containers, networks and volumes by name, image ids by tag."""
    return dict(json.loads(host.run([COMMAND, "snapshot"]).stdout))


def identity(seen: dict[str, Any], *names: str) -> dict[str, tuple[str, str]]:
    """Id and start of the containers named: equal before and after means that they were not touched."""
    return {name: (seen["containers"][name]["Id"], seen["containers"][name]["State"]["StartedAt"]) for name in names}
