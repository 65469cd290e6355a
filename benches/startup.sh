#!/usr/bin/env bash
# What the shim adds to the start of a tool, for which /bin/true stands, against the least that a wrapper can be and
# against wrappers that people use. All of them in one run, in turn; medians and ratios.
#
# usage: benches/startup.sh [BINARY [ROUNDS]]
set -euo pipefail

binary=$(readlink -f "${1:-target/wheeltap}")
rounds=${2:-1000}
here=$(dirname "$(readlink -f "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"${CC:-cc}" -O2 -static -o "$work/floor" "$here/floor.c"
"${CC:-cc}" -O2 -o "$work/startup" "$here/startup.c"

mkdir "$work/shims" "$work/real" "$work/bin"
ln -s "$binary" "$work/shims/pip"
cp /bin/true "$work/real/pip"
cat >"$work/bin/tee-wrapper" <<'SCRIPT'
#!/bin/sh
"$@" 2>&1 | tee -a /dev/null
SCRIPT
chmod +x "$work/bin/tee-wrapper"
export PATH="$work/shims:$work/real:/usr/local/bin:/usr/bin:/bin"
export WHEELTAP_LOG_DIR=$work/logs

# Prints a table: what, then 10th percentile, median and 90th percentile in microseconds, the median's difference to the
# first line, and its ratio to it.
table() {
  printf '\n%s\n%-34s %8s %8s %8s %8s %7s\n' "$1" "" p10 p50 p90 added ratio
  shift
  "$work/startup" "$rounds" "$@"
}

true=$work/real/pip
table "A command that cannot download" \
  "bare" "$true" list -- \
  "static C, exec" "$work/floor" exec "$true" list -- \
  "sh -c 'exec tool'" sh -c 'exec "$0" list' "$true" -- \
  "pip list through the shim" "$work/shims/pip" list

table "A command that is recorded" \
  "bare" "$true" install x -- \
  "static C, fork, exec, wait" "$work/floor" spawn "$true" install x -- \
  "tee in a shell" "$work/bin/tee-wrapper" "$true" install x -- \
  "pip install through the shim" "$work/shims/pip" install x

peers=()
for peer in tini dumb-init; do
  if program=$(command -v "$peer"); then
    peers+=(-- "$peer" "$program" "$true")
  fi
done
shim=${PYENV_ROOT:-$HOME/.pyenv}/shims/pip
if [ -x "$shim" ]; then
  peers+=(-- "pyenv's shim" env "PYENV_VERSION=system" "PATH=${shim%/shims/pip}/bin:$PATH" "$shim" list)
fi
if rustup=$(command -v rustup "$HOME/.cargo/bin/rustup" | head -1) && [ -n "$rustup" ]; then
  peers+=(-- "rustup's proxy (rustc -V runs, too)" "$(dirname "$rustup")/rustc" --version)
fi
if [ ${#peers[@]} -gt 0 ]; then
  rounds=$((rounds / 5 > 20 ? rounds / 5 : 20))
  table "Other wrappers" "bare" "$true" list "${peers[@]}" -- "pip list through the shim" "$work/shims/pip" list
fi
