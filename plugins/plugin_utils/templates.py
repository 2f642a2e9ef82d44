# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts and variables of the controller, as Ansible gives them: vaults opened, templates rendered.

Knows Ansible's loader and templar, in the versions there are. Knows nothing of what is read.
"""

# ruff: noqa: SLF001  what Ansible offers to action plugins begins with an underscore
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError

from ..module_utils.stowage.content import ContentError

try:
    from ansible.template import trust_as_template
except ImportError:  # before ansible-core 2.19 every text is a template

    def trust_as_template(value: str) -> str:
        """The text itself."""
        return value


SUFFIX = ".j2"


class Texts:
    """What one task can read. ``action`` is the running action plugin."""

    def __init__(self, action: Any, task_vars: Mapping[str, Any]) -> None:
        self._action = action
        self._vars = task_vars

    def read(self, path: Path) -> str:
        """A file's text, decrypted where it is a vault, rendered where its name ends in .j2. Raises OSError."""
        try:
            text = self.content(path).decode()
            return self._render(text, path) if path.name.endswith(SUFFIX) else text
        except UnicodeDecodeError as error:
            raise OSError(f"is not UTF-8: {error}") from error
        except AnsibleError as error:
            raise OSError(" ".join(str(error).split())) from error

    def content(self, path: Path) -> bytes:
        """A file's content, decrypted where it is a vault. Raises OSError."""
        loader = self._action._loader
        real = ""
        try:
            real = loader.get_real_file(str(path))
            return Path(real).read_bytes()
        except AnsibleError as error:
            raise OSError(" ".join(str(error).split())) from error
        finally:
            if real and real != str(path):
                loader.cleanup_tmp_file(real)

    def variable(self, name: str) -> str | None:
        """A variable of the host by its name, where it is a plain value. Raises ContentError for a broken template."""
        if name not in self._vars:
            return None
        try:
            value = self._action._templar.template(self._vars[name])
        except AnsibleError as error:
            raise ContentError(f"the variable {name} of the host: {' '.join(str(error).split())}") from error
        if isinstance(value, bool):
            return "true" if value else "false"
        # Before ansible-core 2.19 what a vault holds is no string, but becomes one.
        return str(value) if isinstance(value, (str, int, float)) or hasattr(value, "__ENCRYPTED__") else None

    def _render(self, text: str, path: Path) -> str:
        templar = self._action._templar.copy_with_new_env(
            searchpath=[str(path.parent)], available_variables=dict(self._vars)
        )
        rendered = templar.template(trust_as_template(text), escape_backslashes=False)
        return rendered if isinstance(rendered, str) else str(rendered)
