# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server over real sockets: good callers are answered, whatever the others do to it."""

from __future__ import annotations

import contextlib
import json
import resource
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from statistics import quantiles

import pytest

from stowage.agent import server, traffic, wire
from stowage.agent.wire import Feed, HttpProblem, Limits, Reply
from stowage.errors import BusyError, DeclarationError, NotFound, Problem, StowageError

from .callers import GET, PATIENCE, Served, answer_of, echo, until

PLUGINS = str(Path(wire.__file__).resolve().parents[2])


@pytest.fixture
def served(tmp_path):
    with Served(tmp_path) as served:
        yield served


def alive(served):
    return served.ask()[0] == 200


def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def request(path, *, method="GET"):
    return f"{method} {path} HTTP/1.1\r\nHost: stowage\r\n\r\n".encode()


# -- answers ------------------------------------------------------------------------------------


def test_a_question_and_an_order_are_answered(served):
    status, document = served.ask(request("/v1/history?scope=shop"))
    assert (status, document["path"], document["query"]) == (200, "/v1/history", {"scope": "shop"})
    assert served.post(b'{"manifest": {"version": 1}}')[1]["document"] == {"manifest": {"version": 1}}


def test_a_request_may_come_byte_by_byte_and_its_sender_may_shut_its_half(served):
    with served.connect(write=True) as connection:
        for byte in b'POST / HTTP/1.1\r\nContent-Length: 7\r\n\r\n{"a":1}':
            connection.send(bytes((byte,)))
        connection.shutdown(socket.SHUT_WR)
        assert answer_of(connection)[1]["document"] == {"a": 1}


def test_a_body_may_be_as_large_as_the_bound_and_comes_whole(served):
    text = "x" * (3 << 20)
    assert served.post(json.dumps({"a": text}).encode())[1]["document"] == {"a": text}


def test_a_caller_who_waits_to_be_told_to_go_on_is_told(served):
    with served.connect(write=True) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: 7\r\nExpect: 100-continue\r\n\r\n")
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b'{"a":1}')
        assert answer_of(connection)[1]["document"] == {"a": 1}


def test_what_follows_a_request_is_no_second_one(tmp_path):
    calls = []
    with Served(tmp_path, lambda call: calls.append(call.path) or echo(call)) as served:
        assert served.ask(request("/first") + request("/second"))[1]["path"] == "/first"
        smuggled = b"POST /first HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}" + request("/second")
        assert served.ask(smuggled, write=True)[1] == {"method": "POST", "path": "/first", "query": {}, "document": {}}
    assert calls == ["/first", "/first"]


def raise_(error):
    raise error


@pytest.mark.parametrize(
    ("error", "status", "code", "message"),
    [
        (HttpProblem(404, "not_found", "there is no scope a"), 404, "not_found", "there is no scope a"),
        (StowageError("there is no version 3"), 400, "refused", "there is no version 3"),
        (DeclarationError([Problem("$.a", "is wrong")]), 400, "declaration", "$.a: is wrong"),
        (BusyError("another run holds the lock"), 409, "busy", "another run holds the lock"),
        (NotFound("no such container", status=404, call="GET /x"), 502, "engine", "GET /x: no such container"),
        (KeyError("secret"), 500, "internal", "the runtime failed at this; its log says more"),
        (RecursionError(), 500, "internal", "the runtime failed at this; its log says more"),
    ],
)
def test_errors_are_answered_and_only_expected_ones_in_their_own_words(tmp_path, capfd, error, status, code, message):
    with Served(tmp_path, lambda _call: raise_(error)) as served:
        for _ in range(6):  # more than there are workers
            assert served.ask() == (status, {"error": {"code": code, "message": message}})
    assert ("Traceback" in capfd.readouterr().err) is (status == 500)


def test_an_answer_that_is_no_json_is_an_error_and_not_the_end(tmp_path, capfd):
    with Served(tmp_path, lambda _call: Reply(200, {"a": object()})) as served:
        assert [served.ask()[0] for _ in range(6)] == [500] * 6
    assert "TypeError" in capfd.readouterr().err


def test_texts_are_answered_with_their_type(tmp_path):
    with Served(tmp_path, lambda _call: Reply(text="a\u00e9\ud800\n")) as served:
        assert served.ask() == (200, "a\u00e9\\ud800\n")


# -- feeds --------------------------------------------------------------------------------------


def feeding(tmp_path, act, **options):
    """A server whose answers are feeds, each in the hands of a thread of its own."""

    def answer(_call):
        feed = Feed(**options)
        threading.Thread(target=act, args=(feed,), daemon=True).start()
        return Reply(feed=feed)

    return Served(tmp_path, answer)


def test_a_stream_comes_line_by_line_as_it_happens(tmp_path):
    go_on = threading.Event()

    def act(feed):
        for number in range(3):
            feed.push({"n": number})
            go_on.wait(PATIENCE)
            go_on.clear()
        feed.close()

    with feeding(tmp_path, act) as served, served.connect() as connection:
        connection.sendall(GET)
        lines = connection.makefile("rb")
        assert lines.readline() == b"HTTP/1.1 200 OK\r\n"
        assert b"Content-Type: application/x-ndjson\r\n" in list(iter(lines.readline, b"\r\n"))
        for number in range(3):
            assert json.loads(lines.readline()) == {"n": number}
            go_on.set()
        assert lines.read() == b""
        lines.close()


def test_an_answer_that_takes_long_keeps_no_worker(tmp_path):
    feeds = []

    def answer(call):
        if call.path == "/wait":
            feeds.append(Feed(single=True))
            return Reply(feed=feeds[-1])
        return echo(call)

    with Served(tmp_path, answer) as served, contextlib.ExitStack() as stack:
        waiting = [stack.enter_context(served.connect()) for _ in range(30)]
        for connection in waiting:
            connection.sendall(request("/wait"))
        until(lambda: len(feeds) == 30)
        assert alive(served)
        for number, feed in enumerate(feeds):
            feed.push({"n": number})
        assert sorted(answer_of(connection)[1]["n"] for connection in waiting) == list(range(30))


@pytest.mark.parametrize("single", [True, False])
def test_a_feed_that_fails_before_it_began_is_a_refusal(tmp_path, single):
    problem = HttpProblem(404, "not_found", "there is no container web")
    with feeding(tmp_path, lambda feed: feed.fail(problem), single=single) as served:
        assert served.ask() == (404, {"error": {"code": "not_found", "message": "there is no container web"}})


def test_a_stream_on_which_nothing_happens_begins_after_a_moment(tmp_path, monkeypatch):
    monkeypatch.setattr(traffic, "_OPENING", 0.05)
    feeds = []
    with feeding(tmp_path, feeds.append) as served, served.connect() as connection:
        connection.sendall(GET)
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n")
        feeds[0].fail(HttpProblem(502, "engine", "gone"))
        assert connection.recv(1000) == b'{"error":{"code":"engine","message":"gone"}}\n'
        assert connection.recv(1000) == b""


def test_an_empty_stream_ends(tmp_path):
    with feeding(tmp_path, lambda feed: feed.close()) as served:
        assert served.ask() == (200, "")


@pytest.mark.parametrize("streaming", [True, False])
def test_a_caller_who_leaves_is_noticed(tmp_path, streaming):
    gone, feeds = threading.Event(), []

    def act(feed):
        feed.when_gone(gone.set)
        if streaming:
            feed.push({"n": 1})
        feeds.append(feed)

    with feeding(tmp_path, act) as served:
        with served.connect() as connection:
            connection.sendall(GET)
            if streaming:
                assert connection.recv(1000)
            until(lambda: feeds)
        assert gone.wait(PATIENCE)
        assert not feeds[0].push({"n": 2})
        assert alive_with(served, feeds)


def alive_with(served, feeds):
    """Another caller is given a feed, and hears from it."""
    count = len(feeds)
    with served.connect() as connection:
        connection.sendall(GET)
        until(lambda: len(feeds) > count)
        return feeds[-1].push({"n": 3}) and connection.recv(1000).startswith(b"HTTP/1.1 200")


def test_a_farewell_that_fails_is_not_the_servers_end(tmp_path, capfd):
    feeds = []

    def act(feed):
        feed.when_gone(lambda: raise_(ValueError("no")))
        feeds.append(feed)

    with feeding(tmp_path, act) as served:
        with served.connect() as connection:
            connection.sendall(GET)
            until(lambda: feeds)
        until(lambda: not feeds[0].push({}))
        assert alive_with(served, feeds)
    assert "ValueError: no" in capfd.readouterr().err


def test_a_caller_who_shut_its_half_still_hears(tmp_path):
    feeds = []
    with feeding(tmp_path, feeds.append) as served, served.connect() as connection:
        connection.sendall(GET)
        connection.shutdown(socket.SHUT_WR)
        until(lambda: feeds)
        assert turns(served, 0.2) <= 2
        feeds[0].push({"n": 1})
        feeds[0].close()
        assert answer_of(connection) == (200, '{"n":1}\n')


def test_a_reader_too_far_behind_is_cut_off_and_others_hear_everything(tmp_path):
    feeds, lines = [], 400
    with feeding(tmp_path, feeds.append) as served, served.connect() as slow, served.connect() as quick:
        slow.sendall(GET)
        until(lambda: len(feeds) == 1)
        quick.sendall(GET)
        until(lambda: len(feeds) == 2)
        heard = []
        listener = threading.Thread(target=lambda: heard.append(answer_of(quick)))
        listener.start()
        document = {"text": "x" * 8000}
        kept = []
        for _ in range(lines):
            kept.append(feeds[0].push(document))
            assert feeds[1].push(document)
            time.sleep(0.0005)
        feeds[1].close()
        listener.join(PATIENCE)
        assert heard[0][1].count("\n") == lines
        assert kept[0]
        assert not kept[-1]
        assert sum(kept) * 8000 < Feed.BEHIND + (1 << 20)  # what the kernel holds comes on top


def test_a_patient_producer_waits_for_a_slow_reader(tmp_path):
    def act(feed):
        for number in range(300):
            assert feed.push({"n": number, "text": "x" * 10000})
        feed.close()

    with feeding(tmp_path, act, patience=PATIENCE) as served, served.connect() as connection:
        connection.sendall(GET)
        time.sleep(0.1)
        lines = answer_of(connection)[1].splitlines()
        assert [json.loads(line)["n"] for line in lines] == list(range(300))


# -- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize("write", [True, False])
def test_a_body_of_a_gigabyte_is_refused_at_once_without_reading_it(served, write):
    before = resident()
    with served.connect(write=write) as connection:
        began = time.monotonic()
        connection.sendall(b"POST /v1/apply HTTP/1.1\r\nContent-Length: 1073741824\r\n\r\n{")
        sent, piece = 0, b"x" * 65536
        with contextlib.suppress(BrokenPipeError):
            while sent < 1 << 30:
                sent += connection.send(piece)
        assert answer_of(connection)[0] == 413
        assert time.monotonic() - began < 5
        assert sent < 8 << 20
    assert resident() - before < 8 << 20
    assert alive(served)


def test_a_reader_has_no_use_for_a_large_body(served):
    body = b'{"a":"' + b"x" * 65536 + b'"}'
    assert served.ask(b"GET / HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))[0] == 413
    assert served.ask(b'GET / HTTP/1.1\r\nContent-Length: 7\r\n\r\n{"a":1}')[1]["document"] == {"a": 1}


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 1_000_000,
        b'{"a":' * 1_000_000,
        b'{"a":1,"a":1}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":' + b"1" * 100_000 + b"}",
        b'{"a":"\\ud800"}',
        b'{"a":"\xff"}',
        b"[]",
        b"1",
        b"{",
        b"\0" * 1000,
    ],
)
def test_a_body_that_is_no_document_is_refused_in_one_sentence(served, body):
    status, document = served.post(body)
    assert status == 400
    assert document["error"]["code"] == "bad_request"
    assert len(document["error"]["message"]) < 120
    assert alive(served)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000, 431),
        (b"GET /" + b"a" * 100_000, 431),
        (b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 100_000, 431),
        (b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 200 + b"\r\n", 431),
        (b"POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"GET / HTTP/1.1\nHost: a\n\n", 400),
        (b"hello\r\n\r\n", 400),
    ],
)
def test_what_is_no_request_is_refused(served, data, status):
    assert served.ask(data)[0] == status
    assert alive(served)


@pytest.mark.parametrize("data", [b"GET / HT", b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n{}"])
def test_a_request_that_ends_too_early_is_refused(served, data):
    with served.connect() as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        assert answer_of(connection)[0] == 400


def test_who_connects_and_leaves_leaves_nothing(served):
    for _ in range(50):
        served.connect().close()
        with served.connect() as connection:
            connection.sendall(b"GET / HTTP")
    assert alive(served)
    until(lambda: not served.server._traffic._connections)


def test_random_bytes_never_harm(served):
    for seed in range(300):
        data = bytes((seed * 31 + number * number * 7) % 256 for number in range(seed))
        with served.connect() as connection:
            with contextlib.suppress(BrokenPipeError):
                connection.sendall(b"GET / HTTP/1.1\r\n" * (seed % 2) + data)
                connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(65536)
            assert answer.startswith(b"HTTP/1.1 4") or (seed == 0 and answer == b"")
    assert alive(served)


# -- bounds of time and number ------------------------------------------------------------------


def test_a_head_and_a_body_that_do_not_come_end_the_wait(tmp_path):
    limits = Limits(head_seconds=0.2, body_seconds=0.1)
    with Served(tmp_path, limits=limits) as served, served.connect() as silent, served.connect() as half:
        half.sendall(b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n{}")
        assert answer_of(half)[1]["error"]["message"] == "the body of the request took over 0.1 s"
        assert answer_of(silent)[1]["error"]["message"] == "the head of the request took over 0.2 s"


def test_a_dripping_head_does_not_win_time(tmp_path):
    with Served(tmp_path, limits=Limits(head_seconds=0.3)) as served, served.connect() as connection:
        began = time.monotonic()
        with contextlib.suppress(BrokenPipeError):
            while time.monotonic() - began < PATIENCE:
                connection.send(b"G")
                time.sleep(0.02)
        assert 0.3 <= time.monotonic() - began < 3


def test_who_does_not_read_an_answer_is_cut_off(tmp_path):
    served = Served(tmp_path, lambda _call: Reply(text="x" * (4 << 20)), Limits(send_seconds=0.2))
    with served, served.connect() as connection:
        connection.sendall(GET)
        until(lambda: served.server._traffic._connections)
        until(lambda: not served.server._traffic._connections)
        assert served.server._traffic._held == 0
        assert len(read_on(connection)) < 4 << 20


@pytest.mark.parametrize("stream", [False, True])
def test_only_a_stream_may_be_taken_as_slowly_as_one_likes(tmp_path, stream):
    document = {"text": "x" * (8 << 20)}

    def answer(_call):
        feed = Feed(single=not stream)
        feed.push(document)
        return Reply(feed=feed)

    with Served(tmp_path, answer, Limits(send_seconds=0.5)) as served, served.connect() as connection:
        connection.sendall(GET)
        taken, began = 0, time.monotonic()
        while time.monotonic() - began < 1.0:
            taken += len(connection.recv(1 << 16))
            time.sleep(0.02)
        assert (taken + len(read_on_while(connection, stream)) > 8 << 20) is stream


def read_on_while(connection, stream):
    """What is left: of a stream, which goes on, until its line ends."""
    data = bytearray()
    while not (stream and data.endswith(b"\n")):
        more = connection.recv(1 << 20)
        if not more:
            break
        data += more
    return data


def read_on(connection):
    data = bytearray()
    while True:
        more = connection.recv(1 << 20)
        if not more:
            return data
        data += more


def test_who_leaves_too_much_unread_makes_room_for_the_next(tmp_path):
    size = 4 << 20
    served = Served(tmp_path, lambda _call: Reply(text="x" * size), Limits(sending_bytes=3 * size))
    with served, contextlib.ExitStack() as stack:
        stuck = [stack.enter_context(served.connect()) for _ in range(12)]
        for connection in stuck:
            connection.sendall(GET)
            assert connection.recv(1)
            assert served.server._traffic._held <= 3 * size
        assert served.ask() == (200, "x" * size)
        assert [len(read_on(connection)) > size for connection in stuck] == [False] * 10 + [True] * 2


def test_bodies_are_bounded_all_together(tmp_path):
    limits = Limits(waiting_bytes=1 << 20)
    with Served(tmp_path, limits=limits) as served, served.connect(write=True) as slow:
        slow.sendall(b"POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n" + b" " * 900_000)
        until(lambda: served.server._traffic._waiting == 900_000)
        assert served.post(b'{"a":"' + b"x" * 300_000 + b'"}')[0] == 503
        assert served.post(b'{"a":1}')[0] == 200
        slow.sendall(b" " * 99_998 + b"{}")
        assert answer_of(slow)[1]["document"] == {}
        assert served.post(b'{"a":"' + b"x" * 300_000 + b'"}')[0] == 200
        assert served.server._traffic._waiting == 0


def test_too_many_callers_are_told_so_and_some_places_are_the_owners(tmp_path, monkeypatch):
    monkeypatch.setattr(traffic, "is_owner", lambda caller: caller.writes)
    with Served(tmp_path, limits=Limits(clients=16)) as served, contextlib.ExitStack() as stack:
        silent = [stack.enter_context(served.connect()) for _ in range(14)]
        with served.connect() as one_more:
            assert answer_of(one_more)[1]["error"]["message"] == "14 callers are here already; try again later"
        assert served.ask(write=True)[0] == 200
        silent.pop().close()
        until(lambda: len(served.server._traffic._connections) < 14)
        assert alive(served)


def test_without_free_descriptors_it_waits_for_better_times(tmp_path):
    """In a process of its own, since the bound is the process's."""
    code = """
import os, resource, socket, sys, time
sys.path.insert(0, sys.argv[1])
from stowage.agent import traffic
from stowage.agent.server import Door, Server
from stowage.agent.wire import Reply
traffic._PAUSE = 0.1
server = Server([Door(sys.argv[2], 0o660, os.getegid())], lambda call: Reply(200, {}))
server.start()
callers = [socket.socket(socket.AF_UNIX) for _ in range(20)]
soft = len(os.listdir("/proc/self/fd")) + 9
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, soft))
for caller in callers:
    caller.connect(sys.argv[2])
time.sleep(0.2)
spent = time.process_time()
time.sleep(0.3)
assert time.process_time() - spent < 0.1, "it is busy waiting"
for caller in callers[:15]:
    caller.close()
callers[-1].sendall(b"GET / HTTP/1.1\\r\\n\\r\\n")
callers[-1].settimeout(10)
assert callers[-1].recv(100).startswith(b"HTTP/1.1 200"), "nobody is let in any more"
"""
    words = [sys.executable, "-c", code, PLUGINS, str(tmp_path / "a.sock")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# -- the whole ----------------------------------------------------------------------------------


def test_readers_do_not_feel_slow_callers(tmp_path):
    """A small one; the figures are made by bench/sockets.py."""
    count, seconds, before = 40, [], resident()
    feeds = []

    def answer(call):
        if call.path == "/events":
            feeds.append(Feed())
            return Reply(feed=feeds[-1])
        return Reply(text="x" * (1 << 20)) if call.path == "/large" else echo(call)

    with Served(tmp_path, answer) as served, contextlib.ExitStack() as stack:
        starts = (b"", b"GET / HT", request("/events"), request("/large"))
        slow = [stack.enter_context(served.connect()) for _ in range(count)]
        for number, connection in enumerate(slow):
            connection.sendall(starts[number % 4])
            if number % 4 == 2:
                connection.shutdown(socket.SHUT_WR)

        def read():
            for _ in range(10):
                began = time.monotonic()
                assert alive(served)
                seconds.append(time.monotonic() - began)

        readers = [threading.Thread(target=read) for _ in range(count)]
        for reader in readers:
            reader.start()
        while any(reader.is_alive() for reader in readers):
            for connection in slow[1::4]:
                connection.send(b"T")
            for feed in feeds:
                feed.push({"text": "x" * 10000})
            time.sleep(0.05)
        assert len(seconds) == 10 * count
        p99 = quantiles(seconds, n=100)[98]
        print(f"p99 of {len(seconds)} reads: {1000 * p99:.0f} ms")
        assert p99 < 5
        assert resident() - before < 100 << 20


def turns(served, seconds):
    """How often the thread of the sockets gave up the processor of its own accord: once for each time it waited."""
    thread = next(thread for thread in served.server._threads if thread.name == "sockets")
    path = Path(f"/proc/self/task/{thread.native_id}/status")

    def count():
        return int(path.read_text().split("\nvoluntary_ctxt_switches:")[1].split()[0])

    before = count()
    time.sleep(seconds)
    return count() - before


def test_nothing_runs_while_nothing_happens(tmp_path):
    feeds = []
    with feeding(tmp_path, feeds.append) as served:
        time.sleep(0.05)
        assert turns(served, 0.3) == 0
        with served.connect() as listening, served.connect():
            listening.sendall(GET)
            until(lambda: feeds)
            feeds[0].push({})
            assert listening.recv(1000)
            time.sleep(0.05)
            assert turns(served, 0.3) == 0


# -- the end ------------------------------------------------------------------------------------


def test_stopping_takes_the_files_and_all_threads_along_though_callers_hang_on(tmp_path):
    threads, files = set(threading.enumerate()), set(Path("/proc/self/fd").iterdir())
    with contextlib.ExitStack() as stack:
        with feeding(tmp_path, lambda feed: feed.push({"n": 1})) as served:
            silent, half, listening = (stack.enter_context(served.connect()) for _ in range(3))
            half.sendall(b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n{}")
            listening.sendall(GET)
            assert listening.recv(1000)
            began = time.monotonic()
        assert time.monotonic() - began < 1
        assert set(threading.enumerate()) <= threads
        assert list(tmp_path.iterdir()) == []
        assert silent.recv(1000) == half.recv(1000) == b""
        told = read_on(listening)
        assert told.endswith(b'{"error":{"code":"stopping","message":"the runtime is stopping"}}\n')
    assert set(Path("/proc/self/fd").iterdir()) == files


def test_answers_under_way_are_given_to_the_end(tmp_path):
    began = threading.Event()

    def answer(_call):
        began.set()
        time.sleep(0.2)
        return Reply(200, {"done": True})

    with Served(tmp_path, answer) as served:
        connection = served.connect()
        connection.sendall(GET)
        assert began.wait(PATIENCE)
    assert answer_of(connection) == (200, {"done": True})
    connection.close()


def test_an_answer_that_hangs_does_not_hold_up_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(server, "_PATIENCE", 0.2)
    monkeypatch.setattr(traffic, "_FAREWELL", 0.1)
    release, began = threading.Event(), threading.Event()

    def answer(_call):
        began.set()
        release.wait(PATIENCE)
        return Reply(feed=late)

    late, gone = Feed(), threading.Event()
    late.when_gone(gone.set)
    with Served(tmp_path, answer) as served, served.connect() as connection:
        connection.sendall(GET)
        assert began.wait(PATIENCE)
        start = time.monotonic()
        served.server.stop()
        assert time.monotonic() - start < 3
        release.set()
        assert gone.wait(PATIENCE)


def test_who_did_not_wait_for_its_turn_is_not_worked_for(tmp_path):
    release, calls = threading.Event(), []

    def answer(call):
        calls.append(call.path)
        release.wait(PATIENCE)
        return echo(call)

    with Served(tmp_path, answer) as served, contextlib.ExitStack() as stack:
        busy = [stack.enter_context(served.connect()) for _ in range(4)]
        for connection in busy:
            connection.sendall(request("/busy"))
        until(lambda: len(calls) == 4)
        with served.connect() as impatient:
            impatient.sendall(request("/gone"))
            until(lambda: served.server._jobs.qsize() == 1)
        until(lambda: len(served.server._traffic._connections) == 4)
        release.set()
        assert [answer_of(connection)[0] for connection in busy] == [200] * 4
    assert calls == ["/busy"] * 4


def test_it_can_be_started_again(tmp_path):
    served = Served(tmp_path)
    for _ in range(2):
        with served:
            assert alive(served)
    served.server.stop()
