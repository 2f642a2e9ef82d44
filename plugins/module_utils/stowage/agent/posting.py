# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Posts one document to a URL: a program of its own, which notify.py starts for each webhook call.

HTTP and TLS take more memory than all of the runtime, looking up a name takes as long as it likes, and a process can
be ended at any time. So this is no part of the resident process, and imports nothing of it. Reads the URL and,
behind a line break, the body. Writes one sentence about what went wrong. The URL may be a secret, so nothing that is
written quotes it, or what the server said, which may quote it too.
"""

from __future__ import annotations

import sys
from typing import Any

DELIVERED, REFUSED, TRY_AGAIN = 0, 69, 75  # 1 is what Python itself ends with


def post(url: str, body: bytes, seconds: float) -> int:
    """Send it once: what came of it, with a sentence on the output where it was not delivered."""
    import http.client
    import ssl
    import urllib.error
    import urllib.request

    class NoRedirects(urllib.request.HTTPRedirectHandler):
        """A POST that is redirected arrives as a GET, or elsewhere than was meant."""

        def redirect_request(self, *_arguments: Any, **_more: Any) -> None:
            return None

    headers = {"Content-Type": "application/json", "User-Agent": "stowage"}
    try:
        request = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310  checked in settings.py
        with urllib.request.build_opener(NoRedirects).open(request, timeout=seconds):
            return DELIVERED
    except urllib.error.HTTPError as error:
        if 300 <= error.code < 400:
            return _failed(f"it redirects elsewhere (status {error.code}); give the address it redirects to", REFUSED)
        again = error.code in (408, 425, 429) or error.code >= 500
        return _failed(f"it was answered with status {error.code}", TRY_AGAIN if again else REFUSED)
    except urllib.error.URLError as error:
        reason = error.reason
        if isinstance(reason, ssl.SSLCertVerificationError):
            return _failed(f"its certificate is not accepted: {reason.verify_message}", REFUSED)
        if isinstance(reason, OSError):
            return _failed(_words(reason), TRY_AGAIN)
        return _failed("the URL cannot be used", REFUSED)
    except (OSError, http.client.HTTPException) as error:
        if isinstance(error, http.client.InvalidURL):
            return _failed("the URL cannot be used", REFUSED)
        return _failed(_words(error), TRY_AGAIN)
    except ValueError:
        return _failed("the URL cannot be used", REFUSED)


def _words(error: Exception) -> str:
    text = getattr(error, "strerror", None)
    return str(text) if text else f"no answer in time, or none that can be read ({type(error).__name__})"


def _failed(text: str, code: int) -> int:
    sys.stdout.write(text)
    return code


if __name__ == "__main__":
    _url, _break, _body = sys.stdin.buffer.read().partition(b"\n")
    raise SystemExit(post(_url.decode("utf-8"), _body, float(sys.argv[1])))
