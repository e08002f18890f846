#!/bin/sh
# Installs take5's server and its model files into a folder of its own, for docs/deploy.md and the Dockerfile.
#     [TORCH=cpu] sh deploy/install.sh FOLDER
# Needs python3-venv, and the four libraries of MediaPipe to run. Only the AVE encoder runs on PyTorch, which is left
# out unless TORCH is cpu. Run it again to update.
set -eu
[ $# = 1 ] || { echo "usage: [TORCH=cpu] sh deploy/install.sh FOLDER" >&2; exit 2; }
into=$1 torch=${TORCH:-none}
cd "$(dirname "$0")/.."

install() { "$into/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt "$@"; }

[ -x "$into/bin/python" ] || python3 -m venv "$into"
case $torch in
  none) ;;
  cpu) install torch --index-url "${TORCH_INDEX:-https://download.pytorch.org/whl/cpu}" ;;
  *) echo "TORCH is none or cpu, not '$torch'" >&2; exit 2 ;;
esac

# silero-vad asks for PyTorch, too; take5 only uses the ONNX file in it.
wanted=$(mktemp)
trap 'rm -f "$wanted"' EXIT
"$into/bin/python" - > "$wanted" <<'END'
import tomllib

with open("pyproject.toml", "rb") as file:
    project = tomllib.load(file)["project"]
for requirement in project["dependencies"] + project["optional-dependencies"]["postgresql"]:
    if not requirement.startswith(("torch", "silero-vad")):
        print(requirement)
END
install -r "$wanted" packaging
install --no-deps silero-vad
install --no-deps --force-reinstall .

# Each file is checked against the SHA-256 that take5 knows.
TAKE5_MODELS_DIR=$into/models "$into/bin/take5" models fetch
TAKE5_MODELS_DIR=$into/models "$into/bin/take5" models verify
