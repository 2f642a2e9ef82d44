# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies that are JSON, and all that only looks like it."""

from __future__ import annotations

import random
import time

import pytest

from stowage.agent.documents import DEPTH, parse_document, render_document


def nested(levels):
    return b'{"a":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


@pytest.mark.parametrize(
    ("body", "document"),
    [
        (b"{}", {}),
        (
            b' {"a": [1, -2.5e3, true, null, "\\u00e9\\ud83d\\ude00"]} \n',
            {"a": [1, -2500.0, True, None, "\u00e9\U0001f600"]},
        ),
        ('{"\u00e9": "\u00fc"}'.encode(), {"\u00e9": "\u00fc"}),
        (b'{"a": 18446744073709551615, "b": -9223372036854775808}', {"a": 2**64 - 1, "b": -(2**63)}),
        (b'{"a": {"k": 1}, "b": {"k": 2}}', {"a": {"k": 1}, "b": {"k": 2}}),
        (b'{"a": "\\\\ud800"}', {"a": "\\ud800"}),
        (b'{"a": "]]]]{{{{\\"[[[["}', {"a": ']]]]{{{{"[[[['}),
        (b'{"a": "\\\\", "b": "[\\\\\\"["}', {"a": "\\", "b": '[\\"['}),
    ],
)
def test_documents_are_read_as_they_are(body, document):
    assert parse_document(bytearray(body)) == document


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"[" * 1_000_000, "nests deeper than 64 levels"),
        (b"[" * 1_000_000 + b"]" * 1_000_000, "nests deeper than 64 levels"),
        (b'{"a":' * 1_000_000 + b"1" + b"}" * 1_000_000, "nests deeper than 64 levels"),
        (b'{"\\"":' * 1_000_000, "nests deeper than 64 levels"),
        (nested(DEPTH + 1), "nests deeper than 64 levels"),
        (b"{]", "is not JSON"),
        (b'{"a": 1}}', "brackets do not match"),
        (b'{"a": 1, "a": 1}', "has a key twice"),
        (b'{"a": {"b": [{"k": 1, "\\u006b": 2}]}}', "has a key twice"),
        (b'{"a": NaN}', "holds NaN"),
        (b'{"a": Infinity}', "holds Infinity"),
        (b'{"a": -Infinity}', "holds -Infinity"),
        (b'{"a": 1e999}', "too large"),
        (b'{"a": ' + b"9" * 5000 + b"}", "more than 20 digits"),
        (b'{"a": 100000000000000000000}', "more than 20 digits"),
        (b'{"a": "\\ud800"}', "half of a surrogate pair"),
        (b'{"\\uDFFF": 1}', "half of a surrogate pair"),
        (b'{"a": "\\ud83d\\ude00 \\ude00"}', "half of a surrogate pair"),
        (b'{"a": "\xed\xa0\x80"}', "not UTF-8, at byte 7"),
        (b'{"a": "\xff"}', "not UTF-8, at byte 7"),
        (b'\xff\xfe{\x00"\x00', "not UTF-8, at byte 0"),
        (b'\xef\xbb\xbf{"a": 1}', "BOM"),
        (b"[1]", "must be a JSON object"),
        (b"1", "must be a JSON object"),
        (b'"a"', "must be a JSON object"),
        (b"null", "must be a JSON object"),
        (b" ", "is not JSON"),
        (b"{'a': 1}", "is not JSON"),
        (b'{"a": 1,}', "is not JSON"),
        (b'{"a": 01}', "is not JSON"),
        (b'{"a": "\n"}', "is not JSON"),
        (b'{"a": "', "brackets do not match"),
        (b'"a', "is not JSON"),
        (b'{"a": "\x00"}', "is not JSON"),
        (b'{"a": 1} {"b": 2}', "is not JSON"),
        (b'{"a": "\\x"}', "is not JSON"),
    ],
)
def test_anything_else_is_refused_in_one_sentence(body, message):
    with pytest.raises(ValueError, match=message) as caught:
        parse_document(bytearray(body))
    assert len(str(caught.value)) < 120
    assert "\n" not in str(caught.value)


def test_the_bound_of_depth_is_exact():
    parse_document(bytearray(nested(DEPTH)))


def test_brackets_in_texts_do_not_count_whatever_is_around_them():
    generator = random.Random(4)
    for _ in range(2000):
        text = "".join(generator.choice('[]{}"\\a') for _ in range(generator.randrange(12)))
        other = "".join(generator.choice("[]{}") * 70 for _ in range(3))
        document = {"first": text, text + "k": [other, {text: text}], "last": {}}
        assert parse_document(bytearray(render_document(document))) == document


@pytest.mark.parametrize("unit", [b'"', b'\\"', b'""', b'"\\', b"[]", b'"["', b"\\"])
def test_no_body_takes_longer_than_its_size_explains(unit):
    body = bytearray(b'{"a":' + unit * (1 << 20))
    began = time.process_time()
    with pytest.raises(ValueError):
        parse_document(body)
    assert time.process_time() - began < 5


def test_what_is_rendered_is_one_line_that_any_reader_takes():
    assert render_document({"a": ["\n", "\u00e9", "\ud800"]}) == b'{"a":["\\n","\\u00e9","\\ud800"]}\n'
    with pytest.raises(ValueError):
        render_document({"a": float("nan")})
