# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random declarations for property tests: a few objects with everything that makes planning hard."""

from __future__ import annotations

from typing import Any, Dict, List

from hypothesis import strategies as st

NAMES = ("web", "db", "side", "job")
IMAGES = ("app:1", "app:2", "anon:1", "anon:2")
NETWORKS = ("edge", "back")
PORTS = (80, 81)
ADDRESSES = {name: f"10.7.0.{number}" for number, name in enumerate(NAMES, 10)}


@st.composite
def documents(draw: Any, prune: bool = True) -> Dict[str, Any]:
    networks = {name: draw(_network()) for name in NETWORKS if draw(st.integers(0, 3))}
    volumes = {"data": draw(_volume())} if draw(st.booleans()) else {}
    names = [name for name in NAMES if draw(st.integers(0, 4))]
    containers: Dict[str, Any] = {}
    for name in names:
        containers[name] = draw(_container(name, list(containers), containers, list(networks), list(volumes)))
    _share_ports(draw, containers)
    _settle_states(draw, containers)
    return {
        "prune": prune,
        "monitor": 0,
        "wait_timeout": 5,
        "networks": networks,
        "volumes": volumes,
        "containers": containers,
    }


@st.composite
def _network(draw: Any) -> Dict[str, Any]:
    network: Dict[str, Any] = {"ipam": {"config": [{"subnet": "10.7.0.0/16"}]}}
    if draw(st.integers(0, 2)) == 0:
        network["internal"] = True
    if draw(st.integers(0, 3)) == 0:
        network["labels"] = {"a": draw(st.sampled_from(["1", "2"]))}
    return network


@st.composite
def _volume(draw: Any) -> Dict[str, Any]:
    if draw(st.integers(0, 3)):
        return {"recreate": True}
    return {"recreate": True, "driver_opts": {"type": draw(st.sampled_from(["tmpfs", "nfs"]))}}


@st.composite
def _container(  # noqa: PLR0912  one branch for each key there may be
    draw: Any, name: str, earlier: List[str], others: Dict[str, Any], networks: List[str], volumes: List[str]
) -> Dict[str, Any]:
    container: Dict[str, Any] = {"image": draw(st.sampled_from(IMAGES))}
    singles = [other for other in earlier if "scale" not in others[other]]
    rare = st.integers(0, 5).map(lambda number: number == 0)
    if draw(st.booleans()):
        container["environment"] = {"MODE": draw(st.sampled_from(["a", "b"]))}
    if draw(rare):
        container["mem_limit"] = draw(st.sampled_from(["64m", "128m"]))
    if draw(rare):
        container["restart"] = draw(st.sampled_from(["always", "no", "on-failure"]))
    if draw(st.booleans()):
        container["healthcheck"] = {"test": ["CMD", "true"], "interval": draw(st.sampled_from(["2s", "3s"]))}
    if draw(rare):
        container["post_start"] = [{"command": ["true"]}]
    if draw(rare):
        container["pre_stop"] = [{"command": ["true"]}]
    if draw(rare):
        container["scale"] = draw(st.integers(1, 3))
    if draw(st.integers(0, 2)) == 0:
        container["volumes"] = [*([f"{volumes[0]}:/data"] if volumes and draw(st.booleans()) else []), "/scratch"]
    if singles and draw(rare):
        container["network_mode"] = f"service:{draw(st.sampled_from(singles))}"
    elif networks:
        container["networks"] = {
            network: draw(_endpoint(name, "scale" in container)) for network in networks if draw(st.booleans())
        }
    if singles and draw(rare):
        container["volumes_from"] = [draw(st.sampled_from(singles))]
    if earlier and draw(st.booleans()):
        container["depends_on"] = {draw(st.sampled_from(earlier)): draw(_dependency())}
        for other, options in container["depends_on"].items():
            if "healthcheck" not in others[other]:
                options["condition"] = "service_started"
    if draw(rare):
        container["deploy"] = {
            "update_config": {
                "order": draw(st.sampled_from(["start-first", "stop-first"])),
                "failure_action": draw(st.sampled_from(["pause", "continue", "rollback"])),
                "parallelism": draw(st.integers(0, 2)),
            }
        }
    return container


@st.composite
def _endpoint(draw: Any, name: str, many: bool) -> Any:
    options: Dict[str, Any] = {}
    if draw(st.integers(0, 2)) == 0:
        options["aliases"] = [draw(st.sampled_from(["one", "two"]))]
    if not many and draw(st.integers(0, 2)) == 0:
        options["ipv4_address"] = ADDRESSES[name]
    return options or None


@st.composite
def _dependency(draw: Any) -> Dict[str, Any]:
    options: Dict[str, Any] = {"condition": draw(st.sampled_from(["service_started", "service_healthy"]))}
    if draw(st.integers(0, 2)) == 0:
        options["restart"] = True
    return options


def _share_ports(draw: Any, containers: Dict[str, Any]) -> None:
    fit = [name for name, options in containers.items() if "scale" not in options and "network_mode" not in options]
    for port in PORTS:
        if fit and draw(st.booleans()):
            containers[draw(st.sampled_from(fit))].setdefault("ports", []).append(f"{port}:80")


def _settle_states(draw: Any, containers: Dict[str, Any]) -> None:
    """Other states only for those that nobody needs."""
    needed = set()
    for options in containers.values():
        needed.update(options.get("depends_on", ()))
        needed.update(options.get("volumes_from", ()))
        needed.add(options.get("network_mode", "").partition(":")[2])
    for name, options in containers.items():
        if name not in needed and draw(st.integers(0, 4)) == 0:
            options["state"] = draw(st.sampled_from(["stopped", "present", "absent"]))
