// Stands before the system calls that change the disk: a process can be killed at the n-th of them, a disk can be full, a file system can be old.
// Linked into a test, or preloaded: KILL_AT=n, PLAIN_RENAME=1.
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/// Kills this process with SIGKILL before its n-th such call from now on; 0: never.
void kill_at(int n);
/// From now on writes put half of their bytes and then fail with this errno; 0: they work again.
void fail_writes_with(int error);
/// renameat2() knows no flags, as on file systems without them.
void rename_plainly(int yes);

#ifdef __cplusplus
}
#endif
