#!/bin/sh
# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes packages with the names of Docker's own out of Debian's, so that an engine really runs from them, in a folder
# that is laid out as Docker's repository. Runs on a test host that has an engine's packages at its mirror.
#   docker-repository.sh FOLDER CODENAME CHANNEL=VERSION...
set -eu
export LC_ALL=C.UTF-8

root=$1/debian
codename=$2
shift 2
work=$(mktemp -d)
architecture=$(dpkg --print-architecture)
cd "$work"
chmod 777 .
[ -n "$(find /var/lib/apt/lists -name '*Release' -print -quit)" ] || apt-get update -q
apt-get download -q docker.io docker-cli containerd runc tini
for package in docker.io docker-cli containerd runc tini; do
    dpkg-deb -R "$package"_*.deb "$package"
    rm "$package"_*.deb
done
# tini is what the engine calls docker-init; Docker's package has it inside, and so has this one.
cp -a docker.io docker-ce
install -D tini/usr/bin/tini docker-ce/usr/libexec/docker/docker-init
ln -sf ../libexec/docker/docker-init docker-ce/usr/bin/docker-init
rm -rf docker-ce/usr/share/doc docker-ce/usr/share/man
cp -a docker-cli docker-ce-cli
rm -rf docker-ce-cli/usr/share/doc
cp -a containerd containerd.io
cp -a runc/usr containerd.io/
rm -rf containerd.io/usr/share/doc

plugin() {
    mkdir -p "docker-$1-plugin/DEBIAN" "docker-$1-plugin/usr/libexec/docker/cli-plugins"
    cat >"docker-$1-plugin/usr/libexec/docker/cli-plugins/docker-$1" <<PLUGIN
#!/bin/sh
if [ "\$1" = docker-cli-plugin-metadata ]; then
    echo '{"SchemaVersion":"0.1.0","Vendor":"test","Version":"v0.0.1","ShortDescription":"test"}'
else
    echo "a plugin of the tests: \$*"
fi
PLUGIN
    chmod 755 "docker-$1-plugin/usr/libexec/docker/cli-plugins/docker-$1"
}
plugin compose
plugin buildx

control() { # PACKAGE VERSION FIELDS...
    package=$1
    {
        printf 'Package: %s\nVersion: %s\nArchitecture: %s\nMaintainer: The tests <tests@localhost>\n' \
            "$1" "$2" "$architecture"
        printf 'Description: %s of the tests\n' "$1"
        shift 2
        printf '%s\n' "$@"
    } >"$package/DEBIAN/control"
    rm -f "$package/DEBIAN/md5sums"
}

build() { # CHANNEL PACKAGE
    mkdir -p "$root/dists/$codename/pool/$1/$architecture"
    dpkg-deb -Znone --root-owner-group -b "$2" "$root/dists/$codename/pool/$1/$architecture" >/dev/null
}

once=yes
for entry in "$@"; do
    channel=${entry%%=*}
    version=5:${entry#*=}
    control docker-ce "$version" "Depends: containerd.io, docker-ce-cli, iptables, libsystemd0, adduser" \
        "Conflicts: docker, docker-engine, docker.io" "Replaces: docker-engine"
    control docker-ce-cli "$version" "Conflicts: docker.io" "Replaces: docker.io"
    build "$channel" docker-ce
    build "$channel" docker-ce-cli
    if [ -n "$once" ]; then
        control containerd.io 1.7.24-1 "Provides: containerd, runc" "Conflicts: containerd, runc" "Replaces: containerd, runc"
        control docker-compose-plugin 2.26.1-1 "Conflicts: docker-compose-v2"
        control docker-buildx-plugin 0.13.1-1 "Conflicts: docker-buildx"
        for package in containerd.io docker-compose-plugin docker-buildx-plugin; do
            build "$channel" "$package"
        done
    fi
    once=
done

# The list of each channel, as dpkg-scanpackages would make it.
cd "$root"
for channel in stable test; do
    list=dists/$codename/$channel/binary-$architecture
    mkdir -p "$list" "dists/$codename/pool/$channel/$architecture"
    : >"$list/Packages"
    for file in "dists/$codename/pool/$channel/$architecture"/*.deb; do
        [ -e "$file" ] || continue
        dpkg-deb -f "$file" >>"$list/Packages"
        printf 'Filename: %s\nSize: %s\nSHA256: %s\n\n' "$file" "$(stat -c %s "$file")" \
            "$(sha256sum "$file" | cut -d' ' -f1)" >>"$list/Packages"
    done
done
rm -rf "$work"
cd "dists/$codename"
find stable test -name Packages -exec sha256sum {} + | while read -r digest path; do
    printf ' %s %s %s\n' "$digest" "$(stat -c %s "$path")" "$path"
done
