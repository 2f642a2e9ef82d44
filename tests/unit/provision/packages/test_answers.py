# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What apt and dpkg print, read. The texts are theirs, from Debian 12 and 13."""

from __future__ import annotations

from provision.packages import answers
from provision.packages.model import Change, Offer, Package

PACKAGES = """\
docker.io\t26.1.5+dfsg1-9\thold\tinstalled
runc\t1.1.15\tinstall\thalf-configured
tini\t0.19.0\tinstall\ttriggers-pending
old\t1.0\tdeinstall\tconfig-files
never\t\tunknown\tnot-installed
libc6\t2.41\tinstall\tinstalled
libc6\t2.40\thold\tinstalled
"""
POLICY = """\
docker.io:
  Installed: 26.1.5+dfsg1-9+deb13u1
  Candidate: 26.1.5+dfsg1-9+deb13u1+b1
  Version table:
     28.5.2+dfsg4-5 100
        100 http://deb.example/debian sid/main amd64 Packages
     26.1.5+dfsg1-9+deb13u1+b1 500
        500 http://deb.example/debian trixie/main amd64 Packages
 *** 26.1.5+dfsg1-9+deb13u1 500
        500 http://security.example/debian-security trixie-security/main amd64 Packages
        100 /var/lib/dpkg/status
     26.1.4 -1
         -1 http://deb.example/debian trixie/main amd64 Packages
pinned:
  Installed: (none)
  Candidate: (none)
  Version table:
     2.0 -1
         -1 http://deb.example/debian trixie/main amd64 Packages
ahead:
  Installed: 3.0
  Candidate: 3.0
  Version table:
 *** 3.0 100
        100 /var/lib/dpkg/status
     2.0 500
        500 file:/srv/repository ./ Packages
        500 file:/srv/repository pool/ Packages
gone:
  Installed: 1.0
  Candidate: 1.0
  Version table:
 *** 1.0 100
        100 /var/lib/dpkg/status
unknown:
  Installed: (none)
  Candidate: (none)
  Version table:
"""
SIMULATION = """\
Reading package lists...
The following packages will be REMOVED:
  tini
Remv tini [0.19.0-3+b8]
Purg old [1.0]
Inst tini-static (0.19.0-6+b2 Debian:unstable [amd64])
Inst docker.io [26.1.5+dfsg1-9] (28.5.2+dfsg4-5 Debian:unstable [amd64]) []
Inst docker-cli [26.1.5+dfsg1-9] (28.5.2+dfsg4-5 Debian:unstable [amd64])
Conf tini-static (0.19.0-6+b2 Debian:unstable [amd64])
"""
ANNOUNCEMENT = """\
VERSION 3
APT::Architecture=amd64
APT::Default-Release=
DPkg::Pre-Install-Pkgs::=/bin/./sh /somewhere/gate

tini 0.19.0-3+b8 amd64 none > - - none **REMOVE**
runc - - none < 1.1.15+ds1-2 amd64 none /var/cache/apt/archives/runc_1.1.15+ds1-2_amd64.deb
login.defs 1:4.17.4-2 all foreign < 1:4.17.4-2+deb13u1 all foreign /var/cache/apt/archives/with a blank_all.deb
runc - - none < 1.1.15+ds1-2 amd64 none **CONFIGURE**
libc6 2.41 i386 same > 2.40 i386 same /var/cache/apt/archives/libc6_2.40_i386.deb
"""


def test_what_is_there():
    assert answers.parse_packages(PACKAGES) == {
        "docker.io": Package("26.1.5+dfsg1-9", held=True),
        "runc": Package("1.1.15", whole=False),
        "tini": Package("0.19.0"),
        "libc6": Package("2.41"),
    }
    assert answers.parse_residues(PACKAGES) == ["old"]


def test_what_can_be_had():
    assert answers.parse_policy(POLICY) == {
        "docker.io": Offer(
            "26.1.5+dfsg1-9+deb13u1+b1",
            ("28.5.2+dfsg4-5", "26.1.5+dfsg1-9+deb13u1+b1", "26.1.5+dfsg1-9+deb13u1", "26.1.4"),
            {
                "28.5.2+dfsg4-5": "sid",
                "26.1.5+dfsg1-9+deb13u1+b1": "trixie",
                "26.1.5+dfsg1-9+deb13u1": "trixie-security",
                "26.1.4": "trixie",
            },
        ),
        "pinned": Offer("", ("2.0",), {"2.0": "trixie"}),
        "ahead": Offer("3.0", ("2.0",), {}),  # places without releases
    }


def test_what_would_be_done():
    assert answers.parse_simulation(SIMULATION) == [
        Change("tini", "0.19.0-3+b8", None),
        Change("old", "1.0", None),
        Change("tini-static", None, "0.19.0-6+b2"),
        Change("docker.io", "26.1.5+dfsg1-9", "28.5.2+dfsg4-5"),
        Change("docker-cli", "26.1.5+dfsg1-9", "28.5.2+dfsg4-5"),
    ]


def test_what_only_others_need():
    text = "Package: runc\nArchitecture: amd64\nAuto-Installed: 1\n\nPackage: podman\nAuto-Installed: 0\n\n"
    assert answers.parse_automatic(text) == {"runc"}


def test_how_much_room_it_takes():
    text = "Package: runc\nInstalled-Size: 10\nSize: 2000\n\nPackage: tini\nSize: 5\nDescription: Size: 7\n"
    assert answers.parse_sizes(text) == {
        "runc": {"archive": 2000, "installed": 10240},
        "tini": {"archive": 5, "installed": 0},
    }


def test_why_it_failed():
    text = """\
Reading package lists...
The following packages have unmet dependencies:
 docker.io : Depends: runc (>= 1.0.0~rc8~) but it is not installable
             Depends: tini but it is not installable
E: Unable to correct problems, you have held broken packages.
"""
    assert answers.complaints(text) == (
        "docker.io : Depends: runc (>= 1.0.0~rc8~) but it is not installable\nDepends: tini but it is not installable"
    )
    full = "Unpacking x ...\ndpkg: error processing archive x.deb (--unpack):\n cannot copy extracted data: No space left on device\nE: Sub-process /usr/bin/dpkg returned an error code (1)\n"
    assert "No space left on device" in answers.complaints(full)
    assert answers.complaints("all\nis\nwell") == "all\nis\nwell"


def test_what_a_transaction_announces():
    assert answers.parse_announcement(ANNOUNCEMENT) == [
        Change("tini", "0.19.0-3+b8", None),
        Change("runc", None, "1.1.15+ds1-2"),
        Change("login.defs", "1:4.17.4-2", "1:4.17.4-2+deb13u1"),
        Change("libc6:i386", "2.41", "2.40"),
    ]
    assert answers.parse_announcement("") == []
