# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The grammar of image names, as the distribution project's own tests have it, and some more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stowage import reference
from stowage.errors import BadReference

DIGEST = "sha256:" + "a1" * 32

# text, full form without a default tag, familiar form
NAMES = [
    ("nginx", "docker.io/library/nginx", "nginx"),
    ("nginx:1.27-alpine", "docker.io/library/nginx:1.27-alpine", "nginx:1.27-alpine"),
    ("library/nginx", "docker.io/library/nginx", "nginx"),
    ("docker.io/nginx", "docker.io/library/nginx", "nginx"),
    ("index.docker.io/library/nginx", "docker.io/library/nginx", "nginx"),
    ("docker.io/library/a/b", "docker.io/library/a/b", "library/a/b"),
    ("dmcgowan/myapp", "docker.io/dmcgowan/myapp", "dmcgowan/myapp"),
    ("foo/foo_bar.com:8080", "docker.io/foo/foo_bar.com:8080", "foo/foo_bar.com:8080"),
    ("localhost/app", "localhost/app", "localhost/app"),
    ("localhost:5000/app:1", "localhost:5000/app:1", "localhost:5000/app:1"),
    ("reg.example.net/team/app", "reg.example.net/team/app", "reg.example.net/team/app"),
    ("Reg/app", "Reg/app", "Reg/app"),
    ("[::1]:5000/app", "[::1]:5000/app", "[::1]:5000/app"),
    ("xn--n3h.com/myimage:xn--n3h", "xn--n3h.com/myimage:xn--n3h", "xn--n3h.com/myimage:xn--n3h"),
    (f"nginx@{DIGEST}", f"docker.io/library/nginx@{DIGEST}", f"nginx@{DIGEST}"),
    (f"r.io/a:1@{DIGEST}", f"r.io/a:1@{DIGEST}", f"r.io/a:1@{DIGEST}"),
    ("a-b/c--d/e__f/g.h", "docker.io/a-b/c--d/e__f/g.h", "a-b/c--d/e__f/g.h"),
    ("nginx:" + "t" * 128, "docker.io/library/nginx:" + "t" * 128, "nginx:" + "t" * 128),
    ("nginx:_T.-", "docker.io/library/nginx:_T.-", "nginx:_T.-"),
    ("a1" * 31, "docker.io/library/" + "a1" * 31, "a1" * 31),
]


@pytest.mark.parametrize(("text", "full", "familiar"), NAMES)
def test_names(text: str, full: str, familiar: str) -> None:
    parsed = reference.parse(text)
    assert (str(parsed), parsed.familiar) == (full, familiar)
    assert reference.parse(full) == parsed
    assert reference.parse(familiar) == parsed


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("a" * 5000, "too long"),
        ("a1" * 32, "image's id"),
        ("Nginx", "lower case"),
        ("docker.io/Nginx", "lower case"),
        ("nginx:", "a tag is"),
        ("nginx:-x", "a tag is"),
        ("nginx:.x", "a tag is"),
        ("nginx:a b", "a tag is"),
        ("nginx:" + "t" * 129, "a tag is"),
        ("nginx:ü", "a tag is"),
        ("nginx:1:2", "a tag is"),
        ("-nginx", "repository's name"),
        ("nginx-", "repository's name"),
        ("a..b", "repository's name"),
        ("a___b", "repository's name"),
        ("a._b", "repository's name"),
        ("a//b", "repository's name"),
        ("a/", "repository's name"),
        ("r.io/", "repository's name"),
        ("nginx ", "repository's name"),
        ("nginx\n", "repository's name"),
        ("../x", "registry"),
        ("r.io:port/a", "registry"),
        ("-r.io/a", "registry"),
        ("r..io/a", "registry"),
        ("/a", "repository's name"),
        ("r_x.io/a", "registry"),
        ("[::1/a", "registry"),
        ("[::1]x/a", "registry"),
        ("nginx@", "a digest is"),
        ("nginx@sha256:abc", "a digest is"),
        ("nginx@sha256:" + "A1" * 32, "a digest is"),
        ("nginx@md5:" + "a1" * 16, "a digest is"),
        (f"nginx@{DIGEST}@{DIGEST}", "a digest is"),
        ("a/" * 127 + "aa", "longer than 255"),
        ("[[::1]]/a", "registry"),
    ],
)
def test_what_is_no_name(text: str, words: str) -> None:
    with pytest.raises(BadReference, match=words):
        reference.parse(text)


@pytest.mark.parametrize(
    ("text", "version", "tagged"),
    [
        ("nginx", "latest", "nginx:latest"),
        ("nginx:1", "1", "nginx:1"),
        (f"nginx@{DIGEST}", DIGEST, f"nginx@{DIGEST}"),
        (f"nginx:1@{DIGEST}", DIGEST, f"nginx:1@{DIGEST}"),
    ],
)
def test_what_is_pulled(text: str, version: str, tagged: str) -> None:
    parsed = reference.parse(text)
    assert parsed.version == version
    assert parsed.with_default_tag().familiar == tagged


@given(st.text(alphabet="aB1./:@-_[]", max_size=30))
def test_what_is_accepted_reads_back_as_itself(text: str) -> None:
    try:
        parsed = reference.parse(text)
    except BadReference:
        return
    assert reference.parse(str(parsed)) == parsed
    assert reference.parse(parsed.familiar) == parsed
