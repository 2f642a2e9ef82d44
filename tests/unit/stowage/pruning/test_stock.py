# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from stowage.pruning import stock


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:01:00Z", 60.0),
        ("1970-01-01T00:01:00.123456789Z", 60.0),
        ("1970-01-01T02:01:00+02:00", 60.0),
        ("1969-12-31T23:31:00-00:30", 60.0),
        ("0001-01-01T00:00:00Z", 0.0),
        ("", 0.0),
        (None, 0.0),
        ("yesterday", 0.0),
    ],
)
def test_times_of_the_engine(text, seconds):
    assert stock.moment(text) == seconds


def test_a_container_keeps_networks_by_name_and_id_and_volumes_by_name():
    found = stock.read_container(
        {
            "Id": "c1",
            "Names": ["/other/alias", "/web"],
            "State": "exited",
            "Labels": None,
            "ImageID": "sha256:1",
            "Image": "web:1",
            "Created": 7,
            "NetworkSettings": {"Networks": {"back": {"NetworkID": "n1"}, "front": {"NetworkID": ""}, "x": None}},
            "Mounts": [{"Type": "volume", "Name": "data"}, {"Type": "bind", "Source": "/x"}, {"Type": "volume"}],
        },
        size=5,
    )
    assert (found.name, found.since, found.size) == ("web", 7.0, 5)
    assert found.networks == {"back", "front", "x", "n1"}
    assert found.volumes == {"data"}


def test_names_of_images_that_are_none_are_left_out():
    listed = {"RepoTags": ["<none>:<none>"], "RepoDigests": ["<none>@<none>", "web@sha256:1"]}
    assert stock.image_names(listed) == ("web@sha256:1",)
    assert stock.image_names({"RepoTags": None, "RepoDigests": None}) == ()


@pytest.mark.parametrize(
    ("network", "ordinary"),
    [
        ({"Name": "back", "Scope": "local"}, True),
        ({"Name": "bridge", "Scope": "local"}, False),
        ({"Name": "docker_gwbridge", "Scope": "local"}, False),
        ({"Name": "ingress", "Scope": "swarm", "Ingress": True}, False),
        ({"Name": "over", "Scope": "swarm"}, False),
        ({"Name": "template", "Scope": "local", "ConfigOnly": True}, False),
    ],
)
def test_networks_that_are_ordinary(network, ordinary):
    assert stock.is_ordinary(network) is ordinary


@pytest.mark.parametrize(
    ("volume", "anonymous"),
    [
        ({"Name": "data"}, False),
        ({"Name": "a" * 64}, True),
        ({"Name": "data", "Labels": {"com.docker.volume.anonymous": ""}}, True),
        ({"Name": "z" * 64}, False),
    ],
)
def test_volumes_that_are_anonymous(volume, anonymous):
    assert stock.read_volume(volume).anonymous is anonymous


def test_records_of_old_engines_name_one_parent():
    assert stock.read_cache({"ID": "c", "Parent": "p"}).parents == ("p",)
    found = stock.read_cache(
        {"ID": "c", "Parents": ["p", "q"], "LastUsedAt": "1970-01-01T00:00:09Z", "CreatedAt": "1970-01-01T00:00:05Z"}
    )
    assert (found.parents, found.since) == (("p", "q"), 9.0)
