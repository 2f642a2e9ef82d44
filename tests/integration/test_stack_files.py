# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files, configs and secrets of stacks: what lies on the host, what a container finds, and who is replaced for it."""

from __future__ import annotations

import hashlib
import json
import secrets
from pathlib import Path
from typing import Any

import pytest

from tests.hosts import Host
from tests.integration import compose, scene
from tests.integration.compose import CREATE, REPLACE, SLEEP, kinds, names, stack
from tests.integration.playbook import Outcome, Playbook, recorded

HOME = "/var/lib/stowage/stacks/shop"
FILES = """
    x-common: &common {image: "stowage-test/web:1", command: [sleep, "1000"], stop_grace_period: 0s}
    services:
      folder: {<<: *common, volumes: ["./conf:/conf:ro"]}
      file: {<<: *common, volumes: ["./app.conf:/etc/app.conf:ro"]}
      none: {<<: *common}
"""
LIST = f"cd {HOME} && find . -path ./.stowage -prune -o -type f -printf '%P %m %U:%G ' -exec cat {{}} ';' | sort"


def _lay_out(folder: Path, version: int) -> Path:
    files = {
        "compose.yaml": FILES,
        "app.conf": "app\n",
        "conf/main": f"main {version}\n",
        "conf/deep/run.sh": "#!/bin/sh\n",
        "unused": "stays here\n",
    }
    if version == 1:
        files["conf/old"] = "old\n"
    compose.write_project(folder, files)
    (folder / "conf/deep/run.sh").chmod(0o755)
    (folder / "app.conf").chmod(0o640)
    return folder


@pytest.mark.flavour_in_turn
def test_files_are_brought_changed_and_taken_away(place: Host, tmp_path: Path) -> None:
    first, second = _lay_out(tmp_path / "1" / "shop", 1), _lay_out(tmp_path / "2" / "shop", 2)
    third = _lay_out(tmp_path / "3" / "shop", 2)
    (third / "app.conf").chmod(0o644)
    play = Playbook(place)
    play.converge("first", "stack", stack(first))
    play.task("first files", "ansible.builtin.raw", LIST)
    play.snapshot("first seen")
    play.task("foreign", "ansible.builtin.raw", f"echo foreign >{HOME}/conf/foreign")
    play.converge("second", "stack", stack(second))
    play.task("second files", "ansible.builtin.raw", LIST)
    play.snapshot("second seen")
    play.task("by hand", "ansible.builtin.raw", f"echo by hand >{HOME}/app.conf")
    play.converge("repair", "stack", stack(second))
    play.converge("mode", "stack", stack(third))
    play.task("third files", "ansible.builtin.raw", LIST)
    play.snapshot("third seen")
    play.converge("gone", "stack", {"name": "shop", "state": "absent"})
    play.task("left", "ansible.builtin.raw", f"find {HOME} -type f")
    outcome = play.run()

    assert kinds(outcome, "first") == sorted(CREATE * 3 + ["CreateNetwork", "SettleFiles"] + ["WriteFile"] * 4)
    assert outcome.ok("first files")["stdout_lines"] == [
        "app.conf 640 0:0 app", "conf/deep/run.sh 755 0:0 #!/bin/sh", "conf/main 644 0:0 main 1", "conf/old 644 0:0 old",
    ]  # fmt: skip
    assert kinds(outcome, "second") == sorted([*REPLACE, "WriteFile", "RemoveFile", "SettleFiles"])
    assert "conf/main: changed" in "".join(outcome.ok("second/apply")["plan"])
    assert outcome.ok("second files")["stdout_lines"] == [
        "app.conf 640 0:0 app", "conf/deep/run.sh 755 0:0 #!/bin/sh", "conf/foreign 644 0:0 foreign", "conf/main 644 0:0 main 2",
    ]  # fmt: skip
    before, after, last = (outcome.json(f"{label} seen") for label in ("first", "second", "third"))
    assert scene.identity(after, "shop-file-1", "shop-none-1") == scene.identity(before, "shop-file-1", "shop-none-1")
    assert before["containers"]["shop-folder-1"]["Id"] != after["containers"]["shop-folder-1"]["Id"]
    assert kinds(outcome, "repair") == sorted([*REPLACE, "WriteFile", "SettleFiles"])
    assert kinds(outcome, "mode") == sorted([*REPLACE, "WriteFile", "SettleFiles"])
    assert outcome.ok("third files")["stdout_lines"][0] == "app.conf 644 0:0 app"
    assert scene.identity(last, "shop-folder-1", "shop-none-1") == scene.identity(after, "shop-folder-1", "shop-none-1")
    kinds(outcome, "gone")
    assert outcome.ok("left")["stdout_lines"] == [f"{HOME}/conf/foreign"], "what is not ours stays"


# Where each grant of a service is mounted, with what stat says there and whether the user 1000 can read it.
GRANTS = {
    "/run/secrets/file": ("600 0:0", False),
    "/run/secrets/mine": ("400 1000:1000", True),
    "/run/secrets/group": ("440 0:1000", True),
    "/run/secrets/roots": ("400 0:0", False),
    "/etc/variable": ("444 0:0", True),
    "/run/secrets/given": ("444 0:0", True),
    "/content": ("444 0:0", True),
    "/etc/main.conf": ("640 1000:0", True),
    "/given": ("444 0:0", True),
}
LOOK = [
    "sh", "-c", "for f in " + " ".join(GRANTS) + "; do"
    " echo $$(stat -c '%a %u:%g' $$f) $$(sha256sum $$f 2>/dev/null); done; exec sleep 1000",
]  # fmt: skip


def _granting(planted: dict[str, str]) -> dict[str, Any]:
    """A service with secrets and configs of all origins, as a user without rights of its own."""
    own = {"uid": "1000", "gid": "1000", "mode": "0400"}
    web = {
        **SLEEP,
        "command": LOOK,
        "user": "1000:1000",
        "tty": True,  # a log that is plain text
        "secrets": [
            "file",
            {"source": "file", "target": "mine", **own},
            {"source": "file", "target": "group", "gid": "1000", "mode": "0440"},
            {"source": "file", "target": "roots", "mode": "0400"},
            {"source": "variable", "target": "/etc/variable"},
            "given",
        ],
        "configs": ["content", {"source": "main", "target": "/etc/main.conf", "uid": "1000", "mode": "0640"}, "given"],
    }
    return {
        "services": {"web": web, "other": SLEEP},
        "secrets": {"file": {"file": "./key"}, "variable": {"environment": "VARIABLE"}, "given": {"external": True}},
        "configs": {"content": {"content": "${CONTENT}"}, "main": {"file": "main.conf"}, "given": {"external": True}},
    }


@pytest.mark.flavour_in_turn
def test_secrets_and_configs_reach_the_user_who_is_meant_and_nobody_else(place: Host, tmp_path: Path) -> None:
    parts = ("file", "variable", "given", "content", "main", "config", "changed")
    planted = {name: f"{name}-{secrets.token_hex(12)}" for name in parts}
    folder = compose.write_project(
        tmp_path / "shop",
        {"compose.yaml": json.dumps(_granting(planted)), "key": planted["file"], "main.conf": planted["main"]},
    )
    (folder / "key").chmod(0o600)
    options = stack(
        folder,
        env={"VARIABLE": planted["variable"], "CONTENT": planted["content"]},
        secrets={"given": planted["given"]},
        configs={"given": planted["config"]},
    )
    play = Playbook(place)
    play.converge("up", "stack", options)
    play.snapshot("up seen")
    play.task("log", "ansible.builtin.raw", "sleep 0.5;" + scene.command("GET", "/containers/shop-web-1/logs?stdout=1"))
    play.converge("changed", "stack", {**options, "secrets": {"given": planted["changed"]}})
    play.task("fails", "stack", {**options, "secrets": {"given": planted["given"], "else": planted["given"]}})
    play.task("info", "stack_info", {})
    play.snapshot("changed seen")
    run = tmp_path / "run"
    run.mkdir()
    process = play.start(run, "-vvvv", environ={"ANSIBLE_LOG_PATH": str(run / "log")})
    text = process.communicate(timeout=300)[0]
    outcome = Outcome(process.returncode, text, recorded(run))

    sources = dict.fromkeys(("/run/secrets/mine", "/run/secrets/group"), "file")
    sources |= {"/etc/variable": "variable", "/run/secrets/given": "given"}
    sources |= {"/content": "content", "/etc/main.conf": "main", "/given": "config"}
    expected = [
        " ".join([mode, *([hashlib.sha256(planted[sources[path]].encode()).hexdigest(), path] if readable else [])])
        for path, (mode, readable) in GRANTS.items()
    ]
    assert outcome.ok("log")["stdout"].replace("\r", "").splitlines()[: len(expected)] == expected
    kinds(outcome, "up")
    assert kinds(outcome, "changed") == sorted([*REPLACE, "WriteFile", "SettleFiles"])
    assert "secrets.else: is not among the external secrets of the project" in outcome.failed("fails")
    seen = outcome.json("changed seen")
    assert scene.identity(seen, "shop-other-1") == scene.identity(outcome.json("up seen"), "shop-other-1")
    for where, told in {
        "output": text,
        "results": json.dumps(outcome.results),
        "log": (run / "log").read_text(),
    }.items():
        assert [name for name, value in planted.items() if value in told] == [], where
    _are_kept_from_others(place, list(planted.values()))


def _are_kept_from_others(place: Host, values: list[str]) -> None:
    """On the host they are in one folder, and another user finds none of them."""
    place.run("cat >/srv/decoy", input="decoy-in-a-file")
    words = "\n".join([*values, "decoy-in-a-file"]) + "\n"
    search = "grep -rlaF -f - /etc /home /opt /root /run /srv /tmp /usr/local /var 2>/dev/null"
    roots = set(place.run(search, input=words, check=False).stdout.split())
    kept = {path for path in roots if path.startswith(f"{HOME}/.stowage/")}
    assert len(kept) == len(GRANTS)
    assert roots - kept == {"/srv/decoy"}
    assert place.run(f"sudo -u deploy {search}", input=words, check=False).stdout.split() == ["/srv/decoy"]
    for value in values:
        assert value not in place.run("journalctl --no-pager -o cat", timeout=60).stdout


BROKEN = """
    services:
      web:
        image: stowage-test/web:1
        command: [sh, -c, ". /conf/start && exec sleep 1000"]
        stop_grace_period: 0s
        volumes: ["./conf:/conf:ro"]
        configs: [own]
      other: {image: "stowage-test/web:1", command: [sleep, "1000"], stop_grace_period: 0s}
    configs: {own: {file: ./own}}
"""


@pytest.mark.flavour_in_turn
def test_a_content_that_a_service_dies_of_is_taken_back(place: Host, tmp_path: Path) -> None:
    good = compose.write_project(
        tmp_path / "good/shop", {"compose.yaml": BROKEN, "conf/start": "true\n", "conf/old": "old\n", "own": "own 1\n"}
    )
    bad = compose.write_project(
        tmp_path / "bad/shop",
        {"compose.yaml": BROKEN, "conf/start": "echo bad start; exit 3\n", "conf/new": "new\n", "own": "own 2\n"},
    )
    listed = f"cd {HOME} && find conf own .stowage/configs -type f -printf '%p ' -exec cat {{}} ';' | sort"
    play = Playbook(place)
    play.task("good", "stack", stack(good))
    play.task("good files", "ansible.builtin.raw", listed)
    play.snapshot("good seen")
    play.task("bad/check", "stack", stack(bad), check_mode=True)
    play.task("bad", "stack", stack(bad, monitor=1))
    play.task("bad files", "ansible.builtin.raw", listed)
    play.snapshot("bad seen")
    play.task("bad again", "stack", stack(bad, monitor=1))
    play.converge("good again", "stack", stack(good))
    play.snapshot("end")
    outcome = play.run()

    outcome.ok("good")
    message = outcome.failed("bad")
    assert "shop-web-1" in message
    assert "bad start" in str(outcome["bad"]["failures"]), "the last words of the one that failed"
    assert outcome["bad"]["plan"] == outcome.ok("bad/check")["plan"] == outcome["bad again"]["plan"]
    good_files, bad_files = outcome.ok("good files")["stdout_lines"], outcome.ok("bad files")["stdout_lines"]
    assert good_files == bad_files
    assert "conf/start true" in good_files
    before, after, end = (outcome.json(label) for label in ("good seen", "bad seen", "end"))
    assert names(after) == names(end) == ["shop-other-1", "shop-web-1"]
    for name in names(after):
        assert after["containers"][name]["Id"] == end["containers"][name]["Id"] == before["containers"][name]["Id"]
        assert after["containers"][name]["State"]["Running"]
    assert kinds(outcome, "good again") == []
