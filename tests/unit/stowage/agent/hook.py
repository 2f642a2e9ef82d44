# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A web server of this process, which answers as a test wants and notes what it was sent."""

from __future__ import annotations

import http.server
import json
import threading
import time


class Hook:
    """Answers each request by the next of ``answers``, and by the last one from then on.

    An answer is a status, a status with headers, bytes that are sent as they are, or seconds (a float) to be silent.
    """

    def __init__(self, *answers, context=None):
        self.answers = list(answers or [204])
        self.got = []
        self.times = []
        self._release = threading.Event()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        scheme = "https" if context else "http"
        self.url = f"{scheme}://127.0.0.1:{self.server.server_port}/secret-path"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_error):
        self._release.set()
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()

    def documents(self):
        return [json.loads(body) for _method, _path, _headers, body in self.got]

    def _handler(hook):  # noqa: N805
        class Handler(http.server.BaseHTTPRequestHandler):
            def _any(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                hook.times.append(time.monotonic())
                hook.got.append((self.command, self.path, dict(self.headers), body))
                answer = hook.answers.pop(0) if len(hook.answers) > 1 else hook.answers[0]
                self.close_connection = True
                if isinstance(answer, float):
                    hook._release.wait(answer)
                elif isinstance(answer, bytes):
                    self.wfile.write(answer)
                else:
                    status, headers = answer if isinstance(answer, tuple) else (answer, {})
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.end_headers()

            do_GET = do_POST = _any  # noqa: N815

            def log_message(self, *_arguments):
                pass

        return Handler
