#!/bin/sh
# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
# Installs the packages given as arguments after the first, which names the layer's own script, and runs
# that. Services stay stopped: there is no init yet.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

script=$1
shift

release=
if [ -f /recipe/target-sources ]; then
    # A newer suite beside the host's own: taken only by who asks for it.
    release=$(sed -n 's/^Suites: //p' /recipe/target-sources)
    cp /recipe/target-sources "/etc/apt/sources.list.d/$release.sources"
    printf 'Package: *\nPin: release n=%s\nPin-Priority: 100\n' "$release" >"/etc/apt/preferences.d/$release"
fi

if [ $# -gt 0 ]; then
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
    apt-get update -q
    apt-get install -q -y --no-install-recommends ${release:+-t "$release"} "$@"
    rm /usr/sbin/policy-rc.d
fi
sh "/recipe/$script"
apt-get clean
rm -rf /var/lib/apt/lists/* /recipe
find /var/log -type f -delete
