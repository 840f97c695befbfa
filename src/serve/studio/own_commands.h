// Commands of this program that the studio has run: what signs and sends is done by a process of its own, exactly as `ptah mint` or `ptah dao` does it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "serve/api/api_server.h"

namespace ptah {

struct CommandAnswer {
  int exit_status = 0;
  std::vector<Json> lines;  ///< what it printed, where that is JSON
};

/// Runs `program` with these words, without a shell and without input; the passphrase comes as a file that only the process has. What a caller typed has to
/// stand behind "--name=" or behind "--". Errors: with the code of its exit status, and what it said, unless it printed JSON.
Result<CommandAnswer> run_own_command(const std::string& program, const std::vector<std::string>& words, std::string_view passphrase = {});

/// An option of a command, with its value where it takes one.
std::string command_option(std::string_view name);
std::string command_option(std::string_view name, std::string_view value);

/// The chain of the studio: the node of PTAH_RPC, else the test chain of this computer, if it runs.
struct StudioChain {
  std::string url;
  bool test = false;
};
Result<std::optional<StudioChain>> studio_chain();
/// Errors: not_found if there is none.
Result<StudioChain> needed_chain();

/// What a request says of who signs: a key of this computer with its passphrase, or the address of a wallet in the browser that sends what it is given.
struct Sender {
  std::string key, passphrase, wallet;
  /// As options of a command; `json`: its answer too.
  std::vector<std::string> words(bool json = true) const;
};
/// Errors: invalid_argument.
Result<Sender> sender_in(const Json& body);

/// The folder of a work's files signed by a key of this computer, signed now if it was not.
Result<std::filesystem::path> signed_work_folder(ApiServer& server, const Job& job, const std::string& key, const std::string& passphrase);
/// All of them: a folder a work, and a folder a maker below it.
std::filesystem::path signed_works_folder(const ApiServer& server);

}  // namespace ptah
