# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a command's output goes: tables or JSON, what went wrong, and colours where they would be seen.

Knows streams. What is said, others say.
"""

from __future__ import annotations

import json
import time
from typing import Any, Callable, Dict, List, Mapping, TextIO

from ..errors import StowageError
from ..terminal import Paint, wants_colours

OK, FAILED, CHANGES = 0, 1, 2
Document = Dict[str, Any]
Render = Callable[[Document, Paint, float], List[str]]


class Console:
    """The two streams of one command."""

    def __init__(self, out: TextIO, err: TextIO, environ: Mapping[str, str], *, as_json: bool) -> None:
        self.out = out
        self.err = err
        self.as_json = as_json
        self.paint = Paint(wanted=not as_json and wants_colours(out, environ))

    def show(self, document: Document, render: Render) -> None:
        """A document as it is, or as the lines that ``render`` makes of it, which is told the time."""
        if self.as_json:
            self.write(json.dumps(document))
            return
        try:
            lines = render(document, self.paint, float(document.get("now") or time.time()))
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            text = "the runtime answers what this command does not know: restart it where it is of another version"
            raise StowageError(f"{text} ({type(error).__name__}: {error})") from error
        for line in lines:
            self.write(line)

    def write(self, line: str) -> None:
        """One line of the result."""
        self.out.write(f"{line}\n")

    def flush(self) -> None:
        """Have whoever reads see what was written."""
        self.out.flush()

    def complain(self, text: str) -> None:
        """What went wrong, for people or for programs."""
        if self.as_json:
            self.write(json.dumps({"failed": True, "changed": False, "msg": text}))
        else:
            self.err.write(f"stowage: {text}\n")

    def remark(self, text: str) -> None:
        """What people should know, and programs need not."""
        if not self.as_json:
            self.err.write(f"stowage: {text}\n")
