#!/bin/sh
# Unpacks the services that `make test-services` runs into .cache/services, from Debian's or Ubuntu's packages.
# Nothing is installed: no maintainer script runs, no service starts, and what the system has already is used as it is.
set -eu
cd "$(dirname "$0")/.."
INTO=$PWD/.cache/services
PACKAGES="coturn nginx postgresql"

say() { printf 'services: %s\n' "$*" >&2; }

if ! command -v apt-get >/dev/null 2>&1; then
  say "please install, with your system's package manager: coturn nginx postgresql"; exit 1
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
