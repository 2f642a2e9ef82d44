#!/bin/sh
# Takes /bin/busybox out of Debian's package busybox-static into the folder $1, without installing the package:
# it would push out the one that the machine's initramfs may need.
set -eu

cd "$1"
rm -f busybox-static_*.deb
if ! apt-get download -q busybox-static; then
    apt-get update -q # a fresh machine has no package lists yet
    apt-get download -q busybox-static
fi
rm -rf unpacked
dpkg-deb --extract busybox-static_*.deb unpacked
binary=unpacked/bin/busybox
[ -e "$binary" ] || binary=unpacked/usr/bin/busybox
mv "$binary" busybox
rm -rf unpacked busybox-static_*.deb
