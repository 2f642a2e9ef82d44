# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the host, beside the collection's bootstrap.py: one request, as a parcel brings it, without the parcel.

Usage: ``python3 converge.py SOURCES DIGEST REQUEST changed|unchanged``. Uses code kept under the digest, and keeps
what it compiled, as the bootstrap does. Fails where the answer is another than the one expected.
"""

from __future__ import annotations

import json
import sys

from bootstrap import Runtime  # type: ignore[import-not-found]  # lies beside this on the host

with open(sys.argv[1], "rb") as file:  # noqa: PTH123  what pathlib costs is not to be measured
    runtime = Runtime(file.read(), sys.argv[2])
sys.meta_path.insert(0, runtime)

from stowage.request import answer  # noqa: E402  out of the sources

with open(sys.argv[3], encoding="utf-8") as file:  # noqa: PTH123
    result = answer(json.load(file))
runtime.keep()
if result["failed"] or result["changed"] != (sys.argv[4] == "changed"):
    sys.exit(f"not {sys.argv[4]}: {json.dumps(result)[:2000]}")
