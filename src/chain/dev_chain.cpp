#include "chain/dev_chain.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <thread>

#include "base/file.h"
#include "base/process.h"
#include "chain/rpc.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr const char* kVersion = "1.7.1";

bool executable(const fs::path& file) { return ::access(file.c_str(), X_OK) == 0 && fs::is_regular_file(file); }

Result<fs::path> find_anvil(const CancelToken* cancel) {
  if (const std::string set = environment("PTAH_ANVIL"); !set.empty()) {
    if (!executable(set)) return fail(ErrorCode::not_found, "PTAH_ANVIL: {} is no program", set);
    return fs::absolute(set);
  }
  if (auto here = find_program("anvil")) return *here;
  if (const fs::path file = fs::path(environment("HOME")) / ".foundry" / "bin" / "anvil"; file.is_absolute() && executable(file)) return file;
#if defined(__aarch64__)
  const std::string package = "@foundry-rs/anvil-linux-arm64";
#else
  const std::string package = "@foundry-rs/anvil-linux-amd64";
#endif
  if (user_cache_folder().empty()) return fail(ErrorCode::not_found, "no home folder to keep anvil in; set PTAH_CACHE to a folder");
  const fs::path tools = fs::absolute(user_cache_folder()) / "anvil", file = tools / "node_modules" / package / "bin" / "anvil";
  if (executable(file)) return file;
  std::error_code problem;
  fs::create_directories(tools, problem);
  const auto got =
      run_program({"npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", tools.string(), package + "@" + kVersion}, cancel);
  if (!got && got.error().code == ErrorCode::not_found)
    return fail(ErrorCode::not_found, "a test chain needs the program anvil, or npm to get it with (apt install npm)");
  if (!got) return tl::unexpected(got.error());
  if (got->exit_status != 0 || !executable(file)) return fail(ErrorCode::io, "npm does not bring {}: {}", package, got->output);
  return file;
}

/// A port that is free now.
Result<int> free_port() {
  const int s = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  const bool good =
      s >= 0 && ::bind(s, reinterpret_cast<sockaddr*>(&address), size) == 0 && ::getsockname(s, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  if (s >= 0) ::close(s);
  if (!good) return fail_errno("no free port");
  return ntohs(address.sin_port);
}

std::string last_lines(const fs::path& log) {
  const auto text = read_text(log);
  return text ? text->substr(text->size() > 600 ? text->size() - 600 : 0) : "";
}

}  // namespace

std::optional<DevChain> running_dev_chain(const fs::path& folder) {
  const auto text = read_text(folder / "running.json", 4096);
  const auto json = text ? parse_json(*text) : fail(ErrorCode::not_found, "none");
  if (!json || !json->is_object() || !json->value("process", Json()).is_number_integer()) return {};
  DevChain out{text_at(*json, "url"), (*json)["process"].get<int64_t>(), folder};
  std::error_code problem;
  // The number may have been given to another program since.
  const std::string name = fs::read_symlink(fmt::format("/proc/{}/exe", out.process), problem).filename().string();
  if (out.process <= 1 || !name.starts_with("anvil")) return {};
  return out;
}

Result<DevChain> start_dev_chain(const fs::path& folder, const CancelToken* cancel) {
  if (auto running = running_dev_chain(folder)) return *running;
  PTAH_TRY(const fs::path anvil, find_anvil(cancel));
  std::error_code problem;
  fs::create_directories(folder, problem);
  PTAH_TRY(const int port, free_port());
  const fs::path log = fs::absolute(folder) / "anvil.log";
  const std::vector<std::string> command{anvil.string(),     "--host", "127.0.0.1", "--port",  std::to_string(port),
                                         "--chain-id",       "31337",  "--silent",  "--state", (fs::absolute(folder) / "state.json").string(),
                                         "--state-interval", "2"};
  PTAH_TRY(const int64_t started, start_program(command, log));
  const auto child = static_cast<pid_t>(started);
  DevChain out{fmt::format("http://127.0.0.1:{}", port), child, folder};
  PTAH_TRY(const Rpc rpc, Rpc::open(out.url, {.timeout_seconds = 2, .attempts = 1}));
  for (int i = 0; i < 200; ++i) {
    if (rpc.call("eth_chainId")) {
      PTAH_TRY_VOID(write_file(folder / "running.json", std::string_view(Json{{"url", out.url}, {"process", child}}.dump())));
      return out;
    }
    if (cancel && cancel->cancelled()) break;
    if (::waitpid(child, nullptr, WNOHANG) == child) return fail(ErrorCode::io, "the node ended at once: {}", last_lines(log));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  ::kill(child, SIGTERM);
  return fail(ErrorCode::io, "the node does not answer: {}", last_lines(log));
}

Result<void> stop_dev_chain(const fs::path& folder) {
  const auto running = running_dev_chain(folder);
  if (!running) return fail(ErrorCode::not_found, "no chain runs in {}", folder.string());
  ::kill(static_cast<pid_t>(running->process), SIGINT);
  for (int i = 0; i < 200 && running_dev_chain(folder); ++i) {
    ::waitpid(static_cast<pid_t>(running->process), nullptr, WNOHANG);  // if it is this program's child
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  if (running_dev_chain(folder)) return fail(ErrorCode::io, "the node {} does not end", running->process);
  std::error_code problem;
  fs::remove(folder / "running.json", problem);
  return {};
}

}  // namespace ptah
