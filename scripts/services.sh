#!/bin/sh
# Unpacks the services that `make test-services` runs into .cache/services, from Debian's or Ubuntu's packages.
# Nothing is installed: no maintainer script runs, no service starts, and what the system has already is used as it is.
set -eu
cd "$(dirname "$0")/.."
INTO=$PWD/.cache/services
PACKAGES="caddy coturn mmdebstrap nginx postgresql"
SUITE=bookworm # of the machines that the tests of docs/deploy.md and of the Dockerfile install take5 on

say() { printf 'services: %s\n' "$*" >&2; }

if ! command -v apt-get >/dev/null 2>&1; then
  say "please install, with your system's package manager: $PACKAGES"; exit 1
fi
if ! apt-cache show $PACKAGES >/dev/null 2>&1; then
  if [ "$(id -u)" = 0 ]; then as_root=
  elif sudo -n true 2>/dev/null; then as_root=sudo
  else say "please run: sudo apt-get update"; exit 1
  fi
  $as_root apt-get update -qq
fi

# What apt would install, the packages' dependencies among it.
needed=$(apt-get install -s --no-install-recommends $PACKAGES | sed -n 's/^Inst \([^ ]*\) .*/\1/p')
mkdir -p "$INTO/packages"
for package in $needed; do
  [ ! -e "$INTO/packages/$package" ] || continue
  say "unpacking $package"
  folder=$(mktemp -d)
  (cd "$folder" && apt-get download -qq -o APT::Sandbox::User=root "$package" >/dev/null)
  dpkg -x "$folder"/*.deb "$INTO"
  rm -r "$folder"
  touch "$INTO/packages/$package"
done

# A Debian machine in a folder, with systemd and nothing else that a bare one lacks.
machine=$INTO/debian-$SUITE
if [ "$(id -u)" != 0 ]; then
  say "the tests that install a machine need root"
elif [ ! -e "$machine" ]; then
  say "installing Debian $SUITE into $machine"
  site=$(apt-get indextargets --format '$(SITE)' 'Origin: Debian' | head -1)
  site=${site:-http://deb.debian.org/debian}
  PATH=$PATH:$INTO/usr/bin mmdebstrap --quiet --mode=root --variant=apt --include=systemd,ca-certificates \
    --dpkgopt=force-unsafe-io --aptopt='APT::Sandbox::User "root"' "$SUITE" "$machine.partial" \
    "deb $site $SUITE main" "deb $site $SUITE-updates main" \
    "deb ${site%/debian}/debian-security $SUITE-security main"
  mv "$machine.partial" "$machine"
fi
