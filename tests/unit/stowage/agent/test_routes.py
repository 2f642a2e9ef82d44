# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths, who answers them, and their description."""

from __future__ import annotations

import pytest

from stowage.agent.handlers import Handlers
from stowage.agent.orders import Orders
from stowage.agent.routes import ROUTES, describe, find


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_each_route_has_its_handler_on_its_side_of_the_border(route):
    assert callable(getattr(Orders if route.writes else Handlers, route.name))


def test_everything_that_changes_something_is_for_the_write_socket_alone():
    assert {route.method for route in ROUTES if not route.writes} == {"GET"}


@pytest.mark.parametrize(
    ("method", "path", "name", "values"),
    [
        ("GET", "/v1/status", "status", {}),
        ("GET", "/v1/diff/shop/2/3", "diff", {"scope": "shop", "before": "2", "after": "3"}),
        ("GET", "/v1/logs/web", "logs", {"container": "web"}),
        ("POST", "/v1/apply", "apply", {}),
    ],
)
def test_a_path_leads_to_its_handler(method, path, name, values):
    route, found, _methods = find(method, path)
    assert (route.name, found) == (name, values)


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/status/", "/v1/diff/shop/2", "/v1/logs/", "/v1//status"])
def test_what_is_not_listed_is_not_there(path):
    assert find("GET", path) == (None, {}, ())


def test_the_wrong_method_is_told_the_right_one():
    assert find("GET", "/v1/apply") == (None, {}, ("POST",))


def test_the_description_has_every_route():
    paths = describe()["paths"]
    assert {(method.upper(), path) for path, methods in paths.items() for method in methods} == {
        (route.method, route.path) for route in ROUTES
    }
