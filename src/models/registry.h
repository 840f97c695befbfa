// The registry of models: which there are, where they lie, what they are for, their licences and digests, whether they came along, were pulled or can be
// pulled.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"

namespace ptah {

struct Model {
  enum class Kind {
    shipped,  ///< came along with Ptah
    pulled,   ///< fetched to this computer
    online,   ///< known by name and not here yet
  };
  Kind kind = Kind::shipped;
  std::string name, purpose, licence;                           ///< a licence that nobody stated is empty
  std::string source;                                           ///< what it was pulled from, or would be: packages, hf:OWNER/REPO, or an address
  std::string terms;                                            ///< if not empty: where the terms are that a user has to accept
  std::filesystem::path place = {};                             ///< the file of a shipped one, the folder of one of several files; empty: not here
  int64_t bytes = 0;                                            ///< on this computer
  std::vector<std::pair<std::string, std::string>> files = {};  ///< names within its folder, and SHA-256 in hex
};

/// Finds the folder of the models that come along: $PTAH_MODELS, else `models` above the running program, else share/ptah/models of the installation.
Result<std::filesystem::path> models_folder();

/// Where pulled models live: $PTAH_CACHE, else $XDG_CACHE_HOME/ptah, else ~/.cache/ptah; below it models/NAME. Errors: not_found without a home.
Result<std::filesystem::path> pulled_models_folder();

/// Those that index.json of a folder lists, in its order. Errors: not_found, corrupt.
Result<std::vector<Model>> shipped_models(const std::filesystem::path& folder);
/// One of them. Errors: not_found, naming the folder; corrupt.
Result<Model> shipped_model(const std::filesystem::path& folder, const std::string& name);

/// Every model: those that came along, those that were pulled (by name), and those that can be pulled by name and are not here. A folder that is empty holds
/// none. Errors: those of shipped_models().
Result<std::vector<Model>> known_models(const std::filesystem::path& shipped, const std::filesystem::path& pulled);

/// The folder of a model given by name or by path (a folder with config.json, a GGUF file or the files of one that is pulled, or a GGUF file). One that was
/// pulled goes before the one of the same name that came along. Errors: not_found, saying how to pull it.
Result<std::filesystem::path> find_model(const std::string& name_or_path);

}  // namespace ptah
