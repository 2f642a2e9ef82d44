# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""daemon.json as text, by path, and as anybody may see it."""

import pytest

from provision.config import document as documents
from provision.errors import ProvisionError


@pytest.mark.parametrize("text", [None, "", " \n", "\ufeff", "{}", "\ufeff{}\n"])
def test_nothing_is_an_empty_document(text):
    assert documents.parse(text, "/x") == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1,\n "b": }', "/x is no JSON: line 2, column 7: Expecting value."),
        ('{"a": 1', "/x is no JSON: line 1, column 8:"),
        ("[]", "/x has to hold a JSON object"),
        ("# a comment\n{}", "/x is no JSON: line 1, column 1:"),
    ],
)
def test_a_broken_one_says_where(text, said):
    with pytest.raises(ProvisionError) as raised:
        documents.parse(text, "/x")
    assert str(raised.value).startswith(said)
    assert "nothing was changed" in str(raised.value)


@pytest.mark.parametrize(
    ("like", "indent"), [(None, "  "), ('{\n\t"a": 1\n}', "\t"), ('{\n    "a": 1\n}', "    "), ("{}", "  ")]
)
def test_it_is_written_as_it_was_indented(like, indent):
    assert documents.render({"b": 1}, like) == f'{{\n{indent}"b": 1\n}}\n'


def test_paths():
    document = {
        "mtu": 1,
        "log-opts": {"max-size": "1m"},
        "labels": ["a=1", "b=2=3"],
        "dns": ["192.0.2.1"],
        "storage-opts": ["odd"],
        "exec-opts": ["a=1", "a=2"],
        "features": [],
        "unknown": {"x": 1},
    }
    assert documents.flatten(document) == {
        "mtu": 1,
        "log-opts/max-size": "1m",
        "labels/a": "a=1",
        "labels/b": "b=2=3",
        "dns": ["192.0.2.1"],
        "storage-opts": ["odd"],
        "exec-opts": ["a=1", "a=2"],
        "features": [],
        "unknown": {"x": 1},
    }


def test_what_is_put_keeps_the_order():
    document = {"labels": ["a=1", "b=2"], "mtu": 1, "log-opts": {"x": "1"}, "features": []}
    for path, value in {"mtu": 2, "labels/a": "a=9", "labels/c": "c=3", "log-opts/y": "2", "features/f": True}.items():
        documents.put(document, path, value)
    assert list(document) == ["labels", "mtu", "log-opts", "features"]
    assert document == {
        "labels": ["a=9", "b=2", "c=3"],
        "mtu": 2,
        "log-opts": {"x": "1", "y": "2"},
        "features": {"f": True},
    }


def test_what_is_dropped_takes_an_empty_key_along():
    document = {"labels": ["a=1"], "log-opts": {"x": "1", "y": "2"}, "mtu": 1}
    for path in ("labels/a", "log-opts/x", "mtu", "none", "log-opts/none"):
        documents.drop(document, path)
    assert document == {"log-opts": {"y": "2"}}


def test_nobody_sees_passwords():
    document = {
        "proxies": {"http-proxy": "http://me:hidden@proxy:1", "no-proxy": "localhost"},
        "log-opts": {"splunk-token": "hidden", "splunk-url": "https://splunk"},
        "registry-mirrors": ["https://hidden@mirror"],
        "mtu": 1,
    }
    assert documents.has_secrets(document)
    shown = documents.masked(document)
    assert "hidden" not in str(shown)
    assert shown["proxies"] == {"http-proxy": "http://********@proxy:1", "no-proxy": "localhost"}
    assert shown["log-opts"]["splunk-url"] == "https://splunk"
    assert document["log-opts"]["splunk-token"] == "hidden"
    assert not documents.has_secrets({"mtu": 1, "registry-mirrors": ["https://mirror"]})


@pytest.mark.parametrize(
    ("path", "value", "shown"),
    [
        ("mtu", 1, "1"),
        ("debug", True, "true"),
        ("log-driver", "local", "local"),
        ("dns", ["a", "b"], '["a", "b"]'),
        ("log-opts/splunk-token", "x", "********"),
        ("log-driver", "x" * 100, "x" * 69 + "…"),
    ],
)
def test_values_in_few_words(path, value, shown):
    assert documents.shown(path, value) == shown
