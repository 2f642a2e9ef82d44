# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the host, ahead of the runtime: takes the parcel apart, runs the request, prints the answer.

The controller sends this file's text, after the loader's, as the first part of the parcel (see delivery.py); it
needs Python 3.9 and nothing else, and imports nothing before ``sys.path`` is safe. Where a runtime keeps the host, the
request is handed to that one; else the runtime that came along answers. Knows nothing of what the request asks.
"""

# Imports cost time at every run, and some of these are seldom needed; pathlib alone takes longer than the rest.
# ruff: noqa: PLC0415, PTH103, PTH123
from __future__ import annotations

import sys
from typing import IO, Any

from .loader import Runtime


def run(stream: IO[bytes]) -> None:
    """Read header, sources and request from ``stream``; write one line between the header's marks."""
    # An empty entry is the working folder: a json.py lying there must not become ours.
    sys.path[:] = [entry for entry in sys.path if entry]
    import json
    import os
    import zlib

    header = json.loads(stream.readline())
    os.environ.update(header["environment"])
    sources = stream.read(header["sources"])
    request = json.loads(zlib.decompress(stream.read(header["request"])))
    # Children (build tools, credential helpers) must find an end of input, not a waiting terminal.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    result, warning = _hand_over(header, request)
    if result is None:
        result = _run_here(header, sources, request)
    if warning:
        result["warnings"] = [warning, *(result.get("warnings") or ())]
    mark = header["mark"]
    sys.stdout.write(f"\n{mark}{json.dumps(result)}{mark}\n")
    sys.stdout.flush()


def _run_here(header: dict[str, Any], sources: bytes, request: dict[str, Any]) -> dict[str, Any]:
    """The answer of the runtime that was sent along, in this process."""
    runtime = Runtime(lambda: sources, header["digest"])
    sys.meta_path.insert(0, runtime)
    try:
        from stowage.request import answer

        result = dict(answer({"by": header["by"], **request}))
    except BaseException as error:  # noqa: BLE001  whatever it is, the controller gets to see it
        import json
        import traceback

        text = f"the runtime failed on the host: {type(error).__name__}: {error}"
        result = {"changed": False, "failed": True, "msg": text, "exception": traceback.format_exc()}
        result = json.loads(_without(_texts_of(request), json.dumps(result)))
    if not request.get("check"):
        runtime.keep()
    return result


def _hand_over(header: dict[str, Any], request: dict[str, Any]) -> tuple[Any, str]:
    """The answer of the runtime that keeps this host; None, and why if that is worth telling, where none is to.

    A long run is answered with its number and what it told so far; the controller comes back for the rest.
    """
    import json
    import os

    sockets = header["sockets"]
    if "run" in request:
        path = f"/v1/runs/{request['run']}?after={request['after']}&wait={request['wait']}"
        status, answer = _call(f"{sockets}/write.sock", "GET", path, None)
        return (answer if status == 200 else {"lost": True}), ""
    try:
        with open(f"{sockets}/runtime.json", encoding="utf-8") as file:
            about = json.load(file)
    except (OSError, ValueError):
        return None, ""
    if os.geteuid():
        why = "this task did not run as root: what it changes of a scope that is kept is put back within seconds"
        changes = request.get("do") == "converge" and not request.get("check")
        return None, f"a runtime keeps this host, and {why}. Set become: true" if changes else ""
    if about.get("digest") != header["digest"]:
        known = f"the runtime on this host (version {about.get('version')}) is another one than this collection's"
        return None, f"{known}; this task went without it. Run the role runtime to bring it up to date"
    engine = dict(request["engine"])
    engine.setdefault("host", os.environ.get("DOCKER_HOST") or None)
    try:
        request["files"] = _bring_in(about["state"], request.get("files") or {})
    except OSError as error:
        return {"changed": False, "failed": True, "msg": f"{error.filename}: {error.strerror}"}, ""
    order = {"request": {**request, "engine": engine}, "digest": header["digest"], "wait": 2, "by": header["by"]}
    status, answer = _call(f"{sockets}/write.sock", "POST", "/v1/requests", order)
    if status == 200:
        return answer.get("answer") or answer, ""
    if status == 409:  # for another engine, or it was replaced meanwhile
        return None, ""
    if status:
        return {"changed": False, "failed": True, "msg": f"the runtime on this host refused: {_words(answer)}"}, ""
    return None, "the runtime on this host does not answer, so this task went without it; see `stowage doctor` there"


def _words(answer: Any) -> str:
    return str((answer.get("error") or {}).get("message") or answer) if isinstance(answer, dict) else "no answer"


def _bring_in(state: str, files: dict[str, str]) -> dict[str, str]:
    """What was brought, where the runtime finds it: temporary folders may be closed to it. It takes them away again."""
    import os
    import shutil

    brought = {}
    for digest, path in files.items():
        folder = f"{state}/incoming"
        os.makedirs(folder, mode=0o700, exist_ok=True)
        brought[digest] = f"{folder}/{os.getpid()}-{digest.replace(':', '-')}"
        try:
            os.link(path, brought[digest])
        except OSError:  # another file system
            shutil.copyfile(path, brought[digest])
    return brought


def _call(path: str, method: str, target: str, document: Any) -> tuple[int, Any]:
    """One request to the runtime: status and document, or 0 where nobody answers."""
    import json
    import socket

    body = b"" if document is None else json.dumps(document).encode()
    head = f"{method} {target} HTTP/1.1\r\nHost: stowage\r\nContent-Type: application/json\r\n"
    pieces = []
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(5)
            connection.connect(path)
            connection.settimeout(None)  # a run may take as long as it takes; the runtime itself has limits
            connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            while True:
                piece = connection.recv(1 << 16)
                if not piece:
                    break
                pieces.append(piece)
        head_text, _blank, content = b"".join(pieces).partition(b"\r\n\r\n")
        return int(head_text.split()[1]), json.loads(content)
    except (OSError, ValueError, IndexError):
        return 0, None


def _texts_of(value: Any) -> set[str]:
    """Every text in a request that may be a secret; an error nobody foresaw may quote any of them."""
    if isinstance(value, str):
        return {value} if len(value) > 5 else set()
    if isinstance(value, dict):
        value = [item for key, item in value.items() if key != "scope"]
    return {text for item in value for text in _texts_of(item)} if isinstance(value, list) else set()


def _without(texts: set[str], document: str) -> str:
    import json

    for text in sorted(texts, key=len, reverse=True):
        document = document.replace(json.dumps(text)[1:-1], "********")
    return document
