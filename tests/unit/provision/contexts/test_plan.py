# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done for users: groups, contexts, proxies; and what was set before and goes."""

from __future__ import annotations

import pytest

from provision.contexts.plan import (
    Home,
    Ours,
    Wish,
    ours_after,
    ours_meanwhile,
    parse_contexts,
    parse_proxies,
    passwords,
    plan,
)
from provision.contexts.store import Context
from provision.errors import ProvisionError

FAR = Context("tcp://far:2376", "", {"ca": "1", "cert": "2", "key": "3"})
NEAR = Context("ssh://near")
NOTHING = Ours()


def lines(wish, ours=NOTHING, homes=None, members=frozenset()):
    return [str(operation.step) for operation in plan(wish, ours, homes or {}, members)]


def test_nothing():
    assert lines(Wish()) == []


def test_groups():
    assert lines(Wish(members=("bob", "eve", "bob")), members=frozenset({"eve"})) == [
        "JoinGroup docker bob (is not in it)"
    ]
    assert lines(Wish(members=("bob",)), members=None) == ["JoinGroup docker bob (is not in it)"]
    ours = Ours(members=("bob", "gone"))
    assert lines(Wish(), ours, members=frozenset({"bob", "other"})) == [
        "LeaveGroup docker bob (is not declared any more)"
    ]


@pytest.mark.parametrize(
    ("held", "cause"),
    [
        (FAR, ""),
        (None, "is missing"),
        (Context("tcp://old:2376", "", FAR.digests), "host tcp://old:2376 -> tcp://far:2376"),
        (Context(FAR.host, "old", FAR.digests), "description 'old' -> ''"),
        (Context(FAR.host, "", {**FAR.digests, "cert": "other"}), "its certificates differ"),
        (Context(FAR.host, "", {}), "its certificates differ"),
        (Context(FAR.host, "", {**FAR.digests, "more": "1"}), "its certificates differ"),
        (Context(FAR.host, "", FAR.digests, known=False), "says something else"),
    ],
)
def test_a_context(held, cause):
    wish = Wish(contexts={"far": FAR}, context_users=("bob",))
    found = lines(wish, homes={"bob": Home(contexts={"far": held})})
    assert found == ([f"WriteContext far of bob ({cause})"] if cause else [])


def test_contexts_that_go_and_others_that_stay():
    home = Home(contexts={"far": FAR, "near": NEAR, "theirs": NEAR})
    ours = Ours(contexts={"bob": ["far", "near", "vanished"], "eve": ["far"]})
    wish = Wish(contexts={"near": NEAR}, context_users=("bob",))
    assert lines(wish, ours, {"bob": home, "eve": Home(contexts={"far": FAR})}) == [
        "RemoveContext far of bob (is not declared any more)",
        "RemoveContext far of eve (is not declared any more)",
    ]


def test_a_context_that_is_in_use_is_left_before_it_goes():
    home = Home({"currentContext": "far", "auths": {}}, {"far": FAR})
    operations = plan(Wish(), Ours(contexts={"bob": ["far"]}), {"bob": home}, frozenset())
    assert [str(operation.step) for operation in operations] == [
        "WriteConfig config.json of bob (-currentContext)",
        "RemoveContext far of bob (is not declared any more)",
    ]
    assert operations[0].config == {"auths": {}}
    theirs = Home({"currentContext": "theirs"}, {"far": FAR})
    assert lines(Wish(), Ours(contexts={"bob": ["far"]}), {"bob": theirs}) == [
        "RemoveContext far of bob (is not declared any more)"
    ]


def config(home, wish, ours=NOTHING):
    operations = plan(wish, ours, {"bob": Home(home)}, frozenset())
    return [(operation.step.cause, operation.config) for operation in operations]


def test_proxies_are_merged_with_what_others_wrote():
    home = {
        "auths": {"r": {"auth": "secret"}},
        "proxies": {"default": {"ftpProxy": "theirs", "httpProxy": "old"}, "tcp://h:2376": {"httpProxy": "x"}},
    }
    wish = Wish(proxies={"httpProxy": "http://p", "noProxy": "a,b"}, proxy_users=("bob",))
    ((cause, document),) = config(home, wish)
    assert cause == "+httpProxy +noProxy"
    assert document == {
        "auths": {"r": {"auth": "secret"}},
        "proxies": {
            "default": {"ftpProxy": "theirs", "httpProxy": "http://p", "noProxy": "a,b"},
            "tcp://h:2376": {"httpProxy": "x"},
        },
    }
    assert config(document, wish) == []


def test_proxies_that_are_not_declared_any_more():
    ours = Ours(proxies={"bob": ["httpProxy", "noProxy"]})
    home = {"proxies": {"default": {"httpProxy": "http://p", "ftpProxy": "theirs"}}, "auths": {}}
    assert config(home, Wish(), ours) == [("-httpProxy", {"auths": {}, "proxies": {"default": {"ftpProxy": "theirs"}}})]
    assert config({"proxies": {"default": {"httpProxy": "http://p"}}}, Wish(), ours) == [("-httpProxy", {})]
    assert config({}, Wish(), ours) == []


@pytest.mark.parametrize("odd", [[], "x", {"default": 5}, None])
def test_proxies_of_an_odd_shape_are_replaced(odd):
    wish = Wish(proxies={"httpProxy": "http://p"}, proxy_users=("bob",))
    ((_, document),) = config({"proxies": odd}, wish)
    assert document == {"proxies": {"default": {"httpProxy": "http://p"}}}


def test_what_is_ours():
    wish = Wish(("bob", "eve"), {"httpProxy": "p"}, ("root",), {"far": FAR}, {}, ("bob",))
    before = Ours(("gone", "eve"), {"old": ["noProxy"]}, {"bob": ["near"]})
    after = ours_after(wish, before, plan(wish, before, {}, frozenset({"eve", "gone"})))
    assert after == Ours(("eve", "bob"), {"root": ["httpProxy"]}, {"bob": ["far"]})
    meanwhile = ours_meanwhile(before, after)
    assert set(meanwhile.members) == {"gone", "eve", "bob"}
    assert meanwhile.proxies == {"root": ["httpProxy"], "old": ["noProxy"]}
    assert meanwhile.contexts == {"bob": ["near", "far"]}


def test_who_was_in_the_group_before_is_not_ours():
    wish = Wish(("eve",))
    assert ours_after(wish, Ours(), plan(wish, Ours(), {}, frozenset({"eve"}))).members == ()


def test_words():
    assert parse_proxies({"http": "h", "https": "", "no": ["a", "b"]}) == {"httpProxy": "h", "noProxy": "a,b"}
    for unquoted in (False, "False", "false"):
        assert parse_proxies({unquoted: "a"}) == {"noProxy": "a"}
    contexts, clients = parse_contexts(
        {"far": {"host": "tcp://h:2376", "client": "admin"}, "near": {"host": "ssh://u@h", "description": "d"}}
    )
    assert contexts == {"far": Context("tcp://h:2376"), "near": Context("ssh://u@h", "d")}
    assert clients == {"far": "admin"}


@pytest.mark.parametrize(
    ("contexts", "told"),
    [
        ({"default": {"host": "ssh://h"}}, "cannot be a context"),
        ({"a/b": {"host": "ssh://h"}}, "cannot be a context"),
        ({"x": {"host": "ssh://h"}}, "cannot be a context"),
        ({"far": {}}, "needs a host"),
        ({"far": "ssh://h"}, "needs a host"),
        ({"far": {"host": "ssh://h", "user": "u"}}, "needs a host"),
        ({"far": {"host": "h:2376"}}, "begins with none of ssh://"),
        ({"far": {"host": "ssh://h", "client": "admin"}}, "only tcp:// has a use for"),
    ],
)
def test_contexts_that_docker_would_not_take(contexts, told):
    with pytest.raises(ProvisionError, match=told):
        parse_contexts(contexts)


def test_proxies_that_are_unknown():
    with pytest.raises(ProvisionError, match="there is no socks"):
        parse_proxies({"socks": "x"})


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("http://u:a%40b@p:3128", {"a%40b", "a@b"}),
        ("http://p:3128", set()),
        ("http://u@p", set()),
        ("http://:pw@p", {"pw"}),
        ("HTTP://u:p@ss@p", {"p@ss"}),
        ("user:secret@proxy:3128", {"secret"}),
        ("http://u:p/s@x:1", {"p/s"}),
        ("http://u@p:3128", set()),
        ("http://[::1]:3128", set()),
        ("proxy:3128", set()),
        ("socks5h://u:p:w@p", {"p:w"}),
    ],
)
def test_passwords(address, found):
    assert passwords({"http": address, "no": ["a"]}) == found
