# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs ``ansible-test sanity`` on the collection as it is built for users, without an ignore file.

ansible-test makes virtual environments without pip and fetches a bootstrap script for it from a site of
its own, which not every network reaches. A stand-in in its cache does the same with what Python brings:
unpack ensurepip's pip, and let that install the pip wanted from the package index the machine uses.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / ".cache" / "built"
COLLECTION = BUILT / "ansible_collections" / "stowage" / "docker"
INTERPRETERS = ROOT / ".cache" / "interpreters"
# What ansible-test names its bootstrap, by the version of pip that it asks for.
BOOTSTRAP = Path("~/.ansible/test/cache").expanduser()
OLDEST_TARGET = "3.9"
# There is no PowerShell here, and pslint would want one.
SKIPPED = ("pslint",)
# What depends on the Python of a host; the rest says the same on every version.
ON_TARGETS = ("compile", "import")

STAND_IN = """\
# Stands in for get-pip: serves pip from the wheel that ensurepip carries.
import glob
import os
import runpy
import sys

import ensurepip

bundled = glob.glob(os.path.join(os.path.dirname(ensurepip.__file__), "_bundled", "pip-*.whl"))
distribution = glob.glob("/usr/share/python-wheels/pip-*.whl")
sys.path.insert(0, (bundled + distribution)[0])
arguments = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
if "install" not in arguments and "uninstall" not in arguments and "-V" not in arguments:
    arguments = ["install", "--upgrade", *arguments]
sys.argv[1:] = arguments
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""


def bootstrap_names() -> list[str]:
    """Return the names under which the installed ansible-test looks for its bootstrap."""
    import ansible_test  # noqa: PLC0415 - in the virtual environment only

    folder = Path(ansible_test.__file__).parent
    source = (folder / "_internal" / "python_requirements.py").read_text()
    versions = re.findall(r"pip='([0-9.]+)'", source)
    if not versions:
        message = "ansible-test names its pip otherwise than it used to: look at get_venv_packages"
        raise SystemExit(message)
    return [f"get_pip_{version.replace('.', '_')}.py" for version in versions]


def place_bootstrap() -> None:
    """Put the stand-in where ansible-test caches its bootstrap, unless it has fetched the real one."""
    BOOTSTRAP.mkdir(parents=True, exist_ok=True)
    for name in bootstrap_names():
        path = BOOTSTRAP / name
        if not path.exists() or path.read_text().startswith("# Stands in"):
            path.write_text(STAND_IN)


def build_collection() -> None:
    """Build the tarball and install it, as a repository of its own: ansible-test tests what git tracks."""
    shutil.rmtree(BUILT, ignore_errors=True)
    BUILT.mkdir(parents=True)
    source = ROOT / ".cache" / "ansible_collections" / "stowage" / "docker"
    build = ["ansible-galaxy", "collection", "build", "--output-path", str(BUILT)]
    subprocess.run(build, cwd=source, check=True, stdout=subprocess.DEVNULL)
    install = ["ansible-galaxy", "collection", "install", "--offline", "--collections-path", str(BUILT)]
    only = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(BUILT)}
    subprocess.run([*install, str(next(BUILT.glob("*.tar.gz")))], env=only, check=True, stdout=subprocess.DEVNULL)
    git = ["git", "-C", str(COLLECTION)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "add", "--all", "--force"], check=True)


def interpreters() -> list[str]:
    """Link the machine's real interpreters into one folder for PATH, and return their versions."""
    shutil.rmtree(INTERPRETERS, ignore_errors=True)
    INTERPRETERS.mkdir(parents=True)
    listed = subprocess.run([ROOT / "tools" / "find_python.sh"], capture_output=True, text=True, check=True).stdout
    versions = []
    for line in listed.splitlines():
        version, path, state = line.split()
        link = INTERPRETERS / f"python{version}"
        if state == "complete" and not link.exists():
            link.symlink_to(path)
            versions.append(version)
    return versions


def targets(versions: list[str]) -> list[str]:
    """Choose the Python versions to test for: the oldest a host may have (or the oldest here), and last ours."""
    own = f"{sys.version_info[0]}.{sys.version_info[1]}"
    fitting = [version for version in versions if int(version.split(".")[1]) >= int(OLDEST_TARGET.split(".")[1])]
    oldest = fitting[-1] if fitting else own
    return [oldest, own] if oldest != own else [own]


def main() -> int:
    """Run all the sanity tests (or those named), per Python version; return the number of runs that failed."""
    place_bootstrap()
    build_collection()
    environment = dict(os.environ)
    versions = interpreters()
    environment["PATH"] = f"{INTERPRETERS}:{environment['PATH']}"
    failed = 0
    chosen = targets(versions)
    if OLDEST_TARGET not in chosen:
        print(f"sanity: no Python {OLDEST_TARGET} on this machine; the oldest target is {chosen[0]}")
    for version in chosen:
        command = ["ansible-test", "sanity", "--python", version, "--color", "no", "--truncate", "0"]
        if version != chosen[-1]:
            command += [word for name in ON_TARGETS for word in ("--test", name)]
        else:
            command += [word for name in SKIPPED for word in ("--skip-test", name)]
        print(f"sanity: on Python {version}", flush=True)
        done = subprocess.run([*command, *sys.argv[1:]], cwd=COLLECTION, env=environment, check=False)
        failed += done.returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
