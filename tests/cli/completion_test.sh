#!/usr/bin/env bash
# What `ptah completion` prints completes commands, their commands and their options.
set -euo pipefail
source <("$1" completion)
expect() {
  local wanted=$1
  shift
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
  _ptah || true  # nothing to complete is no mistake
  [ "${COMPREPLY[*]}" = "$wanted" ] || { echo "$*: '${COMPREPLY[*]}', expected '$wanted'"; exit 1; }
}
expect create ptah cr
expect forget ptah memory fo
expect --all ptah memory forget --a
expect --seed ptah create "a red fox" --se
expect --lookup ptah generate --model x --loo
expect "" ptah nothing --lo
complete -p ptah | grep -q _ptah
