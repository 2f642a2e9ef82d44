# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to a call when the far side misbehaves: on real sockets, with a server that follows a script."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Callable, Iterator, List, Tuple

import pytest

from stowage import errors
from stowage.engine.client import Engine

from .scripted import PING, Peer, serving

Script = Callable[[Peer], None]


def then(*answers: bytes) -> Script:
    """Answer the ping, then these, each after one request; then go away."""

    def script(peer: Peer) -> None:
        for answer in (PING, *answers):
            if not peer.hear():
                return
            peer.say(answer)

    return script


def keep_serving(peer: Peer) -> None:
    """A well-behaved engine."""
    while True:
        request = peer.hear()
        if not request:
            return
        if b" /_ping" in request:
            peer.say(PING)
        else:
            peer.answer("200 OK", b"{}")


def just(answer: bytes) -> Script:
    def script(peer: Peer) -> None:
        peer.hear()
        peer.say(answer)

    return script


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "engine.sock"


BROKEN = [
    ("half a head", OK, errors.EngineUnreachable, "before the head"),
    ("half a body", OK + b"Content-Length: 10\r\n\r\n{}", errors.EngineUnreachable, "8 bytes before"),
    ("half a chunk", CHUNKED + b"5\r\n{", errors.EngineUnreachable, "4 bytes before"),
    ("no last chunk", CHUNKED + b"2\r\n{}\r\n", errors.EngineUnreachable, "in the middle"),
    ("garbage", b"\x15\x03\x01\x00\x02\x02\x46", errors.EngineUnreachable, "not HTTP"),
    ("no JSON", OK + b"Content-Length: 5\r\n\r\n<htm>", errors.EngineUnreachable, "not JSON"),
    ("redirected", b"HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n\r\n", errors.InvalidRequest, "status 301"),
]


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case[0])
def test_broken_answers(path: Path, case: Tuple[str, bytes, type, str]) -> None:
    _name, answer, kind, words = case
    # The broken answer comes on a fresh connection, for GETs on kept ones are asked again.
    with serving(path, just(PING + b"."), just(answer)) as server, Engine.connect(server.url) as engine:
        assert engine.api_version == (1, 45)
        with pytest.raises(kind, match=words) as caught:
            engine.containers.inspect("web")
        assert isinstance(caught.value, errors.EngineError)
        assert caught.value.call == "GET /containers/web/json"


def test_statuses_keep_the_engines_words(path: Path) -> None:
    table = [
        ("400 Bad", errors.InvalidRequest),
        ("401 No", errors.AccessDenied),
        ("403 No", errors.AccessDenied),
        ("404 No", errors.NotFound),
        ("406 No", errors.InvalidRequest),
        ("409 No", errors.Conflict),
        ("500 Ouch", errors.ServerFault),
        ("503 Ouch", errors.ServerFault),
    ]
    body = b'{"message":"driver failed: port is already allocated"}'
    answers = [f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body for status, _kind in table]
    with serving(path, then(*answers)) as server, Engine.connect(server.url) as engine:
        for status, kind in table:
            with pytest.raises(kind) as caught:
                engine.containers.start("web")
            assert type(caught.value) is kind
            assert caught.value.message == "driver failed: port is already allocated"
            assert caught.value.status == int(status[:3])
            assert str(caught.value) == "POST /containers/web/start: driver failed: port is already allocated"
        assert server.connections == 1


def test_silence_ends_with_the_deadline(path: Path) -> None:
    def silent(peer: Peer) -> None:
        peer.hear()
        peer.say(PING)
        peer.wait_for_goodbye()

    with serving(path, silent) as server, Engine.connect(server.url, timeout=0.3) as engine:
        assert engine.api_version
        start = time.monotonic()
        with pytest.raises(errors.EngineTimeout, match=r"did not answer within 0\.3 s"):
            engine.containers.start("web")
        assert 0.25 < time.monotonic() - start < 2


def test_the_deadline_is_for_the_whole_answer(path: Path) -> None:
    def dripping(peer: Peer) -> None:
        peer.hear()
        peer.say(OK + b"Api-Version: 1.45\r\nContent-Length: 1000\r\n\r\n")
        for _byte in range(1000):
            peer.say(b" ")
            time.sleep(0.02)

    with serving(path, dripping) as server, Engine.connect(server.url, timeout=0.3) as engine:
        start = time.monotonic()
        with pytest.raises(errors.EngineTimeout):
            engine.system.ping()
        assert time.monotonic() - start < 2


def test_a_stream_may_take_long_as_long_as_it_says_something(path: Path) -> None:
    def slow(peer: Peer) -> None:
        peer.hear()
        peer.say(PING)
        peer.hear()
        peer.say(CHUNKED)
        for _event in range(5):
            time.sleep(0.12)
            peer.say(b'f\r\n{"status":"x"}\n\r\n')
        peer.hear()

    seen: List[object] = []
    with serving(path, slow) as server, Engine.connect(server.url) as engine:
        with pytest.raises(errors.EngineTimeout):
            engine.images.pull("app", progress=seen.append, timeout=0.4)
    assert len(seen) == 5


def test_a_refused_version_is_negotiated_again_once(path: Path) -> None:
    refusal = b'{"message":"client version 1.45 is too new. Maximum supported API version is 1.43"}'

    def downgraded(peer: Peer) -> None:
        pings = 0
        while True:
            request = peer.hear()
            if not request:
                return
            if b" /_ping" in request:
                pings += 1
                peer.answer("200 OK", b"OK", f"Api-Version: 1.{45 if pings == 1 else 43}")
            elif b"/v1.45/" in request:
                peer.answer("400 Bad Request", refusal)
            else:
                peer.answer("201 Created", b'{"Id":"1"}')

    with serving(path, downgraded) as server, Engine.connect(server.url) as engine:
        assert engine.containers.create("web", {}) == {"Id": "1"}
        assert engine.api_version == (1, 43)
    assert server.asked == [
        "GET /_ping",
        "POST /v1.45/containers/create?name=web",
        "GET /_ping",
        "POST /v1.43/containers/create?name=web",
    ]


@pytest.mark.parametrize(
    ("offered", "spoken"), [("1.41", (1, 41)), ("1.45", (1, 45)), ("1.54", (1, 54)), ("1.99", (1, 54))]
)
def test_the_newest_common_version_is_spoken(path: Path, offered: str, spoken: Tuple[int, int]) -> None:
    with serving(path, just(PING.replace(b"1.45", offered.encode()))) as server:
        with Engine.connect(server.url) as engine:
            assert engine.api_version == spoken


@pytest.mark.parametrize(
    ("ping", "kind", "words"),
    [
        (PING.replace(b"1.45", b"1.40"), errors.EngineTooOld, "1.40, the oldest spoken here is 1.41"),
        (PING.replace(b"1.45", b"one.2"), errors.EngineUnreachable, "not answer like a Docker engine"),
        (PING.replace(b"Api-Version", b"X"), errors.EngineUnreachable, "not answer like a Docker engine"),
    ],
)
def test_engines_that_are_none_or_too_old(path: Path, ping: bytes, kind: type, words: str) -> None:
    with serving(path, just(ping)) as server, Engine.connect(server.url) as engine:
        with pytest.raises(kind, match=words):
            engine.containers.list()


def test_an_engine_too_new_says_so_in_its_own_words(path: Path) -> None:
    words = b'{"message":"client version 1.45 is too old. Minimum supported API version is 1.60"}'
    refusal = b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n" % len(words) + words
    with serving(path, then(refusal, PING)) as server, Engine.connect(server.url) as engine:
        with pytest.raises(errors.EngineTooOld, match=r"Minimum supported API version is 1\.60"):
            engine.containers.list()


def test_connections_are_kept(path: Path) -> None:
    with serving(path, keep_serving) as server, Engine.connect(server.url) as engine:
        for _turn in range(20):
            engine.containers.inspect("web")
        assert server.connections == 1


def test_a_connection_that_was_closed_meanwhile_is_not_used(path: Path) -> None:
    with serving(path, just(PING), keep_serving) as server, Engine.connect(server.url) as engine:
        assert engine.api_version
        time.sleep(0.1)
        engine.containers.start("web")
        assert server.connections == 2


def drop_second(peer: Peer) -> None:
    """Hear a second request and go away without a word."""
    peer.hear()
    peer.say(PING)
    peer.hear()


def test_reading_is_tried_again_where_a_kept_connection_broke(path: Path) -> None:
    with serving(path, drop_second, keep_serving) as server, Engine.connect(server.url) as engine:
        engine.containers.inspect("web")
        assert server.asked == ["GET /_ping", "GET /v1.45/containers/web/json", "GET /v1.45/containers/web/json"]


def test_reading_is_tried_again_only_once(path: Path) -> None:
    def drop(peer: Peer) -> None:
        peer.hear()

    with serving(path, drop_second, drop) as server, Engine.connect(server.url) as engine:
        with pytest.raises(errors.EngineUnreachable):
            engine.containers.inspect("web")
        assert len(server.asked) == 3


def test_reading_is_not_tried_again_once_an_answer_began(path: Path) -> None:
    with serving(path, then(OK), keep_serving) as server, Engine.connect(server.url) as engine:
        with pytest.raises(errors.EngineUnreachable):
            engine.containers.inspect("web")
        assert server.connections == 1


def test_changing_is_never_tried_again(path: Path) -> None:
    with serving(path, drop_second, keep_serving) as server, Engine.connect(server.url) as engine:
        assert engine.api_version
        with pytest.raises(errors.EngineUnreachable, match="before the head"):
            engine.containers.start("web")
        assert server.asked == ["GET /_ping", "POST /v1.45/containers/web/start"]


def test_a_refusal_is_heard_while_the_body_is_still_being_sent(path: Path) -> None:
    def refuse(peer: Peer) -> None:
        peer.hear()
        peer.say(PING)
        peer.head()
        peer.answer("400 Bad Request", b'{"message":"dockerfile parse error"}', "Connection: close")
        time.sleep(0.2)
        peer.reset()

    def context() -> Iterator[bytes]:
        for _piece in range(500):
            yield b"x" * 65536
            time.sleep(0.001)

    with serving(path, refuse) as server, Engine.connect(server.url) as engine:
        with pytest.raises(errors.InvalidRequest, match="dockerfile parse error"):
            engine.images.build(context(), {})


def test_a_body_goes_out_in_chunks_and_whole(path: Path) -> None:
    done = b'{"aux":{"ID":"sha256:1"}}\n'

    def build(peer: Peer) -> None:
        peer.hear()
        peer.say(PING)
        peer.hear()
        peer.answer("200 OK", done)

    pieces = [b"a" * 100000, b"", b"b", b"c" * 70000]
    with serving(path, build) as server, Engine.connect(server.url) as engine:
        assert engine.images.build(iter(pieces), {"t": ("a", "b")}) == "sha256:1"
        head, _blank, body = server.heard[1].partition(b"\r\n\r\n")
        assert head.startswith(b"POST /v1.45/build?t=a&t=b HTTP/1.1\r\n")
        assert b"Content-Type: application/x-tar" in head
        assert body == b"".join(pieces)


def test_what_the_callers_body_raises_reaches_the_caller(path: Path) -> None:
    def unreadable() -> Iterator[bytes]:
        yield b"x"
        raise PermissionError(13, "Permission denied", "context/secret")

    with serving(path, keep_serving) as server, Engine.connect(server.url, pool_size=1) as engine:
        with pytest.raises(PermissionError):
            engine.images.build(unreadable(), {})
        engine.containers.inspect("web")  # the place in the pool is free again


def test_an_error_inside_a_stream_is_raised_with_the_engines_words(path: Path) -> None:
    events = (
        b'{"status":"Pulling from app"}\r\n'
        b'{"errorDetail":{"message":"no space left on device"},"error":"no space left on device"}\r\n'
    )
    answer = OK + b"Content-Length: %d\r\n\r\n" % len(events) + events
    seen: List[object] = []
    with serving(path, then(answer)) as server, Engine.connect(server.url) as engine:
        with pytest.raises(errors.ServerFault, match="no space left on device") as caught:
            engine.images.pull("app", progress=seen.append)
    assert caught.value.call == "POST /images/create"
    assert len(seen) == 2


def test_secrets_of_a_request_are_in_no_error(path: Path) -> None:
    with serving(path, then(b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n")) as server:
        with Engine.connect(server.url) as engine, pytest.raises(errors.ServerFault) as caught:
            engine.images.build(
                b"", {"buildargs": {"TOKEN": "hunter2"}}, {"r.io": {"username": "u", "password": "hunter3"}}
            )
    for text in (str(caught.value), repr(caught.value), repr(caught.value.__dict__)):
        assert "hunter" not in text


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_names_that_would_become_another_request_are_not_sent(path: Path, name: str) -> None:
    with serving(path, keep_serving) as server, Engine.connect(server.url) as engine:
        for call in (
            lambda: engine.containers.remove(name),
            lambda: engine.networks.remove(name),
            lambda: engine.volumes.remove(name),
            lambda: engine.images.remove(name),
            lambda: engine.images.remove(f"a/{name}/b"),
        ):
            with pytest.raises(errors.InvalidRequest):
                call()
        assert server.heard == []


def test_names_are_quoted(path: Path) -> None:
    with serving(path, keep_serving) as server, Engine.connect(server.url) as engine:
        engine.containers.remove("../images/x?force=1", volumes=True)
        engine.images.inspect("r.io:5000/a/b@sha256:00")
        assert server.asked[1:] == [
            "DELETE /v1.45/containers/..%2Fimages%2Fx%3Fforce%3D1?v=1",
            "GET /v1.45/images/r.io:5000/a/b@sha256:00/json",
        ]


def test_hooks_see_every_call(path: Path) -> None:
    calls: List[Tuple[str, str, str]] = []
    with serving(path, keep_serving) as server, Engine.connect(server.url) as engine:
        engine.on_call = lambda *call: calls.append(call)
        engine.containers.list(all=True, labels=["a=b"])
        with engine.system.events() as _events:
            pass
    assert calls == [
        ("before", "GET", "/_ping"),
        ("after", "GET", "/_ping"),
        ("before", "GET", "/containers/json"),
        ("after", "GET", "/containers/json"),
        ("before", "GET", "/events"),
        ("after", "GET", "/events"),
    ]


def test_what_a_hook_raises_passes_through_and_leaves_the_pool_whole(path: Path) -> None:
    def stop_after(phase: str, _method: str, called: str) -> None:
        if phase == "after" and called == "/containers/web/start":
            raise KeyboardInterrupt

    with serving(path, keep_serving) as server, Engine.connect(server.url, pool_size=1) as engine:
        engine.on_call = stop_after
        for _turn in range(3):
            with pytest.raises(KeyboardInterrupt):
                engine.containers.start("web")
        engine.containers.inspect("web")


def test_the_pool_is_bounded_and_shared(path: Path) -> None:
    at_once = 0
    most = 0
    lock = threading.Lock()

    def counting(peer: Peer) -> None:
        nonlocal at_once, most
        while peer.hear():
            with lock:
                at_once += 1
                most = max(most, at_once)
            time.sleep(0.01)
            with lock:
                at_once -= 1
            peer.say(PING)

    with serving(path, counting) as server, Engine.connect(server.url, pool_size=3) as engine:
        threads = [threading.Thread(target=engine.system.ping) for _number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(server.asked) == 20
        assert most == 3
        assert server.connections == 3


def test_waiting_for_a_place_counts_against_the_deadline(path: Path) -> None:
    def hanging(peer: Peer) -> None:
        peer.hear()
        peer.say(PING)
        peer.hear()
        peer.say(CHUNKED)
        peer.hear()

    with serving(path, hanging) as server, Engine.connect(server.url, timeout=0.3, pool_size=1) as engine:
        with engine.containers.get_archive("web", "/"):
            with pytest.raises(errors.EngineTimeout):
                engine.containers.inspect("web")


def test_events_do_not_take_a_place_in_the_pool_and_end_when_closed(path: Path) -> None:
    def engine_script(peer: Peer) -> None:
        while True:
            request = peer.hear()
            if not request:
                return
            if b"/_ping" in request:
                peer.say(PING)
            elif b"/events" in request:
                event = b'{"Type":"container"}\n'
                peer.say(CHUNKED + b"%x\r\n%b\r\n" % (len(event), event))
            else:
                peer.answer("200 OK", b"{}")

    seen: List[object] = []
    with serving(path, engine_script) as server, Engine.connect(server.url, pool_size=1) as engine:
        events = engine.system.events()
        thread = threading.Thread(target=lambda: seen.extend(events))
        thread.start()
        engine.containers.inspect("web")
        time.sleep(0.1)
        events.close()
        thread.join(5)
        assert not thread.is_alive()
    assert seen == [{"Type": "container"}]


def test_a_closed_client_says_so(path: Path) -> None:
    with serving(path, keep_serving) as server:
        engine = Engine.connect(server.url)
        engine.containers.inspect("web")
        engine.close()
        with pytest.raises(errors.EngineUnreachable, match="closed"):
            engine.containers.inspect("web")


def test_no_socket_and_nobody_behind_one(path: Path) -> None:
    with Engine.connect(f"unix://{path}") as engine:
        with pytest.raises(errors.EngineUnreachable, match="is the engine installed and running"):
            engine.system.ping()
        with serving(path, keep_serving):
            assert engine.system.ping()
        time.sleep(0.05)
        with pytest.raises(errors.EngineUnreachable, match="the engine is not running"):
            engine.system.ping()
