# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands a request to the runtime that keeps this host, from a process that is on the host already.

Knows how a request is handed over and waited for. What it asks, and what comes back, is the request's.
"""

from __future__ import annotations

import os
from typing import Any, Dict, Mapping

from . import request
from .client import WRITE, Client, path_of
from .errors import StowageError
from .places import runtime_at, socket_folder

NEWS = 10  # seconds to wait for news of a long run


def ask_resident(asked: Mapping[str, Any]) -> Dict[str, Any]:
    """The runtime's answer; where none keeps this host, or not for this user, what a request is answered then."""
    folder = socket_folder(os.environ)
    about = runtime_at(folder)
    if not about or os.geteuid():
        return request.answer(asked)
    client = Client(folder)
    order = {"request": asked, "digest": about["digest"], "wait": NEWS}
    try:
        told = client.fetch(WRITE, "POST", path_of("requests"), document=order)
        while "answer" not in told:
            following = {"after": told["next"], "wait": NEWS}
            told = client.fetch(WRITE, "GET", path_of("runs", str(told["run"])), query=following)
    except StowageError as error:
        return {"changed": False, "failed": True, "msg": str(error)}
    return dict(told["answer"])
