# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people see: a plan or report as a table, and a run's progress while it goes.

Knows terminals and texts. On anything but a terminal nothing is drawn over.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Sequence, TextIO, Tuple

if TYPE_CHECKING:  # the command starts in 2/3 of the time without
    from .model.operations import Operation

MARKS = {"done": "ok", "failed": "FAILED", "skipped": "skipped", "planned": ""}
WAITS = 24  # columns; what waits for more steps than fit here pushes its own cause to the right
REDRAW = 0.1  # seconds between two drawings of what an engine says within one step

GREEN, YELLOW, RED, FAINT, BOLD, CYAN = "32", "33", "31", "2", "1", "36"
# Words of cells that say how something stands.
STYLES = {
    "as declared": GREEN,
    "running": GREEN,
    "healthy": GREEN,
    "done": GREEN,
    "ok": GREEN,
    "drifted": YELLOW,
    "repairing": YELLOW,
    "paused": YELLOW,
    "starting": YELLOW,
    "restarting": YELLOW,
    "pending": YELLOW,
    "unknown": YELLOW,
    "failing": RED,
    "damaged": RED,
    "missing": RED,
    "exited": RED,
    "dead": RED,
    "unhealthy": RED,
    "failed": RED,
    "FAILED": RED,
}


class Paint:
    """Puts colours around texts, or leaves them alone."""

    def __init__(self, *, wanted: bool) -> None:
        self._wanted = wanted

    def __call__(self, style: str, text: str) -> str:
        """The text in a style; text of spaces alone, and no style, need none."""
        return f"\033[{style}m{text}\033[0m" if self._wanted and style and text.strip() else text


def wants_colours(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether colours would be seen there, and are not declined (https://no-color.org)."""
    return stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def render_columns(headings: Sequence[str], rows: Sequence[Sequence[str]], paint: Paint) -> List[str]:
    """Aligned columns under their headings. A column that is empty in every row is left out, headings and all.

    Cells whose whole text is a word of ``STYLES`` have its colour, save in the last column, which is free text.
    """
    cells = [[" ".join(printable(cell).split()) for cell in row] for row in rows]
    kept = [index for index in range(len(headings)) if any(row[index] for row in cells)]
    widths = [max(len(row[index]) for row in [headings, *cells]) for index in range(len(headings))]
    lines: List[str] = []
    for row, is_heading in [(headings, True), *((row, False) for row in cells)]:
        parts: List[Tuple[str, str]] = []
        for index in kept:
            style = BOLD if is_heading else STYLES.get(row[index], "") if index < len(headings) - 1 else ""
            parts.append((style, row[index].ljust(widths[index])))
        end = len(parts) - 1
        texts = [paint(style, text.rstrip() if at == end else text) for at, (style, text) in enumerate(parts)]
        lines.append("  ".join(texts).rstrip())
    return lines if cells else []


def render_table(answer: Mapping[str, Any], *, check: bool) -> str:
    """The operations as aligned columns, then failures, then one line that sums up.

    A plan says what each step waits for, a run what became of it.
    """
    lines = _columns([_row(operation, check) for operation in answer["operations"]])
    lines += [f"note: {note}" for note in answer.get("warnings", ())]
    if answer.get("msg"):
        lines += ["", str(answer["msg"])]
    lines.append(_sum_up(answer, check))
    return printable("\n".join(lines)) + "\n"


def printable(text: str) -> str:
    """Text that may be a container's or an engine's, without what would make a terminal do things."""
    return "".join(char if char.isprintable() or char in "\n\t" else "\N{REPLACEMENT CHARACTER}" for char in text)


def _row(operation: Mapping[str, Any], check: bool) -> List[str]:
    state = _waits(operation) if check else _outcome(operation)
    return [f"#{operation['number']}", operation["operation"], operation["target"], state, operation["cause"]]


def _waits(operation: Mapping[str, Any]) -> str:
    earlier = ", ".join(f"#{number}" for number in operation["after"])
    return f"<- {earlier}" if earlier else ""


def _outcome(operation: Mapping[str, Any]) -> str:
    mark = MARKS.get(operation["status"], operation["status"])
    took = f"{operation['seconds']:.1f}s" if operation["status"] in ("done", "failed") else ""
    return f"{mark} {took}".strip()


def _columns(rows: Sequence[Sequence[str]]) -> List[str]:
    """Each row as a line, its last cell as long as it is. A column that is empty in every row is left out."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    if rows:
        widths[3] = min(widths[3], WAITS)
    kept = [index for index, width in enumerate(widths[:-1]) if width]
    return ["  ".join([*(row[index].ljust(widths[index]) for index in kept), row[-1]]) for row in rows]


def _sum_up(answer: Mapping[str, Any], check: bool) -> str:
    if not answer["operations"]:
        return "nothing to change"
    counts = ", ".join(f"{count} {kind}" for kind, count in answer["summary"].items())
    if check:
        return f"would do: {counts}"
    return f"{'failed' if answer['failed'] else 'done'}: {counts}"


class Progress:
    """Lines as steps end; on a terminal also a line below that shows what is going on right now."""

    def __init__(self, stream: TextIO, *, live: bool) -> None:
        self._stream = stream
        self._live = live
        self._lock = threading.Lock()
        self._names: Mapping[int, str] = {}
        self._layers: Dict[str, Mapping[str, Any]] = {}
        self._drawn = 0.0

    def planned(self, names: Mapping[int, str]) -> None:
        """What the steps of these numbers are called."""
        self._names = names

    def step(self, event: Mapping[str, Any]) -> None:
        """One step began, ended or was undone."""
        if not self._live:
            return
        with self._lock:
            name = printable(f"#{event['step']} {self._names.get(event['step'], '')}".strip())
            if event["event"] == "started":
                self._draw(f"{name} …", force=True)
            else:
                text = f" {printable(event['text'])}" if event["text"] else ""
                self._stream.write(f"\r\033[K{name} {event['event']}{text}\n")
                self._stream.flush()

    def detail(self, operation: Operation, event: Mapping[str, Any]) -> None:
        """What the engine says while it pulls, builds or pushes."""
        if not self._live:
            return
        with self._lock:
            self._draw(f"{operation.kind} {operation.target}: {self._describe(operation.name, event)}")

    def say(self, text: str) -> None:
        """What goes on, in words that are made already."""
        if self._live:
            with self._lock:
                self._draw(text)

    def close(self) -> None:
        """Leave the line that was drawn over empty."""
        if self._live:
            self._stream.write("\r\033[K")
            self._stream.flush()

    def _describe(self, name: str, event: Mapping[str, Any]) -> str:
        if event.get("stream"):
            return str(event["stream"]).strip()
        about = event.get("progressDetail") or {}
        if event.get("id") and about.get("total"):
            self._layers[f"{name} {event['id']}"] = about
            mine = [layer for key, layer in self._layers.items() if key.startswith(f"{name} ")]
            current = sum(int(layer.get("current") or 0) for layer in mine)
            total = sum(int(layer.get("total") or 0) for layer in mine)
            return f"{event.get('status')} {current / 1e6:.1f} of {total / 1e6:.1f} MB"
        return str(event.get("status") or "")

    def _draw(self, text: str, force: bool = False) -> None:
        now = time.monotonic()
        if not text.strip() or (not force and now - self._drawn < REDRAW):
            return
        self._drawn = now
        self._stream.write(f"\r\033[K{printable(text.strip().splitlines()[0])[:100]}")
        self._stream.flush()
