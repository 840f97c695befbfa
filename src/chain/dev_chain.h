// A test chain for trying things out: a node (anvil) on this computer, with money that is worth nothing.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/json.h"
#include "base/progress.h"

namespace ptah {

struct DevChain {
  std::string url;
  int64_t process = 0;
  std::filesystem::path folder;  ///< its state, its log
};

/// A node that runs already in `folder`, or a new one on a free port of 127.0.0.1 that goes on after this program ends; what it held when it was stopped is
/// there again. The program `anvil` is looked for in $PTAH_ANVIL, in PATH and in the cache, where it is put from npm (@foundry-rs/anvil-linux-*) if it is
/// nowhere. Errors: not_found (neither anvil nor npm), io (it does not start; with the last lines of its log).
Result<DevChain> start_dev_chain(const std::filesystem::path& folder, const CancelToken* cancel = nullptr);
/// The one that runs in `folder`, if one does.
std::optional<DevChain> running_dev_chain(const std::filesystem::path& folder);
/// Ends it; it writes its state first. Errors: not_found if none runs.
Result<void> stop_dev_chain(const std::filesystem::path& folder);

}  // namespace ptah
