# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loading a large compose file: ``python -m bench.loading COUNT RUNS`` prints the samples as JSON.

Reads one generated file in turn with PyYAML alone (by libyaml), with this collection's loader, and with
``docker compose config``, and sees to it that the last two agree. Needs the tree's root as working folder. Knows
nothing of hosts.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from .ground import BenchError
from .runtime import ROOT

COUNT, RUNS = 1000, 7
YAML, LOADER, COMPOSE = "PyYAML, CSafeLoader alone", "load_project", "docker compose config"
_SERVICE = """\
  {name}:
    image: registry.internal/shop/web:${{TAG:-1.4}}
    command: [serve, --port, "8080", --worker, "{number}"]
    environment:
      WORKER: {number}
      LEVEL: ${{LEVEL:-info}}
      UPSTREAM: http://{peer}:8080/
    labels:
      team: shop
    ports: ["127.0.0.1:{port}:8080"]
    volumes:
      - data:/var/lib/web
      - ./web.conf:/etc/web.conf:ro
    networks: [front, back]
    depends_on:
      {peer}: {{condition: service_started}}
    healthcheck:
      test: [CMD, wget, -qO-, "http://127.0.0.1:8080/"]
      interval: 10s
      retries: 5
    restart: unless-stopped
    mem_limit: 64m
"""


def measure(count: int = COUNT, runs: int = RUNS) -> dict[str, Any]:
    """Return the seconds of each way to read a file of ``count`` services, measured in a process of its own."""
    command = [sys.executable, "-m", "bench.loading", str(count), str(runs)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"loading failed:\n{done.stderr[-3000:]}")
    return dict(json.loads(done.stdout))


def text_of(count: int) -> str:
    """Return a compose file; each service depends on the one before it, the first on one that nobody else needs."""
    services = [
        _SERVICE.format(name=f"web{number:04d}", number=number, peer=f"web{number - 1:04d}", port=20000 + number)
        for number in range(1, count)
    ]
    first = "  web0000:\n    image: registry.internal/shop/base:1\n    networks: [back]\n"
    tops = "networks:\n  front:\n  back:\n    internal: true\nvolumes:\n  data:\n"
    return f"name: bench\nservices:\n{first}{''.join(services)}{tops}"


def _figures(count: int, runs: int) -> dict[str, Any]:
    compose = import_module("plugins.plugin_utils.compose")  # its runtime is not the one on mypy's path
    text = text_of(count)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "compose.yaml").write_text(text, encoding="utf-8")
        ways: dict[str, Callable[[], Any]] = {
            YAML: lambda: yaml.load((folder / "compose.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader),
            LOADER: lambda: compose.load_project(compose.Options(folder)).document,
            COMPOSE: lambda: _config(folder),
        }
        documents = {way: ways[way]() for way in (LOADER, COMPOSE)}
        if json.loads(json.dumps(documents[LOADER])) != json.loads(documents[COMPOSE]):
            raise BenchError("docker compose reads the file otherwise")
        del documents
        seconds: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(runs):
            for way, read in ways.items():
                seconds[way].append(_timed(read))
    return {"services": count, "lines": text.count("\n"), "bytes": len(text), "seconds": seconds}


def _timed(read: Callable[[], Any]) -> float:
    gc.collect()  # nobody pays for what another one left behind
    began = time.perf_counter()
    result = read()
    seconds = time.perf_counter() - began
    del result
    return seconds


def _config(folder: Path) -> str:
    compose = shutil.which("docker-compose")
    if compose is None:
        raise BenchError("docker-compose is not on PATH: run this with requirements/bench.txt installed")
    # Variables of this process would go into the file, and the loader never asks it.
    environment = {name: value for name, value in os.environ.items() if name not in ("TAG", "LEVEL")}
    command = [compose, "config", "--format", "json"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"docker compose config failed: {done.stderr[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    print(json.dumps(_figures(int(sys.argv[1]), int(sys.argv[2]))))
