# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which login an image gets: the declared one for its registry, however that is written."""

from __future__ import annotations

import pytest

from stowage.converge import Accounts
from stowage.model.desired import Credentials, Desired

LOGIN = Credentials("ci", "hunter2")


@pytest.mark.parametrize(
    ("registry", "image", "server"),
    [
        ("docker.io", "nginx:1", "https://index.docker.io/v1/"),
        ("https://index.docker.io/v1/", "team/app", "https://index.docker.io/v1/"),
        ("r.example.net:5000", "r.example.net:5000/app:1", "r.example.net:5000"),
        ("https://r.example.net", "r.example.net/app", "r.example.net"),
    ],
)
def test_a_declared_login_is_found(registry, image, server):
    login = Accounts(Desired("shop", registries={registry: LOGIN})).login(image)
    assert login == {"username": "ci", "password": "hunter2", "serveraddress": server}


def test_a_token_takes_the_place_of_name_and_password():
    accounts = Accounts(Desired("shop", registries={"r.example.net": Credentials(identity_token="t0ken")}))
    assert accounts.login("r.example.net/app") == {"identitytoken": "t0ken", "serveraddress": "r.example.net"}


def test_nobody_elses_login_is_used(monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    assert Accounts(Desired("shop", registries={"r.example.net": LOGIN})).login("other.example.net/app") is None
