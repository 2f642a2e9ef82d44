# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress events and container output, at every boundary the bytes may arrive in."""

from __future__ import annotations

import json
from typing import Any, List, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stowage.engine.http import ProtocolError
from stowage.engine.streams import Tail, frames, joined_output, json_lines, split_output


def cut(data: bytes, sizes: List[int]) -> List[bytes]:
    pieces = []
    turn = 0
    while data:
        size = sizes[turn % len(sizes)]
        pieces.append(data[:size])
        data = data[size:]
        turn += 1
    return pieces


def frame(stream: int, data: bytes) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


EVENTS = b'{"status":"Pulling"}\r\n\r\n{"aux":{"ID":"sha256:1"}}\n{"stream":"caf\xc3\xa9"}'


def test_events_at_every_boundary() -> None:
    expected = [{"status": "Pulling"}, {"aux": {"ID": "sha256:1"}}, {"stream": "café"}]
    for at in range(len(EVENTS)):
        assert list(json_lines([EVENTS[:at], EVENTS[at:]])) == expected
    assert list(json_lines(cut(EVENTS, [1]))) == expected


@given(
    st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=20))),
    st.lists(st.integers(1, 30), min_size=1),
)
def test_any_events_come_out_as_they_went_in(events: List[Any], sizes: List[int]) -> None:
    data = b"".join(json.dumps(event).encode() + b"\r\n" for event in events)
    assert list(json_lines(cut(data, sizes))) == events


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        ([b'{"a": 1}\n{"b": '], "not JSON"),
        ([b"panic: runtime error\n"], "not JSON"),
        ([b"[" * 100000 + b"\n"], "not JSON"),
        ([b"1" * 60, b"1" * 60], "longer than 100 bytes"),
        ([b"1" * 120 + b"\n"], "longer than 100 bytes"),
    ],
)
def test_events_that_are_none(pieces: List[bytes], words: str) -> None:
    limit = 100 if "100" in words else 1 << 20
    with pytest.raises(ProtocolError, match=words):
        list(json_lines(pieces, limit))


OUTPUT = frame(1, b"one\n") + frame(2, b"two\n") + frame(1, b"") + frame(1, b"three\n")


def test_frames_at_every_boundary() -> None:
    for pieces in [[OUTPUT[:at], OUTPUT[at:]] for at in range(len(OUTPUT))] + [cut(OUTPUT, [1])]:
        assert split_output(pieces, tty=False) == (b"one\nthree\n", b"two\n")
        assert joined_output(pieces, tty=False) == b"one\ntwo\nthree\n"


@given(
    st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=40))),
    st.lists(st.integers(1, 50), min_size=1),
)
def test_any_output_comes_out_as_it_went_in(parts: List[Tuple[int, bytes]], sizes: List[int]) -> None:
    data = b"".join(frame(*part) for part in parts)
    out = b"".join(part for stream, part in parts if stream == 1)
    err = b"".join(part for stream, part in parts if stream == 2)
    assert split_output(cut(data, sizes), tty=False) == (out, err)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x1b[31mred", "terminal"),
        (b"\x01\0\0\x01\0\0\0\x01x", "terminal"),
        (frame(1, b"abc")[:-1], "middle of a frame"),
        (frame(1, b"abc") + b"\x01\0", "middle of a frame"),
    ],
)
def test_output_that_is_not_in_frames(data: bytes, words: str) -> None:
    with pytest.raises(ProtocolError, match=words):
        list(frames([data]))


def test_a_frame_of_4_gib_is_passed_on_without_being_gathered() -> None:
    pieces = frames([b"\x01\0\0\0\xff\xff\xff\xff", b"x" * 1000, b"y"])
    assert next(pieces) == (1, b"x" * 1000)
    assert next(pieces) == (1, b"y")


def test_a_terminals_output_is_taken_as_it_is() -> None:
    assert split_output([b"\x01\0\0\0", b"raw"], tty=True) == (b"\x01\0\0\0raw", b"")


@given(st.lists(st.binary(max_size=20)), st.integers(1, 30))
def test_the_tail_is_the_end_of_all(pieces: List[bytes], limit: int) -> None:
    tail = Tail(limit)
    for piece in pieces:
        tail.add(piece)
    assert tail.value() == b"".join(pieces)[-limit:]


def test_output_is_cut_to_its_end() -> None:
    data = b"".join(frame(1, b"%06d\n" % number) for number in range(1000))
    assert split_output([data], tty=False, limit=14) == (b"000998\n000999\n", b"")
