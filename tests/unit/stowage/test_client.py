# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import grp  # noqa: F401  ahead: the other user may not read this Python's modules
import itertools
import json
import os
import socket
import tempfile
import threading
import time
from pathlib import Path

import pytest

from stowage import client as module
from stowage.agent.server import Door, Server
from stowage.agent.wire import Feed, HttpProblem, Reply
from stowage.client import READ, WRITE, Client, NotAllowed, NotRunning, Refused, path_of
from stowage.errors import StowageError
from stowage.places import ABOUT, socket_folder
from tests.unit.stowage.support.recorded_runtime import Runtime, document, refusal, stream

HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def sockets():
    with tempfile.TemporaryDirectory(prefix="stowage-") as folder:  # its path is short, as a socket's has to be
        yield folder


@pytest.fixture
def runtime(sockets):
    with Runtime(sockets) as running:
        yield running


@pytest.fixture
def client(sockets):
    return Client(sockets)


def test_a_document(runtime, client):
    runtime.answers["GET /v1/x?a=b%26c%3D%20%C3%A9&n=1"] = document({"a": [1]})
    assert client.fetch(READ, "GET", "/v1/x", query={"a": "b&c= é", "n": 1}) == {"a": [1]}
    runtime.answers["POST /v1/y"] = document({})
    assert client.fetch(WRITE, "POST", "/v1/y", document={"é": "\u2028"}) == {}
    assert runtime.calls == [
        ("read.sock", "GET /v1/x?a=b%26c%3D%20%C3%A9&n=1", None),
        ("write.sock", "POST /v1/y", {"é": "\u2028"}),
    ]


def test_a_document_that_ends_with_its_connection(runtime, client):
    runtime.answers["GET /v1/x"] = HEAD + b'\r\n{"a": 1}'
    assert client.fetch(READ, "GET", "/v1/x") == {"a": 1}


def test_paths():
    assert path_of("history", "../a b/é", "3") == "/v1/history/..%2Fa%20b%2F%C3%A9/3"
    assert path_of("x", "\udcff") == "/v1/x/%3F"


def test_the_folder_of_the_sockets():
    assert socket_folder({}) == socket_folder({"STOWAGE_SOCKETS": ""}) == "/run/stowage"
    assert socket_folder({"STOWAGE_SOCKETS": "/x"}) == "/x"


def test_whose_engine(client, sockets):
    assert client.engine() == ""
    about = {"engine": "unix:///run/docker.sock", "state": "/x", "version": "1", "digest": ""}
    Path(sockets, ABOUT).write_text(json.dumps(about))
    assert client.engine() == "unix:///run/docker.sock"
    Path(sockets, ABOUT).write_bytes(b"\xff")
    assert client.engine() == ""


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (b"", "went away in the middle of its answer"),
        (b"HTTP/1.1 200 OK\r\n", "does not answer like the runtime"),
        (b"hello\r\n\r\n", "does not answer like the runtime"),
        (b"HTTP/1.1\r\n\r\n", "does not answer like the runtime"),
        (b"HTTP/1.1 ok OK\r\n\r\n{}", "does not answer like the runtime"),
        (b"HTTP/2 200 OK\r\n\r\n{}", "does not answer like the runtime"),
        (b"x" * (1 << 17), "does not answer like the runtime"),
        (HEAD + b"Content-Length: 10\r\n\r\n{}", "went away in the middle of its answer"),
        (HEAD + b"Content-Length: -1\r\n\r\n{}", "does not answer like the runtime"),
        (HEAD + b"Content-Length: \xb2\r\n\r\n{}", "does not answer like the runtime"),
        (HEAD + b"Content-Length: 99999999999\r\n\r\n{}", "answers with more than 256 MiB"),
        (HEAD + b"\r\n", "does not answer like the runtime"),
        (HEAD + b"\r\nhello", "does not answer like the runtime"),
        (HEAD + b"\r\n[]", "does not answer like the runtime"),
        (HEAD + b"\r\n\xff", "does not answer like the runtime"),
        (HEAD + b"\r\n" + b"[" * 200_000, "does not answer like the runtime"),
        (b"HTTP/1.1 500 X\r\n\r\n{}", "the runtime answered with status 500"),
        (b"HTTP/1.1 500 X\r\n\r\noops", "does not answer like the runtime"),
        (document({"error": "x"}, 500), "the runtime answered with status 500"),
    ],
)  # fmt: skip
def test_broken_answers(runtime, client, answer, text):
    runtime.answers["GET /v1/x"] = answer
    with pytest.raises(StowageError, match=text):
        client.fetch(READ, "GET", "/v1/x")


def test_answers_without_an_end_are_given_up(runtime, client, monkeypatch):
    monkeypatch.setattr(module, "MAX_ANSWER", 1 << 16)
    runtime.answers["GET /v1/x"] = HEAD + b"\r\n" + b"x" * (1 << 20)
    with pytest.raises(StowageError, match="answers with more than 0 MiB"):
        client.fetch(READ, "GET", "/v1/x")
    with pytest.raises(StowageError, match="tells more than 0 MiB at once"):
        list(client.follow(READ, "GET", "/v1/x"))


def test_a_stream(runtime, client):
    told = [{"n": 1}, {"n": 2, "text": "x" * 200_000}, {"n": 3}]
    runtime.answers["GET /v1/x"] = stream(*told)
    assert list(client.follow(READ, "GET", "/v1/x")) == told


@pytest.mark.parametrize(
    ("answer", "before", "text"),
    [
        (HEAD + b'\r\n{"n": 1}\n{"n":', 1, "went away in the middle of its answer"),
        (HEAD + b'\r\n{"n": 1}\nhello\n', 1, "does not answer like the runtime"),
        (HEAD + b'\r\n\n{"n": 1}\n', 0, "does not answer like the runtime"),
        (stream({"n": 1}, {"error": {"code": "x", "message": "no"}}), 1, "^no$"),
        (refusal(409, "busy"), 0, "^busy$"),
    ],
)
def test_broken_streams(runtime, client, answer, before, text):
    runtime.answers["GET /v1/x"] = answer
    following = client.follow(READ, "GET", "/v1/x")
    assert list(itertools.islice(following, before)) == [{"n": 1}][:before]
    with pytest.raises(StowageError, match=text):
        next(following)


def test_refusals_have_their_status(runtime, client):
    runtime.answers["GET /v1/x"] = refusal(404, "no scope 'x'")
    with pytest.raises(Refused, match=r"^no scope 'x'$") as caught:
        client.fetch(READ, "GET", "/v1/x")
    assert caught.value.status == 404


def test_nobody_there(client, sockets):
    for folder in (sockets, f"{sockets}/none"):
        with pytest.raises(NotRunning, match=r"the runtime does not run on this host .*: start it with"):
            Client(folder).fetch(READ, "GET", "/v1/x")
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(f"{sockets}/read.sock")
    with pytest.raises(NotRunning):
        client.fetch(READ, "GET", "/v1/x")
    with pytest.raises(StowageError, match="path too long"):
        Client("/" + "x" * 200).fetch(READ, "GET", "/v1/x")


@pytest.mark.parametrize(("systemd", "command"), [(True, "systemctl start stowage"), (False, "service stowage start")])
def test_how_to_start_it(client, monkeypatch, systemd, command):
    monkeypatch.setattr(module.os.path, "isdir", lambda path: systemd and path == "/run/systemd/system")
    with pytest.raises(NotRunning, match=f"`{command}`"):
        client.fetch(READ, "GET", "/v1/x")


def test_without_rights(client, sockets, monkeypatch):
    def refuse(_socket, _place):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(module, "_knock", refuse)
    with pytest.raises(NotAllowed, match=r"only root and members of the group stowage may use .*read.sock: use sudo"):
        client.fetch(READ, "GET", "/v1/x")
    with pytest.raises(NotAllowed, match=r"only root may do this, since it goes through .*write.sock: use sudo"):
        client.fetch(WRITE, "GET", "/v1/x")
    Path(sockets, READ).touch()
    monkeypatch.setattr("grp.getgrgid", lambda _gid: type("Group", (), {"gr_name": "keepers"}))
    with pytest.raises(NotAllowed, match="group keepers"):
        client.fetch(READ, "GET", "/v1/x")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_without_rights_in_earnest(runtime, sockets):
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.setgroups([])
            os.setuid(65534)
            Client(sockets).fetch(READ, "GET", "/v1/x")
        except BaseException as error:  # noqa: BLE001  it must not go on as a second pytest
            os.write(writing, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as told:
        text = f"NotAllowed: only root and members of the group stowage may use {sockets}/read.sock: use sudo, or join that group"
        assert told.read() == text


def test_patience(client, sockets):
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(f"{sockets}/read.sock")
        silent.listen(1)
        for _time in range(2):
            with pytest.raises(StowageError, match=r"did not answer within 0.05 s"):
                client.fetch(READ, "GET", "/v1/x", timeout=0.05)
        with pytest.raises(StowageError, match="takes no more callers"):
            client.fetch(READ, "GET", "/v1/x", timeout=0.05)


def test_a_full_queue_is_waited_for(client, sockets):
    with socket.socket(socket.AF_UNIX) as slow:
        slow.bind(f"{sockets}/read.sock")
        slow.listen(0)

        def serve():
            time.sleep(0.1)
            for _caller in range(4):
                connected, _peer = slow.accept()
                with connected:
                    connected.recv(1000)
                    connected.sendall(document({"a": 1}))

        server = threading.Thread(target=serve)
        server.start()
        answers = []
        callers = [
            threading.Thread(target=lambda: answers.append(client.fetch(READ, "GET", "/v1/x"))) for _ in range(4)
        ]
        for caller in callers:
            caller.start()
        for thread in (*callers, server):
            thread.join()
        assert answers == [{"a": 1}] * 4


def test_no_connection_is_left_open(runtime, client, monkeypatch):
    made = []

    class Socket(socket.socket):
        def connect(self, place):
            made.append(self)
            super().connect(place)

    runtime.answers["GET /v1/x"] = stream({"n": 1}, {"n": 2})
    monkeypatch.setattr(module.socket, "socket", Socket)
    following = client.follow(READ, "GET", "/v1/x")
    assert next(following) == {"n": 1}
    following.close()
    with pytest.raises(Refused):
        client.fetch(READ, "GET", "/v1/none")
    with pytest.raises(NotRunning):
        Client("/none").fetch(READ, "GET", "/v1/x")
    assert [connected.fileno() for connected in made] == [-1, -1, -1]


def test_the_runtimes_own_server(client, sockets):
    """Both sides of the wire are ours, and meet here; a body that is refused unread is refused in words."""

    def answer(call):
        if call.path == "/v1/feed":
            feed = Feed()
            feed.push({"n": 1})
            feed.fail(HttpProblem(502, "engine", "gone"))
            return Reply(200, feed=feed)
        if call.path == "/v1/refused":
            raise HttpProblem(404, "not_found", "no")
        return Reply(200, {"path": call.path, "query": dict(call.query), "document": call.document})

    server = Server([Door(f"{sockets}/read.sock", 0o660, os.getegid(), writes=False)], answer)
    server.start()
    try:
        sent = {"é": ["\U0001f600", 1.5]}
        got = client.fetch(READ, "POST", path_of("a/b é"), query={"x": "a+b c"}, document=sent)
        assert got == {"path": "/v1/a/b é", "query": {"x": "a+b c"}, "document": sent}
        with pytest.raises(Refused, match=r"^no$"):
            client.fetch(READ, "GET", "/v1/refused")
        following = client.follow(READ, "GET", "/v1/feed")
        assert next(following) == {"n": 1}
        with pytest.raises(StowageError, match=r"^gone$"):
            next(following)
        with pytest.raises(Refused, match="body has more than 65536 bytes") as caught:
            client.fetch(READ, "POST", "/v1/x", document={"a": "x" * (8 << 20)})
        assert caught.value.status == 413
    finally:
        server.stop()
