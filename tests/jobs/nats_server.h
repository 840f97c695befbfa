// A broker of a test's own: nats-server with JetStream, on a free port of this computer.
#pragma once

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "base/file.h"
#include "base/json.h"

extern char** environ;

namespace ptah {

/// The program: $PTAH_NATS_SERVER, build/bin/nats-server, else of the system; empty if there is none.
inline std::string nats_server() {
  namespace fs = std::filesystem;
  std::error_code problem;
  if (const std::string said = environment("PTAH_NATS_SERVER"); !said.empty()) return said;
  for (const fs::path& at : {fs::path(PTAH_SOURCE_DIR) / "build" / "bin" / "nats-server", fs::path("/usr/local/bin/nats-server")})
    if (fs::exists(at, problem)) return at.string();
  return {};
}

class NatsServer {
 public:
  explicit NatsServer(std::filesystem::path folder) : folder_(std::move(folder)) {
    std::filesystem::create_directories(folder_);
    start();
  }
  ~NatsServer() { kill(); }
  NatsServer(const NatsServer&) = delete;
  NatsServer& operator=(const NatsServer&) = delete;

  std::string url() const { return "nats://127.0.0.1:" + std::to_string(port_); }
  void kill() {
    if (child_ <= 0) return;
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    child_ = 0;
  }
  /// With the same files and, from the second time on, the same port.
  void start() {
    const std::filesystem::path config = folder_ / "nats.conf";
    std::ofstream(config) << "listen: \"127.0.0.1:" << (port_ > 0 ? port_ : -1) << "\"\nports_file_dir: \"" << folder_.string()
                          << "\"\njetstream { store_dir: \"" << (folder_ / "store").string() << "\", sync_interval: always }\n";
    const std::string program = nats_server(), log = (folder_ / "log").string();
    std::string words[] = {program, "-c", config.string(), "-l", log};
    char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), words[3].data(), words[4].data(), nullptr};
    if (::posix_spawn(&child_, program.c_str(), nullptr, nullptr, arguments, environ) != 0) child_ = 0;
    for (int i = 0; i < 500 && port_ == 0; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      const auto text = read_text(folder_ / ("nats-server_" + std::to_string(child_) + ".ports"));
      const auto ports = text ? parse_json(*text) : Result<Json>(Json());
      if (!ports || !ports->contains("nats") || (*ports)["nats"].empty()) continue;
      const std::string url = (*ports)["nats"][0].get<std::string>();
      port_ = std::atoi(url.substr(url.rfind(':') + 1).c_str());
    }
  }

 private:
  std::filesystem::path folder_;
  pid_t child_ = 0;
  int port_ = 0;
};

}  // namespace ptah
