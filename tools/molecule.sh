#!/bin/sh
# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Runs the scenarios of extensions/molecule (all, or those named) on the laid-out collection, each to its end.
set -u

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root/.cache/ansible_collections/stowage/docker" || exit 1
export NO_COLOR=1 ANSIBLE_NOCOLOR=1
# shellcheck disable=SC2046 # names of folders of ours, one word each
[ $# -gt 0 ] || set -- $(find extensions/molecule -mindepth 2 -maxdepth 2 -name molecule.yml | sort | cut -d/ -f3)

failed=
for scenario in "$@"; do
    molecule test --scenario-name "$scenario" || failed="$failed $scenario"
done
[ -z "$failed" ] || { echo "molecule: failed:$failed"; exit 1; }
