// Files that a request names and a program gives as bytes.
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "pipelines/recipes.h"

namespace ptah {

/// For one request. What was given lies in a folder of its own, for this user only, until the object ends; pixels stay in memory.
class GivenFiles {
 public:
  GivenFiles() = default;
  GivenFiles(GivenFiles&& other) noexcept { *this = std::move(other); }
  GivenFiles& operator=(GivenFiles&& other) noexcept;
  ~GivenFiles();

  /// The bytes of a file; its name is a plain one ("photo.jpg"). Errors: invalid_argument, no_space, io, permission.
  Result<void> add(const std::string& name, std::span<const uint8_t> bytes);
  /// The pixels of a picture: straight RGBA, width · height · 4 bytes. Errors: invalid_argument.
  Result<void> add_pixels(const std::string& name, int64_t width, int64_t height, std::span<const uint8_t> rgba);
  /// The fields with every file that was given replaced by its place.
  Result<Json> placed(const Recipe& recipe, Json fields) const;
  /// An error without the folder, of which whoever gave the files knows nothing.
  Error told(Error error) const;
  /// Reads pictures of the disk, and those that were given as pixels.
  PictureReader reader() const;

 private:
  Result<void> take_name(const std::string& name);

  std::filesystem::path folder_;
  std::map<std::string, std::filesystem::path> places_;
  std::map<std::string, Image> pictures_;
};

}  // namespace ptah
