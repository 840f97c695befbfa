"""Thirty ways out of a sandbox. Each one that works prints its name; the last line counts those that were tried.

Standard input names the folders of users outside, a line each."""
import ctypes
import glob
import os
import signal
import subprocess
import sys

HOMES = sys.stdin.read().split("\n")[:-1]
assert HOMES, "whose folders are outside?"
libc = ctypes.CDLL(None, use_errno=True)
NUMBERS = {"x86_64": dict(mount=165, ptrace=101, unshare=272, keyctl=250, bpf=321, perf=298, userfaultfd=323, uring=425, setns=308, open_by_handle=304, process_vm_readv=310,
                          pivot_root=155, chroot=161, reboot=169, init_module=175, kexec=246, clone3=435, memfd=319, mknod=133, pidfd_getfd=438, socket=41),
           "aarch64": dict(mount=40, ptrace=117, unshare=97, keyctl=219, bpf=280, perf=241, userfaultfd=282, uring=425, setns=268, open_by_handle=265, process_vm_readv=270,
                           pivot_root=41, chroot=51, reboot=142, init_module=105, kexec=104, clone3=435, memfd=279, mknod=33, pidfd_getfd=438, socket=198)}
CALL = NUMBERS[os.uname().machine]


def call(name, *arguments):
    """Whether the kernel did it."""
    return libc.syscall(CALL[name], *arguments) >= 0


def internet():
    import socket
    socket.create_connection(("1.1.1.1", 53), 2)
    return True


def loopback():
    import socket
    socket.socket(socket.AF_INET, socket.SOCK_STREAM).bind(("127.0.0.1", 0))
    return True


def unix_socket():
    import socket
    socket.socket(socket.AF_UNIX)
    return True


def write(path):
    with open(path, "w") as file:
        file.write("x")
    return True


def read(*patterns):
    for pattern in patterns:
        for path in glob.glob(pattern):
            with open(path, "rb") as file:
                if file.read(1):
                    return True
    return False


def other_processes():
    """Signals to processes outside: none of them is seen, and process 1 of the namespace does not take them."""
    for pid in list(range(2, 5)) + [os.getppid()]:
        if pid not in (os.getpid(), 0):
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue
            if pid != 1:
                return pid > 3  # its own relatives
    return False


def capability():
    libc.prctl(8, 1, 0, 0, 0)  # keep capabilities
    os.setuid(0)
    return os.getuid() == 0


def setuid_program():
    return any(os.access(path, os.X_OK) and subprocess.run([path, "-c", "id -u"], capture_output=True, timeout=5, input=b"").stdout.strip() == b"0" for path in ("/usr/bin/su", "/usr/bin/sudo"))


def new_namespace_by_clone():
    return libc.syscall({"x86_64": 56, "aarch64": 220}[os.uname().machine], 0x10000000 | signal.SIGCHLD, 0, 0, 0, 0) > 0


def link_outside():
    os.symlink("/etc/passwd", "link")
    return read("link")


def old_root():
    return any(os.path.exists(path) for path in ("/../etc/passwd", os.path.join("/proc/1", "root", "etc", "passwd"), "../../etc/shadow", *HOMES))


def raise_limits():
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    return True


ESCAPES = [
    ("connect to the internet", internet), ("listen on the loopback", loopback), ("a Unix socket", unix_socket), ("a raw socket by its number", lambda: call("socket", 17, 3, 0)),
    ("read passwords", lambda: read("/etc/passwd", "/etc/shadow")), ("read keys of users", lambda: read(*(home + "/.ssh/*" for home in HOMES))),
    ("read the environment of others", lambda: read("/proc/*/environ")), ("see variables of the host", lambda: any(k.startswith(("AWS", "PTAH", "SSH", "CCACHE")) for k in os.environ)),
    ("write to /usr", lambda: write("/usr/escaped")), ("write to the root", lambda: write("/escaped")), ("write to /dev", lambda: write("/dev/escaped")),
    ("a link that leads out", link_outside), ("the old root", old_root), ("mount a file system", lambda: call("mount", b"none", b".", b"tmpfs", 0, 0)),
    ("pivot_root", lambda: call("pivot_root", b".", b".")), ("chroot", lambda: call("chroot", b".")), ("make a device", lambda: call("mknod", b"mem", 0o20666, 0x101)),
    ("new user namespace", lambda: call("unshare", 0x10000000)), ("new namespace by clone", new_namespace_by_clone), ("new namespace by clone3", lambda: call("clone3", 0, 0)),
    ("join a namespace", lambda: call("setns", 0, 0)), ("trace the parent", lambda: call("ptrace", 16, os.getppid(), 0, 0)),
    ("read the parent's memory", lambda: call("process_vm_readv", os.getppid(), 0, 0, 0, 0, 0)), ("kill processes outside", other_processes),
    ("become root", capability), ("a program with the bit of its owner", setuid_program), ("load a kernel module", lambda: call("init_module", b"", 0, b"")),
    ("a program for the kernel (bpf)", lambda: call("bpf", 0, 0, 0)), ("io_uring", lambda: call("uring", 8, 0)), ("lift the limits", raise_limits),
]

tried = 0
for name, attempt in ESCAPES:
    tried += 1
    try:
        if attempt():
            print("ESCAPED:", name)
    except (OSError, subprocess.SubprocessError, ValueError, PermissionError) as problem:
        print("refused:", name, "-", type(problem).__name__, file=sys.stderr)
print(tried, "tried")
