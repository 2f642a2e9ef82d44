# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides which of a stack's files to write, and which to take away, in its directory on the host.

What containers mount is written before they are replaced for it, and its former content kept until all of
them run: a replacement that fails gets it back. Knows nothing of what is in the files.

What differs is known before the containers are planned, and has its step once somebody needs it.
"""

from __future__ import annotations

from typing import List, Mapping, Optional

from ..model.desired import Container, File
from ..model.observed import ObservedTree
from ..model.operations import FileOperation, MakeDirectory, Operation, RemoveFile, RestoreFile, SettleFiles, WriteFile
from ..service.grants import KEPT
from ..service.labels import COMPOSE_DIRECTORY, SCOPE
from .world import World


def find_changes(world: World) -> None:
    """Note each file that is not as declared, and each that is declared no more."""
    desired = world.desired
    tree = _tree(world)
    if is_gone(world) or _is_anothers(world):
        return
    declared = {file.path for file in desired.files}
    for file in desired.files:
        cause = _difference(file, tree.files.get(file.path))
        if cause:
            _note(world, _operation(file, desired.directory, cause))
    if world.policy.prune and not desired.left:
        # The deepest first, so that a folder is empty when its turn comes.
        for path in sorted(tree.placed - declared, reverse=True):
            _note(world, RemoveFile(path, "not in the project any more", desired.directory))


def _is_anothers(world: World) -> bool:
    """Report a directory that another stack of the host has: each would take the other's files away."""
    mine = world.desired
    for container in world.observed.containers.values() if mine.files else ():
        owner = container.labels.get(SCOPE, "")
        if owner not in ("", mine.scope) and container.labels.get(COMPOSE_DIRECTORY) == mine.directory:
            world.draft.refuse(f"$.stacks.{mine.scope}.directory", f"is the directory of the stack {owner}")
            return True
    return False


def is_gone(world: World) -> bool:
    """Whether none of the stack's files stays, since nothing of the stack does."""
    return world.policy.prune and not world.desired.containers and not world.desired.files


def plan_files(world: World) -> None:
    """Add the steps that no container has asked for, but for what would only be read by one yet to be made."""
    for path, operation in list(world.plan.files.items()):
        late = is_kept(path, world) and not isinstance(operation, RemoveFile) and not _is_read(path, world)
        if operation.directory == world.desired.directory and not late:
            file_step(path, world)


def file_step(path: str, world: World) -> int:
    """The step that changes the file."""
    if path not in world.plan.file_steps:
        way = _clear_way(path, world)
        world.plan.file_steps[path] = world.draft.add(world.plan.files[path], way)
    return world.plan.file_steps[path]


def _clear_way(path: str, world: World) -> List[int]:
    """The steps after which no file is where a folder has to be, and no folder where a file has to be."""
    operation = world.plan.files[path]
    if isinstance(operation, RemoveFile):
        return []
    prefix = f"{operation.directory}/"
    folders = operation.name.split("/")[:-1]
    above = [prefix + "/".join(folders[:count]) for count in range(1, len(folders) + 1)]
    steps = [file_step(place, world) for place in above if isinstance(world.plan.files.get(place), RemoveFile)]
    found = _tree(world).files.get(operation.name)
    if found is None or (found["kind"] == "directory") == isinstance(operation, MakeDirectory):
        return steps
    inside = [place for place in world.plan.files if place.startswith(f"{path}/")]
    steps += [file_step(place, world) for place in inside]
    if operation.name in _tree(world).placed:
        steps.append(world.draft.add(RemoveFile(operation.name, operation.cause, operation.directory), steps))
    return steps


def is_kept(path: str, world: World) -> bool:
    """Whether it is content that is no file of the project: docker compose has it elsewhere."""
    return path.startswith(f"{world.desired.directory}/{KEPT}/")


def _is_read(path: str, world: World) -> bool:
    """Whether a container made here reads it."""
    readers = [container for container in world.declared.values() if _reads(container, path)]
    found = [world.observed.containers.get(reader.name) for reader in readers]
    return any(container is not None and SCOPE in container.labels for container in found)


def restore_files(container: Container, world: World, cause: str) -> List[Operation]:
    """What gives the container's predecessor the files back with which it ran."""
    directory = world.desired.directory
    prefix = f"{directory}/"
    paths = dict.fromkeys([*changes_for(container, world), *unsettled_for(container, world)])
    return [RestoreFile(path[len(prefix) :], cause, directory) for path in paths]


def changes_for(container: Container, world: World) -> List[str]:
    """The files this plan changes that the container mounts, by their path on the host."""
    return [path for path in world.plan.files if _reads(container, path)]


def unsettled_for(container: Container, world: World) -> List[str]:
    """The files a former run changed that the container mounts, and of which it kept what was there before."""
    paths = (f"{world.desired.directory}/{path}" for path in sorted(_tree(world).formers))
    return [path for path in paths if _reads(container, path)]


def _reads(container: Container, path: str) -> bool:
    return any(_is_read_by(path, source) for source in container.reads)


def _is_read_by(path: str, source: str) -> bool:
    """Whether a mount's source is the file, or a folder with it in which it is not hidden."""
    below = path[len(source) + 1 :] if path.startswith(f"{source}/") else ""
    return path == source or bool(below and not below.startswith(f"{KEPT}/"))


def plan_settling(world: World) -> None:
    """Forget former contents, once everything else is done."""
    directory = world.desired.directory
    prefix = f"{directory}/"
    changed = bool(directory) and any(path.startswith(prefix) for path in world.plan.file_steps)
    if is_gone(world) or not (_tree(world).formers or changed):
        return
    world.draft.add(SettleFiles(directory, "all that reads its files runs with them"), world.draft.ends())


def _tree(world: World) -> ObservedTree:
    return world.observed.trees.get(world.desired.directory, ObservedTree())


def _note(world: World, operation: FileOperation) -> None:
    world.plan.files[operation.target] = operation


def _difference(file: File, found: Optional[Mapping[str, object]]) -> str:
    if found is None:
        return "is missing"
    if found["kind"] != ("file" if file.digest else "directory"):
        return f"is a {found['kind']}"
    if not file.digest:
        return ""  # what is in it may have made it its own since, mode and owner included
    if found["digest"] != file.digest:
        return "changed"
    if found["mode"] != file.mode:
        return f"mode {found['mode']:04o} -> {file.mode:04o}"
    for key, wanted in (("uid", file.uid), ("gid", file.gid)):
        if wanted is not None and found[key] != wanted:
            return f"{key} {found[key]} -> {wanted}"
    return ""


def _operation(file: File, directory: str, cause: str) -> FileOperation:
    if not file.digest:
        return MakeDirectory(file.path, cause, directory, file.mode, file.uid, file.gid)
    return WriteFile(file.path, cause, directory, file.digest, file.mode, file.uid, file.gid)
