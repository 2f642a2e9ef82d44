# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a soak declares, and what the scripts on the host are told of it."""

from __future__ import annotations

import pytest

from bench import soaking

SCENE = soaking.scene_of({"containers": [], "networks": [], "volumes": []})


def test_all_that_is_declared_may_be_spoilt():
    assert len(SCENE["containers"]) == soaking.PLAIN + soaking.SERVICES
    assert {file["text"] for file in SCENE["files"].values()} == set(soaking.FILES.values())


def test_some_publish_a_port_and_some_may_be_renamed():
    with_ports = [container["ports"] for container in SCENE["containers"].values()]
    assert 0 < sum(with_ports) < len(with_ports)
    declared = soaking.manifest()["containers"]
    assert all(SCENE["containers"][name]["ports"] == ("ports" in container) for name, container in declared.items())


def test_a_network_that_goes_has_the_members_that_the_scene_tells():
    for network, members in SCENE["networks"].items():
        having = [name for name, container in SCENE["containers"].items() if network in container["networks"]]
        assert members == having


def test_who_loses_that_network_has_another_one():
    for members in SCENE["networks"].values():
        assert all(len(SCENE["containers"][name]["networks"]) == 2 for name in members)


@pytest.mark.parametrize("path", soaking.FILES)
def test_who_reads_a_file_mounts_it(path):
    services = soaking.compose_file()["services"]
    mounted = f"./{path.partition('/')[0]}"
    mounting = {
        f"{soaking.STACK}-{name}-1"
        for name, service in services.items()
        if any(volume.startswith(f"{mounted}:") for volume in service["volumes"])
    }
    assert set(SCENE["files"][f"{soaking.DIRECTORY}/{path}"]["readers"]) == mounting
