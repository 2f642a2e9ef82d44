# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit log: what it keeps, what it gives up, and that nothing that happens to its files stops anybody."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from stowage.agent.audit import Audit

from .callers import until


class Log:
    """An audit log in a folder of its own, and what was told of it."""

    def __init__(self, folder, size=1 << 20, files=3):
        self.folder, self.told = folder, []
        self.path = folder / "audit.jsonl"
        self.audit = Audit(str(folder), size, files, self.told.append)

    def write(self, *numbers, text="x"):
        for number in numbers:
            self.audit.write({"number": number, "time": 1.5, "kind": "drift", "scope": "shop", "text": text})

    def names(self):
        return sorted(entry.name for entry in self.folder.iterdir())

    def numbers(self):
        """Of all files, the oldest first; each line is an object."""
        paths = sorted(self.folder.glob("audit.jsonl*"), key=lambda path: -int(path.suffix[1:].replace("jsonl", "0")))
        return [json.loads(line).get("number") for path in paths for line in path.read_text().splitlines()]


@pytest.fixture
def log(tmp_path):
    return Log(tmp_path / "log")


def test_each_event_is_a_line_of_json_in_ascii(log):
    log.write(1, text="two\nlines, \u2028 and a lone \ud800")
    assert log.path.read_bytes().isascii()
    [line] = log.path.read_text().splitlines()
    assert json.loads(line) == {
        "number": 1,
        "time": 1.5,
        "kind": "drift",
        "scope": "shop",
        "text": "two\nlines, \u2028 and a lone \ud800",
    }


@pytest.mark.parametrize("mask", [0, 0o022, 0o077])
def test_only_its_owner_reads_it(log, mask):
    before = os.umask(mask)
    try:
        log.write(1)
    finally:
        os.umask(before)
    assert log.path.stat().st_mode & 0o777 == 0o600
    assert log.folder.stat().st_mode & 0o007 == 0


def test_a_file_that_others_may_read_is_closed_to_them(log):
    log.folder.mkdir()
    log.path.touch(mode=0o644)
    log.write(1)
    assert log.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("files", [1, 2, 3, 5])
def test_it_never_has_more_files_or_larger_ones_than_it_may(tmp_path, files):
    log = Log(tmp_path, size=4096, files=files)
    log.write(*range(1000), text="x" * 100)
    names = ["audit.jsonl", *(f"audit.jsonl.{number}" for number in range(1, files))]
    assert log.names() == names
    assert all(path.stat().st_size <= 4096 for path in tmp_path.iterdir())
    kept = log.numbers()
    assert kept == list(range(1000 - len(kept), 1000))
    assert len(kept) > (files - 1) * 20
    assert log.told == []


def test_files_beyond_what_is_kept_now_go_and_others_stay(tmp_path):
    Log(tmp_path, size=4096, files=6).write(*range(1000), text="x" * 100)
    for name in ("audit.jsonl.1.gz", "audit.jsonl-20260101", "audit.jsonl.bak"):
        (tmp_path / name).touch()
    log = Log(tmp_path, size=4096, files=2)
    log.write(*range(100), text="x" * 100)
    assert log.names() == [
        "audit.jsonl",
        "audit.jsonl-20260101",
        "audit.jsonl.1",
        "audit.jsonl.1.gz",
        "audit.jsonl.bak",
    ]


def test_an_event_that_is_larger_than_a_file_may_be_has_one_of_its_own(tmp_path):
    log = Log(tmp_path, size=4096)
    log.write(1)
    log.write(2, text="x" * 10000)
    log.write(3)
    assert log.numbers() == [1, 2, 3]
    assert len(log.names()) == 3


def test_what_was_moved_away_is_begun_anew(log):
    log.write(1)
    log.path.rename(log.folder / "elsewhere")
    log.write(2)
    assert log.numbers() == [2]


def test_what_was_emptied_by_others_is_written_from_its_beginning(log):
    log.write(*range(50))
    os.truncate(log.path, 0)
    log.write(50, 51)
    assert log.numbers() == [50, 51]


def test_a_folder_that_was_removed_is_made_again(log):
    log.write(1)
    log.path.unlink()
    log.folder.rmdir()
    log.write(2)
    assert log.numbers() == [2]


def test_what_was_cut_off_spoils_no_later_line(log):
    log.write(1)
    with log.path.open("a") as file:
        file.write('{"number": 2, "ti')
    log.write(3)
    first, torn, last = log.path.read_text().splitlines()
    assert json.loads(first)["number"] == 1
    assert torn == '{"number": 2, "ti'
    assert json.loads(last)["number"] == 3


def in_the_way(log, kind):
    log.folder.mkdir()
    if kind == "folder":
        log.path.mkdir()
    elif kind == "pipe":
        os.mkfifo(log.path)
    elif kind == "link":
        log.path.symlink_to("/dev/null")
    else:
        log.folder.rmdir()
        log.folder.touch()


@pytest.mark.parametrize("kind", ["folder", "pipe", "link", "file instead of the folder"])
def test_what_cannot_be_written_stops_nobody_and_is_noted_afterwards(log, kind):
    in_the_way(log, kind)
    log.write(1, 2, 3)
    assert len(log.told) == 3
    assert all(text.startswith(f"the audit log cannot be written: {log.path}: ") for text in log.told)
    if kind == "folder":
        log.path.rmdir()
    elif log.folder.is_file():
        log.folder.unlink()
    else:
        log.path.unlink()
    log.write(4, 5)
    note, *events = [json.loads(line) for line in log.path.read_text().splitlines()]
    assert (note["kind"], note["lost"], note["time"]) == ("lost", 3, 1.5)
    assert note["text"].startswith("3 events could not be written here: ")
    assert [event["number"] for event in events] == [4, 5]
    assert len(log.told) == 3


def test_what_is_lost_in_the_end_is_noted_on_closing(log):
    in_the_way(log, "pipe")
    log.write(1)
    log.path.unlink()
    log.audit.close()
    [note] = [json.loads(line) for line in log.path.read_text().splitlines()]
    assert note["lost"] == 1
    assert abs(note["time"] - time.time()) < 60
    log.audit.close()
    assert len(log.path.read_text().splitlines()) == 1


def test_closing_a_log_that_lost_nothing_writes_nothing(log):
    log.audit.close()
    assert not log.folder.exists()


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        made = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(folder)], check=False, capture_output=True
        )
    except FileNotFoundError:
        pytest.skip("there is no mount")
    if made.returncode:
        pytest.skip("may not mount")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_loses_events_but_no_line_is_half(small_disk):
    log = Log(small_disk, size=8192, files=2)
    log.write(1)
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file:
        with pytest.raises(OSError, match="No space left"):
            file.writelines(itertools.repeat(b"x" * 512))
    # There is room for the rest of the first page alone.
    log.write(*range(2, 50), text="y" * 1000)
    lost = len(log.told)
    assert lost > 40
    assert "No space left on device" in log.told[0]
    written = log.numbers()
    assert written == list(range(1, 50 - lost))
    filler.unlink()
    log.write(50)
    events = [json.loads(line) for path in sorted(small_disk.iterdir())[::-1] for line in path.read_text().splitlines()]
    assert [event["lost"] for event in events if event["kind"] == "lost"] == [lost]
    assert events[-1]["number"] == 50


def test_threads_lose_nothing_to_each_other(tmp_path):
    log = Log(tmp_path, size=20000, files=100)
    threads = [threading.Thread(target=log.write, args=range(n * 100, n * 100 + 100)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(log.numbers()) == list(range(800))
    assert len(log.names()) > 2


WRITER = """
import itertools, sys
from stowage.agent.audit import Audit
audit = Audit(sys.argv[1], 4096, 50, sys.exit)
for number in itertools.count():
    audit.write({"number": number, "time": 1.0, "kind": "drift", "scope": "", "text": "x" * 200})
"""


def test_a_kill_at_any_time_leaves_whole_lines(tmp_path):
    log = Log(tmp_path / "log", size=4096, files=50)
    path = os.pathsep.join(entry for entry in sys.path if entry)
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(log.folder)], env={**os.environ, "PYTHONPATH": path})
    try:
        until(lambda: log.folder.exists() and len(log.names()) > 10)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    numbers = log.numbers()
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    log.write(numbers[-1] + 1)
    assert log.numbers()[-1] == numbers[-1] + 1
