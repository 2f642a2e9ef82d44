# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from stowage.content import ContentError
from stowage.content.dockerignore import Ignore, clean, read_patterns


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", "."), (".", "."), ("a/", "a"), ("./a//b/.", "a/b"), ("a/../b", "b"), ("../a", "../a"),
        ("/", "/"), ("//a", "/a"), ("/../a", "/a"), ("a/..", "."), ("../..", "../.."),
    ],
)  # fmt: skip
def test_clean(path, expected):
    assert clean(path) == expected


def test_read_patterns():
    text = "\ufeff# comment\n\n  *.md \n!README.md\n! keep/ \n/anchored/x\n/\n #not a comment\ndir/\n!\r\n"
    assert read_patterns(text) == [
        "*.md",
        "!README.md",
        "!keep",
        "anchored/x",
        "/",
        "#not a comment",
        "dir",
        "!",
    ]


# (patterns, path, left out): the table of moby's own documentation and tests, in our own words.
CASES = [
    ("*.md", "a.md", True),
    ("*.md", "d/a.md", False),
    ("*/temp*", "d/temporary.txt", True),
    ("*/temp*", "d/e/temporary.txt", False),
    ("*/*/temp*", "d/e/temporary.txt", True),
    ("temp?", "tempa", True),
    ("temp?", "temp/", False),
    ("temp?", "temp", False),
    ("**", "any/thing", True),
    ("**/", "any", True),
    ("**/*.go", "a.go", True),
    ("**/*.go", "x/y/a.go", True),
    ("**/foo", "foo", True),
    ("**/foo", "x/foo", True),
    ("**/foo", "x/barfoo", False),
    ("**foo", "x/barfoo", True),
    ("dir/**", "dir/a/b", True),
    ("dir/**", "dir", False),
    ("dir/**/x", "dir/x", True),
    ("dir/**/x", "dir/a/b/x", True),
    ("dir/**/x", "dirx", False),
    ("a**b", "acb", False),
    ("a**/b", "a/b", True),
    ("a**/b", "ab", True),
    ("a/**/b/**", "a/x/b/c", True),
    ("dir", "dir/deep/file", True),
    ("dir/", "dir/file", True),
    ("/dir", "dir/file", True),
    ("a.c", "abc", False),
    ("a+(b)|{c}$", "a+(b)|{c}$", True),
    ("[a-c].txt", "b.txt", True),
    ("[^a-c].txt", "b.txt", False),
    ("[^a-c].txt", "d.txt", True),
    (r"a\*b", "a*b", True),
    (r"a\*b", "axb", False),
    (r"\[x\]", "[x]", True),
    ("*.md\n!README.md", "README.md", False),
    ("*.md\n!README*.md\nREADME-secret.md", "README-secret.md", True),
    ("*.md\nREADME-secret.md\n!README*.md", "README-secret.md", False),
    ("dir\n!dir/keep", "dir/keep/x", False),
    ("dir\n!dir/keep", "dir/other", True),
    ("*\n!src/**", "src/a/b", False),
    ("*\n!src/**", "src", True),
    ("/", "a", False),
    ("", "a", False),
]


@pytest.mark.parametrize(("text", "path", "expected"), CASES)
def test_judge(text, path, expected):
    ignore = Ignore(read_patterns(text))
    assert ignore.judge(path)[0] is expected


def test_a_rule_that_comes_after_an_exception_is_not_inherited_from_the_folder():
    """A folder matched by the first rule never met the third one; docker's walk works this way."""
    ignore = Ignore(["a", "!a/b", "a"])
    ignored, matched = ignore.judge("a")
    assert ignored
    assert ignore.judge("a/b", matched)[0] is False


@pytest.mark.parametrize(
    ("text", "folder", "expected"),
    [
        ("dir", "dir", False),
        ("dir\n!other", "dir", False),
        ("dir\n!dir/a", "dir", True),
        ("dir\n!dir/sub/*", "dir/sub", True),
        ("dir\n!dir/sub/**", "dir/sub", True),
        ("dir\n!dir/sub/**", "dir/else", False),
        ("dir\n!**/x", "dir", True),
    ],
)
def test_may_hold_kept(text, folder, expected):
    assert Ignore(read_patterns(text)).may_hold_kept(folder) is expected


@pytest.mark.parametrize("pattern", ["[", "[a", "[]a]", "[a-]", "a\\", "[-a]", "[^]", "!"])
def test_bad_patterns(pattern):
    with pytest.raises(ContentError, match="dockerignore"):
        Ignore([pattern])
