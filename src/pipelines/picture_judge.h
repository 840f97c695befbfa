// A judge with the words it was trained on: which pictures fit which prompts.
#pragma once

#include <filesystem>
#include <memory>

#include "image/judge.h"
#include "text/tokenize/vocabulary.h"

namespace ptah {

class PictureJudge {
 public:
  /// Reads a judge's file. With a non-empty digest (hex SHA-256) the file must have it. Errors: not_found, corrupt, mismatch (digest; trained on other words
  /// than `words`, or for a size that pictures of `picture_size` pixels cannot be shrunk to).
  static Result<std::shared_ptr<const PictureJudge>> load(const std::filesystem::path& path, const Vocabulary& words, int64_t picture_size,
                                                          const std::string& sha256_hex = "");

  /// Premultiplied RGBA in [−1, 1], f32 [n, size, size, 4] → vectors of length 1, f32 [n, width].
  Tensor pictures(const Tensor& samples) const;
  /// Prompts as ids of the vocabulary → vectors of length 1, f32 [n, width].
  Tensor prompts(const std::vector<std::vector<int32_t>>& prompts) const;
  const std::string& sha256() const { return sha256_; }
  int64_t file_bytes() const { return file_bytes_; }

 private:
  PictureJudge() = default;
  std::unique_ptr<Judge> judge_;
  std::string sha256_;
  int64_t file_bytes_ = 0;
};

}  // namespace ptah
