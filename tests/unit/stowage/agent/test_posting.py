# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One post to a webhook: what counts as delivered, what is worth another attempt, and what is said of it."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import time

import pytest

from stowage.agent.posting import DELIVERED, REFUSED, TRY_AGAIN, post

from .hook import Hook

ELSEWHERE = {"Location": "http://127.0.0.1:9/secret-path"}


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_the_body_arrives_as_json():
    with Hook(200) as hook:
        assert post(hook.url, b'{"a": 1}', 5.0) == DELIVERED
    [(method, path, headers, body)] = hook.got
    assert (method, path, body) == ("POST", "/secret-path", b'{"a": 1}')
    assert (headers["Content-Type"], headers["User-Agent"]) == ("application/json", "stowage")


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (200, DELIVERED, ""),
        (202, DELIVERED, ""),
        (204, DELIVERED, ""),
        (400, REFUSED, "it was answered with status 400"),
        (401, REFUSED, "it was answered with status 401"),
        (404, REFUSED, "it was answered with status 404"),
        (408, TRY_AGAIN, "it was answered with status 408"),
        (429, TRY_AGAIN, "it was answered with status 429"),
        (500, TRY_AGAIN, "it was answered with status 500"),
        (503, TRY_AGAIN, "it was answered with status 503"),
        ((301, ELSEWHERE), REFUSED, "it redirects elsewhere (status 301)"),
        ((302, {"Location": "file:///etc/passwd"}), REFUSED, "it redirects elsewhere (status 302)"),
        ((307, {"Location": "ftp://127.0.0.1/x"}), REFUSED, "it redirects elsewhere (status 307)"),
        ((308, ELSEWHERE), REFUSED, "it redirects elsewhere (status 308)"),
        (b"", TRY_AGAIN, "no answer in time, or none that can be read"),
        (b"no HTTP at all /secret-path\r\n\r\n", TRY_AGAIN, "no answer in time, or none that can be read"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500, TRY_AGAIN, "no answer in time, or none that can be read"),
    ],
)
def test_what_comes_of_an_answer(capsys, answer, code, said):
    with Hook(answer) as hook:
        assert post(hook.url, b"{}", 5.0) == code
    told = capsys.readouterr().out
    assert told.startswith(said)
    assert bool(told) == bool(said)
    assert "secret" not in told


def test_a_redirect_is_not_followed(capsys):
    with Hook() as other, Hook((302, {"Location": other.url})) as hook:
        assert post(hook.url, b"{}", 5.0) == REFUSED
        assert len(hook.got) == 1
        assert other.got == []


def test_a_silent_server_is_not_waited_for(capsys):
    began = time.monotonic()
    with Hook(20.0) as hook:
        assert post(hook.url, b"{}", 0.3) == TRY_AGAIN
        assert time.monotonic() - began < 5
    assert capsys.readouterr().out.startswith(("no answer in time", "timed out"))


def test_nobody_listens(capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/secret-path"
        assert post(url, b"{}", 5.0) == TRY_AGAIN
    assert capsys.readouterr().out == "Connection refused"


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "http://[secret",
        "http://h:secret/",
        "secret",
        "http://127.0.0.1/a b",
        "http://h/\u00e4",
        "mailto:secret",
    ],
)
def test_what_is_no_url_is_refused(capsys, url):
    assert post(url, b"{}", 5.0) == REFUSED
    assert capsys.readouterr().out == "the URL cannot be used"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    if not shutil.which("openssl"):
        pytest.skip("there is no openssl")
    path = tmp_path_factory.mktemp("certificate") / "both.pem"
    arguments = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    command = ["openssl", *arguments.split(), "-keyout", str(path), "-out", f"{path}.crt"]
    subprocess.run(command, check=True, capture_output=True)
    with path.open("a") as file:
        file.write((path.parent / f"{path.name}.crt").read_text())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context, f"{path}.crt"


def test_https_arrives_where_the_certificate_is_trusted(certificate, monkeypatch):
    context, trusted = certificate
    monkeypatch.setenv("SSL_CERT_FILE", trusted)
    with Hook(204, context=context) as hook:
        assert post(hook.url, b'{"a": 1}', 5.0) == DELIVERED
        assert hook.documents() == [{"a": 1}]


def test_https_goes_nowhere_where_it_is_not(certificate, capsys):
    with Hook(204, context=certificate[0]) as hook:
        assert post(hook.url, b"{}", 5.0) == REFUSED
        assert hook.got == []
    assert capsys.readouterr().out.startswith("its certificate is not accepted: self")
