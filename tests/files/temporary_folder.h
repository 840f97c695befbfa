// A folder of a test's own.
#pragma once

#include <unistd.h>

#include <filesystem>

#include "base/file.h"

namespace ptah {

struct TemporaryFolder {
  std::filesystem::path path = std::filesystem::temp_directory_path() / fmt::format("ptah-files-{}", ::getpid());
  TemporaryFolder() { empty(); }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  void empty() const {
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path);
  }
  /// Names in it, hidden ones too.
  std::vector<std::string> names(const std::string& below = "") const {
    std::vector<std::string> out;
    for (const auto& item : std::filesystem::directory_iterator(path / below)) out.push_back(item.path().filename().string());
    std::sort(out.begin(), out.end());
    return out;
  }
};

}  // namespace ptah
