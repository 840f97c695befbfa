# What the tests of command lines share: a folder of their own with its own keys, no standard input, and checks that count failures. Sourced.
# shellcheck shell=bash
place=$(mktemp -d)
trap 'chmod -R u+w "$place"; rm -rf "$place"' EXIT
cd "$place" || exit 1
exec </dev/null
export PTAH_KEYS=$place/keys
failures=0
wrong() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}
# refused STATUS TEXT COMMAND …: ends with that status and TEXT on standard error
refused() {
  local wanted=$1 text=$2 status
  shift 2
  timeout 120 "$@" >out 2>err </dev/null
  status=$?
  [ "$status" = "$wanted" ] || wrong "$*: status $status, expected $wanted ($(head -c 300 err))"
  grep -qF -- "$text" err || wrong "$*: '$(head -c 400 err)' does not say '$text'"
}
# works COMMAND …: ends with 0; standard output in out
works() {
  timeout 600 "$@" >out 2>err || wrong "$*: status $? ($(head -c 400 err))"
}
says() { grep -qF -- "$1" "${2:-out}" || wrong "no '$1' in '$(head -c 300 "${2:-out}")'"; }
# The end of a test: its exit status says whether anything failed.
report() {
  [ $failures = 0 ] || { echo "$failures failures"; exit 1; }
}
