# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A repository laid out as Docker's on a test host: real packages, a key of the test's, served over loopback http.

Knows how such a repository is made, signed and served. Knows nothing of the role.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Sequence

from .host import Host
from .layers import RECIPES
from .openpgp import Key

FOLDER = "/srv/docker-repository"
ADDRESS = "http://127.0.0.1:8099"
_RECIPE = "docker-repository.sh"


class Repository:
    """The repository of one host."""

    def __init__(self, host: Host, codename: str = "trixie") -> None:
        self._host = host
        self._codename = codename
        self.key = Key("the tests' repository")

    def make(self, versions: Sequence[str]) -> None:
        """Make it of these versions, each ``channel=version``, the newest last, and serve it."""
        self._host.put(RECIPES / _RECIPE, f"/root/{_RECIPE}")
        done = self._host.run(["sh", f"/root/{_RECIPE}", FOLDER, self._codename, *versions], timeout=300)
        sums = [line for line in done.stdout.splitlines() if line.startswith(" ") and "/binary-" in line]
        self._host.run(f"cat >{FOLDER}/debian/sums", input="\n".join(sums) + "\n")
        self.sign()
        self._host.run(
            ["systemd-run", "--unit=docker-repository", "--quiet", "python3", "-m", "http.server", "8099",
             "--bind", "127.0.0.1", "--directory", FOLDER]
        )  # fmt: skip
        self._host.run(
            "for i in 1 2 3 4 5 6 7 8 9 10; do python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", 8099))'"
            " 2>/dev/null && exit 0; sleep 0.3; done; exit 1"
        )

    def sign(self, key: Key | None = None) -> None:
        """Sign it, and have the key beside it; with another key it is as if somebody else had."""
        sums = self._host.run(["cat", f"{FOLDER}/debian/sums"]).stdout
        release = (
            f"Origin: Docker\nLabel: Docker CE\nSuite: {self._codename}\nCodename: {self._codename}\n"
            f"Date: {time.strftime('%a, %d %b %Y %H:%M:%S UTC', time.gmtime(time.time() - 3600))}\n"
            f"Architectures: {self._host.run(['dpkg', '--print-architecture']).stdout.strip()}\n"
            f"Components: stable test\nSHA256:\n{sums}"
        )
        signed = (key or self.key).clearsigned(release)
        self._host.run(f"cat >{FOLDER}/debian/dists/{self._codename}/InRelease", input=signed)
        self._host.run(
            f"python3 -c 'import sys, base64; sys.stdout.buffer.write(base64.b64decode(sys.stdin.read()))' >{FOLDER}/debian/gpg",
            input=base64.b64encode(self.key.public()).decode(),
        )
