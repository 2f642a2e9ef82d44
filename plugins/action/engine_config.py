# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half of engine_config: reads certificates here, and keeps passwords out of what is logged there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.stowage.docker.plugins.module_utils.provision.config.apart import take

_PARTS = ("ca", "cert", "key")
_DICTIONARIES = ("config", "log_options")


class ActionModule(ActionBase):
    """Completes the options and runs the module."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        options = dict(self._task.args)
        certificates = options.get("registry_certificates")
        if isinstance(certificates, dict):
            options["registry_certificates"] = {
                registry: self._read(registry, parts) for registry, parts in certificates.items()
            }
        if isinstance(options.get("proxies"), dict):
            # An unquoted no is false to YAML.
            options["proxies"] = {
                "no" if str(name).lower() == "false" else name: value for name, value in options["proxies"].items()
            }
        secrets: dict[str, str] = {}
        for name in _DICTIONARIES:
            if isinstance(options.get(name), dict):
                options[name] = take(options[name], secrets)
        if secrets:
            options["secrets"] = secrets
        done = self._execute_module("stowage.docker.engine_config", options, task_vars=task_vars)
        return {**result, **done}

    def _read(self, registry: str, parts: Any) -> Any:
        if not isinstance(parts, dict):
            return parts
        return {part: self._text(registry, part, str(name)) if part in _PARTS else name for part, name in parts.items()}

    def _text(self, registry: str, part: str, name: str) -> str:
        try:
            # Decrypts what is in a vault.
            return Path(self._loader.get_real_file(self._find_needle("files", name))).read_text(encoding="utf-8")
        except (AnsibleError, OSError, UnicodeError) as error:
            raise AnsibleActionFail(
                f"registry_certificates.{registry}.{part}: {name} cannot be read on the controller: {error}"
            ) from error
