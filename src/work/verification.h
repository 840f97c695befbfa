// Whether the files of a work are those that its receipt means.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"

namespace ptah {

enum class FileState { whole, changed, missing };
struct FileCheck {
  std::string name;
  FileState state = FileState::whole;
  std::string note;  ///< what was looked at, or what is wrong; may be empty
};
/// A file's name to begin a line with: between quotation marks if it has several words, which could read like a sentence of ours.
std::string file_label(const std::string& name);
/// "picture.png: whole; …"
std::string line_of(const FileCheck& check);

struct Verification {
  bool whole = false;
  std::vector<FileCheck> files;
  std::vector<std::string> uncovered;  ///< what else lies in the work's folder, which the receipt says nothing of; folders end with a slash
  std::vector<std::string> lines;      ///< of the files
};
/// Checks a work's folder, a receipt.json with its neighbours, or a single PNG or GLB. Errors: not_found, corrupt.
Result<Verification> verify_work(const std::filesystem::path& path);

}  // namespace ptah
