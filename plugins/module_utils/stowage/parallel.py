# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs independent calls side by side on a few threads. Knows nothing of what they do.

Small on purpose: concurrent.futures costs more to import than the snapshot takes.
"""

from __future__ import annotations

import threading
from typing import Any, Callable, List, Optional, Sequence

WORKERS = 4


def run_all(calls: Sequence[Callable[[], Any]], workers: int = WORKERS) -> List[Any]:
    """Run the calls and return their results in order; the first error, in that order, is raised."""
    if len(calls) < 2:
        return [call() for call in calls]
    results: List[Any] = [None] * len(calls)
    errors: List[Optional[BaseException]] = [None] * len(calls)
    turns = iter(range(len(calls)))
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                index = next(turns, None)
            if index is None:
                return
            try:
                results[index] = calls[index]()
            except BaseException as error:  # noqa: BLE001  handed to the caller below
                errors[index] = error

    threads = [threading.Thread(target=work, daemon=True) for _index in range(min(workers, len(calls)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for error in errors:
        if error is not None:
            raise error
    return results
