# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from stowage import lock, request
from stowage.cli import main, manifests, ordering
from stowage.lock import engine_lock
from stowage.places import ABOUT
from tests.unit.stowage.support.model_engine import ModelEngine
from tests.unit.stowage.support.recorded_runtime import document, refusal, stream

ADDRESS = "unix:///model"
GOOD = {"containers": {"web": {"image": "app:1", "environment": {"PASSWORD": "hunter2hunter2"}}}}


@pytest.fixture
def engine(monkeypatch, tmp_path):
    """The command's engine is the model; its lock and memory are the test's own."""
    model = ModelEngine()
    model.images.have("app:1")
    monkeypatch.setattr(request, "connect", lambda options: (model, ADDRESS))
    monkeypatch.setattr(lock, "FOLDERS", (str(tmp_path),))
    monkeypatch.setattr(request, "state_directory", lambda environ: str(tmp_path / "state"))
    return model


@pytest.fixture
def run(engine, sockets, tmp_path):
    def command(name, document, *options):
        path = tmp_path / "manifest.json"
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        out, err = io.StringIO(), io.StringIO()
        code = main([name, str(path), *options], out, err)
        return code, out.getvalue(), err.getvalue().replace(str(tmp_path), "DIR")

    return command


def test_plan_apply_and_again(run, engine):
    code, out, err = run("plan", GOOD)
    assert (code, err) == (0, "")
    assert out == (
        "#1  CreateContainer  web               container is missing\n"
        "#2  StartContainer   web        <- #1  it was created\n"
        "#3  WaitContainer    web ready  <- #2  it was started\n"
        "would do: 1 CreateContainer, 1 StartContainer, 1 WaitContainer\n"
    )
    assert engine.changes == []
    code, out, err = run("apply", GOOD)
    assert (code, err) == (0, "")
    assert "#2  StartContainer   web        ok 0.0s  it was created\n" in out
    assert out.endswith("done: 1 CreateContainer, 1 StartContainer, 1 WaitContainer\n")
    assert run("apply", GOOD) == (0, "nothing to change\n", "")
    assert run("plan", GOOD, "--exit-code") == (0, "nothing to change\n", "")


def test_exit_code_for_changes_is_asked_for(run):
    assert run("plan", GOOD)[0] == 0
    assert run("plan", GOOD, "--exit-code")[0] == 2


def test_json(run):
    code, out, err = run("plan", GOOD, "--json")
    answer = json.loads(out)
    assert (code, err) == (0, "")
    assert answer["changed"]
    assert answer["plan"][0] == "#1 CreateContainer web (container is missing)"
    assert "hunter2" not in out


def test_a_step_that_fails(run, engine):
    engine.fail_at = 2
    code, out, _err = run("apply", GOOD)
    assert code == 1
    assert "#2 StartContainer web <- #1 (it was created) failed: POST" in out
    assert "1 later step was not begun; the next run goes on from here" in out
    engine.revive()
    code, out, _err = run("apply", GOOD, "--json")
    assert (code, json.loads(out)["failed"]) == (0, False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "DIR/manifest.json: not a JSON document: Expecting value: line 1 column 1 (char 0)"),
        ("{", "DIR/manifest.json: not a JSON document: Expecting property name"),
        ("[]", "DIR/manifest.json: a manifest is a JSON object"),
        ('"x"', "DIR/manifest.json: a manifest is a JSON object"),
        ('{"scope": "a", "scope": "b"}', "DIR/manifest.json: not a JSON document: the key 'scope' is there twice"),
        ('{"containers": {"web": {}, "web": {}}}', "DIR/manifest.json: not a JSON document: the key 'web' is there twice"),
        ("[" * 100_000, "DIR/manifest.json: not a JSON document: "),
        ('{"containers": {"web": {}}, "scop": "x"}', "$.scop: unknown key"),
        ('{"monitor": NaN}', "$.monitor: expected a number of seconds"),
        ({"containers": {"web": {"image": "app:1", "networks": ["nope"]}}},
         "$.containers.web.networks: the network nope is not declared and not on the host"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["plan", "apply"])
def test_bad_manifests(run, engine, name, text, message):
    code, out, err = run(name, text)
    assert (code, out) == (1, "")
    assert err.startswith(f"stowage: {message}")
    assert engine.changes == []


def test_problems_of_document_and_host_at_once(run):
    document = {"containers": {"web": {"image": "app:1", "imge": "x", "networks": ["nope"]}}}
    code, out, err = run("plan", document, "--json")
    assert (code, err) == (1, "")
    assert json.loads(out) == {
        "failed": True,
        "changed": False,
        "msg": "$.containers.web.imge: unknown key; did you mean image?\n"
        "$.containers.web.networks: the network nope is not declared and not on the host",
    }


def test_files_that_cannot_be_read(tmp_path, engine, stowage):
    assert stowage("plan", str(tmp_path / "none.json")) == (
        1,
        "",
        f"stowage: {tmp_path}/none.json: No such file or directory\n",
    )
    (tmp_path / "latin.json").write_bytes(b'{"scope": "\xe9"}')
    assert "can't decode" in stowage("plan", str(tmp_path / "latin.json"))[2]
    assert stowage("plan", str(tmp_path))[0] == 1


def test_too_large(run, monkeypatch):
    monkeypatch.setattr(manifests, "MAX_MANIFEST", 1 << 20)
    _code, _out, err = run("plan", '{"scope": "' + "x" * (1 << 20) + '"}')
    assert err == "stowage: DIR/manifest.json: larger than 1 MiB\n"


def test_standard_input(engine, stowage, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(GOOD)))
    code, out, _err = stowage("plan", "-")
    assert code == 0
    assert "CreateContainer" in out


def test_never_beside_another_run(run, engine):
    with engine_lock(ADDRESS, 0):
        code, _out, err = run("apply", GOOD, "--lock-timeout", "0.1")
    assert code == 1
    assert "another run is at work on the engine" in err
    assert engine.changes == []


def test_contexts_of_a_controller_cannot_be_used(run, engine):
    digest = "sha256:" + "0" * 64
    code, _out, err = run("apply", {"images": {"shop:1": {"build": {"context": "x", "digest": digest}}}})
    assert (code, err) == (1, "stowage: contexts and archives named here must lie on this host: set remote_src: true\n")
    assert engine.changes == []


def test_progress_on_a_terminal_names_the_steps(engine, stowage, tmp_path):
    (tmp_path / "m.json").write_text(json.dumps(GOOD))
    code, _out, err = stowage("apply", str(tmp_path / "m.json"), terminal=True)
    assert code == 0
    assert "\r\x1b[K#1 CreateContainer web done\n" in err
    assert stowage("apply", str(tmp_path / "m.json"), "--json", terminal=True)[2] == ""


# -- through the runtime -------------------------------------------------------------------------


STEP = {"number": 1, "operation": "PullImage", "target": "app:1", "cause": "image is missing", "after": []}
DONE = {
    "changed": True,
    "failed": False,
    "plan": ["#1 PullImage app:1 (image is missing)"],
    "operations": [{**STEP, "status": "done", "seconds": 1.25, "message": ""}],
    "summary": {"PullImage": 1},
    "warnings": [],
    "failures": [],
    "needed_files": [],
}
PLANNED = {**DONE, "operations": [{**STEP, "status": "planned", "seconds": 0.0, "message": ""}]}
EVENTS = (
    {"event": "plan", "operations": [{"number": 1, "operation": "PullImage", "target": "app:1"}]},
    {"event": "started", "step": 1, "text": "", "operation": "PullImage", "target": "app:1"},
    {"event": "detail", "operation": "PullImage", "target": "app:1", "text": "a1 Downloading"},
    {"event": "something-new"},
    {"event": "done", "step": 1, "text": "", "operation": "PullImage", "target": "app:1"},
)


@pytest.fixture
def manifest(tmp_path):
    path = tmp_path / "m.json"
    path.write_text(json.dumps(GOOD))
    return str(path)


def test_plan_goes_through_the_runtime(engine, runtime, stowage, manifest):
    runtime.answers["POST /v1/plan"] = document(PLANNED)
    table = "#1  PullImage  app:1  image is missing\nwould do: 1 PullImage\n"
    assert stowage("plan", manifest, "--lock-timeout", "5") == (0, table, "")
    by = f"stowage plan ({ordering.user()})"
    order = {"manifest": GOOD, "lock_timeout": 5.0, "by": by}
    assert runtime.calls == [("write.sock", "POST /v1/plan", order)]
    assert stowage("plan", manifest, "--exit-code")[0] == 2
    code, out, _err = stowage("plan", manifest, "--json")
    assert (code, json.loads(out)) == (0, PLANNED)
    assert engine.reads == []


def test_apply_goes_through_the_runtime(engine, runtime, stowage, manifest):
    runtime.answers["POST /v1/apply"] = stream(*EVENTS, {"event": "result", "answer": DONE})
    table = "#1  PullImage  app:1  ok 1.2s  image is missing\ndone: 1 PullImage\n"
    assert stowage("apply", manifest) == (0, table, "")
    code, out, err = stowage("apply", manifest, terminal=True)
    assert (code, out) == (0, table)
    assert err == "\r\x1b[K#1 PullImage app:1 …\r\x1b[K#1 PullImage app:1 done\n\r\x1b[K"
    code, out, err = stowage("apply", manifest, "--json", terminal=True)
    assert (code, json.loads(out), err) == (0, DONE, "")
    assert engine.changes == []


def test_what_the_engine_says_is_shown_live(engine, runtime, stowage, manifest):
    runtime.answers["POST /v1/apply"] = stream(*EVENTS[:1], *EVENTS[2:], {"event": "result", "answer": DONE})
    assert "\r\x1b[KPullImage app:1: a1 Downloading\r" in stowage("apply", manifest, terminal=True)[2]


def test_what_the_runtime_refuses_or_fails_at(engine, runtime, stowage, manifest):
    refused = {"failed": True, "changed": False, "msg": "the declaration was refused:\n$.x: unknown key"}
    runtime.answers["POST /v1/plan"] = document(refused)
    assert stowage("plan", manifest) == (1, "", "stowage: the declaration was refused:\n$.x: unknown key\n")
    code, out, _err = stowage("plan", manifest, "--json")
    assert (code, json.loads(out)) == (1, refused)
    runtime.answers["POST /v1/apply"] = stream({"event": "result", "answer": {**DONE, "failed": True, "msg": "no"}})
    code, out, err = stowage("apply", manifest)
    assert (code, err) == (1, "")
    assert out.endswith("\nno\nfailed: 1 PullImage\n")
    runtime.answers["POST /v1/apply"] = stream({"event": "result", "answer": {**DONE, "needed_files": ["sha256:1"]}})
    assert stowage("apply", manifest)[2].endswith("set remote_src: true\n")
    assert engine.changes == []


def test_never_twice_where_the_runtime_broke_down(engine, runtime, stowage, manifest):
    runtime.answers["POST /v1/apply"] = stream(*EVENTS)
    runtime.answers["POST /v1/plan"] = document({})
    text = "stowage: the runtime went away before it told a result; `stowage history` shows what was begun\n"
    assert stowage("apply", manifest) == (1, "", text)
    assert stowage("plan", manifest) == (1, "", "stowage: the runtime failed, and does not say why\n")
    runtime.answers["POST /v1/apply"] = refusal(503, "too many callers")
    assert stowage("apply", manifest) == (1, "", "stowage: too many callers\n")
    assert engine.changes == engine.reads == []


def test_an_engine_of_ones_own_is_not_the_runtimes(engine, runtime, stowage, manifest, sockets, monkeypatch):
    runtime.answers["POST /v1/plan"] = document(PLANNED)
    for name in ("DOCKER_HOST", "--host"):
        if name == "DOCKER_HOST":
            monkeypatch.setenv(name, "unix:///run/mine.sock")
        words = ["--host", "unix:///run/mine.sock"] if name == "--host" else []
        assert "CreateContainer" in stowage("plan", manifest, *words)[1]
    assert runtime.calls == []
    about = {"engine": "unix:///run/mine.sock", "state": "/x", "version": "1", "digest": ""}
    Path(sockets, ABOUT).write_text(json.dumps(about))
    assert "PullImage" in stowage("plan", manifest)[1]


def test_a_runtime_that_this_user_may_not_tell(engine, runtime, stowage, manifest):
    runtime.answers["POST /v1/plan"] = runtime.answers["POST /v1/apply"] = refusal(403, "user 1000 may not")
    code, out, err = stowage("plan", manifest)
    assert (code, err) == (0, "")
    assert "CreateContainer" in out
    code, out, err = stowage("apply", manifest)
    assert code == 0
    assert err == "stowage: the runtime of this host does not hear of this, since only root may tell it: use sudo\n"
    assert engine.changes


def test_paths_are_the_callers(engine, runtime, stowage, tmp_path, monkeypatch):
    ours, theirs = {"context": "app", "remote_src": True}, {"context": "app", "digest": "sha256:0"}
    images = {"a:1": {"build": ours}, "b:1": {"load": {"path": "b.tar", "remote_src": True}}, "c:1": {"build": theirs}}
    images.update({"d:1": 3, "e:1": {"build": 3}, "f:1": {"build": {"context": 3, "remote_src": True}}})
    document_ = {"images": images, "stacks": {"shop": {"images": {"a:1": {"build": ours}}}, "odd": 3}}
    (tmp_path / "m.json").write_text(json.dumps(document_))
    monkeypatch.chdir(tmp_path)
    runtime.answers["POST /v1/plan"] = document(PLANNED)
    stowage("plan", "m.json")
    sent = runtime.calls[0][2]["manifest"]
    assert sent["images"].pop("a:1")["build"]["context"] == f"{tmp_path}/app"
    assert sent["images"].pop("b:1")["load"]["path"] == f"{tmp_path}/b.tar"
    assert sent["stacks"] == {"shop": {"images": {"a:1": {"build": {**ours, "context": f"{tmp_path}/app"}}}}, "odd": 3}
    assert sent["images"] == {name: images[name] for name in ("c:1", "d:1", "e:1", "f:1")}


def test_rollback(runtime, stowage):
    runtime.answers["POST /v1/rollback"] = stream({"event": "result", "answer": DONE})
    assert stowage("rollback", "shop")[:2] == (
        0,
        "#1  PullImage  app:1  ok 1.2s  image is missing\ndone: 1 PullImage\n",
    )
    runtime.answers["POST /v1/rollback"] = stream({"event": "result", "answer": PLANNED})
    assert stowage("rollback", "--check", "shop", "3")[1].endswith("would do: 1 PullImage\n")
    by = ordering.user()
    assert [order for _door, _call, order in runtime.calls] == [
        {"scope": "shop", "number": None, "check": False, "by": by},
        {"scope": "shop", "number": 3, "check": True, "by": by},
    ]
    runtime.answers["POST /v1/rollback"] = refusal(404, "shop has no version 9; there are: 1, 2")
    assert stowage("rollback", "shop", "9") == (1, "", "stowage: shop has no version 9; there are: 1, 2\n")


def test_pause_and_resume(runtime, stowage):
    runtime.answers["POST /v1/pause"] = document({"scopes": ["default", "shop"], "until": 4_000_000_000.5})
    code, out, err = stowage("pause", "--for", "1h30m", "--reason", "moving a disk")
    assert (code, err) == (0, "")
    first, second = out.splitlines()
    assert first.startswith("paused until 2096-10-02 07:06:40, for ")
    assert first.endswith(" years: default, shop")
    assert second == "`stowage resume` ends it before"
    assert stowage("pause", "shop", "--json")[1] == '{"scopes": ["default", "shop"], "until": 4000000000.5}\n'
    runtime.answers["POST /v1/resume"] = document({"scopes": ["shop"]})
    assert stowage("resume", "shop") == (0, "resumed: shop\n", "")
    runtime.answers["POST /v1/pause"] = document({"scopes": [], "until": 1.0})
    assert stowage("pause")[1] == "nothing is declared here, so there is nothing to pause\n"
    runtime.answers["POST /v1/resume"] = document({"scopes": []})
    assert stowage("resume")[1] == "nothing is declared here, so nothing was paused\n"
    by = ordering.user()
    assert [order for _door, _call, order in runtime.calls] == [
        {"scope": None, "seconds": 5400.0, "reason": "moving a disk", "by": by},
        {"scope": "shop", "seconds": 3600.0, "reason": "", "by": by},
        {"scope": "shop", "by": by},
        {"scope": None, "seconds": 3600.0, "reason": "", "by": by},
        {"scope": None, "by": by},
    ]


def test_who_calls(monkeypatch):
    monkeypatch.setattr(ordering.os, "geteuid", lambda: 0)
    assert ordering.user() == "root"
    monkeypatch.setenv("SUDO_USER", "anna")
    assert ordering.user() == "anna"
    monkeypatch.setattr(ordering.os, "geteuid", lambda: 4_000_000)
    assert ordering.user() == "user 4000000"
