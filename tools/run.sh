#!/bin/sh
# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Runs a command in one of the virtual environments: tools/run.sh SET COMMAND...
# Ansible sees this tree as the collection stowage.docker and no configuration or collections of the machine.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
venv=$("$root/tools/venv.sh" "$1")
shift

# ansible wants UTF-8, which a fresh machine's locale is not.
export LC_ALL=C.UTF-8
export PATH="$venv/bin:$PATH" VIRTUAL_ENV="$venv"
unset PYTHONHOME PYTHONPATH
export ANSIBLE_CONFIG="$root/tools/ansible.cfg"
export ANSIBLE_COLLECTIONS_PATH="$root/.cache"
exec "$@"
