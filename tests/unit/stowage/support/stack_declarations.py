# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random declarations of a stack beside the host's own containers, for property tests."""

from __future__ import annotations

from typing import Any, Dict, List

from hypothesis import strategies as st

from tests.unit.stowage.support.declarations import documents
from tests.unit.stowage.support.stacks import bind, file, folder, stack

SERVICES = ("db", "web", "job")
PATHS = ("www/a", "www/b/c", "app.conf", "unread")
SECRET = ".stowage/secrets/pw"
PORTS = ("82", "83")
_rare = st.integers(0, 4).map(lambda number: number == 0)


@st.composite
def declarations(draw: Any) -> Dict[str, Any]:
    """A declaration of two scopes, ``host`` and ``shop``, that share networks, images and ports."""
    document = draw(documents())
    if draw(st.integers(0, 9)) == 0:
        shop: Dict[str, Any] = stack("shop", state="absent", remove_volumes=draw(st.booleans()))
    else:
        shop = draw(_stack(list(document["networks"])))
    document = {**document, **shop}
    _share_ports(draw, document)
    return document


@st.composite
def _stack(draw: Any, external: List[str]) -> Dict[str, Any]:
    networks: Dict[str, Any] = {"default": {"name": "shop_default"}}
    if draw(_rare):
        networks["default"]["internal"] = True
    networks.update({name: {"name": name, "external": True} for name in external})
    files = {path: draw(_file()) for path in PATHS if draw(st.integers(0, 3))}
    if draw(_rare):
        files["www/empty"] = folder(draw(st.sampled_from([0o755, 0o700])))
    secrets = draw(st.booleans())
    if secrets:
        files[SECRET] = file(draw(st.sampled_from(["one", "two"])), 0o444)
    services: Dict[str, Any] = {}
    for name in SERVICES:
        if draw(st.integers(0, 4)):
            services[name] = draw(_service(list(services), services, list(networks), secrets))
    return stack(
        "shop",
        services,
        networks=networks,
        volumes={"data": {"name": "shop_data"}},
        files=files,
        secrets={"pw": {"path": SECRET}} if secrets else {},
        prune=True,
        remove_volumes=draw(st.booleans()),
        remove_images=draw(_rare),
        state=draw(st.sampled_from(["present", "present", "present", "stopped"])),
        wait_timeout=5,
    )


@st.composite
def _file(draw: Any) -> Any:
    return file(draw(st.sampled_from(["one", "two"])), draw(st.sampled_from([0o644, 0o644, 0o600])))


@st.composite
def _service(draw: Any, earlier: List[str], others: Dict[str, Any], networks: List[str], secrets: bool) -> Any:
    service: Dict[str, Any] = {"image": draw(st.sampled_from(["app:1", "app:2", "anon:1"]))}
    if draw(st.booleans()):
        service["environment"] = {"MODE": draw(st.sampled_from(["a", "b"]))}
    if draw(_rare):
        service["mem_limit"] = "67108864"
    service["volumes"] = draw(_mounts())
    if secrets and draw(st.booleans()):
        service["secrets"] = [{"source": "pw", "target": "/run/secrets/pw"}]
    if draw(_rare):
        service["pre_start"] = [{"image": "app:1", "command": ["x"], "environment": {"BEHAVE": "done"}}]
    if draw(_rare):
        service["scale"] = draw(st.integers(0, 3))
    if draw(st.booleans()):
        service["healthcheck"] = {"test": ["CMD", "true"], "interval": "3s"}
    single = [name for name in earlier if "scale" not in others[name]]
    if single and draw(_rare):
        service["network_mode"] = f"service:{draw(st.sampled_from(single))}"
    else:
        service["networks"] = {"default": None, **{name: None for name in networks if draw(st.booleans())}}
    if single and draw(st.booleans()):
        other = draw(st.sampled_from(single))
        condition = "service_healthy" if "healthcheck" in others[other] else "service_started"
        service["depends_on"] = {other: {"condition": condition, "required": True, "restart": draw(_rare)}}
    if draw(_rare):
        action = draw(st.sampled_from(["pause", "continue", "rollback"]))
        order = draw(st.sampled_from(["start-first", "stop-first"]))
        service["deploy"] = {"update_config": {"order": order, "failure_action": action, "parallelism": 1}}
    return service


@st.composite
def _mounts(draw: Any) -> List[Any]:
    mounts: List[Any] = [bind(f"/srv/shop/{path}", f"/{path}") for path in ("www", "app.conf") if draw(st.booleans())]
    if draw(_rare):
        mounts.append({"type": "volume", "source": "data", "target": "/data"})
    if draw(_rare):
        mounts.append({"type": "volume", "target": "/scratch"})
    return mounts


def _share_ports(draw: Any, document: Dict[str, Any]) -> None:
    """Each port is one container's, of whichever scope."""
    own = document["containers"]
    theirs = document["stacks"]["shop"]["services"]
    fit = [
        (services, name)
        for services in (own, theirs)
        for name, service in services.items()
        if "scale" not in service and "network_mode" not in service
    ]
    for port in PORTS:
        if fit and draw(st.booleans()):
            services, name = draw(st.sampled_from(fit))
            short = services is own
            entry = f"{port}:80" if short else {"target": 80, "published": port, "protocol": "tcp", "mode": "ingress"}
            services[name].setdefault("ports", []).append(entry)
