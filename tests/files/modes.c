// Preloaded: notes in $MODES_LOG, a line each, what files and folders are made with, whose mode is changed, and what is renamed.
//   made MODE PATH | mode MODE PATH | name OLD <tab> NEW
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#pragma GCC diagnostic ignored "-Wpedantic"  // dlsym gives functions as data pointers; POSIX asks for that
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void note(const char* format, ...) {
  const int before = errno;
  const char* log = getenv("MODES_LOG");
  char line[3 * PATH_MAX];
  va_list list;
  va_start(list, format);
  const int size = vsnprintf(line, sizeof(line), format, list);
  va_end(list);
  if (log && size > 0 && size < (int)sizeof(line)) {
    const int file = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (file >= 0) {
      (void)!syscall(SYS_write, file, line, (size_t)size);
      syscall(SYS_close, file);
    }
  }
  errno = before;
}

/// The absolute path of an open file.
static const char* path_of(int file, char* out) {
  char link[64];
  snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
  const ssize_t size = readlink(link, out, PATH_MAX - 1);
  out[size < 0 ? 0 : size] = 0;
  return out;
}
static const char* absolute(const char* path, char* out) {
  if (*path == '/') return path;
  char here[PATH_MAX];
  if (!getcwd(here, sizeof(here))) return path;
  snprintf(out, 2 * PATH_MAX, "%s/%s", here, path);
  return out;
}
/// A file that may be new: what it is now.
static int opened(int file, int flags, int was_there) {
  char path[PATH_MAX];
  struct stat info;
  if (file >= 0 && flags & O_CREAT && !was_there && fstat(file, &info) == 0) note("made %o %s\n", info.st_mode & 07777, path_of(file, path));
  return file;
}
static int is_there(int folder, const char* path) { return faccessat(folder, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0; }

#define MODE_OF(flags)                                                          \
  va_list list;                                                                 \
  va_start(list, flags);                                                        \
  const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, mode_t) : 0; \
  va_end(list)
#define OPEN(name)                                                     \
  int name(const char* path, int flags, ...) {                         \
    MODE_OF(flags);                                                    \
    const int there = flags & O_CREAT ? is_there(AT_FDCWD, path) : 1;  \
    return opened(REAL(name)(path, flags, mode), flags, there);        \
  }
OPEN(open)
OPEN(open64)
#define OPENAT(name)                                                   \
  int name(int folder, const char* path, int flags, ...) {             \
    MODE_OF(flags);                                                    \
    const int there = flags & O_CREAT ? is_there(folder, path) : 1;    \
    return opened(REAL(name)(folder, path, flags, mode), flags, there); \
  }
OPENAT(openat)
OPENAT(openat64)

#define FOPEN(name)                                                                            \
  FILE* name(const char* path, const char* how) {                                              \
    const int flags = strpbrk(how, "wa") ? O_CREAT : 0, there = flags ? is_there(AT_FDCWD, path) : 1; \
    FILE* const file = REAL(name)(path, how);                                                  \
    if (file) opened(fileno(file), flags, there);                                              \
    return file;                                                                               \
  }
FOPEN(fopen)
FOPEN(fopen64)

int fchmod(int file, mode_t mode) {
  char path[PATH_MAX];
  note("mode %o %s\n", mode, path_of(file, path));
  return REAL(fchmod)(file, mode);
}
int chmod(const char* path, mode_t mode) {
  char whole[2 * PATH_MAX];
  note("mode %o %s\n", mode, absolute(path, whole));
  return REAL(chmod)(path, mode);
}
int fchmodat(int folder, const char* path, mode_t mode, int flags) {
  char whole[2 * PATH_MAX];
  note("mode %o %s\n", mode, absolute(path, whole));
  return REAL(fchmodat)(folder, path, mode, flags);
}

static void named(const char* from, const char* to) {
  char a[2 * PATH_MAX], b[2 * PATH_MAX];
  note("name %s\t%s\n", absolute(from, a), absolute(to, b));
}
int rename(const char* from, const char* to) {
  named(from, to);
  return REAL(rename)(from, to);
}
int renameat(int f, const char* from, int g, const char* to) {
  named(from, to);
  return REAL(renameat)(f, from, g, to);
}
int renameat2(int f, const char* from, int g, const char* to, unsigned flags) {
  named(from, to);
  return REAL(renameat2)(f, from, g, to, flags);
}
int link(const char* from, const char* to) {
  named(from, to);
  return REAL(link)(from, to);
}
