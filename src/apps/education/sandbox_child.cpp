#include "apps/education/sandbox_child.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>

namespace ptah::detail {

namespace {

enum Step {
  kNamespaces = 1,
  kUsers,
  kFork,
  kMounts,
  kFiles,
  kPivot,
  kCapabilities,
  kLimits,
  kLandlock,
  kSeccomp,
  kProgram,
};

[[noreturn]] void give_up(const SandboxPlan& plan, Step step) {
  const SandboxProblem problem{step, errno};
  (void)!::write(plan.report, &problem, sizeof(problem));
  ::_exit(125);
}

bool write_all(const char* path, const char* data, size_t size, int flags, mode_t mode = 0644) {
  const int file = ::open(path, flags | O_WRONLY | O_CLOEXEC, mode);
  if (file < 0) return false;
  for (size_t done = 0; done < size;) {
    const ssize_t n = ::write(file, data + done, size - done);
    if (n <= 0) {
      ::close(file);
      return false;
    }
    done += static_cast<size_t>(n);
  }
  return ::close(file) == 0;
}

/// A folder or file of the system, read-only below the new root. What is a link there is one here; what is not there is left out.
bool show_in(const char* from, const char* to, bool programs) {
  struct stat about {};
  if (::lstat(from, &about) != 0) return errno == ENOENT;
  if (S_ISLNK(about.st_mode)) {
    std::array<char, 256> target{};
    if (::readlink(from, target.data(), target.size() - 1) <= 0) return false;
    return ::symlink(target.data(), to) == 0;
  }
  if (S_ISDIR(about.st_mode) ? ::mkdir(to, 0755) != 0 : !write_all(to, "", 0, O_CREAT)) return false;
  if (::mount(from, to, nullptr, MS_BIND, nullptr) != 0) return false;
  if (S_ISCHR(about.st_mode)) return true;  // devices are not changed by being read-only
  struct statvfs flags {};
  if (::statvfs(to, &flags) != 0) return false;
  unsigned long kept =
      MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | (programs ? 0 : MS_NOEXEC);  // flags of the mount above it stay, or the kernel refuses
  if (flags.f_flag & ST_NOEXEC) kept |= MS_NOEXEC;
  if (flags.f_flag & ST_NOATIME) kept |= MS_NOATIME;
  if (flags.f_flag & ST_NODIRATIME) kept |= MS_NODIRATIME;
  if (flags.f_flag & ST_RELATIME) kept |= MS_RELATIME;
  return ::mount(nullptr, to, nullptr, kept, nullptr) == 0;
}

void make_root(const SandboxPlan& plan) {
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) give_up(plan, kMounts);
  if (::mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=755") != 0 || ::chdir("/tmp") != 0) give_up(plan, kMounts);
  for (const char* folder : {"usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"}) {
    std::array<char, 16> from{'/'};
    for (size_t i = 0; folder[i]; ++i) from[i + 1] = folder[i];
    if (!show_in(from.data(), folder, true)) give_up(plan, kMounts);
  }
  if (::mkdir("etc", 0755) != 0 || !show_in("/etc/ld.so.cache", "etc/ld.so.cache", false) || ::mkdir("dev", 0755) != 0) give_up(plan, kMounts);
  if (!show_in("/dev/null", "dev/null", false) || !show_in("/dev/zero", "dev/zero", false) || !show_in("/dev/urandom", "dev/urandom", false))
    give_up(plan, kMounts);
  if (::mkdir(kSandboxFolder + 1, 0755) != 0 || ::mount("tmpfs", kSandboxFolder + 1, "tmpfs", MS_NOSUID | MS_NODEV, plan.size.c_str()) != 0)
    give_up(plan, kMounts);
  for (const SandboxPlan::File& file : plan.files)
    if (!write_all(file.path.c_str(), file.content.data(), file.content.size(), O_CREAT | O_EXCL)) give_up(plan, kFiles);
  if (::mount(nullptr, "/tmp", nullptr, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV, "size=1m,mode=755") != 0) give_up(plan, kMounts);
  // The old root goes below the new one, and then away (pivot_root(2)).
  if (::syscall(SYS_pivot_root, ".", ".") != 0 || ::umount2(".", MNT_DETACH) != 0 || ::chdir(kSandboxFolder) != 0) give_up(plan, kPivot);
  (void)!::sethostname("sandbox", 7);
}

void drop_capabilities(const SandboxPlan& plan) {
  for (int capability = 0; capability < 64; ++capability)
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno != EINVAL) give_up(plan, kCapabilities);
  (void)::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> none{};
  if (::syscall(SYS_capset, &header, none.data()) != 0 || ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) give_up(plan, kCapabilities);
}

void set_limits(const SandboxPlan& plan) {
  const auto limit = [&](__rlimit_resource what, int64_t value) {
    const rlimit both{static_cast<rlim_t>(value), static_cast<rlim_t>(value)};
    if (::setrlimit(what, &both) != 0) give_up(plan, kLimits);
  };
  limit(RLIMIT_AS, std::max(plan.limits.memory_bytes, plan.limits.address_bytes));
  limit(RLIMIT_DATA, plan.limits.memory_bytes);
  limit(RLIMIT_CPU, static_cast<int64_t>(plan.limits.seconds) + 1);
  limit(RLIMIT_FSIZE, plan.limits.file_bytes);
  limit(RLIMIT_NPROC, plan.limits.processes);
  limit(RLIMIT_NOFILE, 64);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_MEMLOCK, 0);
  limit(RLIMIT_MSGQUEUE, 0);
}

/// Files: /usr and the like to read and run, kSandboxFolder to write. What this kernel's Landlock knows besides is all forbidden.
void restrict_files(const SandboxPlan& plan) {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) give_up(plan, kLandlock);
  // The rights by number, so that an older header is no limit: 13 of version 1, then refer, truncate, and ioctl on devices (version 5).
  const uint64_t known = version >= 5 ? 0xFFFF : version >= 3 ? 0x7FFF : version >= 2 ? 0x3FFF : 0x1FFF;
  struct {
    uint64_t files, network, scopes;
  } all{known, version >= 4 ? 3U : 0U, version >= 6 ? 3U : 0U};
  const size_t size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
  const auto rules = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &all, size, 0));
  if (rules < 0) give_up(plan, kLandlock);
  const auto allow = [&](const char* path, uint64_t rights) {
    const int place = ::open(path, O_PATH | O_CLOEXEC);
    if (place < 0) return errno == ENOENT;
    landlock_path_beneath_attr rule{rights & known, place};
    const bool done = ::syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
    ::close(place);
    return done;
  };
  constexpr uint64_t kExecute = 1, kWriteFile = 2, kReadFile = 4, kReadFolder = 8, kTruncate = 1U << 14;
  constexpr uint64_t kChange = (1U << 4) | (1U << 5) | (1U << 7) | (1U << 8) | (1U << 12);  // remove folders and files, make folders, files and links
  bool done = true;
  for (const char* folder : {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"}) done = done && allow(folder, kExecute | kReadFile | kReadFolder);
  done = done && allow("/etc/ld.so.cache", kReadFile) && allow(kSandboxFolder, kReadFile | kWriteFile | kReadFolder | kTruncate | kChange);
  for (const char* device : {"/dev/null", "/dev/zero", "/dev/urandom"}) done = done && allow(device, kReadFile | kWriteFile);
  if (!done || ::syscall(SYS_landlock_restrict_self, rules, 0) != 0) give_up(plan, kLandlock);
  ::close(rules);
}

#if defined(__x86_64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
constexpr uint32_t kArchitecture = 0;
#endif

/// System calls that no program of a lesson needs, and that holes in kernels are reached through.
constexpr uint32_t kRefused[] = {SYS_socket,
                                 SYS_connect,
                                 SYS_bind,
                                 SYS_listen,
                                 SYS_accept,
                                 SYS_accept4,
                                 SYS_ptrace,
                                 SYS_process_vm_readv,
                                 SYS_process_vm_writev,
                                 SYS_mount,
                                 SYS_umount2,
                                 SYS_pivot_root,
                                 SYS_chroot,
                                 SYS_unshare,
                                 SYS_setns,
                                 SYS_bpf,
                                 SYS_perf_event_open,
                                 SYS_keyctl,
                                 SYS_add_key,
                                 SYS_request_key,
                                 SYS_userfaultfd,
                                 SYS_io_uring_setup,
                                 SYS_io_uring_enter,
                                 SYS_io_uring_register,
                                 SYS_kexec_load,
                                 SYS_init_module,
                                 SYS_finit_module,
                                 SYS_delete_module,
                                 SYS_open_by_handle_at,
                                 SYS_name_to_handle_at,
                                 SYS_personality,
                                 SYS_quotactl,
                                 SYS_reboot,
                                 SYS_swapon,
                                 SYS_swapoff,
                                 SYS_acct,
                                 SYS_settimeofday,
                                 SYS_clock_settime,
                                 SYS_adjtimex,
                                 SYS_clock_adjtime,
                                 SYS_syslog,
                                 SYS_sethostname,
                                 SYS_setdomainname,
                                 SYS_move_mount,
                                 SYS_open_tree,
                                 SYS_fsopen,
                                 SYS_fsmount,
                                 SYS_fsconfig,
                                 SYS_fspick,
                                 SYS_mount_setattr,
                                 SYS_pidfd_getfd,
                                 SYS_kcmp,
                                 SYS_lookup_dcookie,
                                 SYS_mbind,
                                 SYS_migrate_pages,
                                 SYS_move_pages,
                                 SYS_set_mempolicy,
                                 SYS_vhangup,
                                 SYS_fanotify_init,
                                 SYS_memfd_create,
#ifdef SYS_memfd_secret
                                 SYS_memfd_secret,
#endif
#ifdef __x86_64__
                                 SYS_iopl,
                                 SYS_ioperm,
                                 SYS_modify_ldt,
                                 SYS_uselib,
                                 SYS_ustat,
                                 SYS_sysfs,
                                 SYS_mknod,
#endif
                                 SYS_mknodat,
                                 SYS_shmget,
                                 SYS_semget,
                                 SYS_msgget,
                                 SYS_mq_open,
                                 SYS_setpriority,
                                 SYS_sched_setscheduler,
                                 SYS_ioprio_set};

void restrict_calls(const SandboxPlan& plan) {
  constexpr size_t kCount = std::size(kRefused);
  std::array<sock_filter, 2 * kCount + 24> program{};
  size_t n = 0;
  const auto put = [&](uint16_t code, uint8_t yes, uint8_t no, uint32_t value) { program[n++] = {code, yes, no, value}; };
  constexpr uint16_t kLoad = BPF_LD | BPF_W | BPF_ABS, kIs = BPF_JMP | BPF_JEQ | BPF_K, kReturn = BPF_RET | BPF_K;
  put(kLoad, 0, 0, offsetof(seccomp_data, arch));
  put(kIs, 1, 0, kArchitecture);
  put(kReturn, 0, 0, SECCOMP_RET_KILL_PROCESS);
  put(kLoad, 0, 0, offsetof(seccomp_data, nr));
#ifdef __x86_64__
  put(BPF_JMP | BPF_JGE | BPF_K, 0, 1, 0x40000000);  // x32
  put(kReturn, 0, 0, SECCOMP_RET_KILL_PROCESS);
#endif
  for (const uint32_t call : kRefused) {
    put(kIs, 0, 1, call);
    put(kReturn, 0, 0, SECCOMP_RET_ERRNO | EPERM);
  }
  put(kIs, 0, 1, SYS_clone3);  // its flags cannot be seen; libraries then use clone
  put(kReturn, 0, 0, SECCOMP_RET_ERRNO | ENOSYS);
  put(kIs, 0, 3, SYS_clone);
  put(kLoad, 0, 0, offsetof(seccomp_data, args));
  put(BPF_JMP | BPF_JSET | BPF_K, 0, 1, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP);
  put(kReturn, 0, 0, SECCOMP_RET_ERRNO | EPERM);
  put(kLoad, 0, 0, offsetof(seccomp_data, nr));
  put(kIs, 0, 3, SYS_ioctl);  // typing into a terminal
  put(kLoad, 0, 0, offsetof(seccomp_data, args[1]));
  put(kIs, 0, 1, 0x5412);
  put(kReturn, 0, 0, SECCOMP_RET_ERRNO | EPERM);
  put(kReturn, 0, 0, SECCOMP_RET_ALLOW);
  const sock_fprog filter{static_cast<unsigned short>(n), program.data()};
  if (kArchitecture == 0 || ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0) give_up(plan, kSeccomp);
}

/// Passes on how a process ended.
[[noreturn]] void end_as(pid_t child) {
  int status = 0;
  while (true) {
    const pid_t ended = ::waitpid(-1, &status, 0);
    if (ended == child) break;
    if (ended < 0 && errno != EINTR) ::_exit(125);
  }
  ::_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

void new_streams(const SandboxPlan& plan) {
  // First above all that is to be, so that none takes another one's place; `report` closes when the program begins.
  const int input = ::fcntl(plan.input, F_DUPFD, 10), output = ::fcntl(plan.output, F_DUPFD, 10), errors = ::fcntl(plan.errors, F_DUPFD, 10),
            report = ::fcntl(plan.report, F_DUPFD, 10);
  if (input < 0 || output < 0 || errors < 0 || report < 0) give_up(plan, kFiles);
  if (::dup2(input, 0) < 0 || ::dup2(output, 1) < 0 || ::dup2(errors, 2) < 0 || ::dup3(report, 3, O_CLOEXEC) < 0) ::_exit(125);
  if (::syscall(SYS_close_range, 4, ~0U, 0) != 0) ::_exit(125);
}

}  // namespace

const char* sandbox_step(int step) {
  static constexpr const char* kNames[] = {"",        "namespaces", "user namespaces", "new processes",   "mounts in a namespace",
                                           "files",   "pivot_root", "capabilities",    "resource limits", "Landlock",
                                           "seccomp", "the program"};
  return step > 0 && static_cast<size_t>(step) < std::size(kNames) ? kNames[step] : "?";
}

void enter_sandbox(const SandboxPlan& outer) {
  ::setsid();
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  new_streams(outer);
  SandboxPlan* plan_at = const_cast<SandboxPlan*>(&outer);  // this process's own copy
  plan_at->report = 3;
  const SandboxPlan& plan = outer;
  // The superuser is exempt from the limit on processes, and owns files: it becomes nobody first. (As system calls: a library would tell threads that are not
  // here.)
  if (plan.user >= 0 && (::syscall(SYS_setgroups, 0, nullptr) != 0 || ::syscall(SYS_setresgid, plan.user, plan.user, plan.user) != 0 ||
                         ::syscall(SYS_setresuid, plan.user, plan.user, plan.user) != 0 || ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0))
    give_up(plan, kUsers);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP) != 0) give_up(plan, kNamespaces);
  if (!write_all("/proc/self/setgroups", "deny", 4, 0) || !write_all("/proc/self/uid_map", plan.uid_map.data(), plan.uid_map.size(), 0) ||
      !write_all("/proc/self/gid_map", plan.gid_map.data(), plan.gid_map.size(), 0))
    give_up(plan, kUsers);
  const pid_t first = ::fork();  // process 1 of the namespace: when it ends, all end
  if (first < 0) give_up(plan, kFork);
  if (first > 0) {
    for (int i = 0; i < 3; ++i) ::close(i);
    ::close(3);
    end_as(first);
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  make_root(plan);
  const pid_t program = ::fork();
  if (program < 0) give_up(plan, kFork);
  if (program > 0) {
    for (int i = 0; i < 4; ++i) ::close(i);
    end_as(program);
  }
  set_limits(plan);
  drop_capabilities(plan);
  restrict_files(plan);
  restrict_calls(plan);
  ::execve(plan.arguments[0], plan.arguments.data(), plan.variables.data());
  give_up(plan, kProgram);
}

}  // namespace ptah::detail
