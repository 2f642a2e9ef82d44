#!/bin/sh
# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Runs the scenarios of extensions/molecule (all, or those named) on the laid-out collection, each to its end, two at a
# time: they wait for hosts and packages more than they reckon. What each said comes when it has ended.
set -u

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root/.cache/ansible_collections/stowage/docker" || exit 1
export NO_COLOR=1 ANSIBLE_NOCOLOR=1
# shellcheck disable=SC2046 # names of folders of ours, one word each
[ $# -gt 0 ] || set -- $(find extensions/molecule -mindepth 2 -maxdepth 2 -name molecule.yml | sort | cut -d/ -f3)
[ $# -gt 1 ] || exec molecule test --scenario-name "$1"

logs=$root/.cache/log/molecule
rm -rf "$logs"
mkdir -p "$logs"
# shellcheck disable=SC2016 # for the shell that xargs starts
printf '%s\n' "$@" | xargs -n 1 -P 2 sh -c '
    molecule test --scenario-name "$2" >"$1/$2" 2>&1 </dev/null || touch "$1/$2.failed"
    cat "$1/$2"
' sh "$logs"

failed=$(find "$logs" -name '*.failed' -exec basename {} .failed \;)
[ -z "$failed" ] || { echo "molecule: failed: $(echo "$failed" | tr '\n' ' ')"; exit 1; }
