#!/usr/bin/env python3
"""Commands print through cli/output.h, which makes texts of strangers printable, and no other part prints: python3 output_test.py SRC."""
import re
import sys
from pathlib import Path

source = Path(sys.argv[1])
allowed = {"cli/output.h", "cli/output.cpp", "cli/completion.cpp"}  # completion prints the program's own words
prints = re.compile(r"\bfmt::print\(|\bstd::(cout|cerr|clog|puts|printf|fprintf|fputs)\b|(?<![\w:])(printf|fprintf|puts)\(")
faults = []
for file in sorted(source.rglob("*")):
    name = file.relative_to(source).as_posix()
    if file.suffix not in (".cpp", ".h") or name in allowed:
        continue
    for number, line in enumerate(file.read_text().splitlines(), 1):
        if prints.search(line.split("//")[0]):
            faults.append(f"{name}:{number}: {line.strip()[:100]}")
if faults:
    sys.exit("these print without cli/output.h (print, print_error, print_text, print_json):\n" + "\n".join(faults))
