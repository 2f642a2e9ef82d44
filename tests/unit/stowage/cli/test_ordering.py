# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import io
import json
import subprocess
import sys

import pytest

from stowage import lock, request
from stowage.cli import entry as cli
from stowage.lock import engine_lock
from tests.unit.stowage.support.model_engine import ModelEngine

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
def run(engine, tmp_path):
    def command(name, document, *options):
        path = tmp_path / "manifest.json"
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        out, err = io.StringIO(), io.StringIO()
        code = cli.main([name, str(path), *options], out, err)
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


def test_files_that_cannot_be_read(tmp_path, engine):
    err = io.StringIO()
    assert cli.main(["plan", str(tmp_path / "none.json")], io.StringIO(), err) == 1
    assert err.getvalue() == f"stowage: {tmp_path}/none.json: No such file or directory\n"
    (tmp_path / "latin.json").write_bytes(b'{"scope": "\xe9"}')
    assert cli.main(["plan", str(tmp_path / "latin.json")], io.StringIO(), err) == 1
    assert "can't decode" in err.getvalue()
    assert cli.main(["plan", str(tmp_path)], io.StringIO(), err) == 1


def test_too_large(run, monkeypatch):
    monkeypatch.setattr(cli, "MAX_MANIFEST", 1 << 20)
    _code, _out, err = run("plan", '{"scope": "' + "x" * (1 << 20) + '"}')
    assert err == "stowage: DIR/manifest.json: larger than 1 MiB\n"


def test_standard_input(engine, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(GOOD)))
    out = io.StringIO()
    assert cli.main(["plan", "-"], out, io.StringIO()) == 0
    assert "CreateContainer" in out.getvalue()


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


@pytest.mark.parametrize("arguments", [[], ["plan"], ["apply", "--nope", "x"], ["remove", "x"], ["completion", "fish"]])
def test_bad_arguments(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    assert "usage: stowage" in capsys.readouterr().err


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion(shell):
    out = io.StringIO()
    assert cli.main(["completion", shell], out) == 0
    words = {"bash": ["bash", "-n"], "zsh": ["true"]}[shell]
    subprocess.run(words, input=out.getvalue().encode(), check=True)


def test_version(capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith("stowage ")
