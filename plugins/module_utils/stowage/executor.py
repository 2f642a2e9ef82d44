# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries out operations: one short function each, one Engine API call each. Decides nothing.

Knows the engine client and the operations' shapes. The order, failures and rollbacks are walk.py's.
"""

from __future__ import annotations

import time
from typing import IO, Any, Callable, Dict, List, Mapping, Optional, Sequence, Union

from .content.context import context_of, dockerfile_in
from .engine.client import Engine
from .errors import Conflict, EngineError, NotFound, StowageError
from .model import operations as op
from .model.plan import Plan
from .model.report import Report
from .reference import parse
from .service.build import build_query, buildx_command
from .service.confighash import service_hash
from .service.labels import COMPOSE_HASH, COMPOSE_IMAGE, COMPOSE_MOUNTED_IMAGES
from .service.verdict import judge
from .tree import Tree
from .walk import Progress, Walk

Login = Callable[[str], Optional[Mapping[str, str]]]
WORKERS = 4  # the engine gets no faster with more, and a small host gets slower
LOG_LINES = 20
LONGEST_HOOK = 3600.0  # seconds; one that hangs must not hold the engine's lock for ever
_HEX = frozenset("0123456789abcdef")
SHORTEST_POLL, LONGEST_POLL = 0.02, 0.5  # seconds between two looks at a container waited for


class OperationFailed(StowageError):
    """An operation ended, but not as it had to: a hook's exit code, a wait that cannot be met."""


class Executor:
    """The operations, bound to one engine.

    ``login`` finds the credentials for a reference; ``logins`` are those told for this run, by registry;
    ``files`` leads from the digest of content brought from the controller to its path on this host, or to itself.
    """

    def __init__(
        self,
        engine: Engine,
        login: Login,
        logins: Mapping[str, Mapping[str, str]],
        files: Mapping[str, Union[str, bytes]],
        detail: Callable[[op.Operation, Mapping[str, Any]], None],
    ) -> None:
        self._engine = engine
        self._address = engine.address
        self._login = login
        self._logins = logins
        self._files = files
        self._detail = detail
        self._image_ids: Dict[str, str] = {}
        self._trees: Dict[str, Tree] = {}  # one for each directory, for its lock
        self._said: Dict[str, List[str]] = {}  # the last lines of each build, by image
        self._table: Dict[type, Callable[[Any], Any]] = {
            op.PullImage: self._pull_image,
            op.BuildImage: self._build_image,
            op.LoadImage: self._load_image,
            op.TagImage: self._tag_image,
            op.PushImage: self._push_image,
            op.RemoveImage: self._remove_image,
            op.CreateNetwork: self._create_network,
            op.RemoveNetwork: self._remove_network,
            op.ConnectNetwork: self._connect_network,
            op.DisconnectNetwork: self._disconnect_network,
            op.CreateVolume: lambda o: engine.volumes.create(o.name, dict(o.body)),
            op.RemoveVolume: self._remove_volume,
            op.CreateContainer: self._create_container,
            op.StartContainer: lambda o: engine.containers.start(self._container(o.name)),
            op.StopContainer: self._stop_container,
            op.RestartContainer: lambda o: engine.containers.restart(self._container(o.name)),
            op.UnpauseContainer: lambda o: engine.containers.unpause(self._container(o.name)),
            op.UpdateContainer: lambda o: engine.containers.update(self._container(o.name), dict(o.body)),
            op.RenameContainer: lambda o: engine.containers.rename(self._container(o.name), o.new_name),
            op.RemoveContainer: self._remove_container,
            op.RunHook: self._run_hook,
            op.WaitContainer: self._wait_container,
            op.WriteFile: self._write_file,
            op.MakeDirectory: lambda o: self._tree(o.directory).make_directory(o.name, o.mode, o.uid, o.gid),
            op.RestoreFile: lambda o: self._tree(o.directory).restore(o.name),
            op.RemoveFile: lambda o: self._tree(o.directory).remove(o.name),
            op.SettleFiles: lambda o: self._tree(o.name).settle(),
            op.RemoveFiles: lambda o: self._tree(o.name).remove_all(),
            op.Pause: lambda o: time.sleep(o.seconds),
        }

    def perform(self, operation: op.Operation) -> str:
        """Carry out one operation; returns a line worth telling, or nothing. Raises StowageError."""
        result = self._table[type(operation)](operation)
        return result if isinstance(result, str) else ""

    def explain(self, operation: op.Operation) -> List[str]:
        """The last log lines of the container a failed operation is about, or of the build that it is."""
        if isinstance(operation, op.BuildImage):
            return self._said.get(operation.name, [])
        if not isinstance(operation, (op.StartContainer, op.RestartContainer, op.WaitContainer, op.RunHook)):
            return []
        try:
            stdout, stderr = self._engine.containers.logs(self._container(operation.name), tail=str(LOG_LINES))
        except (EngineError, OSError):
            return []
        text = (stdout + stderr).decode("utf-8", "replace")
        return text.splitlines()[-LOG_LINES:]

    # -- images -------------------------------------------------------------------------------

    def _pull_image(self, operation: op.PullImage) -> str:
        login = self._login(operation.name)
        return self._engine.images.pull(operation.name, operation.platform, login, self._teller(operation))

    def _build_image(self, operation: op.BuildImage) -> str:
        if operation.archive:
            with open(self._path(operation.archive), "rb") as packed:
                return self._build(operation, packed, dockerfile_in(operation.options))
        import tempfile  # only for contexts that lie on the host

        with tempfile.TemporaryFile() as packed:
            context = context_of(operation.options)
            context.pack(packed)
            packed.seek(0)
            return self._build(operation, packed, context.dockerfile)

    def _build(self, operation: op.BuildImage, packed: IO[bytes], dockerfile: str) -> str:
        about = (operation.name, operation.options, operation.labels, operation.platform, dockerfile)
        if operation.builder == "buildkit":
            from .engine.buildx import build_with_buildx  # seldom asked for

            words, arguments = buildx_command(*about)
            return build_with_buildx(self._address, words, arguments, packed, self._logins, self._teller(operation))
        lines = self._said[operation.name] = []

        def keep(event: Mapping[str, Any]) -> None:
            lines.extend(str(event.get("stream") or "").splitlines())
            del lines[:-LOG_LINES]
            self._detail(operation, event)

        return self._engine.images.build(packed, build_query(*about), self._logins, keep)

    def _load_image(self, operation: op.LoadImage) -> str:
        with open(self._path(operation.archive), "rb") as archive:
            loaded = self._engine.images.load(archive, self._teller(operation))
        if operation.name not in loaded and len(loaded) == 1:
            self._tag(loaded[0], operation.name)
        elif operation.name not in loaded:
            raise OperationFailed(f"the archive holds {', '.join(loaded) or 'nothing'}, not {operation.name}")
        return ", ".join(loaded)

    def _tag_image(self, operation: op.TagImage) -> None:
        self._tag(operation.source, operation.name)

    def _tag(self, source: str, name: str) -> None:
        wanted = parse(name)
        self._engine.images.tag(source, wanted.familiar_name, wanted.tag)

    def _push_image(self, operation: op.PushImage) -> str:
        return self._engine.images.push(operation.name, self._login(operation.name), self._teller(operation))

    def _remove_image(self, operation: op.RemoveImage) -> str:
        try:
            _gone(lambda: self._engine.images.remove(operation.name))
        except Conflict as error:
            # Somebody built on top of it; the classic store says so only here.
            if "dependent child" not in error.message:
                raise
            return f"kept: {error.message}"
        return ""

    def _path(self, archive: str) -> str:
        return str(self._files.get(archive, archive))

    def _teller(self, operation: op.Operation) -> Callable[[Mapping[str, Any]], None]:
        return lambda event: self._detail(operation, event)

    # -- files of a stack ---------------------------------------------------------------------

    def _tree(self, directory: str) -> Tree:
        return self._trees.setdefault(directory, Tree(directory))

    def _write_file(self, operation: op.WriteFile) -> None:
        content = self._files.get(operation.archive, operation.archive)
        tree = self._tree(operation.directory)
        tree.write(operation.name, content, operation.mode, operation.uid, operation.gid)

    # -- networks and volumes -----------------------------------------------------------------

    def _create_network(self, operation: op.CreateNetwork) -> None:
        self._engine.networks.create(operation.name, dict(operation.body))

    def _remove_network(self, operation: op.RemoveNetwork) -> None:
        _gone(lambda: self._engine.networks.remove(self._network(operation.name)))

    def _connect_network(self, operation: op.ConnectNetwork) -> None:
        network, container = self._network(operation.name), self._container(operation.container)
        self._engine.networks.connect(network, container, dict(operation.endpoint))

    def _disconnect_network(self, operation: op.DisconnectNetwork) -> None:
        def disconnect() -> None:
            network, container = self._network(operation.name), self._container(operation.container)
            self._engine.networks.disconnect(network, container, force=True)

        try:
            _gone(disconnect)
        except EngineError as error:
            if "is not connected" not in error.message:
                raise

    def _remove_volume(self, operation: op.RemoveVolume) -> None:
        _gone(lambda: self._engine.volumes.remove(operation.name))

    def _network(self, name: str) -> str:
        return _exactly(name, name, self._engine.networks.inspect)

    # -- containers ---------------------------------------------------------------------------

    def _create_container(self, operation: op.CreateContainer) -> None:
        body = dict(operation.body)
        if operation.compose is not None:
            body["Labels"] = {**body["Labels"], **self._compose_labels(operation)}
        self._engine.containers.create(operation.name, body, operation.platform)

    def _compose_labels(self, operation: op.CreateContainer) -> Dict[str, str]:
        """The labels of docker compose that hold ids."""
        service = operation.compose or {}
        mounted = {
            str(mount["target"]): self._image_id(str(mount["source"]))
            for mount in service.get("volumes") or ()
            if mount.get("type") == "image"
        }
        ids = {
            key: str(self._engine.containers.inspect(self._container(name))["Id"])
            for key, name in operation.parents.items()
        }
        labels = {COMPOSE_IMAGE: self._image_id(str(operation.body["Image"]))}
        labels[COMPOSE_HASH] = service_hash(service, lambda key: ids.get(key, key))
        if mounted:
            labels[COMPOSE_MOUNTED_IMAGES] = ",".join(f"{target}={mounted[target]}" for target in sorted(mounted))
        return labels

    def _image_id(self, name: str) -> str:
        if name not in self._image_ids:
            self._image_ids[name] = str(self._engine.images.inspect(name)["Id"])
        return self._image_ids[name]

    def _stop_container(self, operation: op.StopContainer) -> None:
        _gone(lambda: self._engine.containers.stop(self._container(operation.name)))

    def _remove_container(self, operation: op.RemoveContainer) -> None:
        def remove() -> None:
            self._engine.containers.remove(self._container(operation.name), force=True, volumes=operation.volumes)

        try:
            _gone(remove)
        except Conflict as error:
            if "already in progress" not in error.message:
                raise

    def _run_hook(self, operation: op.RunHook) -> str:
        container = self._container(operation.name)
        try:
            code, output = self._engine.containers.exec_run(container, dict(operation.body), LONGEST_HOOK)
        except EngineError as error:
            if operation.required:
                raise
            return f"the {operation.hook} hook could not be run: {error.message}"
        text = output.decode("utf-8", "replace").strip()[-500:]
        if code and operation.required:
            raise OperationFailed(f"the {operation.hook} hook ended with code {code}: {text}")
        return f"the {operation.hook} hook ended with code {code}: {text}" if code else ""

    def _wait_container(self, operation: op.WaitContainer) -> str:
        container = self._container(operation.name)
        began = time.monotonic()
        poll = SHORTEST_POLL
        while True:
            seconds = time.monotonic() - began
            inspect = self._engine.containers.inspect(container)
            holds, why = judge(operation.condition, inspect, seconds, operation.monitor)
            if holds:
                return why
            if holds is False:
                raise OperationFailed(f"{operation.name} {why}")
            if seconds >= operation.timeout:
                raise OperationFailed(f"{operation.name} is not {operation.condition} after {seconds:.0f} s: {why}")
            watched = operation.monitor - seconds  # the next look comes no later than the end of the watch
            time.sleep(min(poll, watched) if watched > 0 else poll)
            poll = min(poll * 1.5, LONGEST_POLL)

    def _container(self, name: str) -> str:
        return _exactly(name, f"/{name}", self._engine.containers.inspect)


def _exactly(name: str, own_name: str, inspect: Callable[[str], Mapping[str, Any]]) -> str:
    """What names this object and no other; raises NotFound where there is none of that name.

    Where nobody has a name (any more), the engine takes it for the beginning of an id: ``db`` may be one.
    """
    if not _HEX.issuperset(name):
        return name
    found = inspect(name)
    if found.get("Name") != own_name:
        raise NotFound(f"nothing has the name {name} (any more)", status=404)
    return str(found["Id"])


def _gone(call: Callable[[], Any]) -> None:
    """Taking away what is not there any more is done already."""
    try:
        call()
    except NotFound:
        return


def execute_plan(plan: Plan, executor: Executor, progress: Progress, redact: Callable[[str], str]) -> Report:
    """Walk the plan and report. Never raises for a step that fails."""
    return Walk(plan, executor.perform, executor.explain, progress, redact, WORKERS).run()


def missing_files(plan: Plan, files: Mapping[str, Union[str, bytes]]) -> Sequence[str]:
    """The digests of content this plan needs from the controller and that is not here yet."""
    needed = [
        step.operation.archive
        for step in plan
        if isinstance(step.operation, (op.BuildImage, op.LoadImage, op.WriteFile)) and step.operation.archive
    ]
    return list(dict.fromkeys(digest for digest in needed if digest.startswith("sha256:") and digest not in files))
