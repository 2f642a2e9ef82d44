# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does what was planned, and where the engine does not take it, puts back what was. Decides nothing else.

In this order: notes of what is meant, all new files beside the old, the exchange, the engine, notes of what is. Killed
anywhere, the notes and the files let the next run see where it stands.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import replace
from typing import Collection, List, Optional

from ..commands import Commands, last_lines
from ..continuity import start_again
from ..errors import ProvisionError
from ..files import Files
from ..memory import Memory
from ..published import ports_kept
from ..service import Service
from . import in_force, keys, unit
from .observed import PART, Observed, RunningEngine, process_now, remembered
from .plan import Plan
from .staging import Exchange, sweep

# How long the engine may take to say that it has read its configuration anew, in seconds.
_RELOAD_SECONDS = 20.0
_OF_TLS = frozenset({"tlsverify", "tlscacert", "tlscert", "tlskey"})


def validate(plan: Plan, seen: Observed, commands: Commands, missing: Collection[str] = ()) -> None:
    """Have dockerd itself judge the document, where it can; nothing is written for it.

    ``missing`` are files that will be there, and are not yet: what names them is left out. Raises ProvisionError with
    what it says.
    """
    change = plan.config
    if change is None or change.text is None or seen.version < keys.VALIDATES_SINCE:
        return
    memory = os.memfd_create("daemon.json")
    try:
        text = _without(change.text, missing) if missing else change.text
        os.write(memory, text.encode("utf-8", "surrogateescape"))
        place = f"/proc/{os.getpid()}/fd/{memory}"
        flags = [word for word in unit.plain_flags([*plan.command, *seen.script]) if "--config-file" not in word]
        done = commands.run("dockerd", "--validate", f"--config-file={place}", *flags, timeout=60)
    finally:
        os.close(memory)
    if done.code:
        said = last_lines(done.output.replace(place, seen.config), 5)
        raise ProvisionError(f"dockerd refuses the configuration, and nothing was changed: {said}")


def _without(text: str, missing: Collection[str]) -> str:
    """Return a document without the files that are still to come, and without what would be open to all then."""
    document = json.loads(text)
    named = {key for key, value in document.items() if isinstance(value, str) and value in missing}
    if named & _OF_TLS:
        named |= {*_OF_TLS, "hosts"}
    return json.dumps({key: value for key, value in document.items() if key not in named})


class Actor:
    """Carries a plan out on this host."""

    def __init__(
        self,
        plan: Plan,
        seen: Observed,
        files: Files,
        commands: Commands,
        service: Service,
        engine: Optional[RunningEngine],
    ) -> None:
        self._plan = plan
        self._seen = seen
        self._files = files
        self._commands = commands
        self._service = service
        self._engine = engine
        self._memory = Memory(files, PART)
        self._exchange = Exchange(files)
        # How far it came: what has to be put right again where something fails.
        self._reloaded = False
        self._restarted = False

    def act(self) -> List[str]:
        """Do it all; returns what people should know of. Raises ProvisionError once everything is as it was."""
        if not self._plan.steps:
            return []
        places = (self._seen.config, unit.DROP_IN, *(change.path for change in self._plan.files))
        sweep(self._files, sorted({os.path.dirname(path) for path in places}))
        self._memory.keep(remembered(self._plan.started))
        with self._open_ports():
            try:
                told = self._change()
            except (ProvisionError, OSError) as error:
                raise ProvisionError("\n".join([str(error), *self._put_back()])) from error
        self._exchange.settle()
        self._memory.keep(remembered(replace(self._plan.done, process=process_now(self._service))))
        return told

    def _open_ports(self) -> contextlib.AbstractContextManager[None]:
        need = self._plan.need
        if need.how != in_force.RESTART or not need.keeps:
            return contextlib.nullcontext()
        # Two restarts at most, each with its time to stop and to answer.
        return ports_kept(self._commands, 2 * self._service.timeout + 180)

    def _change(self) -> List[str]:
        plan, engine = self._plan, self._engine
        for change in plan.files:
            self._exchange.stage(change.path, change.text, change.mode)
        if plan.config:
            self._exchange.stage(plan.config.path, plan.config.text, plan.config.mode)
        interim = plan.before if plan.before is not None else plan.during
        if interim is not None:
            self._exchange.hold(self._seen.config)
            self._files.write(self._seen.config, interim, self._seen.mode)
            self._reload()
        self._exchange.commit()
        if any(change.path == unit.DROP_IN for change in plan.files) and plan.need.how != in_force.RESTART:
            self._service.read_units()
        if plan.need.how == in_force.RELOAD and plan.during is None:
            self._reload()
        if plan.need.how != in_force.RESTART or engine is None:
            return []
        self._restarted = True
        self._service.restart()
        return [] if in_force.moved(plan.need) else start_again(engine, self._seen.containers)

    def _reload(self) -> None:
        if self._engine is None:
            return
        self._reloaded = True
        if not self._engine.reload(self._service, min(_RELOAD_SECONDS, self._service.timeout)):
            raise ProvisionError(
                f"the engine did not take up {self._seen.config} when told to read it anew\n{self._service.log()}"
            )

    def _put_back(self) -> List[str]:
        """Have everything as it was; returns what to say of it."""
        self._exchange.undo()
        notes = self._seen.notes
        if self._restarted or (self._reloaded and self._service.answer() is None):
            # The process that the notes speak of is gone; what the next one runs with stands in the files.
            self._memory.keep(remembered(replace(notes, process="", running={})))
            try:
                self._service.restart()
            except ProvisionError as error:
                return ["The former configuration is back, and the engine does not start with it either:", str(error)]
            told = start_again(self._engine, self._seen.containers) if self._engine else []
            return ["The former configuration is back, and the engine runs with it; containers that ran run.", *told]
        self._memory.keep(remembered(notes))
        if self._reloaded and self._engine is not None:
            with contextlib.suppress(ProvisionError):
                self._engine.reload(self._service, _RELOAD_SECONDS)
        return ["Nothing was changed."]
