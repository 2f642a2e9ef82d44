# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the host, ahead of the runtime: takes the parcel apart, runs the request, prints the answer.

The controller sends this file's text as the first part of the parcel (see delivery.py); it needs
Python 3.9 and nothing else, and imports nothing before ``sys.path`` is safe. Knows nothing of what
the request asks.
"""

from __future__ import annotations

import sys


def run(stream):
    """Read header, runtime and request from ``stream``; write one line between the header's marks."""
    # An empty entry is the working folder: a json.py lying there must not become ours.
    sys.path[:] = [entry for entry in sys.path if entry]
    import json
    import os
    import zlib

    header = json.loads(stream.readline())
    os.environ.update(header["environment"])
    runtime = zlib.decompress(stream.read(header["runtime"]))
    request = json.loads(zlib.decompress(stream.read(header["request"])))
    # Children (build tools, credential helpers) must find an end of input, not a waiting terminal.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    place, folder = _place(os, runtime)
    sys.path.insert(0, place)
    try:
        from stowage.request import answer

        result = answer(request)
    except BaseException as error:  # noqa: BLE001  whatever it is, the controller gets to see it
        import traceback

        text = f"the runtime failed on the host: {type(error).__name__}: {error}"
        result = {"changed": False, "failed": True, "msg": text, "exception": traceback.format_exc()}
    finally:
        if folder:
            import shutil

            shutil.rmtree(folder, ignore_errors=True)
    mark = header["mark"]
    sys.stdout.write(f"\n{mark}{json.dumps(result)}{mark}\n")
    sys.stdout.flush()


def _place(os, runtime):
    """``(path of the zip, folder to remove)``: in memory where the kernel can, else a private folder."""
    try:
        descriptor = os.memfd_create("stowage")
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            file.write(runtime)
        path = f"/proc/self/fd/{descriptor}"
        if os.path.isfile(path):
            return path, ""
    except (AttributeError, OSError):
        pass
    import tempfile

    folder = tempfile.mkdtemp(prefix="stowage-")
    path = os.path.join(folder, "runtime.zip")
    with open(path, "wb") as file:
        file.write(runtime)
    return path, folder
