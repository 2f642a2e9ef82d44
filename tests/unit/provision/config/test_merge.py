# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layers of daemon.json, as a table: what is there, what we set before, what is declared, and what comes of it."""

import pytest

from provision.config.merge import both, merge
from provision.memory import digest


def claims(**values):
    return {path.replace("__", "/").replace("_", "-"): [digest(value)] for path, value in values.items()}


@pytest.mark.parametrize(
    ("there", "before", "declared", "after", "ours"),
    [
        # A key of others stays, one of ours comes.
        ({"mtu": 1}, {}, {"debug": True}, {"mtu": 1, "debug": True}, ["debug"]),
        # Ours goes when it is not declared any more, theirs does not.
        ({"mtu": 1, "debug": True}, claims(debug=True), {}, {"mtu": 1}, []),
        # What others made of ours since is theirs …
        ({"debug": False}, claims(debug=True), {}, {"debug": False}, []),
        # … until it is declared again.
        ({"debug": False}, claims(debug=True), {"debug": True}, {"debug": True}, ["debug"]),
        # What others had already as declared stays theirs.
        ({"debug": True}, {}, {"debug": True}, {"debug": True}, []),
        ({"debug": True}, claims(debug=True), {"debug": True}, {"debug": True}, ["debug"]),
        # A value of theirs that is declared otherwise becomes ours.
        ({"mtu": 1}, {}, {"mtu": 2}, {"mtu": 2}, ["mtu"]),
        # Others took ours out: nothing to do, or it comes back.
        ({}, claims(debug=True), {}, {}, []),
        ({}, claims(debug=True), {"debug": True}, {"debug": True}, ["debug"]),
        # 1 is not true.
        ({"debug": 1}, {}, {"debug": True}, {"debug": True}, ["debug"]),
        # Entries are layered each for itself.
        (
            {"log-opts": {"tag": "x", "max-size": "1m"}},
            claims(log_opts__max_size="1m"),
            {"log-opts/max-file": "3"},
            {"log-opts": {"tag": "x", "max-file": "3"}},
            ["log-opts/max-file"],
        ),
        ({"labels": ["a=1"]}, {}, {"labels/b": "b=2"}, {"labels": ["a=1", "b=2"]}, ["labels/b"]),
        ({"labels": ["a=1", "b=2"]}, claims(labels__b="b=2"), {}, {"labels": ["a=1"]}, []),
        ({"labels": ["b=2"]}, claims(labels__b="b=2"), {}, {}, []),
        # What cannot be layered is replaced as a whole.
        ({"labels": "a=1"}, {}, {"labels/b": "b=2"}, {"labels": ["b=2"]}, ["labels/b"]),
    ],
)
def test_layers(there, before, declared, after, ours):
    merged = merge(there, before, declared, {})
    assert merged.document == after
    assert sorted(merged.claims) == ours
    again = merge(merged.document, merged.claims, declared, {})
    assert (again.document, again.claims, again.changed, again.steps) == (after, merged.claims, (), ())


@pytest.mark.parametrize(
    ("there", "before", "suggested", "after", "ours"),
    [
        ({}, {}, {"live-restore": True}, {"live-restore": True}, ["live-restore"]),
        ({"live-restore": False}, {}, {"live-restore": True}, {"live-restore": False}, []),
        ({"live-restore": True}, claims(live_restore=True), {}, {}, []),
        ({"live-restore": False}, claims(live_restore=True), {"live-restore": True}, {"live-restore": False}, []),
        ({"mtu": 1}, claims(mtu=1), {"mtu": 2}, {"mtu": 2}, ["mtu"]),
    ],
)
def test_suggestions_give_way_to_others(there, before, suggested, after, ours):
    merged = merge(there, before, {}, suggested)
    assert (merged.document, sorted(merged.claims)) == (after, ours)


def test_what_is_declared_goes_before_what_is_suggested():
    assert merge({}, {}, {"mtu": 1}, {"mtu": 2}).document == {"mtu": 1}


def test_the_order_of_others_stays():
    merged = merge({"mtu": 1, "debug": True, "bip": "x"}, {}, {"debug": False, "icc": True}, {})
    assert list(merged.document) == ["mtu", "debug", "bip", "icc"]


def test_steps_say_what_was_and_hide_passwords():
    there = {"proxies": {"http-proxy": "http://me:hidden@a"}, "mtu": 1}
    merged = merge(there, claims(mtu=1), {"proxies/http-proxy": "http://me:hidden@b", "debug": True}, {})
    assert [str(step) for step in merged.steps] == [
        "RemoveKey mtu (is not declared any more)",
        "SetKey proxies.http-proxy (http://********@b; was http://********@a)",
        "SetKey debug (true; was not set)",
    ]


def test_killed_in_between_both_values_are_ours():
    noted = both(claims(mtu=1), claims(mtu=2))
    assert merge({"mtu": 1}, noted, {}, {}).document == {}
    assert merge({"mtu": 2}, noted, {}, {}).document == {}
    assert merge({"mtu": 3}, noted, {}, {}).document == {"mtu": 3}


def test_a_key_that_is_declared_with_nothing_in_it_has_no_suggestions():
    declared, suggested = {"log-opts": {}}, {"log-opts/max-size": "10m"}
    merged = merge({}, {}, declared, suggested)
    assert merged.document == {"log-opts": {}}
    assert merge(merged.document, merged.claims, declared, suggested).steps == ()


def test_what_a_key_as_a_whole_takes_the_place_of_is_told():
    (step,) = merge({"labels": ["a=1"]}, {}, {"labels": []}, {}).steps
    assert str(step) == 'SetKey labels ([]; was ["a=1"])'
