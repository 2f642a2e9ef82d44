# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is expected of each runtime, and what to do about the ways in which it refuses. Tables, pure.

The table of refusals says in an operator's words what runtimes say in their own; each entry was met, or is in the
runtime's source.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple


@dataclass(frozen=True)
class Kind:
    """A runtime: the program that is it, and whether its containers have a kernel of their own."""

    program: str
    own_kernel: bool


KINDS = {
    "runc": Kind("runc", own_kernel=False),
    "crun": Kind("crun", own_kernel=False),
    "runsc": Kind("runsc", own_kernel=True),
    "kata": Kind("containerd-shim-kata-v2", own_kernel=True),
}

_NETWORK = (
    "this gVisor is older than August 2024, and on kernels from 6.11 on takes the network of any container for the "
    "host's own. Install a newer one, or give up its own network stack: engine_runtime_arguments: "
    "{runsc: [--network=host]} has containers use the kernel's stack in their own network namespace, "
    "[--network=none] gives them no network"
)
_PLATFORM = (
    "this gVisor does not have the platform that engine_runtime_arguments names: leave --platform out, or name one "
    "that `runsc help flags` has (ptrace everywhere, systrap since 2023, kvm with /dev/kvm)"
)
_KVM = (
    "the host has no hardware virtualization, or is a virtual machine without it: switch it on in the firmware "
    "or the hypervisor, and load kvm_intel or kvm_amd"
)
_PROGRAM = "the runtime's program is not where the engine looks: install its package, or name its path in engine_config"

# Part of what the engine said, and what to do.
REFUSALS: Tuple[Tuple[str, str], ...] = (
    ("cannot run with network enabled in root network namespace", _NETWORK),
    ("unknown platform", _PLATFORM),
    ("/dev/kvm", _KVM),
    ("executable file not found", _PROGRAM),
    ("no such file or directory", _PROGRAM),
    ("unknown or invalid runtime name", "the engine does not know this runtime: engine_runtimes registers it"),
)


def advice(said: str) -> str:
    """Return what to do about a refusal; "" where it is none that is known."""
    lowered = said.lower()
    return next((what for part, what in REFUSALS if part.lower() in lowered), "")


def kind_of(name: str, program: str) -> Kind:
    """Return what to expect of a runtime by its name, else by its program; of others only that they run."""
    if name in KINDS:
        return KINDS[name]
    base = program.rpartition("/")[2]
    return next((kind for kind in KINDS.values() if kind.program == base), Kind(program, own_kernel=False))
