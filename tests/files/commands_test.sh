#!/usr/bin/env bash
# Works, keys and files are never lost: default folders, --replace, full disks, two commands at once, commands killed before every change of the disk.
set -euo pipefail
ptah=$1 preload=$2
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
export HOME=$home PTAH_KEYS=$home/keys
unset XDG_DATA_HOME PTAH_PASSPHRASE_FILE
cd "$home"
wrong() { echo "$*"; ls -laR "$home" | head -60; exit 1; }
draw() { "$ptah" create "$@" --no-object --steps 1 --best-of 1 --size 128 --quiet --no-sign; }
noted() { local status=0; "${@:2}" || status=$?; echo $status > "$1"; }  # the exit status, in a file
works() { ls -A ptah-works | tr '\n' ' '; }

# A new work gets a new folder, named in any script; what the user put beside an old one stays.
draw "красная лиса"
draw "синий дракон"
draw "a red fox"
echo mine > ptah-works/a-red-fox-0/notes.txt
draw "a red fox" --style flat
[ "$(works)" = "a-red-fox-0 a-red-fox-0-2 красная-лиса-0 синий-дракон-0 " ] || wrong "default folders: $(works)"
[ "$(cat ptah-works/a-red-fox-0/notes.txt)" = mine ] || wrong "the user's notes are gone"
[ "$("$ptah" verify ptah-works/a-red-fox-0-2 > /dev/null; echo $?)" = 11 ] || wrong "the second work is not whole"
mkdir A B
cp ptah-works/a-red-fox-0/picture.png A/photo.png
cp ptah-works/a-red-fox-0-2/picture.png B/photo.png
for i in 1 2 3; do draw "owls" & done
wait
[ "$(ls -d ptah-works/owls-0* | wc -l)" = 3 ] || wrong "three at once: $(works)"

# --replace: only a whole work, only by another whole work, never what the user added.
draw "a red fox" --replace 2> said && wrong "--replace took the user's notes"
grep -q notes.txt said || wrong "what is in the way is not named: $(cat said)"
rm -r ptah-works/a-red-fox-0-2 ptah-works/a-red-fox-0/notes.txt
before=$(sha256sum < ptah-works/a-red-fox-0/picture.png)
draw "a red fox" --style flat --replace
[ "$before" != "$(sha256sum < ptah-works/a-red-fox-0/picture.png)" ] || wrong "nothing was replaced"
[ "$(ls -A ptah-works/a-red-fox-0 | tr '\n' ' ')" = "picture.png receipt.json " ] || wrong "$(ls -A ptah-works/a-red-fox-0)"
mkdir other
echo mine > other/file
draw "a red fox" --out other --replace 2> /dev/null && wrong "--replace took a folder that is no work"
[ "$(cat other/file)" = mine ] || wrong "a folder that is no work is gone"
[ -z "$(ls -d ptah-works/.* 2> /dev/null | grep -v '/\.\.\?$')" ] || wrong "something unfinished is left: $(ls -A ptah-works)"

# A full disk leaves the old work, and nothing half done.
disk="$home/disk"
mkdir "$disk"
if unshare -rm true 2> /dev/null; then
  export -f draw wrong works
  export ptah home disk
  unshare -rm bash -euo pipefail -c '
    mount -t tmpfs -o size=256k tmpfs "$disk"
    cd "$disk"
    draw "a red fox"
    before=$(cat ptah-works/a-red-fox-0/* | sha256sum)
    head -c 1m /dev/zero > filler 2> /dev/null || true
    for more in "" --replace; do
      status=0
      draw "a red fox" --style flat $more 2> /dev/null || status=$?
      [ $status = 9 ] || wrong "exit $status on a full disk"
      [ "$(works)" = "a-red-fox-0 " ] || wrong "on a full disk: $(works)"
      [ "$before" = "$(cat ptah-works/a-red-fox-0/* | sha256sum)" ] || wrong "the old work changed on a full disk"
    done
    rm filler
    draw "a red fox" --style flat --replace'
else
  echo "no small disk can be mounted here: that part is left out"
fi

# Two at once: one succeeds, the other says so, no key is lost.
for round in 1 2 3 4 5; do
  for i in 1 2; do
    noted "status$i" "$ptah" key new "k$round" --no-passphrase > "new$i" 2>&1 &
  done
  wait
  [ "$(sort status1 status2 | tr '\n' ' ')" = "0 2 " ] || wrong "two at once: $(cat status1 status2)"
  kept=$("$ptah" key list | awk -v k="k$round" '$1 == k { print $2 }')
  [ -n "$kept" ] && [ "$(cat new1 new2 | grep -c "$kept")" = 1 ] || wrong "the key that was said is not the one that is there"
done
"$ptah" key export k1 out.key
for i in 1 2; do noted "status$i" "$ptah" key import out.key again > /dev/null 2>&1 & done
wait
[ "$(sort status1 status2 | tr '\n' ' ')" = "0 2 " ] || wrong "two imports at once: $(cat status1 status2)"

# Killed before every change of the disk: the name always has a key, the old one is always there, nothing unfinished stays.
for ((n = 1; ; ++n)); do
  rm -rf "$PTAH_KEYS"
  old=$("$ptah" key new maker --no-passphrase | awk '{ print $2 }')
  status=0
  KILL_AT=$n LD_PRELOAD=$preload "$ptah" key rotate maker --no-passphrase > /dev/null 2>&1 || status=$?
  "$ptah" key list > listed
  grep -q '^maker ' listed || wrong "killed at $n: no key 'maker', later works would not be signed"
  grep -q "$old" listed || wrong "killed at $n: the old key is lost"
  [ -z "$(ls -A "$PTAH_KEYS" | grep '^\.')" ] || wrong "killed at $n: $(ls -A "$PTAH_KEYS")"
  [ $status = 0 ] && break
  [ $status = 137 ] || wrong "rotate ends with $status"
done
[ "$n" -gt 6 ] || wrong "only $n calls were seen"

# Files that must be new.
echo mine > taken.png
"$ptah" upscale A/photo.png --out taken.png > /dev/null 2>&1 && wrong "upscale wrote over a file"
"$ptah" edges A/photo.png --out taken.png > /dev/null 2>&1 && wrong "edges wrote over a file"
"$ptah" car taken.png A/photo.png > /dev/null 2>&1 && wrong "car wrote over a file"
"$ptah" mark A/photo.png taken.png --key maker > /dev/null 2>&1 && wrong "mark wrote over a file"
"$ptah" key export maker taken.png > /dev/null 2>&1 && wrong "key export wrote over a file"
[ "$(cat taken.png)" = mine ] || wrong "a file was written over"
for i in 1 2 3; do noted "status$i" "$ptah" car archive.car A/photo.png B/photo.png > /dev/null 2>&1 & done
wait
[ "$(sort status1 status2 status3 | tr '\n' ' ')" = "0 2 2 " ] || wrong "three archives at once: $(cat status1 status2 status3)"
