#define _GNU_SOURCE
#include "kill_at.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int last_call, calls, write_error, plain_rename;

void kill_at(int n) {
  last_call = n;
  calls = 0;
}
void fail_writes_with(int error) { write_error = error; }
void rename_plainly(int yes) { plain_rename = yes; }

__attribute__((constructor)) static void begin(void) {
  const char* at = getenv("KILL_AT");
  if (at) kill_at(atoi(at));
  plain_rename = getenv("PLAIN_RENAME") != NULL;
}

static void step(void) {
  if (last_call > 0 && __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST) == last_call) kill(getpid(), SIGKILL);
}

#pragma GCC diagnostic ignored "-Wpedantic"  // dlsym gives functions as data pointers; POSIX asks for that
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define PASS(type, name, parameters, arguments) \
  type name parameters {                        \
    step();                                     \
    return REAL(name) arguments;                \
  }

PASS(int, rename, (const char* a, const char* b), (a, b))
PASS(int, renameat, (int f, const char* a, int g, const char* b), (f, a, g, b))
PASS(int, link, (const char* a, const char* b), (a, b))
PASS(int, linkat, (int f, const char* a, int g, const char* b, int flags), (f, a, g, b, flags))
PASS(int, unlink, (const char* a), (a))
PASS(int, unlinkat, (int f, const char* a, int flags), (f, a, flags))
PASS(int, rmdir, (const char* a), (a))
PASS(int, mkdir, (const char* a, mode_t mode), (a, mode))
PASS(int, fsync, (int f), (f))
PASS(int, fdatasync, (int f), (f))
PASS(int, ftruncate, (int f, off_t size), (f, size))
PASS(int, ftruncate64, (int f, off64_t size), (f, size))
PASS(int, fchmod, (int f, mode_t mode), (f, mode))
PASS(ssize_t, pwrite, (int f, const void* data, size_t size, off_t at), (f, data, size, at))
PASS(ssize_t, pwrite64, (int f, const void* data, size_t size, off64_t at), (f, data, size, at))
PASS(ssize_t, send, (int f, const void* data, size_t size, int flags), (f, data, size, flags))

int renameat2(int f, const char* a, int g, const char* b, unsigned flags) {
  step();
  if (plain_rename && flags) {
    errno = EINVAL;
    return -1;
  }
  return REAL(renameat2)(f, a, g, b, flags);
}

ssize_t write(int f, const void* data, size_t size) {
  step();
  if (write_error) {
    if (size > 8) return REAL(write)(f, data, size / 2);
    errno = write_error;
    return -1;
  }
  return REAL(write)(f, data, size);
}

#define OPEN(name)                                                                \
  int name(const char* path, int flags, ...) {                                    \
    va_list list;                                                                 \
    va_start(list, flags);                                                        \
    const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, mode_t) : 0; \
    va_end(list);                                                                 \
    if (flags & (O_WRONLY | O_RDWR)) step();                                      \
    return REAL(name)(path, flags, mode);                                         \
  }
OPEN(open)
OPEN(open64)
