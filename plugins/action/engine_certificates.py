# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half of engine_certificates: options in, one case for one host, one result out.

Knows Ansible's plugin interface, and nothing of certificates: that is plugin_utils/certificates. What is done on the
host is the module's.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.stowage.docker.plugins.module_utils.options.engine_certificates import SPEC
from ansible_collections.stowage.docker.plugins.module_utils.provision.errors import ProvisionError
from ansible_collections.stowage.docker.plugins.plugin_utils.certificates import work
from ansible_collections.stowage.docker.plugins.plugin_utils.certificates.certificate import Terms
from ansible_collections.stowage.docker.plugins.plugin_utils.certificates.deciding import Wish
from ansible_collections.stowage.docker.plugins.plugin_utils.certificates.folder import Folder
from ansible_collections.stowage.docker.plugins.plugin_utils.certificates.moments import parse_moment
from ansible_collections.stowage.docker.plugins.plugin_utils.certificates.names import check_client, server_names
from ansible_collections.stowage.docker.plugins.plugin_utils.certificates.once import Once
from ansible_collections.stowage.docker.plugins.plugin_utils.validated import ValidatedAction

MODULE = "stowage.docker.engine_certificates"
_STATES = {"present": work.have, "confirmed": work.confirm, "absent": work.remove}
_TOLD = ("failed", "unreachable", "msg", "module_stderr", "module_stdout", "exception")


class HostFailed(Exception):
    """The host's half failed; the result is its own."""

    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__(result.get("msg"))
        self.result = result


class ActionModule(ValidatedAction):
    """See the module of this name."""

    SPEC = SPEC

    def work(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        self._vars = task_vars
        try:
            done = _STATES[options["state"]](self._case(options), self._ask)
        except HostFailed as failure:
            told = {key: failure.result[key] for key in _TOLD if key in failure.result}
            return {"changed": False, **told}
        except ProvisionError as error:
            return {"failed": True, "changed": False, "msg": str(error)}
        if self._task.diff and done["plan"]:
            done["diff"] = {"before": "", "after": "".join(f"{line}\n" for line in done["plan"])}
        return done

    def _case(self, options: dict[str, Any]) -> work.Case:
        now = datetime.now(timezone.utc)
        for name in options["clients"]:
            check_client(name)
        wish = Wish(
            path=options["ca"],
            ca_days=options["ca_days"],
            terms=Terms(options["days"], options["renew_days"]),
            clients=tuple(options["clients"]),
            rotate_before=parse_moment(options["rotate_before"], now),
            overlap=timedelta(days=options["overlap_days"]),
        )
        host = str(self._vars.get("inventory_hostname") or "localhost")
        names = server_names([host, self._address()], options["names"])
        check = bool(self._task.check_mode)
        folder = Folder(wish.path, options["passphrase"], writing=not check)
        first = Once(str(self._task._uuid)).first  # noqa: SLF001 - what one task has in common for all hosts
        return work.Case(host, names, wish, folder, check, now, first)

    def _address(self) -> str:
        """What Ansible reaches the host by."""
        value = self._vars.get("ansible_host")
        return str(self._templar.template(value)) if value else ""

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        """Have the host's half do something."""
        answer = self._execute_module(module_name=MODULE, module_args={"ca": "-", "order": order}, task_vars=self._vars)
        if answer.get("failed") or answer.get("unreachable"):
            raise HostFailed(dict(answer))
        return dict(answer)
