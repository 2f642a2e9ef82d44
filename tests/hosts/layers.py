# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each flavour of test host is made of: a chain of layers, each with a hash of its recipe.

Pure: names packages and scripts, builds nothing. A layer's hash covers everything that decides its
content (its parent's hash, packages, script, the files it is given), so equal hashes mean that the
image need not be built again.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from .mirror import Mirror

RECIPES = Path(__file__).with_name("recipes")
REPOSITORY = "stowage-test"


@dataclass(frozen=True)
class Layer:
    """One image: a parent (none: debootstrap of the suite) plus packages plus a script."""

    suite: str
    parent: str = ""
    packages: tuple[str, ...] = ()
    script: str = ""
    target_release: str = ""


_BASE = (
    "openssh-server", "python3", "sudo", "iproute2", "iptables", "ca-certificates", "procps", "kmod",
)  # fmt: skip
_SYSTEMD = ("systemd", "systemd-sysv", "dbus")
_ENGINE = ("docker.io", "docker-registry")

LAYERS: dict[str, Layer] = {
    "bookworm-debootstrap": Layer("bookworm", packages=_BASE),
    "bookworm-nosystemd": Layer("bookworm", "bookworm-debootstrap", script="base.sh"),
    "bookworm-bare": Layer("bookworm", "bookworm-nosystemd", _SYSTEMD, "systemd.sh"),
    "bookworm": Layer("bookworm", "bookworm-bare", _ENGINE, "engine.sh"),
    "trixie-debootstrap": Layer("trixie", packages=_BASE),
    "trixie-nosystemd": Layer("trixie", "trixie-debootstrap", script="base.sh"),
    "trixie-bare": Layer("trixie", "trixie-nosystemd", _SYSTEMD, "systemd.sh"),
    "trixie": Layer("trixie", "trixie-bare", _ENGINE, "engine.sh"),
    "trixie-containerd": Layer("trixie", "trixie", script="containerd-store.sh"),
    "sid": Layer("trixie", "trixie-bare", _ENGINE, "engine.sh", target_release="sid"),
}

# With an engine that answers once the host is up.
ENGINE_FLAVOURS = ("bookworm", "trixie", "trixie-containerd", "sid")
# For what installs an engine.
BARE_FLAVOURS = ("bookworm-bare", "trixie-bare", "bookworm-nosystemd")
FLAVOURS = ENGINE_FLAVOURS + BARE_FLAVOURS


def chain(flavour: str) -> list[str]:
    """Return the layers of a flavour, the first to build first.

    Raises KeyError for an unknown flavour.
    """
    names = [flavour]
    while parent := LAYERS[names[0]].parent:
        names.insert(0, parent)
    return names


def files(name: str, mirror: Mirror) -> dict[str, str]:
    """Return what the layer's build finds under /recipe: relative path to content."""
    layer = LAYERS[name]
    if not layer.parent:
        return {}
    given = {script: (RECIPES / script).read_text() for script in ("install.sh", layer.script)}
    if layer.script == "base.sh":
        given["sources"] = mirror.sources(layer.suite)
        given["apt.conf"] = mirror.apt_conf()
        given["test-host-init"] = (RECIPES / "test-host-init").read_text()
        given |= {f"certificates/{path}": text for path, text in mirror.certificates}
    if layer.target_release:
        given["target-sources"] = mirror.sources(layer.target_release)
    return given


def recipe_hash(name: str, mirror: Mirror) -> str:
    """Return the first 12 hex digits of the sha256 over all that decides the layer's content."""
    layer = LAYERS[name]
    above = recipe_hash(layer.parent, mirror) if layer.parent else ""
    content = [above, layer.suite, layer.packages, layer.target_release, files(name, mirror)]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def image_name(name: str, mirror: Mirror) -> str:
    """Return the layer's image name with its recipe hash as the tag."""
    return f"{REPOSITORY}/{name}:{recipe_hash(name, mirror)}"
