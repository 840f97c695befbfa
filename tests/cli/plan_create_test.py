#!/usr/bin/env python3
"""What `create` takes is what was planned, and not much less: python3 plan_create_test.py PTAH."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ptah = str(pathlib.Path(sys.argv[1]).absolute())
MIB = 1 << 20
problems = []
with tempfile.TemporaryDirectory() as scratch:
    for i, options in enumerate([[], ["--no-object"], ["--picture", "drawn"], ["--route", "picture"], ["--size", "512"]]):
        command = [ptah, "create", "a red fox", *options, "--no-sign", "--quiet", "--out", f"{scratch}/{i}"]
        refused = subprocess.run([*command, "--budget", "1M"], capture_output=True, text=True)
        planned = re.search(r"this needs (\d+) MiB", refused.stderr)
        if not planned:
            problems.append(f"{options}: {refused.stderr}")
            continue
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        peak, limit = usage.ru_maxrss * 1024 / MIB, int(planned[1])
        print(f"{' '.join(options) or 'as it is'}: planned {limit} MiB, took {peak:.0f} MiB")
        if status or not peak <= limit <= 2 * peak:
            problems.append(f"{options}: status {status}, planned {limit} MiB, took {peak:.0f} MiB")
if problems:
    sys.exit("\n".join(problems))
