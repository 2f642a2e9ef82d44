# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The beginning of the packed file: Python runs it, and it runs the command out of the sources beside it.

Comes after the loader's text in the file's ``__main__`` (see zipapp.py). Knows where in the file what lies.
"""

from __future__ import annotations

import sys

from .loader import Runtime


def start(digest: str) -> int:
    """Run the command ``stowage``; returns its exit code."""
    import os  # noqa: PLC0415  so that the loader's imports come first
    import zipimport  # noqa: PLC0415

    # The first entry is this file; nothing else in it is to be found, and nothing in the working folder. Held open, it
    # stays this one, though another may get its name while this process runs.
    archive = f"/proc/self/fd/{os.open(sys.path[0], os.O_RDONLY | os.O_CLOEXEC)}"
    sys.path[:] = [entry for entry in sys.path[1:] if entry]
    runtime = Runtime(lambda: zipimport.zipimporter(archive).get_data("runtime.z"), digest)
    sys.meta_path.insert(0, runtime)
    try:
        if sys.argv[1:2] == ["serve"]:
            # Stays for long: OpenSSL would take megabytes for hashes that Python has itself. May be killed: what it
            # compiled is kept before it begins.
            sys.modules["_hashlib"] = None  # type: ignore[assignment]
            from stowage.agent import service  # noqa: F401, PLC0415

            runtime.keep()
            runtime.rest()
        from stowage.cli import main  # noqa: PLC0415

        return main()
    finally:
        runtime.keep()
