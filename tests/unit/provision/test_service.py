# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's service: what counts as an answer, and an engine started as a process of its own.

A program of three lines plays dockerd where one is started; the real one, under systemd, by its script
and directly, is started in the role's molecule scenario.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from provision import service as service_module
from provision.commands import Commands
from provision.files import Files
from provision.service import Engine, Service, ServiceError, ask
from provision.system import DIRECT, SYSTEMD, SYSV

PID = "var/run/docker-ssd.pid"
INIT = "etc/init.d/docker"
VERSION = b'{"Version": "20.10.24", "ApiVersion": "1.41"}'


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "engine.sock")


@pytest.fixture
def listener(path):
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        yield listening


def test_an_answer_without_an_end_is_none(listener, path, monkeypatch):
    monkeypatch.setattr(service_module, "_LONGEST", 100)
    thread = answer_once(listener, b"HTTP/1.0 200 OK\r\n\r\n" + b" " * 100 + VERSION)
    assert ask(path) is None
    thread.join()


def test_an_answer_that_only_trickles_is_none(listener, path):
    def serve():
        connection = listener.accept()[0]
        with connection, contextlib.suppress(OSError):
            for _ in range(100):
                connection.sendall(b"H")
                time.sleep(0.05)

    thread = threading.Thread(target=serve)
    thread.start()
    begun = time.monotonic()
    assert ask(path, timeout=0.2) is None
    assert time.monotonic() - begun < 2
    thread.join()


def answer_once(listener, answer):
    def serve():
        connection = listener.accept()[0]
        with connection:
            connection.recv(4096)
            connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + VERSION, Engine("20.10.24", "1.41")),
        (b"HTTP/1.0 503 Service Unavailable\r\n\r\n" + VERSION, None),
        (b"HTTP/1.0 200 OK\r\n\r\n", None),
        (b"HTTP/1.0 200 OK\r\n\r\n{}", None),
        (b"HTTP/1.0 200 OK\r\n\r\n[]", None),
        (b"HTTP/1.0 200 OK\r\n\r\n<html>", None),
        (b"HTTP/1.0 200 OK\r\n\r\n\xff\xfe", None),
        (b"", None),
    ],
)
def test_only_an_engines_version_is_an_answer(listener, path, answer, expected):
    thread = answer_once(listener, answer)
    assert ask(path) == expected
    thread.join()


def test_nobody_there(path):
    assert ask(path) is None


def test_someone_who_says_nothing(listener, path):
    assert ask(path, timeout=0.1) is None


def test_a_socket_without_a_listener(listener, path):
    listener.close()
    assert ask(path) is None


DAEMON = """\
#!{python}
import os, socket, time
print("starting with", os.environ.get("HTTP_PROXY"), "and", "SECRET" in os.environ, flush=True)
{before}
listener = socket.socket(socket.AF_UNIX)
listener.bind({path!r})
listener.listen()
while True:
    connection = listener.accept()[0]
    connection.recv(4096)
    connection.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\n" + {version!r})
    connection.close()
"""


def here(folder, path):
    """The engine of a host whose files and programs lie in the folder."""
    return Service(path, "/log", 10, Files(str(folder)), Commands(f"{folder}:/usr/bin:/bin"))


@pytest.fixture
def host(tmp_path, path, monkeypatch):
    """A host without an init: its programs lie in one folder, and so do the files that a start leaves."""
    (tmp_path / "etc/init.d").mkdir(parents=True)
    (tmp_path / "etc/default").mkdir()
    (tmp_path / "run").mkdir()
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example.net")
    monkeypatch.setenv("SECRET", "hunter2")

    def install(before=""):
        daemon = tmp_path / "dockerd"
        daemon.write_text(DAEMON.format(python=sys.executable, path=path, version=VERSION, before=before))
        daemon.chmod(0o755)
        return here(tmp_path, path)

    yield install
    if (tmp_path / PID).exists():
        pid = int((tmp_path / PID).read_text())
        try:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass


def give_script(folder, commands):
    (folder / INIT).write_text(f"#!/bin/sh\n{commands}\n")
    (folder / INIT).chmod(0o755)


def test_without_an_engine_there_is_nothing_to_start(host, tmp_path, path):
    service = here(tmp_path, path)
    assert not service.installed()
    with pytest.raises(ServiceError, match="no dockerd on this host"):
        service.start()


def test_started_directly_it_answers_and_outlives_the_starter(host, tmp_path):
    service = host()
    assert service.installed()
    assert service.answer() is None
    assert service.start() == DIRECT
    assert service.answer() == Engine("20.10.24", "1.41")
    assert os.getsid(int((tmp_path / PID).read_text())) != os.getsid(0)
    assert (tmp_path / "log").read_text() == "starting with http://proxy.example.net and False\n"


def test_a_script_that_fails_is_not_the_end(host, tmp_path):
    give_script(tmp_path, "exit 2")
    service = host()
    assert service.way() == SYSV
    assert service.start() == DIRECT


def test_a_script_that_works_is_enough(host, tmp_path):
    service = host()
    (tmp_path / INIT).write_text(
        f"#!/bin/sh\n{tmp_path}/dockerd </dev/null >/dev/null 2>&1 &\nmkdir -p {tmp_path}/var/run; echo $! >{tmp_path}/{PID}\n"
    )
    (tmp_path / INIT).chmod(0o755)
    assert service.start() == SYSV
    assert not (tmp_path / "log").exists()


def test_a_script_whose_daemon_takes_its_time_is_waited_for(host, tmp_path, monkeypatch):
    monkeypatch.setattr(service_module, "_SCRIPT_PATIENCE", 0.2)
    service = host(before="time.sleep(1)")
    (tmp_path / INIT).write_text(
        f"#!/bin/sh\n{tmp_path}/dockerd </dev/null >/dev/null 2>&1 &\nmkdir -p {tmp_path}/var/run; echo $! >{tmp_path}/{PID}\n"
    )
    (tmp_path / INIT).chmod(0o755)
    assert service.start() == SYSV


def test_an_engine_that_ends_says_why(host, tmp_path):
    (tmp_path / "log").write_text("of an earlier run\n")
    service = host(before="raise SystemExit('no space left on device')")
    begin = time.monotonic()
    with pytest.raises(ServiceError) as raised:
        service.start()
    assert time.monotonic() - begin < 5
    assert str(raised.value).splitlines()[0] == "dockerd ended with status 1"
    assert str(raised.value).splitlines()[-1] == "no space left on device"


def test_an_engine_that_is_silent_is_given_up(host):
    service = host(before="time.sleep(60)")
    service.timeout = 0.5
    with pytest.raises(ServiceError, match=r"did not answer on .* within 0.5 s"):
        service.start()


def test_a_number_that_is_somebody_elses_by_now_is_no_engine(host, tmp_path):
    """An engine that was killed leaves its file, and the next process may get its number."""
    service = host()
    with subprocess.Popen(["sleep", "60"]) as other:
        for path in (PID, "var/run/docker.pid"):
            (tmp_path / "var/run").mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(f"{other.pid}\n")
        assert service.pid() is None
        service.stop()
        assert other.poll() is None
        (tmp_path / PID).unlink()
        other.kill()


def test_an_engine_that_is_stopped_has_ended(host):
    service = host()
    service.start()
    service.stop()
    assert service.pid() is None
    assert service.answer() is None


def test_an_engine_that_is_there_and_silent_gets_no_second_one(host, tmp_path):
    service = host(before="time.sleep(60)")
    service.timeout = 0.5
    with pytest.raises(ServiceError):
        service.start()
    first = (tmp_path / PID).read_text()
    with pytest.raises(ServiceError, match=r"(?s)did not answer on .* within 0.5 s.*starting with"):
        service.start()
    assert (tmp_path / PID).read_text() == first


def test_an_engine_that_a_script_started_and_nobody_hears_gets_no_second_one(host, tmp_path):
    service = host(before="time.sleep(60)")
    service.timeout = 0.5
    start = (
        f"{tmp_path}/dockerd </dev/null >{tmp_path}/log 2>&1 & mkdir -p {tmp_path}/var/run; echo $! >{tmp_path}/{PID}"
    )
    give_script(tmp_path, start)
    with pytest.raises(ServiceError, match=r"(?s)did not answer on .* within 0.5 s.*starting with"):
        service.start()
    assert (tmp_path / "log").read_text().count("starting with") == 1


def test_options_of_the_distributions_defaults_reach_the_engine(host, tmp_path):
    (tmp_path / "etc/default/docker").write_text('DOCKER_OPTS="--one --two"\n')
    service = host(before="import sys; print(sys.argv[1:], flush=True)")
    service.start()
    assert (tmp_path / "log").read_text().splitlines()[1] == "['--one', '--two']"


def test_a_socket_that_only_systemd_holds_is_not_touched(host, tmp_path, listener):
    """Connecting would start the engine: the listener's queue must stay empty."""
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    (tmp_path / "systemctl").write_text('#!/bin/sh\n[ "$2" = docker.socket ] && echo active || echo inactive\n')
    (tmp_path / "systemctl").chmod(0o755)
    service = host()
    assert service.way() == SYSTEMD
    assert service.answer() is None
    listener.settimeout(0)
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_a_unit_that_does_not_start_is_told_with_its_journal(host, tmp_path):
    """With all of it: the line that says why was written a moment ago, and may not be in it yet."""
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    late = (
        f'case "$1" in --sync) touch {tmp_path}/there ;; *) [ ! -e {tmp_path}/there ] || echo "no such driver" ;; esac'
    )
    for name, does in (("systemctl", 'echo "Job for docker.service failed"; exit 1'), ("journalctl", late)):
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o755)
    with pytest.raises(ServiceError) as raised:
        host().start()
    assert str(raised.value) == "systemctl: Job for docker.service failed\nno such driver"


SYSTEMCTL = """\
#!/bin/sh
echo "$*" >>{folder}/told
case "$1 $2" in
"is-active docker.service") cat {folder}/state; exit 0 ;;
"is-enabled docker.service") cat {folder}/enabled; exit 0 ;;
"show --property=MainPID") [ "$4" = containerd.service ] && cat {folder}/containerd; exit 0 ;;
"show --property=SubState") cat {folder}/sub; exit 0 ;;
"stop docker.service") [ -e {folder}/hangs ] && exec sleep 60; echo inactive >{folder}/state; exit 0 ;;
esac
case "$*" in
"start docker.service" | "enable --now docker.service" | restart*docker.service) {folder}/dockerd </dev/null >/dev/null 2>&1 & echo $! >{folder}/{pid} ;;
esac
"""


class Systemd:
    """A systemctl that keeps a unit's state in a file, starts the played engine, and writes down what it is told."""

    def __init__(self, folder, service):
        self.folder, self.service = folder, service
        (folder / "run/systemd/system").mkdir(parents=True)
        (folder / "var/run").mkdir(parents=True)
        for name, text in (("systemctl", SYSTEMCTL.format(folder=folder, pid=PID)), ("journalctl", "#!/bin/sh\n")):
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
        self.say(state="inactive", sub="start", enabled="enabled", containerd="0")

    def say(self, **answers):
        for name, answer in answers.items():
            (self.folder / name).write_text(f"{answer}\n")

    def told(self):
        """What it was told to do, questions left out."""
        lines = (self.folder / "told").read_text().splitlines()
        return [line for line in lines if not line.startswith(("is-", "show "))]


@pytest.fixture
def systemd(host, tmp_path):
    return Systemd(tmp_path, host())


def test_a_unit_that_is_enabled_is_only_started(systemd):
    assert systemd.service.start() == SYSTEMD
    assert systemd.told() == ["reset-failed docker.socket docker.service", "start docker.service"]


@pytest.mark.parametrize("enabled", ["disabled", "enabled-runtime", ""])
def test_a_unit_that_is_not_is_enabled_too(systemd, enabled):
    systemd.say(enabled=enabled)
    systemd.service.start()
    assert systemd.told()[-1] == "enable --now docker.service"


def test_a_start_that_hangs_is_stopped_and_not_joined(systemd):
    systemd.say(state="activating")
    systemd.service.timeout = 0.5
    systemd.service.start()
    assert systemd.told()[0] == "stop docker.service"
    assert systemd.told()[-1] == "start docker.service"


@pytest.mark.parametrize("sub", ["auto-restart", "auto-restart-queued"])
def test_a_unit_that_only_waits_for_its_next_try_is_tried_at_once(systemd, sub):
    systemd.say(state="activating", sub=sub)
    begun = time.monotonic()
    systemd.service.start()
    assert time.monotonic() - begun < 5
    assert systemd.told()[0] == "stop docker.service"
    assert systemd.told()[-1] == "start docker.service"


def test_a_start_that_cannot_even_be_stopped_is_given_up(systemd, monkeypatch):
    monkeypatch.setattr(service_module, "_STOP_SECONDS", 0.3)
    systemd.say(state="activating", hangs="")
    with pytest.raises(ServiceError, match=r"systemctl did not end within 0\.3 s"):
        systemd.service.start(anew=True)


def test_a_start_that_is_slow_is_waited_for(systemd):
    systemd.say(state="activating")
    with subprocess.Popen([f"{systemd.folder}/dockerd"], stdout=subprocess.DEVNULL) as slow:
        # One beside it could not have the socket.
        systemd.service.start()
        assert systemd.service.answer()
        assert "stop docker.service" not in systemd.told()
        slow.kill()


def test_a_start_with_a_configuration_of_before_is_not_waited_for(systemd):
    systemd.say(state="activating")
    begun = time.monotonic()
    systemd.service.start(anew=True)
    assert time.monotonic() - begun < 5
    assert systemd.told()[0] == "stop docker.service"


def test_an_engine_that_runs_is_never_stopped_by_a_start(systemd):
    systemd.say(state="active")
    systemd.service.start(anew=True)
    assert "stop docker.service" not in systemd.told()


def test_an_engine_that_failed_too_often_is_tried_again(systemd):
    systemd.service.restart()
    assert systemd.told() == [
        "reset-failed docker.socket docker.service",
        "daemon-reload",
        "restart docker.service",
    ]


@pytest.fixture
def former_containerd(systemd, tmp_path):
    """A containerd that runs, and whose file another took the place of."""
    program = tmp_path / "containerd-of-before"
    shutil.copy("/bin/sleep", program)
    with subprocess.Popen([str(program), "60"]) as running:
        systemd.say(containerd=running.pid)
        program.unlink()
        yield
        running.kill()


@pytest.mark.usefixtures("former_containerd")
def test_a_containerd_that_is_not_the_installed_one_is_restarted_before_the_engine_starts(systemd):
    assert systemd.service.outdated("20.10.24")
    systemd.service.start()
    assert systemd.told()[-2:] == ["restart containerd.service", "start docker.service"]


@pytest.mark.usefixtures("former_containerd")
def test_a_containerd_that_is_not_the_installed_one_is_restarted_with_the_engine(systemd):
    systemd.service.restart()
    assert systemd.told()[-1] == "restart containerd.service docker.service"
