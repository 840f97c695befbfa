#include "cli/input_file.h"

#include <unistd.h>

#include "base/input.h"
#include "cli/commands/commands.h"

namespace ptah::cli {

namespace fs = std::filesystem;

Result<std::shared_ptr<InputFile>> InputFile::open(const std::string& path) {
  std::shared_ptr<InputFile> out(new InputFile);
  out->path_ = path;
  std::error_code problem;
  const fs::file_status status = fs::status(path, problem);
  if (path != "-" && !fs::is_fifo(status) && !fs::is_character_file(status)) return out;
  PTAH_TRY(const Bytes bytes, read_input(path, size_t{1} << 31, &interrupted()));
  std::string folder = (fs::temp_directory_path(problem) / "ptah-input-XXXXXX").string();
  if (!::mkdtemp(folder.data())) return fail_errno("cannot make " + folder);
  out->kept_ = folder;
  // Receipts are told from pictures by their names.
  out->path_ = out->kept_ / (!bytes.empty() && bytes[0] == '{' ? "receipt.json" : "standard-input");
  PTAH_TRY_VOID(write_file(out->path_, {std::span<const uint8_t>(bytes)}, 0600));
  return out;
}

InputFile::~InputFile() {
  std::error_code ignored;
  if (!kept_.empty()) fs::remove_all(kept_, ignored);
}

}  // namespace ptah::cli
