#!/bin/sh
# Puts secrets that are in files into the environment, as NAME_FILE says, then runs take5.
set -eu
for name in PGPASSWORD TAKE5_DATABASE TAKE5_TOKEN TAKE5_TURN_SECRET; do
  file=$(printenv "${name}_FILE" || true)
  [ -n "$file" ] || continue
  [ -r "$file" ] || { echo "${name}_FILE: $file cannot be read by user $(id -u)" >&2; exit 2; }
  value=$(cat "$file")
  [ -n "$value" ] || { echo "${name}_FILE: $file is empty" >&2; exit 2; }
  export "$name=$value"
  unset "${name}_FILE"
done
exec take5 "$@"
