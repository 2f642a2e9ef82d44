#!/usr/bin/python
# Copyright: (c) 2026, The stowage authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installs and removes an engine's packages; the work is done by module_utils/provision/packages."""

from __future__ import annotations

DOCUMENTATION = r"""
module: engine_packages
short_description: Have the packages of a container engine, from one source and in one version, or have none
version_added: 0.1.0
author:
  - The stowage authors (@stowage)
description:
  - Installs, upgrades, downgrades, holds and removes all parts of an engine together, in one transaction
    of the package manager, conflicting packages included.
  - The plan is what apt says that it will do, in check mode by its simulation, else by the transaction itself, which
    waits before its first change until the plan is found good. On a host that has fetched no lists of packages yet,
    check mode fetches them into a folder of its own and leaves nothing behind.
  - No service is started, stopped or restarted meanwhile. M(stowage.docker.engine_service) does that.
  - Works with apt and dpkg, or with dnf, by their commands; nothing else is needed on the host. With dnf the plan names
    the packages that are asked for, and not what they need.
extends_documentation_fragment:
  - stowage.docker.attributes.provision
options:
  state:
    description:
      - V(absent) removes the packages, the role's own source and key, and the files that other parts of the role made
        on this host. Images, containers and volumes stay, unless O(purge). Where Docker's engine and Podman are both
        there, what belongs to the one that O(kind) does not name stays.
      - V(stopped) is the beginning of V(absent). It fails where that would, and else stops containers and engine, and
        removes nothing.
    type: str
    choices: [present, stopped, absent]
    default: present
  purge:
    description: With O(state=absent), removes the engine's data, its configuration and its group too. What others keep
      in the folder that C(data-root) names stays, and a warning names it.
    type: bool
    default: false
  stopped:
    description:
      - With O(state=absent), says that an earlier task with O(state=stopped) tells what is stopped. In check mode that
        task has not stopped it, and it is not told again.
    type: bool
    default: false
  leave:
    description:
      - With O(state=absent), parts of the role whose files stay, since they take back by themselves what they set.
    type: list
    elements: str
    default: []
  kind:
    description: Which engine.
    type: str
    choices: [docker, podman]
    default: docker
  source:
    description:
      - Where packages come from. V(distro) is the distribution, V(docker) is Docker's repository, whose source file and
        key are written then, V(archive) is packages that the controller brings.
      - Entries of apt that name Docker's repository as well are switched off meanwhile, and on again once the role's
        own source goes.
      - V(auto) keeps the source of what is there, an engine without a package included; where nothing is, it is the
        distribution with apt, and Docker's repository with dnf.
    type: str
    choices: [auto, distro, docker, archive]
    default: auto
  version:
    description:
      - The version of all parts, as C(28.5.2) or C(28), or as the package's whole version. The newest package
        that fits is taken. Empty keeps what is there; V(latest) upgrades.
    type: str
    default: ""
  versions:
    description:
      - Exact versions of single packages, older ones too, by name. They win over O(version). Those that are neither
        there nor about to come with the engine are left out.
    type: dict
    default: {}
  allow_downgrade:
    description: Whether O(version) may be older than what is there.
    type: bool
    default: false
  hold:
    description:
      - Holds the packages at their version. The module itself lifts the hold where it has to. V(false) lifts those
        holds that the module made.
    type: bool
    default: true
  release:
    description: The suite that the distribution's packages are taken from, where it is not the host's own.
    type: str
    default: ""
  channel:
    description: The channel of Docker's repository. V(test) has the stable one besides.
    type: str
    choices: [stable, test]
    default: stable
  repository:
    description: Docker's repository, or a mirror that is laid out alike.
    type: str
    default: https://download.docker.com/linux
  repository_key:
    description:
      - A file on the controller with the repository's public key, armored or not, or the armored key itself. Empty
        fetches C(gpg) from the repository.
    type: str
    default: ""
  repository_fingerprint:
    description:
      - The fingerprints that the key may have. The defaults are those of Docker's keys for deb and for rpm. Empty
        trusts any key.
    type: list
    elements: str
    default: [9DC858229FC7DD38854AE2D88D81803C0EBFCD88, 060A61C51B558A7F742B77AAC52FEB6B621E9F35]
  archive:
    description:
      - A folder on the controller with the packages of O(source=archive), and with all that they need and the host
        lacks. Only what the host lacks is sent.
    type: raw
    default: ""
  client:
    description: Whether the command C(docker) is wanted.
    type: bool
    default: true
  compose:
    description: Whether C(docker compose) is wanted.
    type: bool
    default: false
  buildx:
    description: Whether C(docker buildx) is wanted.
    type: bool
    default: false
  packages:
    description: More packages, installed together with the engine.
    type: list
    elements: str
    default: []
  runtimes:
    description: Runtimes besides runc. One whose program is found on the host already needs no package.
    type: list
    elements: str
    choices: [crun, runsc, kata]
    default: []
  rootless:
    description: Whether the packages are wanted that engines without root need.
    type: bool
    default: false
  lock_timeout:
    description: How long another process that installs packages is waited for, in seconds.
    type: int
    default: 300
  cache_valid:
    description: How old the lists of packages may be before they are fetched again, in seconds.
    type: int
    default: 3600
attributes:
  diff_mode:
    details:
      - The diff is the packages that come, go or change, a line each.
  idempotent:
    description: A second run with the same options changes nothing.
    support: full
"""

EXAMPLES = r"""
- name: Have the distribution's engine, as it is
  stowage.docker.engine_packages:

- name: Have Docker's own, all parts in one version, with the plugins
  stowage.docker.engine_packages:
    source: docker
    version: "28.5"
    compose: true
    buildx: true

- name: See which versions an upgrade could choose from
  stowage.docker.engine_packages:
    version: latest
  check_mode: true
  register: found

- name: Remove the engine, and keep its data
  stowage.docker.engine_packages:
    state: absent
"""

RETURN = r"""
plan:
  description: What is done, or in check mode would be done, each with its reason.
  returned: success
  type: list
  elements: str
  sample: ["InstallPackage docker.io 26.1.5+dfsg1-9 (is missing)", "HoldPackage docker.io (engine_hold)"]
source:
  description: Where the packages come from; V(other) is an engine that came without a package.
  returned: success
  type: str
  sample: distro
packages:
  description: The engine's packages and those that were asked for, with their versions, once this is done.
  returned: success
  type: dict
  sample: {docker.io: 26.1.5+dfsg1-9}
offered:
  description:
    - The engine's versions that can be had, newest first, at most 20. Empty where there was no reason to look.
  returned: success
  type: list
  elements: str
  sample: [26.1.5+dfsg1-9]
returnable:
  description:
    - The engine's packages that were there before and can be had in the same version, with that. Empty where there was
      no reason to look.
  returned: success
  type: dict
  sample: {docker.io: 26.1.5+dfsg1-9}
parts:
  description: What the role had set on this host before, by the names of its parts.
  returned: success
  type: list
  elements: str
  sample: [packages, config]
brought:
  description: The files of the archive that were sent, as the host lacked them.
  returned: when packages came from the archive
  type: list
  elements: str
  sample: [docker.io_26.1.5+dfsg1-9_amd64.deb]
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.stowage.docker.plugins.module_utils import provisioning
from ansible_collections.stowage.docker.plugins.module_utils.provision.commands import Commands
from ansible_collections.stowage.docker.plugins.module_utils.provision.files import Files
from ansible_collections.stowage.docker.plugins.module_utils.provision.packages.model import Result
from ansible_collections.stowage.docker.plugins.module_utils.provision.packages.options import SPEC, wanted_of


def work(options: Dict[str, Any], check: bool) -> provisioning.Outcome:
    """Have the packages, or have none."""
    wanted, files, commands = wanted_of(options), Files(), Commands()
    if options["state"] != "present":
        from ansible_collections.stowage.docker.plugins.module_utils.provision.packages.absence import remove  # noqa: PLC0415

        return outcome_of(remove(wanted, check, files, commands, only_stop=options["state"] == "stopped"))
    from ansible_collections.stowage.docker.plugins.module_utils.provision.packages.presence import provide  # noqa: PLC0415

    return outcome_of(provide(wanted, check, files, commands))


def outcome_of(result: Result) -> provisioning.Outcome:
    """Put a result into the bridge's terms."""
    facts = {**result.facts(), **({"needed": result.needed} if result.needed else {})}
    return provisioning.Outcome(result.plan, _text(result.before), _text(result.after), facts, result.warnings)


def _text(packages: Dict[str, str]) -> str:
    return "".join(f"{name} {version}\n" for name, version in sorted(packages.items()))


def main() -> None:
    provisioning.run(AnsibleModule(argument_spec=SPEC, supports_check_mode=True), work)


if __name__ == "__main__":
    main()
