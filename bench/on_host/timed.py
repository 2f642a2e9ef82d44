# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the host: ``python3 timed.py COMMAND...`` runs the command and prints as JSON the seconds it took."""

from __future__ import annotations

import json
import subprocess
import sys
import time

began = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
seconds = time.perf_counter() - began
if done.returncode:
    sys.exit(f"{sys.argv[1]} ended with {done.returncode}: {done.stderr[-2000:]}")
print(json.dumps({"seconds": seconds}))
