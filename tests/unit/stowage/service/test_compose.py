# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The labels of docker compose, word for word. Hashes are those of test_confighash.py."""

from __future__ import annotations

import pytest

from stowage.service.compose import container_labels, image_labels, network_labels, volume_labels
from stowage.service.confighash import network_hash, volume_hash

BASE = "com.docker.compose."


def plain(labels):
    return {key.removeprefix(BASE): value for key, value in labels.items()}


def test_a_container():
    assert plain(container_labels("shop", "web", {"image": "app:1"}, 2)) == {
        "project": "shop",
        "service": "web",
        "container-number": "2",
        "oneoff": "False",
        "depends_on": "",
        "version": "5.6.1",
    }


@pytest.mark.parametrize(
    ("needed", "label"),
    [
        (None, ""),
        ({}, ""),
        ({"db": {"condition": "service_started", "required": True}}, "db:service_started:false"),
        ({"db": {"condition": "service_healthy", "restart": True}}, "db:service_healthy:true"),
        (
            {
                "db": {"condition": "service_started", "restart": False},
                "a": {"condition": "service_completed_successfully"},
            },
            "a:service_completed_successfully:false,db:service_started:false",
        ),
    ],
)
def test_dependencies(needed, label):
    assert plain(container_labels("shop", "web", {"depends_on": needed}, 1))["depends_on"] == label


def test_a_network():
    document = {"name": "shop_edge", "driver": "bridge", "ipam": {}}
    assert plain(network_labels("shop", "edge", document)) == {
        "project": "shop",
        "network": "edge",
        "config-hash": network_hash(document),
        "version": "5.6.1",
    }
    assert network_labels("shop", "edge", None) == network_labels("shop", "edge", {})


def test_a_volume():
    document = {"name": "shop_data", "driver_opts": {"type": "tmpfs"}}
    assert plain(volume_labels("shop", "data", document)) == {
        "project": "shop",
        "volume": "data",
        "config-hash": volume_hash(document),
        "version": "5.6.1",
    }
    assert volume_labels("shop", "data", None) == volume_labels("shop", "data", {})


def test_an_image():
    assert plain(image_labels("shop", "web")) == {"project": "shop", "service": "web", "version": "5.6.1"}
