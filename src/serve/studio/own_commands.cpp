#include "serve/studio/own_commands.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/descriptor.h"
#include "base/file.h"
#include "base/text.h"
#include "chain/dev_chain.h"
#include "own/finish.h"
#include "schema/field_error.h"
#include "serve/studio/studio.h"

extern char** environ;

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr size_t kMaxSaid = size_t{8} << 20;
constexpr int kPassphrasePlace = 3;  ///< the descriptor of the passphrase in the command's process

/// A file in memory that has no name.
int unnamed_file(const char* what) { return ::memfd_create(what, MFD_CLOEXEC); }

std::string said_in(int file) {
  std::string out(kMaxSaid, '\0');
  const ssize_t size = ::pread(file, out.data(), out.size(), 0);
  out.resize(size > 0 ? static_cast<size_t>(size) : 0);
  return out;
}

ErrorCode code_of_exit(int status) {
  for (int i = 0; i <= static_cast<int>(ErrorCode::internal); ++i)
    if (error_info(static_cast<ErrorCode>(i)).exit_status == status) return static_cast<ErrorCode>(i);
  return ErrorCode::internal;
}

/// The message of a command that failed: its last line, without the name of the program.
std::string last_message(std::string_view text) {
  std::string_view rest = trimmed(text);
  const size_t line = rest.rfind('\n');
  if (line != std::string_view::npos) rest.remove_prefix(line + 1);
  constexpr std::string_view kName = "ptah: ";
  if (rest.starts_with(kName)) rest.remove_prefix(kName.size());
  return printable(std::string(rest), 500);
}

}  // namespace

Result<CommandAnswer> run_own_command(const std::string& program, const std::vector<std::string>& words, std::string_view passphrase) {
  const Descriptor out(unnamed_file("out")), err(unnamed_file("err")), secret(unnamed_file("passphrase"));
  if (out.get() < 0 || err.get() < 0 || secret.get() < 0) return fail_errno("cannot run a command");
  const std::string line = std::string(passphrase) + "\n";
  if (::pwrite(secret.get(), line.data(), line.size(), 0) != static_cast<ssize_t>(line.size())) return fail_errno("cannot run a command");
  std::vector<std::string> command{program};
  command.insert(command.end(), words.begin(), words.end());
  std::vector<char*> arguments;
  for (std::string& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  // The variables are ours, but for a passphrase file: the one who asks over HTTP types the passphrase.
  std::vector<char*> variables;
  const std::string file = fmt::format("PTAH_PASSPHRASE_FILE=/proc/self/fd/{}", kPassphrasePlace);
  for (char** at = environ; at && *at; ++at)
    if (!std::string_view(*at).starts_with("PTAH_PASSPHRASE_FILE=")) variables.push_back(*at);
  variables.push_back(const_cast<char*>(file.c_str()));
  variables.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, out.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, err.get(), STDERR_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, secret.get(), kPassphrasePlace);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, kPassphrasePlace + 1);  // a client's connection would stay open with it
  pid_t child = 0;
  const int problem = ::posix_spawn(&child, program.c_str(), &actions, nullptr, arguments.data(), variables.data());
  ::posix_spawn_file_actions_destroy(&actions);
  if (problem != 0) {
    errno = problem;
    return fail_errno("cannot run " + program);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  CommandAnswer answer{WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), {}};
  const std::string said = said_in(out.get());
  for (size_t at = 0; at < said.size();) {
    const size_t end = std::min(said.find('\n', at), said.size());
    if (said[at] == '{')
      if (auto json = parse_json(said.substr(at, end - at), 16)) answer.lines.push_back(std::move(*json));
    at = end + 1;
  }
  if (answer.exit_status != 0 && answer.lines.empty()) {
    const std::string message = last_message(said_in(err.get()));
    return tl::unexpected(
        Error{code_of_exit(answer.exit_status), message.empty() ? fmt::format("the command ended with status {}", answer.exit_status) : message});
  }
  return answer;
}

Result<std::optional<StudioChain>> studio_chain() {
  if (const std::string url = environment("PTAH_RPC"); !url.empty()) return std::optional(StudioChain{url, false});
  const fs::path data = user_data_folder();
  if (data.empty()) return fail(ErrorCode::not_found, "no home folder; set XDG_DATA_HOME");
  const auto running = running_dev_chain(data / "chain" / "dev");
  return running ? std::optional(StudioChain{running->url, true}) : std::nullopt;
}

Result<StudioChain> needed_chain() {
  PTAH_TRY(const auto chain, studio_chain());
  if (!chain) return fail(ErrorCode::not_found, "no chain is here yet: start the test chain, or start the server with PTAH_RPC=ADDRESS of a node");
  return *chain;
}

std::string command_option(std::string_view name) { return fmt::format("--{}", name); }
std::string command_option(std::string_view name, std::string_view value) { return fmt::format("--{}={}", name, value); }

std::vector<std::string> Sender::words(bool json) const {
  std::vector<std::string> out =
      wallet.empty() ? std::vector{command_option("key", key), command_option("yes")} : std::vector{command_option("wallet", wallet)};
  if (json) out.push_back(command_option("json"));
  return out;
}

Result<Sender> sender_in(const Json& body) {
  Sender out;
  PTAH_TRY(out.key, text_member(body, "key", 100));
  PTAH_TRY(out.passphrase, text_member(body, "passphrase", 1000));
  PTAH_TRY(out.wallet, text_member(body, "wallet", 42));
  if (!out.wallet.empty()) {
    if (auto address = parse_address(out.wallet); !address) return fail_field("wallet", ErrorCode::invalid_argument, "`wallet`: {}", address.error().message);
    return out;
  }
  PTAH_TRY(const auto info, signing_key_info(out.key));
  if (!info) return fail_field("key", ErrorCode::not_found, "`key`: there is none yet; POST /v1/keyring makes one");
  out.key = info->name;
  return out;
}

fs::path signed_works_folder(const ApiServer& server) { return server.service().options().folder / "signed"; }

Result<fs::path> signed_work_folder(ApiServer& server, const Job& job, const std::string& name, const std::string& passphrase) {
  if (job.state != JobState::done || !find_recipe(job.recipe)) return fail(ErrorCode::invalid_argument, "{} is no work that is made", job_name(job.id));
  PTAH_TRY(const auto info, signing_key_info(name));
  if (!info) return fail_field("key", ErrorCode::not_found, "`key`: there is none yet; POST /v1/keyring makes one");
  PTAH_TRY(const fs::path keys, KeyStore::default_folder());
  PTAH_TRY(const Key key, KeyStore(keys).unlock(info->name, Secret(passphrase)));
  const fs::path folder = signed_works_folder(server) / job_name(job.id) / to_string(key.address());
  if (fs::exists(folder)) return folder;  // the same key gives the same signature
  PTAH_TRY(Work work, server.service().store().work(job));
  std::string note;
  PTAH_TRY(work, signed_work(std::move(work), {.key = &key}, note));
  PTAH_TRY_VOID(make_folders(folder.parent_path()));
  PTAH_TRY_VOID(write_work(work, folder));
  return folder;
}

}  // namespace ptah
