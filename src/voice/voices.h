// Who speaks, and the phonemes that are spoken.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace ptah {

/// Ids of phonemes (IPA with Kokoro's short forms for diphthongs), one a character, between two paddings 0. Characters that are no phonemes are left out, as
/// the network's own vocabulary does. Errors: invalid_argument (no phonemes; not UTF-8).
Result<std::vector<int32_t>> tokens_of(const std::string& phonemes);
/// Whether a text is one character of them.
bool is_phoneme(const std::string& character);

/// The voices of a folder: voices.bin, of each (models/kokoro.h) 510 styles of 256 numbers.
class Voices {
 public:
  static constexpr int64_t kStyles = 510, kWidth = 256;
  /// Errors: not_found, corrupt.
  static Result<Voices> load(const std::filesystem::path& folder);
  /// The style for a text of so many phonemes. `voice` is a name, or several joined by "+", each with a weight or without ("af_heart:2+am_adam"): their mean.
  /// Errors: invalid_argument, with the nearest name.
  Result<std::vector<float>> style(const std::string& voice, size_t phonemes) const;

 private:
  std::shared_ptr<MappedFile> file_;
};

/// The names in a mixture and their weights, which sum to 1. Errors: invalid_argument, as Voices::style.
Result<std::vector<std::pair<size_t, float>>> voices_in(const std::string& voice);

}  // namespace ptah
