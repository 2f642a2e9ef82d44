# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half of engine_packages: reads the key and the archive there, and brings what the host lacks.

Knows which files go along. What they are for is the module's to know.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleError
from ansible_collections.stowage.docker.plugins.module_utils.provision.errors import ProvisionError
from ansible_collections.stowage.docker.plugins.module_utils.provision.packages.options import SPEC
from ansible_collections.stowage.docker.plugins.plugin_utils.validated import ValidatedAction

if TYPE_CHECKING:
    from ansible_collections.stowage.docker.plugins.plugin_utils.package_files import Packages

_MODULE = "stowage.docker.engine_packages"


class ActionModule(ValidatedAction):
    """Asks the module; where that names files of the archive, brings them and asks once more."""

    SPEC = SPEC

    def work(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        try:
            options["repository_key"] = self._key(options["repository_key"])
            packages = self._packages(options)
        except (AnsibleError, OSError, ProvisionError) as error:
            return {"failed": True, "msg": " ".join(str(error).split())}
        answer = self._ask(options, packages, "", [], task_vars)
        needed = answer.pop("needed", None)
        if packages is not None and needed and not answer.get("failed"):
            # It brings half of the collection along, and is seldom needed.
            from ansible_collections.stowage.docker.plugins.plugin_utils.delivery import Delivery  # noqa: PLC0415

            brought = Delivery(self, task_vars).bring({name: str(packages.folder / name) for name in needed})
            folder = brought[needed[0]].rpartition("/")[0]
            answer = self._ask(options, packages, folder, needed, task_vars)
        if packages is not None and not answer.get("failed"):
            answer["brought"] = list(needed or ())
        return answer

    def _ask(
        self,
        options: dict[str, Any],
        packages: Packages | None,
        folder: str,
        brought: list[str],
        task_vars: dict[str, Any],
    ) -> dict[str, Any]:
        arguments = dict(options)
        if packages is not None:
            arguments["archive"] = {"offers": packages.offers(brought), "folder": folder}
        return dict(self._execute_module(_MODULE, arguments, task_vars=task_vars))

    def _key(self, named: str) -> str:
        if not named or "-----BEGIN" in named:
            return named
        from ansible_collections.stowage.docker.plugins.module_utils.provision.packages import keys  # noqa: PLC0415

        return keys.armored(Path(self._find_needle("files", named)).read_bytes())

    def _packages(self, options: dict[str, Any]) -> Packages | None:
        if options["source"] != "archive" or options["state"] != "present" or not options["archive"]:
            return None
        from ansible_collections.stowage.docker.plugins.plugin_utils.package_files import Packages  # noqa: PLC0415

        return Packages(Path(self._find_needle("files", str(options["archive"]))))
