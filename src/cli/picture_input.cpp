#include "base/text.h"
#include "cli/commands.h"

namespace ptah::cli {

Result<Picture> open_picture(const std::filesystem::path& file) {
  PictureNotes notes;
  auto picture = read_picture(file, &notes);
  for (const std::string& text : notes) print_error("note: {}: {}\n", printable(file.filename().string()), printable(text));
  return picture;
}

}  // namespace ptah::cli
