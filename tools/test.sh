#!/bin/sh
# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Runs the targets named, one after the other, and says at the end what became of each.
# A failed one does not keep the others from running; it makes the exit status 1.
set -u

cd "$(dirname "$0")/.." || exit 1
logs=.cache/log
mkdir -p "$logs"
summary=$logs/summary
: >"$summary"
failed=0
engine_before=$(cat /var/run/docker.pid 2>/dev/null)

for target in "$@"; do
    printf '\n==== make %s\n' "$target"
    begin=$(date +%s)
    rm -f "$logs/$target.status"
    { make -k "$target"; echo $? >"$logs/$target.status"; } 2>&1 | tee "$logs/$target.log"
    status=$(cat "$logs/$target.status" 2>/dev/null || echo interrupted)
    seconds=$(($(date +%s) - begin))
    result=passed
    [ "$status" = 0 ] || { result=FAILED; failed=1; }
    closing=$(grep -E '^=+ .*(passed|failed|error|no tests ran).* =+$' "$logs/$target.log" | tail -n 1 | tr -s '=' | sed 's/^= //; s/ =$//')
    printf '%-12s %s %5s s  %s\n' "$target" "$result" "$seconds" "$closing" >>"$summary"
done

printf '\n==== summary\n'
cat "$summary"
engine_after=$(cat /var/run/docker.pid 2>/dev/null)
if [ "$engine_before" != "$engine_after" ]; then
    echo "A container engine was started on this machine and keeps running (process $engine_after)."
fi
[ $failed = 0 ] && echo "all passed" || echo "FAILED: the output of each target is in $logs"
exit $failed
