# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client that asks a web server without pause, from several threads, and keeps every answer.

Knows nothing of what goes on behind the server meanwhile.
"""

from __future__ import annotations

import http.client
import threading
import time
from types import TracebackType
from typing import Self

THREADS = 3


class Load:
    """Asks for / until its block ends. ``pages``: the answers with the time of the last one; ``failures``: the others."""

    def __init__(self, address: str, port: int) -> None:
        self.pages: dict[str, float] = {}
        self.failures: list[str] = []
        self.count = 0
        self._address, self._port = address, port
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._ask_on, daemon=True) for _ in range(THREADS)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    @property
    def last_page(self) -> str:
        return max(self.pages, key=lambda page: self.pages[page])

    def _ask_on(self) -> None:
        while not self._ended.is_set():
            page, failure = self._ask()
            with self._lock:
                self.count += 1
                if failure:
                    self.failures.append(failure)
                else:
                    self.pages[page] = time.monotonic()

    def _ask(self) -> tuple[str, str]:
        """One request on a connection of its own: the page, or why there is none."""
        connection = http.client.HTTPConnection(self._address, self._port, timeout=20)
        try:
            connection.request("GET", "/")
            answer = connection.getresponse()
            text = answer.read().decode().strip()
        except (OSError, http.client.HTTPException) as error:
            return "", f"{type(error).__name__}: {error}"
        finally:
            connection.close()
        return (text, "") if answer.status == 200 else ("", f"{answer.status}: {text}")
