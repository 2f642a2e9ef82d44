# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that print what is made of the table of commands, and ask nobody."""

from __future__ import annotations

import argparse

from ..client import Client
from .completion import render_completion
from .console import OK, Console
from .man import render_man


def completion(options: argparse.Namespace, console: Console, _client: Client) -> int:
    """A shell's script."""
    console.out.write(render_completion(options.shell))
    return OK


def man(_options: argparse.Namespace, console: Console, _client: Client) -> int:
    """The manual page."""
    console.out.write(render_man())
    return OK
