#!/usr/bin/env python3
"""Whether the image that tools/container/Containerfile describes has every library that the program needs: container_test.py PROGRAM. On Debian only."""
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PART_OF_EVERY_IMAGE = {"libc6", "libgcc-s1", "libstdc++6", "zlib1g", "libzstd1"}


def main():
    if not shutil.which("dpkg-query"):
        print("this is not Debian: left out")
        return
    program = sys.argv[1]
    needed = set(re.findall(r"\(NEEDED\).*\[(.+)\]", subprocess.run(["readelf", "-d", program], capture_output=True, text=True, check=True).stdout))
    places = {}
    for line in subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout.splitlines():
        if found := re.match(r"\s*(\S+) => (/\S+)", line):
            places[found[1]] = pathlib.Path(found[2]).resolve()
    last = (ROOT / "tools" / "container" / "Containerfile").read_text().rpartition("\nFROM ")[2]
    installed = PART_OF_EVERY_IMAGE | set(re.findall(r"\blib[a-z0-9.+-]+\b(?=\s)", last))
    missing = set()
    for library in needed & set(places):
        place = str(places[library])  # packages know it as /lib/… or as /usr/lib/…
        of = subprocess.run(["dpkg-query", "-S", place, place.removeprefix("/usr")], capture_output=True, text=True).stdout
        package = of.partition(":")[0]
        if package and package not in installed:
            missing.add(package)
    if missing:
        sys.exit(f"tools/container/Containerfile does not install {', '.join(sorted(missing))}, which {program} needs")


main()
