# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be done to an engine: one frozen value per Engine API call.

Knows what each operation needs and how it reads in a plan. Knows neither why it was chosen
(``cause`` arrives as words) nor how it is carried out. What takes something away that the engine
cannot give back is a :class:`Destructive`, a type of its own, so that no flag has to be remembered.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Mapping, Optional


@dataclass(frozen=True)
class Operation:
    """One call. ``cause`` says why in words an operator reads: ``port 8080:80 removed``.

    ``waits`` marks those that change nothing.
    """

    name: str
    cause: str
    waits: ClassVar[bool] = False

    @property
    def kind(self) -> str:
        """The operation's name as plans print it, for example ``CreateContainer``."""
        return type(self).__name__

    @property
    def target(self) -> str:
        """The object the operation is about, as the operator named it."""
        return self.name


class Destructive(Operation):
    """An operation whose effect cannot be taken back."""


# -- images --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PullImage(Operation):
    """``POST /images/create``. ``digest`` is what the registry answered, where it was asked."""

    platform: str = ""
    digest: str = ""


@dataclass(frozen=True)
class BuildImage(Operation):
    """``POST /build``, or buildx where ``builder`` says so. ``options`` is compose's build section."""

    options: Mapping[str, Any] = field(repr=False)
    labels: Mapping[str, str]
    builder: str = "classic"
    platform: str = ""
    archive: Optional[str] = None


@dataclass(frozen=True)
class LoadImage(Operation):
    """``POST /images/load`` of an archive that lies on the host."""

    archive: str


@dataclass(frozen=True)
class TagImage(Operation):
    """``POST /images/{source}/tag``."""

    source: str

    @property
    def target(self) -> str:
        return f"{self.source} as {self.name}"


@dataclass(frozen=True)
class PushImage(Operation):
    """``POST /images/{name}/push``."""


@dataclass(frozen=True)
class RemoveImage(Destructive):
    """``DELETE /images/{name}``: unties the tag, and deletes the image where it was the last."""


# -- networks and volumes ------------------------------------------------------------------------


@dataclass(frozen=True)
class CreateNetwork(Operation):
    """``POST /networks/create``."""

    body: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class RemoveNetwork(Destructive):
    """``DELETE /networks/{name}``."""


@dataclass(frozen=True)
class ConnectNetwork(Operation):
    """``POST /networks/{name}/connect`` with an EndpointSettings."""

    container: str
    endpoint: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def target(self) -> str:
        return f"{self.container} to {self.name}"


@dataclass(frozen=True)
class DisconnectNetwork(Operation):
    """``POST /networks/{name}/disconnect``, forced, so that stopped containers are let go as well."""

    container: str

    @property
    def target(self) -> str:
        return f"{self.container} from {self.name}"


@dataclass(frozen=True)
class CreateVolume(Operation):
    """``POST /volumes/create``."""

    body: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class RemoveVolume(Destructive):
    """``DELETE /volumes/{name}``: the data goes with it."""


# -- containers ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class CreateContainer(Operation):
    """``POST /containers/create?name=``.

    ``compose`` is a service as docker compose prints it, for labels that hold what is known only now: the
    image's id, and a hash over the service with the ids of the containers that ``parents`` names for it.
    """

    body: Mapping[str, Any] = field(repr=False)
    platform: str = ""
    compose: Optional[Mapping[str, Any]] = field(default=None, repr=False)
    parents: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class StartContainer(Operation):
    """``POST /containers/{name}/start``; one that runs already is left alone."""


@dataclass(frozen=True)
class StopContainer(Operation):
    """``POST /containers/{name}/stop``; the container's own stop signal and grace period hold."""


@dataclass(frozen=True)
class RestartContainer(Operation):
    """``POST /containers/{name}/restart``."""


@dataclass(frozen=True)
class UnpauseContainer(Operation):
    """``POST /containers/{name}/unpause``."""


@dataclass(frozen=True)
class UpdateContainer(Operation):
    """``POST /containers/{name}/update`` with just the fields that differ."""

    body: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class RenameContainer(Operation):
    """``POST /containers/{name}/rename``."""

    new_name: str

    @property
    def target(self) -> str:
        return f"{self.name} to {self.new_name}"


@dataclass(frozen=True)
class RemoveContainer(Destructive):
    """``DELETE /containers/{name}?force=1``; ``volumes`` takes its anonymous volumes along."""

    volumes: bool = False


@dataclass(frozen=True)
class RunHook(Operation):
    """``POST /containers/{name}/exec`` and its start: a post_start or pre_stop hook.

    ``body`` is the exec request (Cmd, User, Env, WorkingDir, Privileged).
    """

    hook: str
    body: Mapping[str, Any] = field(repr=False)
    required: bool = True

    @property
    def target(self) -> str:
        return f"{self.hook} in {self.name}"


@dataclass(frozen=True)
class WaitContainer(Operation):
    """``GET /containers/{name}/json`` until ``condition`` holds: running, healthy or completed.

    ``running`` must hold for ``monitor`` seconds without a restart. All give up after ``timeout``
    seconds, and at once when the condition can no longer come true.
    """

    condition: str
    timeout: float
    monitor: float = 0.0
    waits: ClassVar[bool] = True

    @property
    def target(self) -> str:
        return f"{self.name} {self.condition}"


# -- files of a stack ----------------------------------------------------------------------------


@dataclass(frozen=True)
class FileOperation(Operation):
    """Something done to one file of the ``directory``; ``name`` is its path there."""

    directory: str

    @property
    def target(self) -> str:
        return f"{self.directory}/{self.name}"


@dataclass(frozen=True)
class WriteFile(FileOperation):
    """Put content brought from the controller into its place; what was there before is kept for a while."""

    archive: str
    mode: int
    uid: Optional[int] = None
    gid: Optional[int] = None


@dataclass(frozen=True)
class MakeDirectory(FileOperation):
    """A folder, with its mode and owner."""

    mode: int
    uid: Optional[int] = None
    gid: Optional[int] = None


@dataclass(frozen=True)
class RestoreFile(FileOperation):
    """Bring back what was there before the last change."""


@dataclass(frozen=True)
class RemoveFile(FileOperation, Destructive):
    """Take away a file that was brought here; its content is kept for a while."""


@dataclass(frozen=True)
class SettleFiles(Operation):
    """All that reads the files runs with them: forget their former contents. ``name`` is the directory."""


@dataclass(frozen=True)
class RemoveFiles(Destructive):
    """Take away everything that was brought into a directory, and the directory where nothing else is in it."""


@dataclass(frozen=True)
class Pause(Operation):
    """No call at all: the ``delay`` between two batches of a rolling update, in seconds."""

    seconds: float
    waits: ClassVar[bool] = True
