#!/bin/sh
# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Runs the targets named, one after the other, and says at the end what became of each. Of targets that are joined
# by a plus sign (molecule+integration) the output comes when they are done: they run side by side.
# A failed one does not keep the others from running; it makes the exit status 1.
set -u

cd "$(dirname "$0")/.." || exit 1
logs=.cache/log
mkdir -p "$logs"
summary=$logs/summary
: >"$summary"
failed=0
engine_before=$(cat /var/run/docker.pid 2>/dev/null)

run() { # TARGET: its output is shown as it comes and kept, its status and seconds are left beside it
    begin=$(date +%s)
    rm -f "$logs/$1.status"
    { make -k "$1"; echo "$? $(($(date +%s) - begin))" >"$logs/$1.status"; } 2>&1 | tee "$logs/$1.log"
}

account() { # TARGET
    status=interrupted seconds=0
    [ ! -e "$logs/$1.status" ] || read -r status seconds <"$logs/$1.status"
    result=passed
    [ "$status" = 0 ] || { result=FAILED; failed=1; }
    closing=$(grep -E '^=+ .*(passed|failed|error|no tests ran).* =+$' "$logs/$1.log" | tail -n 1 | tr -s '=' | sed 's/^= //; s/ =$//')
    printf '%-12s %s %5s s  %s\n' "$1" "$result" "$seconds" "$closing" >>"$summary"
}

for targets in "$@"; do
    together=$(echo "$targets" | tr + ' ')
    if [ "$together" = "$targets" ]; then
        printf '\n==== make %s\n' "$targets"
        run "$targets"
    else
        printf '\n==== make %s, side by side\n' "$together"
        for target in $together; do
            run "$target" >/dev/null &
        done
        wait
        for target in $together; do
            printf '\n==== make %s said\n' "$target"
            cat "$logs/$target.log"
        done
    fi
    for target in $together; do
        account "$target"
    done
done

printf '\n==== summary\n'
cat "$summary"
engine_after=$(cat /var/run/docker.pid 2>/dev/null)
if [ "$engine_before" != "$engine_after" ]; then
    echo "A container engine was started on this machine and keeps running (process $engine_after)."
fi
[ $failed = 0 ] && echo "all passed" || echo "FAILED: the output of each target is in $logs"
exit $failed
