#!/bin/sh
# Sets up everything that the demo and the tests need: system packages, a virtual environment, the model files.
# Needs Debian or Ubuntu with Python 3.11 or newer; elsewhere it names what is missing.
set -eu
VENV=${VENV:-.venv}
TORCH_INDEX=${TORCH_INDEX:-}

say() { printf 'setup: %s\n' "$*" >&2; }

find_python() {
  for python in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11; do
    [ -n "$python" ] && command -v "$python" >/dev/null 2>&1 || continue
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$python"; return; }
  done
  say "Python 3.11 or newer is needed; found $(python3 --version 2>&1 || true). Set PYTHON=/path/to/python3."
  exit 1
}

# Installs the Debian packages given, or names the command that does.
system_packages() {
  if ! command -v apt-get >/dev/null 2>&1; then
    say "please install, with your system's package manager: $*"; exit 1
  elif [ "$(id -u)" = 0 ]; then as_root=
  elif sudo -n true 2>/dev/null; then as_root=sudo
  else say "please run: sudo apt-get install $*"; exit 1
  fi
  say "installing $*"
  $as_root apt-get update -qq
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

has_library() { ldconfig -p 2>/dev/null | grep -q "$1"; }

alsa_plugin() { find /usr/lib -name 'libasound_module_pcm_pulse.so' 2>/dev/null | head -1; }

python=$(find_python)
missing=
command -v espeak-ng >/dev/null 2>&1 || missing="$missing espeak-ng"
has_library libportaudio.so.2 || missing="$missing libportaudio2"
has_library libGL.so.1 || missing="$missing libgl1" # these four: MediaPipe, and the OpenCV that it brings along
has_library libEGL.so.1 || missing="$missing libegl1"
has_library libGLESv2.so.2 || missing="$missing libgles2"
has_library libgthread-2.0.so.0 || missing="$missing libglib2.0-0"
if [ "${TAKE5_TESTS:-}" ]; then # what only the tests need: a browser, a sound server, OBS's WebRTC
  command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
  command -v pulseaudio >/dev/null 2>&1 || missing="$missing pulseaudio"
  command -v pactl >/dev/null 2>&1 || missing="$missing pulseaudio-utils"
  [ -e "$(alsa_plugin)" ] || missing="$missing libasound2-plugins"
  command -v node >/dev/null 2>&1 || missing="$missing nodejs"
  command -v npm >/dev/null 2>&1 || missing="$missing npm"
fi
"$python" -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
[ -z "$missing" ] || system_packages $missing

[ -x "$VENV/bin/python" ] || "$python" -m venv "$VENV"
say "installing Python packages into $VENV (a few minutes and, with PyTorch's CPU build, about 300 MB of downloads)"
"$VENV/bin/python" -m pip install -q --disable-pip-version-check \
  ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} -c constraints.txt -e '.[dev]'
"$VENV/bin/take5" models fetch
if [ "${TAKE5_TESTS:-}" ]; then
  say "installing the tests' WHIP sender and their check of the page's accessibility (npm)"
  npm --prefix tests/support/whip_clients/node ci --silent --no-audit --no-fund
  npm --prefix tests/support/axe ci --silent --no-audit --no-fund
  say "installing a web shop's build tools for the tests (npm)"
  npm --prefix tests/support/embed_consumer ci --silent --no-audit --no-fund
fi
