#!/usr/bin/python3
# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks a container over and over, at the address that is its own, and counts what it hears: client.py HOST FILE."""

import json
import pathlib
import socket
import sys
import time

asked = missed = 0
trouble = ""
while True:
    asked += 1
    try:
        with socket.create_connection((sys.argv[1], 80), timeout=3) as connection:
            connection.sendall(b"GET /index.html HTTP/1.0\r\n\r\n")
            if b" 200 " not in connection.recv(64):
                missed, trouble = missed + 1, "another answer"
    except OSError as error:
        missed, trouble = missed + 1, str(error)
    if asked % 10 == 0:
        pathlib.Path(sys.argv[2]).write_text(json.dumps({"asked": asked, "missed": missed, "trouble": trouble}))
    time.sleep(0.02)
